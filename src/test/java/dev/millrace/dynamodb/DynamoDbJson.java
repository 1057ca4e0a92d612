package dev.millrace.dynamodb;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** The SDK's values as DynamoDB JSON: what a table was filled with, to compare with what was read. */
final class DynamoDbJson {
    private DynamoDbJson() {}

    static String write(Map<String, AttributeValue> item) {
        StringBuilder json = new StringBuilder();
        write(item, json);
        return json.toString();
    }

    static void write(Map<String, AttributeValue> item, StringBuilder json) {
        json.append('{');
        boolean first = true;
        for (Map.Entry<String, AttributeValue> attribute : item.entrySet()) {
            json.append(first ? "" : ",");
            first = false;
            string(attribute.getKey(), json);
            json.append(':');
            value(attribute.getValue(), json);
        }
        json.append('}');
    }

    private static void value(AttributeValue value, StringBuilder json) {
        json.append("{\"").append(tag(value)).append("\":");
        switch (value.type()) {
            case S -> string(value.s(), json);
            case N -> string(value.n(), json);
            case B -> string(base64(value.b().asByteArray()), json);
            case BOOL -> json.append(value.bool());
            case NUL -> json.append("true");
            case M -> write(value.m(), json);
            case L -> list(value.l(), DynamoDbJson::value, json);
            case SS -> list(value.ss(), DynamoDbJson::string, json);
            case NS -> list(value.ns(), DynamoDbJson::string, json);
            case BS -> list(value.bs(), (b, out) -> string(base64(b.asByteArray()), out), json);
            case UNKNOWN_TO_SDK_VERSION -> throw new IllegalArgumentException("Of no known type: " + value);
        }
        json.append('}');
    }

    private static String tag(AttributeValue value) {
        return value.type() == AttributeValue.Type.NUL ? "NULL" : value.type().toString();
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static <T> void list(List<T> elements, BiConsumer<T, StringBuilder> each, StringBuilder json) {
        json.append('[');
        for (int i = 0; i < elements.size(); i++) {
            json.append(i == 0 ? "" : ",");
            each.accept(elements.get(i), json);
        }
        json.append(']');
    }

    private static void string(String text, StringBuilder json) {
        json.append('"')
                .append(JsonStringEncoder.getInstance().quoteAsString(text))
                .append('"');
    }
}
