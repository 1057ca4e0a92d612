package dev.millrace.warehouse.sql;

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

    /** What reading a file failed of: it will not do, or the world failed. */
    public static Fault failure(String what, IOException e) {
        String message = what + ": " + e.getMessage();
        return e instanceof UnusableFile ? Fault.spoiled(message, e) : Fault.world(message, e);
    }
}
