package dev.millrace.warehouse;

import java.util.Map;

/**
 * What a warehouse counted before a replacement.
 *
 * @param stagingRows rows by table of the run's staging
 * @param liveRows rows by table of live, also of tables the run no longer has; empty when nothing is live
 * @param nulls rows of the staging that lack a value in any of the columns
 * @param duplicates rows of the staging beyond the first of each combination of values; a row that lacks one of the
 *     values equals no other, as in SQL's unique constraints
 */
public record Counts(
        Map<String, Long> stagingRows,
        Map<String, Long> liveRows,
        Map<ColumnSet, Long> nulls,
        Map<ColumnSet, Long> duplicates) {
    public Counts {
        stagingRows = Map.copyOf(stagingRows);
        liveRows = Map.copyOf(liveRows);
        nulls = Map.copyOf(nulls);
        duplicates = Map.copyOf(duplicates);
    }
}
