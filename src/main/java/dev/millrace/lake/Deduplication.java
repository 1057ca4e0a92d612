package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

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

    /**
     * Refuses a table that these duplicates cannot be found in.
     *
     * @param columns of the table, those of its folders too
     * @param partitions the columns of its folders
     * @throws Fault of kind USER
     */
    public void requireFit(List<Column> columns, List<Column> partitions) {
        for (String name : key) {
            if (columns.stream().noneMatch(column -> column.name().equalsIgnoreCase(name))) {
                throw Fault.user("Invalid deduplicate.key: " + name + ": the table has no such column; it has "
                        + columns.stream().map(Column::name).collect(Collectors.joining(", ")));
            }
        }
        if (within.isPresent() && date(partitions).isEmpty()) {
            String folders = partitions.isEmpty()
                    ? "the table has no partitions"
                    : "of the partitions "
                            + partitions.stream().map(Column::name).collect(Collectors.joining(", "))
                            + " none is a date";
            throw Fault.user(
                    "Invalid deduplicate.within: " + folders + ", so no range of it can be read alone; leave it"
                            + " out, or add a date to lake.partition-by, and to that of each layout in lake.also");
        }
    }

    /** The partition that tells a row's date. */
    static Optional<Column> date(List<Column> partitions) {
        return partitions.stream()
                .filter(column -> column.type().kind() == ColumnType.Kind.DATE)
                .findFirst();
    }
}
