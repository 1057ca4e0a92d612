package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import dev.millrace.table.ColumnType;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.util.Locale;
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

    private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder()
            .append(DateTimeFormatter.ISO_LOCAL_DATE)
            .appendPattern("['T'][' ']HH:mm[:ss]")
            .appendFraction(ChronoField.MICRO_OF_SECOND, 0, 6, true)
            .appendPattern("[XXX][XX][X]")
            .toFormatter(Locale.ROOT)
            .withResolverStyle(ResolverStyle.STRICT);
    private static final long MAX_MICROS_SECONDS = Long.MAX_VALUE / 1_000_000;

    private final SourceType source;
    private final Encoding encoding;
    private final ColumnType type;
    /** Text that stays text, as most values do. */
    private final boolean isText;

    private final NumberScan parsed = new NumberScan();
    private final Bytes text = new Bytes();

    Conversion(SourceType source, Encoding encoding, ColumnType type) {
        this.source = source;
        this.encoding = encoding;
        this.type = type;
        this.isText = source == SourceType.S && type.kind() == ColumnType.Kind.STRING;
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
        int payload = SourceType.payload(value);
        if (isText) {
            return text(tape, payload);
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
        if (encoding == Encoding.EPOCH_MILLIS) {
            return micros(numbers.value().movePointRight(3));
        }
        if (encoding == Encoding.EPOCH_SECONDS) {
            return micros(numbers.value().movePointRight(6));
        }
        return switch (type.kind()) {
            case BIGINT -> numbers.isBigint() ? (Object) numbers.bigint() : MISFIT;
            case DECIMAL -> decimal(numbers);
            case STRING -> UTF8String.fromBytes(tape.input(), tape.start(payload), tape.length(payload));
            case DOUBLE -> exactDouble(numbers.value());
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
    private static Object exactDouble(BigDecimal value) {
        double nearest = value.doubleValue();
        boolean same = !Double.isInfinite(nearest) && new BigDecimal(Double.toString(nearest)).compareTo(value) == 0;
        return same ? (Object) nearest : MISFIT;
    }

    private static Object micros(BigDecimal micros) {
        boolean whole = micros.stripTrailingZeros().scale() <= 0
                && micros.precision() - micros.scale() < 20
                && micros.toBigInteger().bitLength() < 64;
        return whole ? (Object) micros.longValueExact() : MISFIT;
    }

    private static UTF8String text(JsonTape tape, int payload) {
        return tape.isEscaped(payload)
                ? UTF8String.fromBytes(tape.utf8(payload))
                : UTF8String.fromBytes(tape.input(), tape.start(payload), tape.length(payload));
    }

    private Object ofText(JsonTape tape, int payload) {
        if (isText) {
            return text(tape, payload);
        }
        String value = tape.text(payload);
        return switch (type.kind()) {
            case BIGINT -> bigint(value);
            case DECIMAL -> decimal(value);
            case DOUBLE -> numberOf(value) ? exactDouble(parsed.value()) : MISFIT;
            case BOOLEAN ->
                switch (value) {
                    case "true" -> true;
                    case "false" -> false;
                    default -> MISFIT;
                };
            case DATE -> date(value);
            case TIMESTAMP -> timestamp(value);
            case JSON -> json(value);
            case STRING, BINARY -> MISFIT;
        };
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

    private static Object date(String value) {
        try {
            return Math.toIntExact(LocalDate.parse(value).toEpochDay());
        } catch (DateTimeException | ArithmeticException e) {
            return MISFIT;
        }
    }

    /** ISO 8601 with at most microseconds; without an offset it is UTC. */
    private static Object timestamp(String value) {
        try {
            TemporalAccessor time = TIME.parseBest(value, OffsetDateTime::from, LocalDateTime::from);
            Instant instant = time instanceof OffsetDateTime offset
                    ? offset.toInstant()
                    : ((LocalDateTime) time).toInstant(ZoneOffset.UTC);
            boolean inRange = Math.abs(instant.getEpochSecond()) < MAX_MICROS_SECONDS;
            return inRange ? (Object) (instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1_000) : MISFIT;
        } catch (DateTimeException e) {
            return MISFIT;
        }
    }

    private static Object json(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        JsonTape tape = new JsonTape();
        boolean one = tape.parse(bytes, 0, bytes.length) && tape.isWhole();
        return one ? UTF8String.fromBytes(bytes) : MISFIT;
    }
}
