package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import dev.millrace.table.ColumnType;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import org.apache.spark.sql.types.Decimal;

/**
 * One column's way from a source value to Spark's internal value. A value that would change on it does not fit: its cell
 * stays as it is, and the value belongs to {@code _rest}.
 *
 * <p>Strings without escapes point into the tape's input: they are to be copied before the next item is read.
 */
final class Conversion {
    private static final int LONG_DIGITS = 18;
    private static final byte[] TRUE = "true".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] FALSE = "false".getBytes(StandardCharsets.US_ASCII);

    private final SourceType source;
    private final int column;
    private final Encoding encoding;
    private final ColumnType type;
    private final int beforePayload;

    /** Text that stays text, as most values do. */
    private final boolean isText;

    /** A value that becomes text as it is written. */
    private final boolean isVerbatim;

    private final TimeText times;

    private final NumberScan parsed = new NumberScan();
    private final Bytes text = new Bytes();

    /** @param place of the column in its row */
    Conversion(EntityColumn column, int place, Notation notation) {
        this(
                column,
                place,
                column.source(),
                notation,
                notation == Notation.PLAIN && column.source().isContainer());
    }

    private Conversion(EntityColumn column, int place, SourceType source, Notation notation, boolean isVerbatim) {
        this.source = source;
        this.column = place;
        this.encoding = column.encoding();
        this.type = column.type();
        this.beforePayload = notation.payload(0);
        this.isText = source == SourceType.S && type.kind() == ColumnType.Kind.STRING;
        this.isVerbatim = isVerbatim;
        this.times = column.pattern().isEmpty() ? TimeText.ISO : TimeText.of(column.pattern());
    }

    /**
     * The ways of plain JSON to a given column, by the ordinal of the value's type; null where there is none. What is no
     * text becomes text as it is written, and a column of JSON takes everything so.
     */
    @SuppressWarnings("EnumOrdinal") // looked up once per value
    static Conversion[] toGiven(EntityColumn column, int place) {
        Conversion[] conversions = new Conversion[SourceType.values().length];
        ColumnType.Kind kind = column.type().kind();
        for (SourceType source :
                new SourceType[] {SourceType.S, SourceType.N, SourceType.BOOL, SourceType.M, SourceType.L}) {
            boolean verbatim =
                    kind == ColumnType.Kind.JSON || (kind == ColumnType.Kind.STRING && source != SourceType.S);
            boolean possible = verbatim
                    || switch (source) {
                        case S -> true;
                        case N ->
                            kind != ColumnType.Kind.BOOLEAN
                                    && kind != ColumnType.Kind.BINARY
                                    && (column.encoding() != Encoding.PLAIN
                                            || isPossible(source, Encoding.PLAIN, column.type()));
                        case BOOL -> kind == ColumnType.Kind.BOOLEAN;
                        case B, NULL, M, L, SS, NS, BS -> false;
                    };
            if (possible) {
                conversions[source.ordinal()] = new Conversion(column, place, source, Notation.PLAIN, verbatim);
            }
        }
        return conversions;
    }

    /** Whether there is a way from a source type to a column type at all. */
    static boolean isPossible(SourceType source, Encoding encoding, ColumnType type) {
        if (encoding == Encoding.EPOCH_MILLIS || encoding == Encoding.EPOCH_SECONDS) {
            return source == SourceType.N;
        }
        return switch (source) {
            case S -> type.kind() != ColumnType.Kind.BINARY;
            case N ->
                switch (type.kind()) {
                    case STRING, BIGINT, DECIMAL, DOUBLE -> true;
                    case BOOLEAN, BINARY, DATE, TIMESTAMP, JSON -> false;
                };
            case B -> type.kind() == ColumnType.Kind.BINARY || type.kind() == ColumnType.Kind.STRING;
            case BOOL -> type.kind() == ColumnType.Kind.BOOLEAN || type.kind() == ColumnType.Kind.STRING;
            case M, L, SS, NS, BS -> type.kind() == ColumnType.Kind.JSON || type.kind() == ColumnType.Kind.STRING;
            case NULL -> false;
        };
    }

    /** Puts a sound value of the column's source type into its cell if it fits; {@code numbers} holds that of an N. */
    boolean put(RowCells row, JsonTape tape, int value, NumberScan numbers) {
        int payload = value + beforePayload;
        if (isText) {
            return text(row, tape, payload);
        }
        if (isVerbatim) {
            int from = tape.rawStart(value);
            row.putText(column, tape.input(), from, tape.rawEnd(value) - from);
            return true;
        }
        if (source.isContainer()) {
            if (encoding == Encoding.DYNAMODB_JSON) {
                row.putText(column, tape.input(), tape.start(value), tape.length(value));
                return true;
            }
            return plainJson(row, tape, value);
        }
        if (source.isSet()) {
            text.clear();
            PlainJson.writeSet(tape, payload, source, text);
            row.putText(column, text.toArray());
            return true;
        }
        return putPayload(row, tape, payload, numbers);
    }

    private boolean plainJson(RowCells row, JsonTape tape, int value) {
        text.clear();
        boolean fits = PlainJson.write(tape, value, text);
        if (fits) {
            row.putText(column, text.toArray());
        }
        return fits;
    }

    /** Puts what is inside a scalar's tag: also an element of a set. */
    boolean putPayload(RowCells row, JsonTape tape, int payload, NumberScan numbers) {
        return switch (source) {
            case S -> ofText(row, tape, payload);
            case N -> ofNumber(row, tape, payload, numbers);
            case B -> {
                if (type.kind() == ColumnType.Kind.BINARY) {
                    row.putBinary(column, Base64Text.decode(tape, payload));
                } else {
                    row.putText(column, tape.utf8(payload));
                }
                yield true;
            }
            case BOOL -> {
                boolean truth = tape.kind(payload) == JsonTape.Kind.TRUE;
                if (type.kind() == ColumnType.Kind.BOOLEAN) {
                    row.putBoolean(column, truth);
                } else {
                    row.putText(column, truth ? TRUE : FALSE);
                }
                yield true;
            }
            case NULL, M, L, SS, NS, BS -> throw new IllegalStateException("Not a scalar: " + source);
        };
    }

    private boolean ofNumber(RowCells row, JsonTape tape, int payload, NumberScan numbers) {
        switch (encoding) {
            case EPOCH_MILLIS -> {
                return micros(row, numbers, 3);
            }
            case EPOCH_SECONDS -> {
                return micros(row, numbers, 6);
            }
            case PATTERN -> {
                return ofTime(row, tape.text(payload));
            }
            case PLAIN, JSON, DYNAMODB_JSON -> {}
        }
        return switch (type.kind()) {
            case BIGINT -> {
                boolean fits = numbers.isBigint();
                if (fits) {
                    row.putLong(column, numbers.bigint());
                }
                yield fits;
            }
            case DECIMAL -> decimal(row, numbers);
            case STRING -> {
                row.putText(column, tape.input(), tape.start(payload), tape.length(payload));
                yield true;
            }
            case DOUBLE -> exactDouble(row, numbers);
            case BOOLEAN, BINARY, DATE, TIMESTAMP, JSON -> false;
        };
    }

    private boolean decimal(RowCells row, NumberScan numbers) {
        if (!numbers.fits(type.precision(), type.scale())) {
            return false;
        }
        row.putDecimal(
                column,
                type.precision() <= Decimal.MAX_LONG_DIGITS()
                        ? Decimal.createUnsafe(numbers.unscaled(type.scale()), type.precision(), type.scale())
                        : Decimal.apply(numbers.value().setScale(type.scale()), type.precision(), type.scale()));
        return true;
    }

    /** The double that stands for the number in its shortest decimal form: 0.1 fits, 38 digits do not. */
    private boolean exactDouble(RowCells row, NumberScan numbers) {
        if (numbers.isShort()) {
            row.putDouble(column, numbers.shortDouble());
            return true;
        }
        if (numbers.isEndless()) {
            return false;
        }
        BigDecimal value = numbers.value();
        double nearest = value.doubleValue();
        boolean same = !Double.isInfinite(nearest) && new BigDecimal(Double.toString(nearest)).compareTo(value) == 0;
        if (same) {
            row.putDouble(column, nearest);
        }
        return same;
    }

    private boolean micros(RowCells row, NumberScan numbers, int scale) {
        if (numbers.fits(LONG_DIGITS, scale)) {
            row.putLong(column, numbers.unscaled(scale));
            return true;
        }
        if (numbers.isEndless()) {
            return false;
        }
        BigDecimal micros = numbers.value().movePointRight(scale);
        boolean whole = micros.stripTrailingZeros().scale() <= 0
                && micros.precision() - micros.scale() < 20
                && micros.toBigInteger().bitLength() < 64;
        if (whole) {
            row.putLong(column, micros.longValueExact());
        }
        return whole;
    }

    private boolean text(RowCells row, JsonTape tape, int payload) {
        if (!tape.isEscaped(payload)) {
            row.putText(column, tape.input(), tape.start(payload), tape.length(payload));
            return true;
        }
        byte[] utf8 = new byte[tape.length(payload)];
        int length = tape.unescape(payload, utf8);
        if (length >= 0) {
            row.putText(column, utf8, 0, length);
        }
        return length >= 0;
    }

    private boolean ofText(RowCells row, JsonTape tape, int payload) {
        if (isText) {
            return text(row, tape, payload);
        }
        if (!tape.isText(payload)) {
            return false;
        }
        if (type.kind() == ColumnType.Kind.TIMESTAMP && encoding == Encoding.PLAIN && !tape.isEscaped(payload)) {
            long micros = TimeText.isoMicros(tape.input(), tape.start(payload), tape.end(payload));
            if (micros != TimeText.UNKNOWN) {
                row.putLong(column, micros);
                return true;
            }
        }
        String value = tape.text(payload);
        switch (encoding) {
            case EPOCH_MILLIS -> {
                return numberOf(value) && micros(row, parsed, 3);
            }
            case EPOCH_SECONDS -> {
                return numberOf(value) && micros(row, parsed, 6);
            }
            case PATTERN -> {
                return ofTime(row, value);
            }
            case PLAIN, JSON, DYNAMODB_JSON -> {}
        }
        return switch (type.kind()) {
            case BIGINT -> bigint(row, value);
            case DECIMAL -> numberOf(value) && decimal(row, parsed);
            case DOUBLE -> numberOf(value) && exactDouble(row, parsed);
            case BOOLEAN -> {
                boolean fits = value.equals("true") || value.equals("false");
                if (fits) {
                    row.putBoolean(column, value.equals("true"));
                }
                yield fits;
            }
            case DATE, TIMESTAMP -> ofTime(row, value);
            case JSON -> json(row, value);
            case BINARY -> {
                boolean fits = Base64Text.isValid(tape, payload);
                if (fits) {
                    row.putBinary(column, Base64Text.decode(tape, payload));
                }
                yield fits;
            }
            case STRING -> false;
        };
    }

    private boolean ofTime(RowCells row, String value) {
        try {
            if (type.kind() == ColumnType.Kind.DATE) {
                row.putInt(column, times.days(value));
            } else {
                row.putLong(column, times.micros(value));
            }
            return true;
        } catch (DateTimeException | ArithmeticException e) {
            return false;
        }
    }

    /** Only the one way to write it: {@code 007} is not 7. */
    private boolean bigint(RowCells row, String value) {
        try {
            long number = Long.parseLong(value);
            boolean fits = Long.toString(number).equals(value);
            if (fits) {
                row.putLong(column, number);
            }
            return fits;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private boolean numberOf(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        return parsed.scan(bytes, 0, bytes.length);
    }

    private boolean json(RowCells row, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        JsonTape tape = new JsonTape();
        boolean one = tape.parse(bytes, 0, bytes.length) && tape.isWhole();
        if (one) {
            row.putText(column, bytes);
        }
        return one;
    }
}
