package dev.millrace.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A list of values, none of them twice.
 *
 * @param item form of each
 * @param example for the message of a value that is no list
 */
record ListForm<T>(Form<T> item, String example) implements Form<List<T>> {
    @Override
    public Optional<List<T>> read(Tree tree, String path, Reading reading) {
        if (!(tree instanceof Tree.Sequence sequence)) {
            Form.wrongForm(tree, path, "must be a list, for example " + example, reading);
            return Optional.empty();
        }
        List<T> values = new ArrayList<>();
        boolean valid = true;
        for (Tree element : sequence.items()) {
            Optional<T> value = item.read(element, path, reading);
            valid &= value.isPresent();
            if (value.filter(values::contains).isPresent()) {
                reading.mistake(element, path, "is in the list twice: remove one");
                valid = false;
            }
            value.ifPresent(values::add);
        }
        return valid ? Optional.of(List.copyOf(values)) : Optional.empty();
    }

    @Override
    public Object json(List<T> value) {
        return value.stream().map(item::json).toList();
    }

    @Override
    public Map<String, Object> schema() {
        return Ordered.of("type", "array", "items", item.schema(), "uniqueItems", true);
    }

    @Override
    public String shape() {
        return "list: " + item.shape();
    }

    @Override
    public List<Row> rows(String path) {
        return item.rows(path + "[]");
    }
}
