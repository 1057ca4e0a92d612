package dev.millrace.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A map of declared keys that becomes a record.
 *
 * @param <R> the record
 */
final class Section<R> implements Form<R> {
    private final List<Key<R, ?>> keys;
    private final List<Key<R, ?>> choices;
    private final boolean oneChoice;
    private final Consumer<Values> check;
    private final Function<Values, R> build;

    private Section(
            List<Key<R, ?>> keys,
            List<Key<R, ?>> choices,
            boolean oneChoice,
            Consumer<Values> check,
            Function<Values, R> build) {
        this.keys = keys;
        this.choices = choices;
        this.oneChoice = oneChoice;
        this.check = check;
        this.build = build;
    }

    /** A section that is built from its values once all of them are valid. */
    static <R> Section<R> of(List<Key<R, ?>> keys, Function<Values, R> build) {
        return new Section<>(List.copyOf(keys), List.of(), true, values -> {}, build);
    }

    /** With a check of keys against each other; it runs over what was read, also where some values are wrong. */
    Section<R> checked(Consumer<Values> rule) {
        return new Section<>(keys, choices, oneChoice, check.andThen(rule), build);
    }

    /** Exactly one of these keys must be given. */
    Section<R> withOneOf(List<Key<R, ?>> alternatives) {
        return new Section<>(keys, List.copyOf(alternatives), true, check, build);
    }

    /** At least one of these keys must be given. */
    Section<R> withAnyOf(List<Key<R, ?>> alternatives) {
        return new Section<>(keys, List.copyOf(alternatives), false, check, build);
    }

    @Override
    public Optional<R> read(Tree tree, String path, Reading reading) {
        if (!(tree instanceof Tree.Mapping mapping)) {
            Form.wrongForm(tree, path, "must be a map with the keys " + Scalar.either(names()), reading);
            return Optional.empty();
        }
        Values values = new Values(mapping, path, reading);
        for (Tree.Entry entry : mapping.entries()) {
            if (below(entry.key()).isEmpty()) {
                values.invalid();
                reading.mistake(entry.place(), Reading.below(path, entry.key()), "", unknown(entry.key()));
            }
        }
        keys.forEach(key -> read(key, mapping, path, reading, values));
        checkChoices(values);
        check.accept(values);
        return values.isValid() ? Optional.of(build.apply(values)) : Optional.empty();
    }

    private static <T> void read(Key<?, T> key, Tree.Mapping mapping, String path, Reading reading, Values values) {
        Optional<Tree> given = mapping.entry(key.name()).map(Tree.Entry::value);
        if (given.isPresent()) {
            key.form()
                    .read(given.get(), Reading.below(path, key.name()), reading)
                    .ifPresentOrElse(value -> values.put(key, value), values::invalid);
        } else if (key.isRequired()) {
            values.mistake(
                    key,
                    key.form().isText() ? "is missing: " + key.form().shape().replace("`", "") : "is missing: add it");
        } else {
            // A default that cannot be made follows from a mistake elsewhere, which is told there.
            Reading quiet = reading.into(new ArrayList<>());
            Optional<T> value = key.fallback(reading).flatMap(tree -> key.form().read(tree, path, quiet));
            value.ifPresent(v -> values.put(key, v));
            if (value.isEmpty() && key.hasDefault()) {
                values.invalid();
            }
        }
    }

    private void checkChoices(Values values) {
        List<String> given =
                choices.stream().filter(values::isGiven).map(Key::name).toList();
        List<String> known = choices.stream().map(Key::name).toList();
        if (!choices.isEmpty() && given.isEmpty()) {
            values.mistake("must hold one of: " + String.join(", ", known));
        } else if (oneChoice && given.size() > 1) {
            values.mistake("must hold only one of: " + String.join(", ", given));
        }
    }

    @Override
    public Object json(R value) {
        Map<String, Object> json = new LinkedHashMap<>();
        keys.forEach(key -> key.write(value, json));
        return json;
    }

    @Override
    public Map<String, Object> schema() {
        Map<String, Object> properties = new LinkedHashMap<>();
        keys.forEach(key -> properties.put(key.name(), key.schema()));
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("additionalProperties", false);
        List<String> required =
                keys.stream().filter(Key::isRequired).map(Key::name).toList();
        if (!required.isEmpty()) {
            schema.put("required", required);
        }
        if (!choices.isEmpty()) {
            schema.put(
                    oneChoice ? "oneOf" : "anyOf",
                    choices.stream()
                            .map(key -> Map.of("required", List.of(key.name())))
                            .toList());
        }
        schema.put("properties", properties);
        return schema;
    }

    @Override
    public String shape() {
        return "the keys below";
    }

    @Override
    public List<Row> rows(String path) {
        List<Row> rows = new ArrayList<>();
        for (Key<R, ?> key : keys) {
            Row row = key.row(path);
            rows.add(row);
            rows.addAll(key.form().rows(row.key()));
        }
        return rows;
    }

    @Override
    public Optional<Form<?>> below(String name) {
        for (Key<R, ?> key : keys) {
            if (key.name().equals(name)) {
                return Optional.of(key.form());
            }
        }
        return Optional.empty();
    }

    @Override
    public String unknown(String name) {
        Optional<String> near = Nearest.to(name, names());
        Optional<String> elsewhere = JobKeys.pathsEndingWith(name).stream().findFirst();
        return "unknown key: "
                + near.or(() -> elsewhere)
                        .map(found -> "did you mean " + found + "?")
                        .orElseGet(() -> "known here are " + String.join(", ", names()));
    }

    private List<String> names() {
        return keys.stream().map(Key::name).toList();
    }
}
