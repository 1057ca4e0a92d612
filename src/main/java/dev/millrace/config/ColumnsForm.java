package dev.millrace.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Columns that count together: one name alone, or a list of them.
 *
 * @param column form of one name
 */
record ColumnsForm(Scalar<String> column) implements Form<List<String>> {
    @Override
    public Optional<List<String>> read(Tree tree, String path, Reading reading) {
        if (!(tree instanceof Tree.Sequence sequence)) {
            return column.read(tree, path, reading).map(List::of);
        }
        Optional<List<String>> columns = columns().read(tree, path, reading);
        if (sequence.items().isEmpty()) {
            reading.mistake(tree, path, "must name a column");
            return Optional.empty();
        }
        return columns;
    }

    private ListForm<String> columns() {
        return new ListForm<>(column, "[order_id, line]");
    }

    @Override
    public Object json(List<String> value) {
        return value;
    }

    @Override
    public Map<String, Object> schema() {
        return Map.of("anyOf", List.of(column.schema(), columns().schema()));
    }

    @Override
    public String shape() {
        return "column, or list of columns that count together";
    }
}
