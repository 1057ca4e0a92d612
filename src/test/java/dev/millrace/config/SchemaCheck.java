package dev.millrace.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * As much of JSON Schema as the job file's uses, so that tests can hold files against it. A keyword that it does not know
 * fails the test.
 */
final class SchemaCheck {
    private static final Set<String> KNOWN = Set.of(
            "$schema",
            "title",
            "description",
            "default",
            "definitions",
            "$ref",
            "type",
            "enum",
            "pattern",
            "minLength",
            "minimum",
            "maximum",
            "anyOf",
            "oneOf",
            "items",
            "uniqueItems",
            "properties",
            "additionalProperties",
            "propertyNames",
            "required");

    private final JsonNode root;

    SchemaCheck(JsonNode root) {
        this.root = root;
    }

    /** Adds the path of every value that breaks the schema. */
    void check(JsonNode schema, JsonNode value, String path, List<String> found) {
        schema.fieldNames().forEachRemaining(keyword -> {
            if (!KNOWN.contains(keyword)) {
                throw new AssertionError("Unknown keyword " + keyword + " at " + path);
            }
        });
        if (schema.has("$ref")) {
            check(root.at(schema.get("$ref").textValue().substring(1)), value, path, found);
            return;
        }
        boolean broken = !typeFits(schema.path("type").asText(), value)
                || (schema.has("enum") && !contains(schema.get("enum"), value))
                || (schema.has("anyOf") && fitting(schema.get("anyOf"), value, path) == 0)
                || (schema.has("oneOf") && fitting(schema.get("oneOf"), value, path) != 1);
        if (value.isTextual()) {
            String text = value.textValue();
            broken |= schema.has("pattern")
                    && !java.util.regex.Pattern.compile(schema.get("pattern").textValue())
                            .matcher(text)
                            .find();
            broken |= text.length() < schema.path("minLength").asInt(0);
        }
        if (value.isNumber()) {
            broken |= schema.has("minimum")
                    && value.longValue() < schema.get("minimum").longValue();
            broken |= schema.has("maximum")
                    && value.longValue() > schema.get("maximum").longValue();
        }
        if (broken) {
            found.add(path);
            return;
        }
        checkChildren(schema, value, path, found);
    }

    private void checkChildren(JsonNode schema, JsonNode value, String path, List<String> found) {
        if (schema.has("items")) {
            value.forEach(item -> check(schema.get("items"), item, path, found));
        }
        for (JsonNode name : schema.path("required")) {
            if (!value.has(name.textValue())) {
                found.add(below(path, name.textValue()));
            }
        }
        if (!value.isObject()) {
            return;
        }
        Iterator<Map.Entry<String, JsonNode>> fields = value.fields();
        while (fields.hasNext()) {
            Map.Entry<String, JsonNode> field = fields.next();
            String fieldPath = below(path, field.getKey());
            JsonNode declared = schema.path("properties").path(field.getKey());
            JsonNode other = schema.path("additionalProperties");
            if (declared.isObject()) {
                check(declared, field.getValue(), fieldPath, found);
            } else if (other.isObject()) {
                check(other, field.getValue(), fieldPath, found);
            } else if (other.isBoolean() && !other.booleanValue()) {
                found.add(fieldPath);
            }
        }
    }

    private int fitting(JsonNode alternatives, JsonNode value, String path) {
        int fitting = 0;
        for (JsonNode alternative : alternatives) {
            List<String> found = new ArrayList<>();
            check(alternative, value, path, found);
            fitting += found.isEmpty() ? 1 : 0;
        }
        return fitting;
    }

    private static boolean contains(JsonNode values, JsonNode value) {
        for (JsonNode known : values) {
            if (known.equals(value)) {
                return true;
            }
        }
        return false;
    }

    private static boolean typeFits(String type, JsonNode value) {
        return switch (type) {
            case "" -> true;
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber();
            case "boolean" -> value.isBoolean();
            default -> throw new AssertionError("Unknown type " + type);
        };
    }

    private static String below(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
