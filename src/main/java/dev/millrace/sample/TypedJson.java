package dev.millrace.sample;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * Reads attribute values as Workbench models write them: {@code {"N": "1"}}.
 *
 * <p>Values that were typed into Workbench's form as typed JSON are wrapped twice, {@code {"M": {"M": {…}}}}; the outer
 * wrapping is taken off where what it holds makes no sense otherwise.
 */
final class TypedJson {
    private static final Set<String> TYPES = Set.of("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS");

    private TypedJson() {}

    /** A value that is none; the message begins with the place, for example {@code TableData[0].SK}. */
    static final class Invalid extends Exception {
        Invalid(String place, String problem) {
            super(place + " " + problem);
        }
    }

    static Map<String, AttributeValue> item(JsonNode node, String place) throws Invalid {
        if (!node.isObject()) {
            throw new Invalid(place, "must be an item, for example {\"PK\": {\"S\": \"a\"}}, not " + brief(node));
        }
        Map<String, AttributeValue> item = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            item.put(field.getKey(), value(field.getValue(), place + "." + field.getKey()));
        }
        return item;
    }

    static AttributeValue value(JsonNode node, String place) throws Invalid {
        if (!node.isObject() || node.size() != 1) {
            throw new Invalid(place, "must be a typed value, for example {\"S\": \"a\"}, not " + brief(node));
        }
        String type = node.fieldNames().next();
        if (!TYPES.contains(type)) {
            throw new Invalid(
                    place,
                    "has the unknown type " + type + ": must be one of S, N, B, BOOL, NULL, M, L, SS," + " NS, BS");
        }
        JsonNode content = node.get(type);
        if (isWrappedTwice(type, content)) {
            content = content.get(type);
        }
        return value(type, content, place);
    }

    private static AttributeValue value(String type, JsonNode content, String place) throws Invalid {
        return switch (type) {
            case "S" -> AttributeValue.fromS(text(content, place));
            case "N" -> AttributeValue.fromN(number(text(content, place), place));
            case "B" -> AttributeValue.fromB(bytes(text(content, place), place));
            case "BOOL" -> AttributeValue.fromBool(bool(content, place));
            case "NULL" -> {
                if (!bool(content, place)) {
                    throw new Invalid(place, "must be {\"NULL\": true}, not " + brief(content));
                }
                yield AttributeValue.fromNul(true);
            }
            case "M" -> AttributeValue.fromM(item(content, place));
            case "L" -> {
                List<AttributeValue> values = new ArrayList<>();
                for (JsonNode element : array(content, place)) {
                    values.add(value(element, place + "[" + values.size() + "]"));
                }
                yield AttributeValue.fromL(values);
            }
            case "SS" -> AttributeValue.fromSs(set(content, place, text -> text));
            case "NS" ->
                AttributeValue.fromNs(set(
                        content,
                        place,
                        text -> new BigDecimal(text).stripTrailingZeros().toString()));
            case "BS" -> {
                List<SdkBytes> values = new ArrayList<>();
                for (String element : set(content, place, text -> text)) {
                    values.add(bytes(element, place));
                }
                yield AttributeValue.fromBs(values);
            }
            default -> throw new IllegalStateException("Unknown type: " + type);
        };
    }

    private static boolean isWrappedTwice(String type, JsonNode content) {
        if (!content.isObject() || content.size() != 1 || !content.has(type)) {
            return false;
        }
        // A map may have a key that is called M; then what stands there is a typed value.
        JsonNode inner = content.get(type);
        return !type.equals("M")
                || (inner.isObject()
                        && !(inner.size() == 1
                                && TYPES.contains(inner.fieldNames().next())));
    }

    private static List<String> set(JsonNode content, String place, UnaryOperator<String> identity) throws Invalid {
        List<String> values = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (JsonNode element : array(content, place)) {
            String at = place + "[" + values.size() + "]";
            String text = text(element, at);
            try {
                if (!seen.add(identity.apply(text))) {
                    throw new Invalid(at, "stands twice in its set: " + text);
                }
            } catch (NumberFormatException e) {
                throw new Invalid(at, "must be a number, not " + text);
            }
            values.add(text);
        }
        if (values.isEmpty()) {
            throw new Invalid(place, "must not be an empty set: DynamoDB has none");
        }
        return values;
    }

    private static JsonNode array(JsonNode content, String place) throws Invalid {
        if (!content.isArray()) {
            throw new Invalid(place, "must be an array, not " + brief(content));
        }
        return content;
    }

    private static String text(JsonNode content, String place) throws Invalid {
        if (!content.isTextual()) {
            throw new Invalid(place, "must be a string, not " + brief(content));
        }
        return content.textValue();
    }

    private static String number(String text, String place) throws Invalid {
        try {
            return new BigDecimal(text).toString();
        } catch (NumberFormatException e) {
            throw new Invalid(place, "must be a number, not " + text);
        }
    }

    private static SdkBytes bytes(String text, String place) throws Invalid {
        try {
            return SdkBytes.fromByteArray(Base64.getDecoder().decode(text));
        } catch (IllegalArgumentException e) {
            throw new Invalid(place, "must be base64, not " + text);
        }
    }

    private static boolean bool(JsonNode content, String place) throws Invalid {
        String text = content.asText().toLowerCase(Locale.ROOT);
        if (!text.equals("true") && !text.equals("false")) {
            throw new Invalid(place, "must be true or false, not " + brief(content));
        }
        return text.equals("true");
    }

    static String brief(JsonNode node) {
        String text = node.isMissingNode() ? "missing" : node.toString();
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }
}
