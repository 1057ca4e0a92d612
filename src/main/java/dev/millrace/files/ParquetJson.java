package dev.millrace.files;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.UUID;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DateLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.EnumLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.JsonLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.MapLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.UUIDLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;

/**
 * Rows of Parquet as JSON. Numbers are exact; those that JSON has no form for are the strings {@code NaN}, {@code
 * Infinity} and {@code -Infinity}. A map is an object where its keys are texts, else an array of its entries. A null is
 * left out, but in a list.
 */
final class ParquetJson {
    private static final long JULIAN_EPOCH_DAY = 2_440_588;

    private ParquetJson() {}

    /** Writes a row, or a struct in it, as an object. */
    static void write(Group group, JsonGenerator json) throws IOException {
        GroupType type = group.getType();
        json.writeStartObject();
        for (int field = 0; field < type.getFieldCount(); field++) {
            Type fieldType = type.getType(field);
            int count = group.getFieldRepetitionCount(field);
            if (fieldType.isRepetition(Type.Repetition.REPEATED)) {
                json.writeFieldName(fieldType.getName());
                json.writeStartArray();
                for (int i = 0; i < count; i++) {
                    value(group, field, i, json);
                }
                json.writeEndArray();
            } else if (count > 0) {
                json.writeFieldName(fieldType.getName());
                value(group, field, 0, json);
            }
        }
        json.writeEndObject();
    }

    private static void value(Group group, int field, int index, JsonGenerator json) throws IOException {
        Type type = group.getType().getType(field);
        if (type.isPrimitive()) {
            primitive(group, field, index, type.asPrimitiveType(), json);
        } else if (type.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation) {
            list(group.getGroup(field, index), json);
        } else if (type.getLogicalTypeAnnotation() instanceof MapLogicalTypeAnnotation) {
            map(group.getGroup(field, index), json);
        } else {
            write(group.getGroup(field, index), json);
        }
    }

    /** A list's repeated field is a group of the element, or, as old writers have it, the element (parquet-format). */
    private static void list(Group list, JsonGenerator json) throws IOException {
        Type repeated = list.getType().getType(0);
        boolean wrapped = !repeated.isPrimitive()
                && repeated.asGroupType().getFieldCount() == 1
                && !repeated.getName().equals("array")
                && !repeated.getName().endsWith("_tuple");
        json.writeStartArray();
        for (int i = 0; i < list.getFieldRepetitionCount(0); i++) {
            if (!wrapped) {
                value(list, 0, i, json);
                continue;
            }
            element(list.getGroup(0, i), 0, json);
        }
        json.writeEndArray();
    }

    private static void element(Group group, int field, JsonGenerator json) throws IOException {
        if (group.getFieldRepetitionCount(field) == 0) {
            json.writeNull();
        } else {
            value(group, field, 0, json);
        }
    }

    private static void map(Group map, JsonGenerator json) throws IOException {
        GroupType entry = map.getType().getType(0).asGroupType();
        boolean named = isText(entry.getType(0));
        if (named) {
            json.writeStartObject();
        } else {
            json.writeStartArray();
        }
        for (int i = 0; i < map.getFieldRepetitionCount(0); i++) {
            Group pair = map.getGroup(0, i);
            if (named) {
                json.writeFieldName(text(pair.getBinary(0, 0)));
                if (entry.getFieldCount() > 1) {
                    element(pair, 1, json);
                } else {
                    json.writeNull();
                }
            } else {
                write(pair, json);
            }
        }
        if (named) {
            json.writeEndObject();
        } else {
            json.writeEndArray();
        }
    }

    private static boolean isText(Type type) {
        LogicalTypeAnnotation logical = type.getLogicalTypeAnnotation();
        return logical instanceof StringLogicalTypeAnnotation
                || logical instanceof EnumLogicalTypeAnnotation
                || logical instanceof JsonLogicalTypeAnnotation;
    }

    private static void primitive(Group group, int field, int index, PrimitiveType type, JsonGenerator json)
            throws IOException {
        LogicalTypeAnnotation logical = type.getLogicalTypeAnnotation();
        switch (type.getPrimitiveTypeName()) {
            case BOOLEAN -> json.writeBoolean(group.getBoolean(field, index));
            case INT32 -> whole(group.getInteger(field, index), logical, PrimitiveTypeName.INT32, json);
            case INT64 -> whole(group.getLong(field, index), logical, PrimitiveTypeName.INT64, json);
            case FLOAT -> {
                float value = group.getFloat(field, index);
                approximate(value, Float.toString(value), json);
            }
            case DOUBLE -> {
                double value = group.getDouble(field, index);
                approximate(value, Double.toString(value), json);
            }
            case INT96 -> json.writeString(int96(group.getInt96(field, index)));
            case BINARY, FIXED_LEN_BYTE_ARRAY -> binary(group.getBinary(field, index), type, logical, json);
        }
    }

    private static void whole(long value, LogicalTypeAnnotation logical, PrimitiveTypeName name, JsonGenerator json)
            throws IOException {
        if (logical instanceof DecimalLogicalTypeAnnotation decimal) {
            json.writeNumber(BigDecimal.valueOf(value, decimal.getScale()).toPlainString());
        } else if (logical instanceof DateLogicalTypeAnnotation) {
            json.writeString(LocalDate.ofEpochDay(value).toString());
        } else if (logical instanceof TimestampLogicalTypeAnnotation timestamp) {
            Instant instant = instant(value, timestamp.getUnit());
            // A time of no zone is taken for one of UTC, as all are.
            json.writeString(instant.toString());
        } else if (logical instanceof TimeLogicalTypeAnnotation time) {
            json.writeString(
                    LocalTime.ofNanoOfDay(value * nanos(time.getUnit())).toString());
        } else if (logical instanceof IntLogicalTypeAnnotation whole && !whole.isSigned()) {
            json.writeNumber(
                    name == PrimitiveTypeName.INT32
                            ? Long.toString(value & 0xFFFFFFFFL)
                            : Long.toUnsignedString(value));
        } else {
            json.writeNumber(value);
        }
    }

    private static long nanos(TimeUnit unit) {
        return switch (unit) {
            case MILLIS -> 1_000_000;
            case MICROS -> 1_000;
            case NANOS -> 1;
        };
    }

    private static Instant instant(long value, TimeUnit unit) {
        return switch (unit) {
            case MILLIS -> Instant.ofEpochMilli(value);
            case MICROS -> Instant.EPOCH.plus(value, ChronoUnit.MICROS);
            case NANOS -> Instant.EPOCH.plus(value, ChronoUnit.NANOS);
        };
    }

    private static void approximate(double value, String shortest, JsonGenerator json) throws IOException {
        if (Double.isFinite(value)) {
            json.writeNumber(shortest);
        } else {
            json.writeString(shortest);
        }
    }

    /** Nanoseconds of the day, then the Julian day, as Impala and Hive wrote times. */
    private static String int96(Binary value) {
        ByteBuffer bytes = value.toByteBuffer().slice().order(ByteOrder.LITTLE_ENDIAN);
        long nanos = bytes.getLong();
        long day = bytes.getInt() - JULIAN_EPOCH_DAY;
        LocalDateTime midnight = LocalDate.ofEpochDay(day).atStartOfDay();
        return midnight.plusNanos(nanos).toInstant(ZoneOffset.UTC).toString();
    }

    private static void binary(Binary value, PrimitiveType type, LogicalTypeAnnotation logical, JsonGenerator json)
            throws IOException {
        if (logical instanceof DecimalLogicalTypeAnnotation decimal) {
            BigInteger unscaled = new BigInteger(value.getBytes());
            json.writeNumber(new BigDecimal(unscaled, decimal.getScale()).toPlainString());
        } else if (logical instanceof UUIDLogicalTypeAnnotation) {
            ByteBuffer bytes = value.toByteBuffer().slice();
            json.writeString(new UUID(bytes.getLong(), bytes.getLong()).toString());
        } else if (isText(type)) {
            json.writeString(text(value));
        } else {
            json.writeString(Base64.getEncoder().encodeToString(value.getBytes()));
        }
    }

    private static String text(Binary value) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(value.toByteBuffer()).toString();
    }
}
