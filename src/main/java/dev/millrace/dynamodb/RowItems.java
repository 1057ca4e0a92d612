package dev.millrace.dynamodb;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.Base64;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/**
 * Rows that another connector read, as DynamoDB JSON again: a column is an attribute, a struct an M, an array an L. A
 * null is an attribute that is missing; in a list, where something must stand, an explicit NULL.
 */
final class RowItems {
    private static final JsonFactory JSON = new JsonFactory();

    private RowItems() {}

    /** One item: the JSON object of its attributes. */
    static byte[] item(Row row) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            fields(row, row.schema(), json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void fields(Row row, StructType type, JsonGenerator json) throws IOException {
        json.writeStartObject();
        for (int i = 0; i < type.length(); i++) {
            if (!row.isNullAt(i)) {
                json.writeFieldName(type.apply(i).name());
                value(row.get(i), type.apply(i).dataType(), json);
            }
        }
        json.writeEndObject();
    }

    private static void value(Object value, DataType type, JsonGenerator json) throws IOException {
        json.writeStartObject();
        if (value == null) {
            json.writeBooleanField("NULL", true);
        } else if (type instanceof StructType struct) {
            json.writeFieldName("M");
            fields((Row) value, struct, json);
        } else if (type instanceof ArrayType array) {
            json.writeArrayFieldStart("L");
            // A row makes a Java list of what is Scala's.
            for (Object element : RowFactory.create(value).getList(0)) {
                value(element, array.elementType(), json);
            }
            json.writeEndArray();
        } else if (value instanceof String text) {
            json.writeStringField("S", text);
        } else if (value instanceof Boolean truth) {
            json.writeBooleanField("BOOL", truth);
        } else if (value instanceof byte[] bytes) {
            json.writeStringField("B", Base64.getEncoder().encodeToString(bytes));
        } else if (value instanceof Number) {
            json.writeStringField("N", new BigDecimal(value.toString()).toPlainString());
        } else {
            throw new IllegalArgumentException("No value of DynamoDB's: " + type.catalogString());
        }
        json.writeEndObject();
    }
}
