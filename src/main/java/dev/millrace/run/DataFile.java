package dev.millrace.run;

import dev.millrace.storage.StoredFile;
import java.io.Serializable;
import java.time.Instant;

/**
 * A data file that a unit wrote.
 *
 * @param table the landing table it belongs to, {@code _quarantine}, {@code _spool} or {@code _census}
 * @param path relative to the staging storage's root
 * @param bytes its size
 * @param rows the records in it
 * @param etag as storage gave it when the file was committed
 */
public record DataFile(String table, String path, long bytes, long rows, String etag) implements Serializable {
    public DataFile {
        if (bytes < 0 || rows < 0) {
            throw new IllegalArgumentException(
                    "Invalid data file " + path + ": " + bytes + " bytes, " + rows + " rows");
        }
    }

    /** The file as its storage has it; when it was modified nobody noted. */
    public StoredFile stored() {
        return new StoredFile(path, bytes, etag, Instant.EPOCH);
    }
}
