package dev.millrace.config;

import dev.millrace.table.ColumnType;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;

/**
 * A column's type as {@code tables.<kind>.types} and {@code columns} declare it.
 *
 * @param type of the column; a timestamp where the reading is one of the epochs or ISO, a timestamp or date where there
 *     is a pattern
 * @param reading how the source's value becomes one of the column
 * @param pattern of {@link DateTimeFormatter} by which times are written; present where the reading is one by pattern
 */
public record DeclaredType(ColumnType type, Reading reading, Optional<String> pattern) {
    /** How the source's value becomes one of the column. */
    public enum Reading {
        /** As it is written. */
        PLAIN,
        /** A number of milliseconds since 1970 becomes a timestamp. */
        EPOCH_MILLIS,
        /** A number of seconds since 1970, possibly with a fraction, becomes a timestamp. */
        EPOCH_SECONDS,
        /** ISO 8601 text becomes a timestamp; without an offset it is UTC. */
        ISO,
        /** Text of a pattern becomes a timestamp or date; without an offset it is UTC. */
        PATTERN
    }

    static final String MILLIS = "epoch-millis";
    static final String SECONDS = "epoch-seconds";
    static final String ISO = "iso";

    /** A type without a pattern. */
    public DeclaredType(ColumnType type, Reading reading) {
        this(type, reading, Optional.empty());
    }

    public DeclaredType {
        if (pattern.isPresent() != (reading == Reading.PATTERN)) {
            throw new IllegalArgumentException("Invalid type: " + type + " " + reading + " " + pattern);
        }
    }

    /** A timestamp or date whose text is of a pattern that {@link #isPattern} knows. */
    public static DeclaredType ofPattern(ColumnType type, String pattern) {
        return new DeclaredType(type, Reading.PATTERN, Optional.of(pattern));
    }

    /** Reads what {@link ColumnType#parse} reads, {@code epoch-millis}, {@code epoch-seconds} and {@code iso}. */
    public static Optional<DeclaredType> parse(String text) {
        return switch (text.strip()) {
            case MILLIS -> Optional.of(new DeclaredType(ColumnType.TIMESTAMP, Reading.EPOCH_MILLIS));
            case SECONDS -> Optional.of(new DeclaredType(ColumnType.TIMESTAMP, Reading.EPOCH_SECONDS));
            case ISO -> Optional.of(new DeclaredType(ColumnType.TIMESTAMP, Reading.ISO));
            default -> ColumnType.parse(text).map(type -> new DeclaredType(type, Reading.PLAIN));
        };
    }

    /** Whether a text is a pattern of {@link DateTimeFormatter}. */
    static boolean isPattern(String text) {
        try {
            DateTimeFormatter formatter = DateTimeFormatter.ofPattern(text, Locale.ROOT);
            return !text.isBlank() && formatter.getZone() == null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** As the job file writes it; the pattern stands beside it there. */
    @Override
    public String toString() {
        return switch (reading) {
            case PLAIN, PATTERN -> type.toString();
            case EPOCH_MILLIS -> MILLIS;
            case EPOCH_SECONDS -> SECONDS;
            case ISO -> ISO;
        };
    }
}
