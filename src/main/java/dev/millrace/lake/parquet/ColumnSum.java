package dev.millrace.lake.parquet;

import dev.millrace.lake.parquet.PageCheck.ColumnCheck;

/**
 * What is counted of a column's values, and the sum of their hashes: the same whatever their order, their encoding, and the
 * pages they lie in. In lists and structs also the sum of their levels, so that lists of other lengths are seen.
 */
final class ColumnSum {
    private static final int DEFINITION = 1 << 16;
    private static final int REPETITION = 1 << 17;

    private long values;
    private long nulls;
    private long sum;

    /** Adds the sum of hashes of a page's values. */
    void add(Levels levels, long valuesSum) {
        values += levels.values();
        nulls += levels.nulls();
        sum += valuesSum;
        if (levels.isNested()) {
            sum += sumOf(levels.definitionCounts(), DEFINITION) + sumOf(levels.repetitionCounts(), REPETITION);
        }
    }

    private static long sumOf(int[] counts, int kind) {
        long sum = 0;
        for (int level = 0; level < counts.length; level++) {
            sum += counts[level] * ValueHash.of(kind + level);
        }
        return sum;
    }

    ColumnCheck check(LeafColumn column) {
        return new ColumnCheck(column.path(), values, nulls, sum);
    }
}
