package dev.millrace.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A map whose keys the user names.
 *
 * @param label what a key is, for the reference table
 * @param name form of a key
 * @param value form of a value
 */
record MapForm<T>(String label, Scalar<String> name, Form<T> value) implements Form<Map<String, T>> {
    @Override
    public Optional<Map<String, T>> read(Tree tree, String path, Reading reading) {
        if (!(tree instanceof Tree.Mapping mapping)) {
            Form.wrongForm(tree, path, "must be a map by " + label, reading);
            return Optional.empty();
        }
        Map<String, T> values = new LinkedHashMap<>();
        boolean valid = true;
        for (Tree.Entry entry : mapping.entries()) {
            String keyPath = Reading.below(path, entry.key());
            if (name.parse().apply(entry.key(), reading.base()).isEmpty()) {
                reading.mistake(entry.place(), keyPath, "", "the " + label + " " + name.rule());
                valid = false;
            }
            Optional<T> read = value.read(entry.value(), keyPath, reading);
            valid &= read.isPresent();
            read.ifPresent(v -> values.put(entry.key(), v));
        }
        return valid ? Optional.of(Ordered.copyOf(values)) : Optional.empty();
    }

    @Override
    public Object json(Map<String, T> map) {
        Map<String, Object> written = new LinkedHashMap<>();
        map.forEach((key, v) -> written.put(key, value.json(v)));
        return written;
    }

    @Override
    public Map<String, Object> schema() {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("propertyNames", name.own());
        schema.put("additionalProperties", value.schema());
        return schema;
    }

    @Override
    public String shape() {
        return value.rows("").isEmpty() ? "map: " + label + " to " + value.shape() : "map by " + label;
    }

    @Override
    public List<Row> rows(String path) {
        return new ArrayList<>(value.rows(path + ".<" + label + ">"));
    }

    @Override
    public Optional<Form<?>> below(String key) {
        return Optional.of(value);
    }
}
