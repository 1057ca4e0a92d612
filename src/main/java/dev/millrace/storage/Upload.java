package dev.millrace.storage;

import java.io.Closeable;
import java.io.OutputStream;
import java.util.function.Supplier;

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

    /** This upload, committed in another way. */
    default Upload committedBy(Supplier<StoredFile> commit) {
        Upload upload = this;
        return new Upload() {
            @Override
            public OutputStream stream() {
                return upload.stream();
            }

            @Override
            public long bytes() {
                return upload.bytes();
            }

            @Override
            public StoredFile commit() {
                return commit.get();
            }

            @Override
            public void close() {
                upload.close();
            }
        };
    }
}
