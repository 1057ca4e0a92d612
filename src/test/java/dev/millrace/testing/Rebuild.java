package dev.millrace.testing;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.schema.EntityColumn;
import dev.millrace.schema.EntityColumn.Role;
import dev.millrace.schema.Notation;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.SourceType;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Items put together again from the rows of their tables: the proof that nothing was lost.
 *
 * <p>A row is a map from column name to a plain Java value: String, Long, BigDecimal, Boolean or byte[].
 */
public final class Rebuild {
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNumberLength(10_000)
                    .maxNestingDepth(2_000)
                    .build())
            .build());

    private final boolean isPlain;
    private final List<ShredPlan.Table> tables;
    private final List<Map<List<Object>, List<Map<String, Object>>>> byParent = new ArrayList<>();
    private final List<List<Map<String, Object>>> rows;

    /** @param rows of each table, in the plan's order */
    public Rebuild(ShredPlan plan, List<List<Map<String, Object>>> rows) {
        this.isPlain = plan.notation() == Notation.PLAIN;
        this.tables = plan.tables();
        this.rows = rows;
        for (int i = 0; i < tables.size(); i++) {
            Map<List<Object>, List<Map<String, Object>>> groups = new HashMap<>();
            for (Map<String, Object> row : rows.get(i)) {
                List<Object> identity = identity(tables.get(i), row);
                List<Object> parent = tables.get(i).isMain() ? List.of() : identity.subList(0, identity.size() - 1);
                groups.computeIfAbsent(parent, p -> new ArrayList<>()).add(row);
            }
            byParent.add(groups);
        }
    }

    private static List<Object> identity(ShredPlan.Table table, Map<String, Object> row) {
        List<Object> identity = new ArrayList<>();
        for (EntityColumn column : table.source().columns()) {
            boolean identifies = switch (column.role()) {
                case KEY, ROW_ID, PARENT_KEY, INDEX -> true;
                case VALUE, GIVEN, FILE, REST -> false;
            };
            if (identifies) {
                Object value = row.get(column.name());
                identity.add(value instanceof byte[] bytes ? Base64.getEncoder().encodeToString(bytes) : value);
            }
        }
        return identity;
    }

    /** All items, canonical. */
    public List<JsonNode> items() {
        List<JsonNode> items = new ArrayList<>();
        for (int i = 0; i < tables.size(); i++) {
            if (tables.get(i).isMain()) {
                for (Map<String, Object> row : rows.get(i)) {
                    ObjectNode holder = holder(i, row);
                    items.add(canonicalMap(holder.get("M")));
                }
            }
        }
        return items;
    }

    /** The typed value that a row stands for. */
    private ObjectNode holder(int number, Map<String, Object> row) {
        ShredPlan.Table table = tables.get(number);
        ObjectNode top = JSON.createObjectNode();
        ObjectNode holder = JSON.createObjectNode();
        holder.set("v", top);
        for (EntityColumn column : table.source().columns()) {
            boolean ofItem = column.role() == Role.KEY || column.role() == Role.VALUE;
            if (ofItem && row.get(column.name()) != null) {
                put(holder, column.path(), typed(column, row.get(column.name())));
            }
        }
        for (int child = 0; child < tables.size(); child++) {
            if (tables.get(child).parent() == number) {
                List<Map<String, Object>> elements = byParent.get(child).getOrDefault(identity(table, row), List.of());
                if (!elements.isEmpty()) {
                    put(holder, tables.get(child).source().path(), list(child, elements));
                }
            }
        }
        Object rest = row.get("_rest");
        if (rest != null) {
            tree(rest.toString()).properties().forEach(e -> {
                List<String> path = new ArrayList<>();
                String[] steps = e.getKey().split("/", -1);
                for (int i = 1; i < steps.length; i++) {
                    path.add(steps[i].replace("~1", "/").replace("~0", "~"));
                }
                if (!isPlain) {
                    put(holder, path, e.getValue());
                } else if (!has(holder, path)) {
                    put(holder, path, ofPlain(e.getValue()));
                }
            });
        }
        ObjectNode result = (ObjectNode) holder.get("v");
        if (result.isEmpty()) {
            result.putObject("M");
        }
        return result;
    }

    private JsonNode list(int child, List<Map<String, Object>> elements) {
        ShredPlan.Table table = tables.get(child);
        String index = table.source().columns().stream()
                .filter(c -> c.role() == Role.INDEX)
                .map(EntityColumn::name)
                .reduce((a, b) -> b)
                .orElseThrow();
        List<Map<String, Object>> sorted = new ArrayList<>(elements);
        sorted.sort(Comparator.comparing(r -> (Long) r.get(index)));
        ObjectNode typed = JSON.createObjectNode();
        SourceType container = table.source().container();
        ArrayNode array = typed.putArray(container.name());
        for (Map<String, Object> element : sorted) {
            JsonNode value = holder(child, element);
            array.add(
                    container == SourceType.L
                            ? value
                            : value.properties().iterator().next().getValue());
        }
        return typed;
    }

    /** Puts a typed value at a path below the holder's value, making the maps on the way. */
    private static void put(ObjectNode holder, List<String> path, JsonNode value) {
        ObjectNode in = holder;
        String name = "v";
        for (String step : path) {
            ObjectNode typed = in.path(name).isObject() ? (ObjectNode) in.get(name) : in.putObject(name);
            in = typed.path("M").isObject() ? (ObjectNode) typed.get("M") : typed.putObject("M");
            name = step;
        }
        in.set(name, value);
    }

    /** Whether there is a value already: of a name that stands twice, that is the last one. */
    private static boolean has(ObjectNode holder, List<String> path) {
        JsonNode value = holder.path("v");
        for (String step : path) {
            value = value.path("M").path(step);
        }
        return !value.isMissingNode() && !value.isEmpty();
    }

    private static JsonNode typed(EntityColumn column, Object value) {
        ObjectNode typed = JSON.createObjectNode();
        switch (column.encoding()) {
            case DYNAMODB_JSON -> {
                return tree(value.toString());
            }
            case JSON -> {
                JsonNode plain = tree(value.toString());
                if (!column.source().isSet()) {
                    return ofPlain(plain);
                }
                ArrayNode set = typed.putArray(column.source().name());
                plain.forEach(e -> set.add(e.asText()));
            }
            case PLAIN -> {
                switch (column.source()) {
                    case BOOL -> typed.put("BOOL", (Boolean) value);
                    case B -> typed.put("B", Base64.getEncoder().encodeToString((byte[]) value));
                    default -> typed.put(column.source().name(), value.toString());
                }
            }
            case EPOCH_MILLIS, EPOCH_SECONDS, PATTERN ->
                throw new IllegalArgumentException("Declared types are not rebuilt");
        }
        return typed;
    }

    private static JsonNode ofPlain(JsonNode plain) {
        ObjectNode typed = JSON.createObjectNode();
        switch (plain.getNodeType()) {
            case STRING -> typed.put("S", plain.textValue());
            case NUMBER -> typed.put("N", plain.decimalValue().toString());
            case BOOLEAN -> typed.put("BOOL", plain.booleanValue());
            case NULL -> typed.put("NULL", true);
            case ARRAY -> {
                ArrayNode list = typed.putArray("L");
                plain.forEach(e -> list.add(ofPlain(e)));
            }
            default -> {
                ObjectNode map = typed.putObject("M");
                plain.properties().forEach(e -> map.set(e.getKey(), ofPlain(e.getValue())));
            }
        }
        return typed;
    }

    /** An item as a tree in which equal items are equal: numbers by value, sets without order. */
    public static JsonNode canonical(String item) {
        return canonicalMap(tree(item));
    }

    /** A record of plain JSON as an item, canonical; one that is no object is the value of {@code _value}. */
    public static JsonNode canonicalRecord(String record) {
        JsonNode value = tree(record);
        JsonNode map = value.isObject() ? value : JSON.createObjectNode().set("_value", value);
        return canonicalMap(ofPlain(map).get("M"));
    }

    private static JsonNode canonicalMap(JsonNode map) {
        TreeMap<String, JsonNode> sorted = new TreeMap<>();
        map.properties().forEach(e -> sorted.put(e.getKey(), canonicalValue(e.getValue())));
        ObjectNode result = JSON.createObjectNode();
        sorted.forEach(result::set);
        return result;
    }

    private static JsonNode canonicalValue(JsonNode typed) {
        Map.Entry<String, JsonNode> only = typed.properties().iterator().next();
        ObjectNode result = JSON.createObjectNode();
        switch (only.getKey()) {
            case "N" -> result.put("N", number(only.getValue()));
            case "M" -> result.set("M", canonicalMap(only.getValue()));
            case "L" -> {
                ArrayNode list = result.putArray("L");
                only.getValue().forEach(e -> list.add(canonicalValue(e)));
            }
            case "SS", "NS", "BS" -> {
                ArrayNode set = result.putArray(only.getKey());
                List<String> elements = new ArrayList<>();
                only.getValue().forEach(e -> elements.add(only.getKey().equals("NS") ? number(e) : e.textValue()));
                elements.stream().sorted().forEach(set::add);
            }
            default -> result.set(only.getKey(), only.getValue());
        }
        return result;
    }

    private static String number(JsonNode text) {
        return new BigDecimal(text.asText()).stripTrailingZeros().toString();
    }

    private static JsonNode tree(String json) {
        try {
            return JSON.reader()
                    .with(com.fasterxml.jackson.databind.DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .readTree(json);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
