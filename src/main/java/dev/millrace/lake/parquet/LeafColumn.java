package dev.millrace.lake.parquet;

import java.util.List;

/**
 * A column of a file that holds values.
 *
 * @param names from the root
 * @param fixedBytes of a value as it is stored, or 0 where values are of different length or bits
 * @param maxDefinition definition level of a value that is there
 * @param maxRepetition levels of lists around it
 */
record LeafColumn(
        List<String> names, PhysicalType type, int fixedBytes, int maxDefinition, int maxRepetition, ValueOrder order) {
    /** No column. */
    static final LeafColumn NONE = new LeafColumn(List.of(), PhysicalType.BOOLEAN, 0, 0, 0, ValueOrder.NONE);

    LeafColumn {
        names = List.copyOf(names);
    }

    /** The names with dots. */
    String path() {
        return String.join(".", names);
    }
}
