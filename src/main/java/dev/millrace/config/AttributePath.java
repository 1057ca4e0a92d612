package dev.millrace.config;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The way to an attribute through maps: {@code address.city}. A dot or backslash that belongs to a name has a
 * backslash before it.
 *
 * @param names from the top-level attribute down; at least one, none empty
 */
public record AttributePath(List<String> names) implements Serializable {
    public AttributePath {
        names = List.copyOf(names);
        if (names.isEmpty() || names.contains("")) {
            throw new IllegalArgumentException("Invalid attribute path: " + names + ": a name is missing");
        }
    }

    /** Reads a path; empty where a name is empty or a backslash stands before anything but a dot or backslash. */
    public static Optional<AttributePath> parse(String text) {
        List<String> names = new ArrayList<>();
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
                if (i == text.length() || (text.charAt(i) != '.' && text.charAt(i) != '\\')) {
                    return Optional.empty();
                }
                name.append(text.charAt(i));
            } else if (c == '.') {
                names.add(name.toString());
                name.setLength(0);
            } else {
                name.append(c);
            }
        }
        names.add(name.toString());
        return names.contains("") ? Optional.empty() : Optional.of(new AttributePath(names));
    }

    /** Whether the other path is this one or lies below it. */
    boolean covers(AttributePath other) {
        int length = names.size();
        return length <= other.names.size() && other.names.subList(0, length).equals(names);
    }

    /** As the job file writes it. */
    @Override
    public String toString() {
        return names.stream()
                .map(name -> name.replace("\\", "\\\\").replace(".", "\\."))
                .collect(Collectors.joining("."));
    }
}
