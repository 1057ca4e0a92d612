package dev.millrace.schema;

import dev.millrace.storage.Sha256;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Names that every warehouse takes: lower-case letters, digits and underscores, at most {@link #MAX_BYTES} bytes, not
 * beginning with a digit. Within one table no two are alike.
 */
public final class Names {
    /** PostgreSQL's limit, the smallest of all. */
    public static final int MAX_BYTES = 63;

    private static final int HASH_DIGITS = 6;

    private final Set<String> taken = new TreeSet<>();

    Names(Set<String> reserved) {
        taken.addAll(reserved);
    }

    /** Claims a name that was given before. */
    void keep(String name) {
        taken.add(name);
    }

    /** A new name for a path; one that is taken or too long is told apart by a hash of the path. */
    String claim(List<String> path) {
        String name = of(path);
        if (name.length() > MAX_BYTES || taken.contains(name)) {
            name = shortened(name, String.join("\0", path));
        }
        taken.add(name);
        return name;
    }

    /** The name of a path: each step in snake case, joined by two underscores. */
    public static String of(List<String> path) {
        return String.join("__", path.stream().map(Names::snakeCase).toList());
    }

    /** A table's name with its suffix, shortened where it is too long. */
    static String table(String base, String suffix) {
        String name = suffix.isEmpty() ? base : base + "__" + suffix;
        return name.length() > MAX_BYTES ? shortened(name, name) : name;
    }

    private static String shortened(String name, String source) {
        String head = name.substring(0, Math.min(name.length(), MAX_BYTES - HASH_DIGITS - 1));
        return head + "_" + sha256(source).substring(0, HASH_DIGITS);
    }

    /** {@code CreatedAt} → {@code created_at}, {@code follower#} → {@code follower}, {@code Größe} → {@code grosse}. */
    public static String snakeCase(String attribute) {
        String plain = Normalizer.normalize(attribute.replace("ß", "ss"), Normalizer.Form.NFD);
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            if (Character.getType(c) == Character.NON_SPACING_MARK) {
                continue;
            }
            boolean upper = c >= 'A' && c <= 'Z';
            boolean legal = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            if (!legal) {
                separate(name);
            } else {
                if (upper && startsWord(plain, i)) {
                    separate(name);
                }
                name.append(Character.toLowerCase(c));
            }
        }
        while (!name.isEmpty() && name.charAt(name.length() - 1) == '_') {
            name.setLength(name.length() - 1);
        }
        if (attribute.startsWith("_")) {
            name.insert(0, '_');
        }
        if (name.isEmpty() || name.toString().equals("_")) {
            return "c_" + sha256(attribute).substring(0, HASH_DIGITS);
        }
        if (Character.isDigit(name.charAt(0))) {
            name.insert(0, '_');
        }
        return name.toString();
    }

    private static void separate(StringBuilder name) {
        if (!name.isEmpty() && name.charAt(name.length() - 1) != '_') {
            name.append('_');
        }
    }

    /** An upper-case letter starts a word after a lower-case one or a digit, and as the last of several before one. */
    private static boolean startsWord(String text, int i) {
        if (i == 0) {
            return false;
        }
        char before = text.charAt(i - 1);
        boolean afterSmall = (before >= 'a' && before <= 'z') || (before >= '0' && before <= '9');
        boolean beforeSmall = i + 1 < text.length() && text.charAt(i + 1) >= 'a' && text.charAt(i + 1) <= 'z';
        boolean afterLarge = before >= 'A' && before <= 'Z';
        return afterSmall || (afterLarge && beforeSmall);
    }

    static String sha256(String text) {
        return sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    static String sha256(byte[] bytes) {
        return Sha256.hex(bytes);
    }
}
