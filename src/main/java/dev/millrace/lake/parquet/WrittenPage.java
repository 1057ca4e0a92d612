package dev.millrace.lake.parquet;

import java.util.Optional;

/**
 * A data page as it was written.
 *
 * @param bytes with its header
 * @param firstRow number of its first row in the row group
 * @param bounds empty where all values are null, or bounds are not known
 */
record WrittenPage(int bytes, long firstRow, long values, long nulls, Optional<Bounds> bounds) {
    boolean hasOnlyNulls() {
        return nulls == values;
    }
}
