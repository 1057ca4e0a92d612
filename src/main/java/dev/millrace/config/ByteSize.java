package dev.millrace.config;

import java.io.Serializable;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number of bytes as people write it: {@code 128MB}. Units count by 1024.
 *
 * @param bytes at least 1
 */
public record ByteSize(long bytes) implements Serializable, Comparable<ByteSize> {
    public static final String RULE =
            "must be a positive size: a whole number with B, KB, MB or GB, which count by 1024, for example 128MB";

    static final String FORM = "(\\d{1,9})(B|KB|MB|GB)";
    private static final Pattern PATTERN = Pattern.compile(FORM);

    public ByteSize {
        if (bytes < 1) {
            throw new IllegalArgumentException("Invalid size: " + bytes + ": must be at least 1 byte");
        }
    }

    /** Reads a size; empty where the text is none, or is zero. */
    public static Optional<ByteSize> parse(String text) {
        Matcher matcher = PATTERN.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        int shift = switch (matcher.group(2)) {
            case "KB" -> 10;
            case "MB" -> 20;
            case "GB" -> 30;
            default -> 0;
        };
        long bytes = Long.parseLong(matcher.group(1)) << shift;
        return bytes < 1 ? Optional.empty() : Optional.of(new ByteSize(bytes));
    }

    @Override
    public int compareTo(ByteSize other) {
        return Long.compare(bytes, other.bytes);
    }

    /** The same size has one text: that of its largest whole unit. */
    @Override
    public String toString() {
        if (bytes % (1L << 30) == 0) {
            return (bytes >> 30) + "GB";
        }
        if (bytes % (1L << 20) == 0) {
            return (bytes >> 20) + "MB";
        }
        return bytes % (1L << 10) == 0 ? (bytes >> 10) + "KB" : bytes + "B";
    }
}
