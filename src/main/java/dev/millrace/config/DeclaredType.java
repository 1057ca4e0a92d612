package dev.millrace.config;

import dev.millrace.table.ColumnType;
import java.util.Optional;

/**
 * A column's type as {@code tables.<kind>.types} declares it.
 *
 * @param type of the column; a timestamp where the reading is one of the epochs
 * @param reading how the source's value becomes one of the column
 */
public record DeclaredType(ColumnType type, Reading reading) {
    /** How the source's value becomes one of the column. */
    public enum Reading {
        /** As it is written. */
        PLAIN,
        /** A number of milliseconds since 1970 becomes a timestamp. */
        EPOCH_MILLIS,
        /** A number of seconds since 1970, possibly with a fraction, becomes a timestamp. */
        EPOCH_SECONDS
    }

    static final String MILLIS = "epoch-millis";
    static final String SECONDS = "epoch-seconds";

    /** Reads what {@link ColumnType#parse} reads, {@code epoch-millis} and {@code epoch-seconds}. */
    public static Optional<DeclaredType> parse(String text) {
        return switch (text.strip()) {
            case MILLIS -> Optional.of(new DeclaredType(ColumnType.TIMESTAMP, Reading.EPOCH_MILLIS));
            case SECONDS -> Optional.of(new DeclaredType(ColumnType.TIMESTAMP, Reading.EPOCH_SECONDS));
            default -> ColumnType.parse(text).map(type -> new DeclaredType(type, Reading.PLAIN));
        };
    }

    @Override
    public String toString() {
        return switch (reading) {
            case PLAIN -> type.toString();
            case EPOCH_MILLIS -> MILLIS;
            case EPOCH_SECONDS -> SECONDS;
        };
    }
}
