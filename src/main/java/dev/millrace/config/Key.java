package dev.millrace.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The declaration of one key: everything that is known about it. Reading, checking, the JSON Schema and the reference
 * table all come from here.
 *
 * @param <R> the record it belongs to
 * @param <T> the type of its value
 */
final class Key<R, T> {
    private final String name;
    private final Form<T> form;
    private final String description;
    private final boolean required;
    private final boolean hasDefault;
    /** The default as text, where it is always the same. */
    private final Optional<String> constant;
    /** The default for the reference table; empty where there is none. */
    private final String fallbackText;

    private final Function<Reading, Optional<Tree>> fallback;
    private final Function<R, Optional<T>> component;

    private Key(
            String name,
            Form<T> form,
            String description,
            boolean required,
            boolean hasDefault,
            Optional<String> constant,
            String fallbackText,
            Function<Reading, Optional<Tree>> fallback,
            Function<R, Optional<T>> component) {
        this.name = name;
        this.form = form;
        this.description = description;
        this.required = required;
        this.hasDefault = hasDefault;
        this.constant = constant;
        this.fallbackText = fallbackText;
        this.fallback = fallback;
        this.component = component;
    }

    /** A key that must be given. */
    static <R, T> Key<R, T> required(String name, Form<T> form, Function<R, T> component, String description) {
        return new Key<>(
                name,
                form,
                description,
                true,
                false,
                Optional.empty(),
                "",
                r -> Optional.empty(),
                r -> Optional.of(component.apply(r)));
    }

    /** A key that may be left out. */
    static <R, T> Key<R, T> optional(
            String name, Form<T> form, Function<R, Optional<T>> component, String description) {
        return new Key<>(name, form, description, false, false, Optional.empty(), "", r -> Optional.empty(), component);
    }

    /** A key with a default. */
    static <R, T> Key<R, T> of(
            String name, Form<T> form, String constant, Function<R, T> component, String description) {
        return new Key<>(
                name,
                form,
                description,
                false,
                true,
                Optional.of(constant),
                "`" + constant + "`",
                r -> Optional.of(text(r, constant)),
                r -> Optional.of(component.apply(r)));
    }

    /** A key whose default follows from other keys; it has none where those are wrong. */
    static <R, T> Key<R, T> derived(
            String name,
            Form<T> form,
            String fallbackText,
            Function<Reading, Optional<String>> fallback,
            Function<R, T> component,
            String description) {
        return new Key<>(
                name,
                form,
                description,
                false,
                true,
                Optional.empty(),
                fallbackText,
                r -> fallback.apply(r).map(value -> text(r, value)),
                r -> Optional.of(component.apply(r)));
    }

    /** A map or section that is empty where it is not given. */
    static <R, T> Key<R, T> map(String name, Form<T> form, Function<R, T> component, String description) {
        return new Key<>(
                name,
                form,
                description,
                false,
                true,
                Optional.empty(),
                "",
                r -> Optional.of(new Tree.Mapping(r.root().place(), List.of())),
                r -> Optional.of(component.apply(r)));
    }

    /** A list that is empty where it is not given. */
    static <R, T> Key<R, List<T>> list(
            String name, Form<List<T>> form, Function<R, List<T>> component, String description) {
        return new Key<>(
                name,
                form,
                description,
                false,
                true,
                Optional.empty(),
                "",
                r -> Optional.of(new Tree.Sequence(r.root().place(), List.of())),
                r -> Optional.of(component.apply(r)));
    }

    private static Tree text(Reading reading, String value) {
        // A default is no place for references: what other keys resolved to is taken literally.
        return new Tree.Text(reading.root().place(), value.replace("${", "$${"));
    }

    String name() {
        return name;
    }

    Form<T> form() {
        return form;
    }

    boolean isRequired() {
        return required;
    }

    /** Whether a section is invalid without a value here, although it need not be given. */
    boolean hasDefault() {
        return hasDefault;
    }

    /** The default's tree, where there is one. */
    Optional<Tree> fallback(Reading reading) {
        return fallback.apply(reading);
    }

    /** Whether a value is the one that the key has when it is left out; what was written as JSON is read again. */
    boolean isDefault(Optional<T> value, Reading reading) {
        Reading quiet = reading.into(new ArrayList<>());
        return value.equals(fallback(reading).flatMap(tree -> form.read(tree, name, quiet)));
    }

    void write(R record, Map<String, Object> json) {
        component.apply(record).ifPresent(value -> json.put(name, form.json(value)));
    }

    Form.Row row(String path) {
        return new Form.Row(Reading.below(path, name), form.shape(), required ? "required" : fallbackText, description);
    }

    private Object json(String value) {
        Object type = form instanceof Scalar<T> scalar ? scalar.own().get("type") : "";
        if ("boolean".equals(type)) {
            return Boolean.valueOf(value);
        }
        return "integer".equals(type) ? (Object) Long.valueOf(value) : value;
    }

    Map<String, Object> schema() {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("description", description);
        schema.putAll(form.schema());
        constant.ifPresent(value -> schema.put("default", json(value)));
        return schema;
    }
}
