package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import dev.millrace.table.ColumnType;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * One column's way from a source value to Spark's internal value; {@link #MISFIT} for a value that would change on it.
 *
 * <p>Strings without escapes point into the tape's input: they are to be copied before the next item is read.
 */
final class Conversion {
    /** The value does not fit: it stays in {@code _rest}. */
    static final Object MISFIT = new Object();

    private static final int LONG_DIGITS = 18;

    private final SourceType source;
    private final Encoding encoding;
    private final ColumnType type;
    private final Notation notation;

    /** Text that stays text, as most values do. */
    private final boolean isText;

    /** A value that becomes text as it is written. */
    private final boolean isVerbatim;

    private final TimeText times;

    private final NumberScan parsed = new NumberScan();
    private final Bytes text = new Bytes();

    Conversion(EntityColumn column, Notation notation) {
        this(
                column,
                column.source(),
                notation,
                notation == Notation.PLAIN && column.source().isContainer());
    }

    private Conversion(EntityColumn column, SourceType source, Notation notation, boolean isVerbatim) {
        this.source = source;
        this.encoding = column.encoding();
        this.type = column.type();
        this.notation = notation;
        this.isText = source == SourceType.S && type.kind() == ColumnType.Kind.STRING;
        this.isVerbatim = isVerbatim;
        this.times = column.pattern().isEmpty() ? TimeText.ISO : TimeText.of(column.pattern());
    }

    /**
     * The ways of plain JSON to a given column, by the ordinal of the value's type; null where there is none. What is no
     * text becomes text as it is written, and a column of JSON takes everything so.
     */
    @SuppressWarnings("EnumOrdinal") // looked up once per value
    static Conversion[] toGiven(EntityColumn column) {
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
                conversions[source.ordinal()] = new Conversion(column, source, Notation.PLAIN, verbatim);
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

    /** Converts a sound value of the column's source type; {@code numbers} holds that of an N. */
    Object ofValue(JsonTape tape, int value, NumberScan numbers) {
        int payload = notation.payload(value);
        if (isText) {
            return text(tape, payload);
        }
        if (isVerbatim) {
            int from = tape.rawStart(value);
            return UTF8String.fromBytes(tape.input(), from, tape.rawEnd(value) - from);
        }
        if (source.isContainer()) {
            return encoding == Encoding.DYNAMODB_JSON
                    ? UTF8String.fromBytes(tape.input(), tape.start(value), tape.length(value))
                    : plainJson(tape, value);
        }
        if (source.isSet()) {
            text.clear();
            PlainJson.writeSet(tape, payload, source, text);
            return UTF8String.fromBytes(text.toArray());
        }
        return ofPayload(tape, payload, numbers);
    }

    private Object plainJson(JsonTape tape, int value) {
        text.clear();
        return PlainJson.write(tape, value, text) ? UTF8String.fromBytes(text.toArray()) : MISFIT;
    }

    /** Converts what is inside a scalar's tag: also an element of a set. */
    Object ofPayload(JsonTape tape, int payload, NumberScan numbers) {
        return switch (source) {
            case S -> ofText(tape, payload);
            case N -> ofNumber(tape, payload, numbers);
            case B ->
                type.kind() == ColumnType.Kind.BINARY
                        ? Base64Text.decode(tape, payload)
                        : UTF8String.fromBytes(tape.utf8(payload));
            case BOOL -> {
                boolean truth = tape.kind(payload) == JsonTape.Kind.TRUE;
                yield type.kind() == ColumnType.Kind.BOOLEAN
                        ? (Object) truth
                        : UTF8String.fromString(Boolean.toString(truth));
            }
            case NULL, M, L, SS, NS, BS -> throw new IllegalStateException("Not a scalar: " + source);
        };
    }

    private Object ofNumber(JsonTape tape, int payload, NumberScan numbers) {
        switch (encoding) {
            case EPOCH_MILLIS -> {
                return micros(numbers, 3);
            }
            case EPOCH_SECONDS -> {
                return micros(numbers, 6);
            }
            case PATTERN -> {
                return ofTime(tape.text(payload));
            }
            case PLAIN, JSON, DYNAMODB_JSON -> {}
        }
        return switch (type.kind()) {
            case BIGINT -> numbers.isBigint() ? (Object) numbers.bigint() : MISFIT;
            case DECIMAL -> decimal(numbers);
            case STRING -> UTF8String.fromBytes(tape.input(), tape.start(payload), tape.length(payload));
            case DOUBLE -> exactDouble(numbers);
            case BOOLEAN, BINARY, DATE, TIMESTAMP, JSON -> MISFIT;
        };
    }

    private Object decimal(NumberScan numbers) {
        if (!numbers.fits(type.precision(), type.scale())) {
            return MISFIT;
        }
        if (type.precision() <= Decimal.MAX_LONG_DIGITS()) {
            return Decimal.createUnsafe(numbers.unscaled(type.scale()), type.precision(), type.scale());
        }
        return Decimal.apply(numbers.value().setScale(type.scale()), type.precision(), type.scale());
    }

    /** The double that stands for the number in its shortest decimal form: 0.1 fits, 38 digits do not. */
    private static Object exactDouble(NumberScan numbers) {
        if (numbers.isShort()) {
            return numbers.shortDouble();
        }
        if (numbers.isEndless()) {
            return MISFIT;
        }
        BigDecimal value = numbers.value();
        double nearest = value.doubleValue();
        boolean same = !Double.isInfinite(nearest) && new BigDecimal(Double.toString(nearest)).compareTo(value) == 0;
        return same ? (Object) nearest : MISFIT;
    }

    private static Object micros(NumberScan numbers, int scale) {
        if (numbers.fits(LONG_DIGITS, scale)) {
            return numbers.unscaled(scale);
        }
        if (numbers.isEndless()) {
            return MISFIT;
        }
        BigDecimal micros = numbers.value().movePointRight(scale);
        boolean whole = micros.stripTrailingZeros().scale() <= 0
                && micros.precision() - micros.scale() < 20
                && micros.toBigInteger().bitLength() < 64;
        return whole ? (Object) micros.longValueExact() : MISFIT;
    }

    private static Object text(JsonTape tape, int payload) {
        if (!tape.isEscaped(payload)) {
            return UTF8String.fromBytes(tape.input(), tape.start(payload), tape.length(payload));
        }
        byte[] utf8 = new byte[tape.length(payload)];
        int length = tape.unescape(payload, utf8);
        return length < 0 ? MISFIT : UTF8String.fromBytes(utf8, 0, length);
    }

    private Object ofText(JsonTape tape, int payload) {
        if (isText) {
            return text(tape, payload);
        }
        if (!tape.isText(payload)) {
            return MISFIT;
        }
        if (type.kind() == ColumnType.Kind.TIMESTAMP && encoding == Encoding.PLAIN && !tape.isEscaped(payload)) {
            long micros = TimeText.isoMicros(tape.input(), tape.start(payload), tape.end(payload));
            if (micros != TimeText.UNKNOWN) {
                return micros;
            }
        }
        String value = tape.text(payload);
        switch (encoding) {
            case EPOCH_MILLIS -> {
                return numberOf(value) ? micros(parsed, 3) : MISFIT;
            }
            case EPOCH_SECONDS -> {
                return numberOf(value) ? micros(parsed, 6) : MISFIT;
            }
            case PATTERN -> {
                return ofTime(value);
            }
            case PLAIN, JSON, DYNAMODB_JSON -> {}
        }
        return switch (type.kind()) {
            case BIGINT -> bigint(value);
            case DECIMAL -> decimal(value);
            case DOUBLE -> numberOf(value) ? exactDouble(parsed) : MISFIT;
            case BOOLEAN ->
                switch (value) {
                    case "true" -> true;
                    case "false" -> false;
                    default -> MISFIT;
                };
            case DATE, TIMESTAMP -> ofTime(value);
            case JSON -> json(value);
            case BINARY -> Base64Text.isValid(tape, payload) ? Base64Text.decode(tape, payload) : MISFIT;
            case STRING -> MISFIT;
        };
    }

    private Object ofTime(String value) {
        try {
            return type.kind() == ColumnType.Kind.DATE ? (Object) times.days(value) : (Object) times.micros(value);
        } catch (DateTimeException | ArithmeticException e) {
            return MISFIT;
        }
    }

    /** Only the one way to write it: {@code 007} is not 7. */
    private static Object bigint(String value) {
        try {
            long number = Long.parseLong(value);
            return Long.toString(number).equals(value) ? (Object) number : MISFIT;
        } catch (NumberFormatException e) {
            return MISFIT;
        }
    }

    private Object decimal(String value) {
        return numberOf(value) ? decimal(parsed) : MISFIT;
    }

    private boolean numberOf(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        return parsed.scan(bytes, 0, bytes.length);
    }

    private static Object json(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        JsonTape tape = new JsonTape();
        boolean one = tape.parse(bytes, 0, bytes.length) && tape.isWhole();
        return one ? UTF8String.fromBytes(bytes) : MISFIT;
    }
}
