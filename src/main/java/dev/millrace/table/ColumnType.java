package dev.millrace.table;

import java.io.Serializable;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A column's type, written as the job file writes it: {@code string}, {@code bigint}, {@code decimal(18,2)}.
 *
 * @param kind the family
 * @param precision total digits of a decimal, 1 to 38; 0 otherwise
 * @param scale digits after the point of a decimal, 0 to 37 and at most the precision (Snowflake's limit); 0 otherwise
 */
public record ColumnType(Kind kind, int precision, int scale) implements Serializable {
    /** The families. JSON is text that holds one JSON value; timestamps are UTC with microseconds. */
    public enum Kind {
        STRING,
        BIGINT,
        DECIMAL,
        DOUBLE,
        BOOLEAN,
        BINARY,
        DATE,
        TIMESTAMP,
        JSON
    }

    public static final ColumnType STRING = new ColumnType(Kind.STRING, 0, 0);
    public static final ColumnType BIGINT = new ColumnType(Kind.BIGINT, 0, 0);
    public static final ColumnType DOUBLE = new ColumnType(Kind.DOUBLE, 0, 0);
    public static final ColumnType BOOLEAN = new ColumnType(Kind.BOOLEAN, 0, 0);
    public static final ColumnType BINARY = new ColumnType(Kind.BINARY, 0, 0);
    public static final ColumnType DATE = new ColumnType(Kind.DATE, 0, 0);
    public static final ColumnType TIMESTAMP = new ColumnType(Kind.TIMESTAMP, 0, 0);
    public static final ColumnType JSON = new ColumnType(Kind.JSON, 0, 0);

    private static final Pattern DECIMAL = Pattern.compile("decimal\\(\\s*(\\d{1,2})\\s*,\\s*(\\d{1,2})\\s*\\)");

    public ColumnType {
        boolean valid = kind == Kind.DECIMAL
                ? precision >= 1 && precision <= 38 && scale >= 0 && scale <= 37 && scale <= precision
                : precision == 0 && scale == 0;
        if (!valid) {
            throw new IllegalArgumentException(
                    "Invalid type: " + kind + "(" + precision + "," + scale + "): precision 1 to 38, scale 0 to 37");
        }
    }

    public static ColumnType decimal(int precision, int scale) {
        return new ColumnType(Kind.DECIMAL, precision, scale);
    }

    /** Reads a type as the job file writes it; empty when it is none. */
    public static Optional<ColumnType> parse(String text) {
        String lower = text.strip().toLowerCase(Locale.ROOT);
        Matcher decimal = DECIMAL.matcher(lower);
        if (decimal.matches()) {
            int precision = Integer.parseInt(decimal.group(1));
            int scale = Integer.parseInt(decimal.group(2));
            boolean valid = precision >= 1 && precision <= 38 && scale <= 37 && scale <= precision;
            return valid ? Optional.of(decimal(precision, scale)) : Optional.empty();
        }
        for (Kind kind : Kind.values()) {
            if (kind != Kind.DECIMAL && kind.name().toLowerCase(Locale.ROOT).equals(lower)) {
                return Optional.of(new ColumnType(kind, 0, 0));
            }
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        String name = kind.name().toLowerCase(Locale.ROOT);
        return kind == Kind.DECIMAL ? name + "(" + precision + "," + scale + ")" : name;
    }
}
