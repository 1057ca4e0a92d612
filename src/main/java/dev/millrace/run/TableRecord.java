package dev.millrace.run;

/**
 * A table in a run's record.
 *
 * @param counts of its rows
 * @param files written
 * @param bytes written
 * @param schemaVersion of the data-schema it was written by
 */
public record TableRecord(TableCounts counts, long files, long bytes, int schemaVersion) {}
