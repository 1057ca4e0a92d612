package dev.millrace.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * A map that may be written short, as the one value that most of them hold.
 *
 * @param value form of the value alone
 * @param meant what the value alone stands for
 * @param section form of the map
 */
record ShortForm<S, T>(Scalar<S> value, Function<S, T> meant, Section<T> section) implements Form<T> {
    @Override
    public Optional<T> read(Tree tree, String path, Reading reading) {
        return tree instanceof Tree.Mapping
                ? section.read(tree, path, reading)
                : value.read(tree, path, reading).map(meant);
    }

    @Override
    public Object json(T written) {
        return section.json(written);
    }

    @Override
    public Map<String, Object> schema() {
        return Map.of("anyOf", List.of(value.schema(), section.schema()));
    }

    @Override
    public String shape() {
        return value.shape() + ", or the keys below";
    }

    @Override
    public List<Row> rows(String path) {
        return section.rows(path);
    }

    @Override
    public Optional<Form<?>> below(String key) {
        return section.below(key);
    }

    @Override
    public String unknown(String key) {
        return section.unknown(key);
    }
}
