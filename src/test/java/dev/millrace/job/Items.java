package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.Rebuild;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;

/** Items of a DynamoDB table as typed JSON, {@code {"PK": {"S": "a"}}}. */
final class Items {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Items() {}

    /**
     * Makes a table and fills it.
     *
     * @param keys name and type of the partition key, and of the sort key if there is one: {@code PK:S}
     */
    static void table(String table, List<String> keys, List<String> items) {
        List<AttributeDefinition> attributes = new ArrayList<>();
        List<KeySchemaElement> schema = new ArrayList<>();
        for (String key : keys) {
            int colon = key.lastIndexOf(':');
            String name = key.substring(0, colon);
            attributes.add(AttributeDefinition.builder()
                    .attributeName(name)
                    .attributeType(key.substring(colon + 1))
                    .build());
            schema.add(KeySchemaElement.builder()
                    .attributeName(name)
                    .keyType(schema.isEmpty() ? KeyType.HASH : KeyType.RANGE)
                    .build());
        }
        DynamoDbLocal.client()
                .createTable(r -> r.tableName(table)
                        .attributeDefinitions(attributes)
                        .keySchema(schema)
                        .billingMode(BillingMode.PAY_PER_REQUEST));
        put(table, items);
    }

    static void put(String table, List<String> items) {
        for (String item : items) {
            DynamoDbLocal.client().putItem(r -> r.tableName(table).item(ofMap(Trial.tree(item))));
        }
    }

    /** All items of a table, as DynamoDB gives them. */
    static List<JsonNode> scan(String table) {
        return DynamoDbLocal.client().scanPaginator(r -> r.tableName(table)).items().stream()
                .map(item -> Rebuild.canonical(typed(item).toString()))
                .toList();
    }

    private static Map<String, AttributeValue> ofMap(JsonNode map) {
        Map<String, AttributeValue> values = new LinkedHashMap<>();
        map.properties().forEach(e -> values.put(e.getKey(), of(e.getValue())));
        return values;
    }

    private static AttributeValue of(JsonNode typed) {
        Map.Entry<String, JsonNode> only = typed.properties().iterator().next();
        JsonNode content = only.getValue();
        return switch (only.getKey()) {
            case "S" -> AttributeValue.fromS(content.textValue());
            case "N" -> AttributeValue.fromN(content.textValue());
            case "B" -> AttributeValue.fromB(bytes(content));
            case "BOOL" -> AttributeValue.fromBool(content.booleanValue());
            case "NULL" -> AttributeValue.fromNul(true);
            case "M" -> AttributeValue.fromM(ofMap(content));
            case "L" ->
                AttributeValue.fromL(elements(content).stream().map(Items::of).toList());
            case "SS" ->
                AttributeValue.fromSs(
                        elements(content).stream().map(JsonNode::textValue).toList());
            case "NS" ->
                AttributeValue.fromNs(
                        elements(content).stream().map(JsonNode::textValue).toList());
            case "BS" ->
                AttributeValue.fromBs(
                        elements(content).stream().map(Items::bytes).toList());
            default -> throw new IllegalArgumentException("No type: " + only.getKey());
        };
    }

    private static List<JsonNode> elements(JsonNode array) {
        List<JsonNode> elements = new ArrayList<>();
        array.forEach(elements::add);
        return elements;
    }

    private static SdkBytes bytes(JsonNode base64) {
        return SdkBytes.fromByteArray(Base64.getDecoder().decode(base64.textValue()));
    }

    private static ObjectNode typed(Map<String, AttributeValue> map) {
        ObjectNode node = JSON.createObjectNode();
        map.forEach((name, value) -> node.set(name, typed(value)));
        return node;
    }

    private static ObjectNode typed(AttributeValue value) {
        ObjectNode node = JSON.createObjectNode();
        switch (value.type()) {
            case S -> node.put("S", value.s());
            case N -> node.put("N", value.n());
            case B -> node.put("B", Base64.getEncoder().encodeToString(value.b().asByteArray()));
            case BOOL -> node.put("BOOL", value.bool());
            case NUL -> node.put("NULL", true);
            case M -> node.set("M", typed(value.m()));
            case L -> {
                ArrayNode list = node.putArray("L");
                value.l().forEach(element -> list.add(typed(element)));
            }
            case SS -> value.ss().forEach(node.putArray("SS")::add);
            case NS -> value.ns().forEach(node.putArray("NS")::add);
            case BS -> {
                ArrayNode set = node.putArray("BS");
                value.bs().forEach(b -> set.add(Base64.getEncoder().encodeToString(b.asByteArray())));
            }
            case UNKNOWN_TO_SDK_VERSION -> throw new IllegalArgumentException("Unknown: " + value);
        }
        return node;
    }

    /** Asserts that items are equal, whatever their order; keys tell which belong together. */
    static void assertEqual(List<JsonNode> actual, List<JsonNode> expected, List<String> keys) {
        Map<String, JsonNode> byKey = byKey(actual, keys);
        assertThat(byKey).as("items, keys being unique").hasSameSizeAs(actual);
        Map<String, JsonNode> wanted = byKey(expected, keys);
        assertThat(byKey.keySet()).isEqualTo(wanted.keySet());
        wanted.forEach((key, item) -> assertThat(byKey.get(key)).as(key).isEqualTo(item));
    }

    private static Map<String, JsonNode> byKey(List<JsonNode> items, List<String> keys) {
        Map<String, JsonNode> byKey = new TreeMap<>();
        for (JsonNode item : items) {
            List<String> key = keys.stream().map(k -> item.path(k).toString()).toList();
            byKey.put(String.join(" ", key), item);
        }
        return byKey;
    }
}
