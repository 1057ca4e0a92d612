package dev.millrace.table;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;

/**
 * A table's shape.
 *
 * @param name legal in every warehouse
 * @param columns in the order they are written and created
 * @param key names of the columns that identify a row, possibly none
 */
public record TableDefinition(String name, List<Column> columns, List<String> key) implements Serializable {
    public TableDefinition {
        columns = List.copyOf(columns);
        key = List.copyOf(key);
    }

    public Optional<Column> column(String columnName) {
        return columns.stream()
                .filter(c -> c.name().equalsIgnoreCase(columnName))
                .findFirst();
    }
}
