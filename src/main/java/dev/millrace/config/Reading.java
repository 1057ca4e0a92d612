package dev.millrace.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One reading of a job file: what forms need besides the tree, and where mistakes go.
 *
 * @param root the whole tree, for defaults that follow from other keys
 * @param base what relative local paths start from
 * @param references of this reading
 * @param expressions judges Spark SQL and functions
 * @param mistakes added to while reading
 */
record Reading(Tree.Mapping root, Path base, References references, Expressions expressions, List<Mistake> mistakes) {
    /** Characters of a value that a message shows. */
    private static final int SHOWN = 100;

    /** The path of a key below another; a dot inside a name gets a backslash. */
    static String below(String path, String name) {
        String escaped = name.replace("\\", "\\\\").replace(".", "\\.");
        return path.isEmpty() ? escaped : path + "." + escaped;
    }

    void mistake(Tree at, String path, String message) {
        String value = at instanceof Tree.Text text ? references.shown(text.raw()) : "";
        mistake(at.place(), path, oneLine(value), message);
    }

    void mistake(Tree.Place place, String path, String value, String message) {
        mistakes.add(new Mistake(place.file(), place.line(), path, value, message));
    }

    /** A message is one line, however long the expression is that it is about. */
    private static String oneLine(String value) {
        String line = value.strip().replaceAll("\\s*[\\r\\n]\\s*", " ");
        return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "...";
    }

    /** A value with references replaced; empty where that is a mistake. */
    Optional<String> expand(Tree.Text text, String path) {
        References.Expanded expanded = references.expand(text.raw());
        expanded.mistakes().forEach(message -> mistake(text, path, message));
        return expanded.mistakes().isEmpty() ? Optional.of(expanded.text()) : Optional.empty();
    }

    /** The text at a path of the whole tree, references replaced; empty where there is no valid one. */
    Optional<String> textAt(String... keys) {
        return root.find(keys)
                .flatMap(tree -> tree instanceof Tree.Text text ? Optional.of(text) : Optional.empty())
                .map(text -> references.expand(text.raw()))
                .filter(expanded -> expanded.mistakes().isEmpty())
                .map(References.Expanded::text);
    }

    /** What is wrong with an expression, if anything is. */
    Optional<String> mistakeIn(String sql) {
        Map<String, String> functions = new LinkedHashMap<>();
        if (root.find("functions").orElse(null) instanceof Tree.Mapping declared) {
            declared.entries()
                    .forEach(function ->
                            textAt("functions", function.key()).ifPresent(type -> functions.put(function.key(), type)));
        }
        return expressions.mistake(sql, functions);
    }

    /** The same reading with another list for mistakes. */
    Reading into(List<Mistake> others) {
        return new Reading(root, base, references, expressions, others);
    }
}
