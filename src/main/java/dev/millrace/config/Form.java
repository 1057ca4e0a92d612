package dev.millrace.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The form of a value: how it is read, checked, written and described. */
interface Form<T> {
    /** A row of the reference table. */
    record Row(String key, String shape, String fallback, String description) {}

    /** The value, or empty after at least one mistake was added to the reading. */
    Optional<T> read(Tree tree, String path, Reading reading);

    /** The value as JSON: text, number, boolean, map or list. */
    Object json(T value);

    /** Its JSON Schema. */
    Map<String, Object> schema();

    /** What may be written, in a few words of Markdown. */
    String shape();

    /** Rows for the keys below a path. */
    default List<Row> rows(String path) {
        return List.of();
    }

    /** The form of a key right below, where there is one. */
    default Optional<Form<?>> below(String key) {
        return Optional.empty();
    }

    /** What to say about a key that is not among those right below. */
    default String unknown(String key) {
        return "no keys stand below this one";
    }

    /** Whether the value is one text, so that an option gives it literally. */
    default boolean isText() {
        return false;
    }

    /** Adds the mistake of a value that is of another form altogether. */
    static void wrongForm(Tree tree, String path, String rule, Reading reading) {
        String message = switch (kind(tree)) {
            case "" -> "has no value: write one, or leave the key out";
            case "text" -> rule;
            default -> rule + ", not a " + kind(tree);
        };
        reading.mistake(tree, path, message);
    }

    private static String kind(Tree tree) {
        if (tree instanceof Tree.Empty) {
            return "";
        }
        if (tree instanceof Tree.Text) {
            return "text";
        }
        return tree instanceof Tree.Sequence ? "list" : "map";
    }
}
