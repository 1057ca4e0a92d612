package dev.millrace.files;

import dev.millrace.storage.StoredFile;
import java.io.Serializable;
import java.time.Instant;

/**
 * A file to read, or a part of a large one.
 *
 * @param path of the file, relative to its storage's root
 * @param bytes size of the whole file
 * @param etag of the file as it was listed
 * @param from offset where the part begins
 * @param to offset after its end. Records belong to the part where they begin, see {@link FileParts}
 */
public record FilePart(String path, long bytes, String etag, long from, long to) implements Serializable {
    public FilePart {
        if (from < 0 || to < from || to > bytes) {
            throw new IllegalArgumentException(
                    "Invalid part of " + path + ": bytes " + from + " to " + to + " of " + bytes);
        }
    }

    /** A file whole. */
    public static FilePart whole(StoredFile file) {
        return new FilePart(file.path(), file.bytes(), file.etag(), 0, file.bytes());
    }

    /** Whether it is the whole file. */
    public boolean isWhole() {
        return from == 0 && to == bytes;
    }

    StoredFile file() {
        return new StoredFile(path, bytes, etag, Instant.EPOCH);
    }
}
