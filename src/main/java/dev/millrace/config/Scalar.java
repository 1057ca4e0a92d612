package dev.millrace.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * A value that is one text.
 *
 * @param shape for the reference table
 * @param rule of the message where it is broken: {@code must be …}
 * @param own JSON Schema of a value without references
 * @param parse reads the text, given the folder that relative paths start from; empty where it breaks the rule
 * @param write the value as JSON
 */
record Scalar<T>(
        String shape,
        String rule,
        Map<String, Object> own,
        BiFunction<String, Path, Optional<T>> parse,
        Function<T, Object> write)
        implements Form<T> {
    static <T> Scalar<T> of(String shape, String rule, Map<String, Object> own, Function<String, Optional<T>> parse) {
        return new Scalar<>(shape, rule, own, (text, base) -> parse.apply(text), Object::toString);
    }

    /** Text that a regular expression matches whole. */
    static Scalar<String> matching(String shape, String rule, String regex) {
        Pattern pattern = Pattern.compile(regex);
        return of(
                shape,
                rule,
                text(regex),
                t -> Optional.of(t).filter(x -> pattern.matcher(x).matches()));
    }

    /** One of an enum's constants, written in lower case with hyphens. */
    static <E extends Enum<E>> Scalar<E> oneOf(E[] constants) {
        List<String> labels = Arrays.stream(constants).map(Scalar::label).toList();
        return new Scalar<>(
                String.join(", ", labels.stream().map(l -> "`" + l + "`").toList()),
                "must be " + either(labels),
                Map.of("enum", labels),
                (text, base) -> Arrays.stream(constants)
                        .filter(c -> label(c).equals(text))
                        .findFirst(),
                Scalar::label);
    }

    static Scalar<Long> whole(long least, long most, String rule) {
        String range = most == Long.MAX_VALUE ? "whole number from " + least : "whole number, " + least + " to " + most;
        Map<String, Object> own = Ordered.of("type", "integer", "minimum", least);
        if (most != Long.MAX_VALUE) {
            own.put("maximum", most);
        }
        return new Scalar<>(range, rule, own, (text, base) -> wholeIn(text, least, most), n -> n);
    }

    static Optional<Long> wholeIn(String text, long least, long most) {
        // At most 18 digits fit a long.
        if (!text.matches("\\d{1,18}")) {
            return Optional.empty();
        }
        return Optional.of(Long.parseLong(text)).filter(n -> n >= least && n <= most);
    }

    static Map<String, Object> text(String regex) {
        return Ordered.of("type", "string", "pattern", "^(" + regex + ")$");
    }

    /** JSON Schema of any text but the empty one. */
    static Map<String, Object> anyText() {
        return Ordered.of("type", "string", "minLength", 1);
    }

    static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** {@code a, b or c}. */
    static String either(List<String> words) {
        int last = words.size() - 1;
        return last == 0 ? words.get(0) : String.join(", ", words.subList(0, last)) + " or " + words.get(last);
    }

    @Override
    public Optional<T> read(Tree tree, String path, Reading reading) {
        if (!(tree instanceof Tree.Text text)) {
            Form.wrongForm(tree, path, rule, reading);
            return Optional.empty();
        }
        Optional<String> expanded = reading.expand(text, path);
        if (expanded.isEmpty()) {
            return Optional.empty();
        }
        Optional<T> value = parse.apply(expanded.get(), reading.base());
        if (value.isEmpty()) {
            reading.mistake(tree, path, rule);
        }
        return value;
    }

    @Override
    public Object json(T value) {
        return write.apply(value);
    }

    @Override
    public Map<String, Object> schema() {
        if (own.equals(anyText())) {
            return own;
        }
        List<Object> either = new ArrayList<>();
        either.add(own);
        either.add(Map.of("$ref", JobSchema.REFERENCE));
        return Map.of("anyOf", either);
    }

    @Override
    public boolean isText() {
        return true;
    }
}
