package dev.millrace.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Replaces environment and argument references in values. A doubled dollar sign keeps an opening brace as text. */
final class References {
    static final String NAME = "[A-Za-z_][A-Za-z0-9_-]*";
    /** Groups: an escaped brace; or kind and name of a reference; or the opening of something that is none. */
    private static final Pattern REFERENCE =
            Pattern.compile("(?<escape>\\$\\$\\{)|\\$\\{(?<kind>[a-z]+):(?<name>[^{}]*)}|\\$\\{");

    private static final Pattern VALID_NAME = Pattern.compile(NAME);
    private static final String FORMS = "${env:NAME} and ${arg:NAME}";

    private final Function<String, Optional<String>> environment;
    private final Map<String, String> arguments;

    References(Function<String, Optional<String>> environment, Map<String, String> arguments) {
        this.environment = environment;
        this.arguments = Map.copyOf(arguments);
    }

    /** A value with its references replaced, or the mistakes in them. */
    record Expanded(String text, List<String> mistakes) {}

    Expanded expand(String raw) {
        List<String> mistakes = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        Matcher matcher = REFERENCE.matcher(raw);
        while (matcher.find()) {
            String replacement = matcher.group("escape") != null ? "${" : value(matcher, mistakes);
            matcher.appendReplacement(text, Matcher.quoteReplacement(replacement));
        }
        return new Expanded(matcher.appendTail(text).toString(), mistakes);
    }

    private String value(Matcher matcher, List<String> mistakes) {
        String name = matcher.group("name");
        Optional<String> value = Optional.empty();
        if (matcher.group("kind") == null) {
            mistakes.add("${ begins no reference: known are " + FORMS + "; write $${ for the characters themselves");
            return "";
        }
        switch (matcher.group("kind")) {
            case "env" -> {
                value = VALID_NAME.matcher(name).matches() ? environment.apply(name) : Optional.empty();
                if (value.isEmpty()) {
                    mistakes.add("no environment variable " + name + ": set it, or write the value");
                }
            }
            case "arg" -> {
                value = Optional.ofNullable(arguments.get(name));
                if (value.isEmpty()) {
                    mistakes.add("no argument " + name + ": add --set " + name + "=...");
                }
            }
            case "secret", "file" ->
                mistakes.add("only keys that hold a secret take ${" + matcher.group("kind")
                        + ":...}: write the value, or " + FORMS);
            default -> mistakes.add("unknown reference " + matcher.group() + ": known are " + FORMS);
        }
        return value.orElse("");
    }

    /** What the environment holds under a name, or empty. */
    Optional<String> variable(String name) {
        return environment.apply(name);
    }

    /** A value for a message: arguments replaced, what the environment holds left out. */
    String shown(String raw) {
        Matcher matcher = REFERENCE.matcher(raw);
        return matcher.replaceAll(match -> Matcher.quoteReplacement(
                "arg".equals(matcher.group("kind"))
                        ? arguments.getOrDefault(matcher.group("name"), matcher.group())
                        : matcher.group()));
    }

    /** Names of the arguments that stand anywhere in a tree. */
    static Set<String> argumentsIn(Tree tree) {
        Set<String> names = new HashSet<>();
        collect(tree, names);
        return names;
    }

    private static void collect(Tree tree, Set<String> names) {
        if (tree instanceof Tree.Text text) {
            Matcher matcher = REFERENCE.matcher(text.raw());
            while (matcher.find()) {
                if ("arg".equals(matcher.group("kind"))) {
                    names.add(matcher.group("name"));
                }
            }
        } else if (tree instanceof Tree.Sequence sequence) {
            sequence.items().forEach(item -> collect(item, names));
        } else if (tree instanceof Tree.Mapping mapping) {
            mapping.entries().forEach(entry -> collect(entry.value(), names));
        }
    }
}
