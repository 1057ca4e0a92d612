package dev.millrace.config;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * A mistake in a job file: {@code jobs/shop.yaml:14: staging.keep: 2x: must be a duration, …}.
 *
 * @param file as it was given, or the option that carries the value, such as {@code --set overlap}
 * @param line counted from 1, where there is one
 * @param key dotted path of the key; empty where the mistake is not at a key
 * @param value as it is written; empty where there is none to show
 * @param message the rule and the remedy
 */
public record Mistake(String file, OptionalInt line, String key, String value, String message) {
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        parts.add(line.isPresent() ? file + ":" + line.getAsInt() : file);
        if (!key.isEmpty() && !file.equals("--set " + key)) {
            parts.add(key);
        }
        if (!value.isEmpty()) {
            parts.add(value);
        }
        parts.add(message);
        return String.join(": ", parts);
    }
}
