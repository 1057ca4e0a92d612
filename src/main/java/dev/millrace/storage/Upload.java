package dev.millrace.storage;

import java.io.Closeable;
import java.io.OutputStream;

/** A file being written. Nothing is seen under its name before {@link #commit}; closed without it, nothing stays. */
public interface Upload extends Closeable {
    /** Where the bytes go; buffered. It need not be closed. */
    OutputStream stream();

    /** Bytes written so far. */
    long bytes();

    /** Makes the file visible under its name, durable, and tells its size and etag. */
    StoredFile commit();

    /** Without an earlier commit: drops what was written. Never throws for a clean-up that fails. */
    @Override
    void close();
}
