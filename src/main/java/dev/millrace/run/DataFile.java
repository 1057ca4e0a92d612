package dev.millrace.run;

import java.io.Serializable;

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
}
