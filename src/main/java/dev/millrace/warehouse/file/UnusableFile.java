package dev.millrace.warehouse.file;

import dev.millrace.fault.Fault;
import java.io.IOException;

/** A landing file that no further try would load: where, why and what to do. */
public final class UnusableFile extends IOException {
    private static final long serialVersionUID = 1;

    UnusableFile(String message) {
        super(message);
    }

    UnusableFile(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * What reading a file of Parquet failed of. What the library cannot decode it wraps, or throws what it likes; a failure
     * to read comes as it is.
     */
    public static IOException ofParquet(Exception e) {
        return e instanceof IOException io && (io.getCause() == null || io.getCause() instanceof IOException)
                ? io
                : new UnusableFile(
                        "it is no whole Parquet file: " + e.getMessage() + ": the next run extracts again", e);
    }

    /** What reading a file failed of: it will not do, or the world failed. */
    public static Fault failure(String what, IOException e) {
        String message = what + ": " + e.getMessage();
        return e instanceof UnusableFile ? Fault.spoiled(message, e) : Fault.world(message, e);
    }
}
