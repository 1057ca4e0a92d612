package dev.millrace.run;

import java.util.Optional;

/**
 * A table in a run's record.
 *
 * @param counts of its rows
 * @param files written
 * @param bytes written
 * @param schemaVersion of the data-schema it was written by
 * @param compaction what it did; empty before, without a lake, and in records of older versions
 */
public record TableRecord(
        TableCounts counts, long files, long bytes, int schemaVersion, Optional<CompactionRecord> compaction) {
    /** A table that is not compacted. */
    public TableRecord(TableCounts counts, long files, long bytes, int schemaVersion) {
        this(counts, files, bytes, schemaVersion, Optional.empty());
    }

    /** The same table, compacted. */
    public TableRecord compacted(CompactionRecord by) {
        return new TableRecord(counts, files, bytes, schemaVersion, Optional.of(by));
    }
}
