package dev.millrace.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Unchangeable maps that keep the order of the file: it is the order of patterns and of computed columns. */
final class Ordered {
    private Ordered() {}

    /** A JSON object from names and values in turn. */
    static Map<String, Object> of(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }

    static <V> Map<String, V> copyOf(Map<String, V> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
