package dev.millrace.lake;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How duplicates are removed. Rows are duplicates when all columns of the key are equal; a row with a null in its key has
 * none. Of duplicates within a run the first is the one whose source file sorts first, then the one that was landed first
 * within the file.
 *
 * @param key names of columns
 * @param keep which row of several stays
 * @param against what the rows of a run are compared with
 * @param within against a table partitioned by a date: how far apart the dates of duplicates may be; only partitions in
 *     that range are read. Empty: all
 */
public record Deduplication(List<String> key, Keep keep, Against against, Optional<Duration> within) {
    /** Which row of several stays. */
    public enum Keep {
        /** The earliest: a row that the table has already stays as it is. */
        FIRST,
        /** The latest: rows of the table give way to the new ones, which makes publishing a merge by key. */
        LAST
    }

    /** What the rows of a run are compared with. */
    public enum Against {
        /** With one another. */
        BATCH,
        /** With one another and with the table. */
        TABLE
    }

    public Deduplication {
        key = List.copyOf(key);
        if (key.isEmpty()) {
            throw new IllegalArgumentException("Invalid deduplicate.key: it names no column");
        }
    }
}
