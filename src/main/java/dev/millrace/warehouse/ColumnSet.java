package dev.millrace.warehouse;

import java.util.List;

/** One or more columns of a table. */
public record ColumnSet(String table, List<String> columns) {
    public ColumnSet {
        columns = List.copyOf(columns);
        if (columns.isEmpty()) {
            throw new IllegalArgumentException("Invalid column set of " + table + ": no columns");
        }
    }
}
