package dev.millrace.sample;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.fault.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/**
 * A model file of NoSQL Workbench: tables, their keys and their sample items. Secondary indexes are not read.
 *
 * @param file where it was read from
 * @param name the model's name
 */
public record WorkbenchModel(Path file, String name, List<Table> tables) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final Pattern TABLE_NAME = Pattern.compile("[A-Za-z0-9_.-]{3,255}");
    private static final String CONTENT = "workbench model ";

    public WorkbenchModel {
        tables = List.copyOf(tables);
    }

    /** A key attribute and its type: S, N or B. */
    public record Key(String name, ScalarAttributeType type) {}

    /**
     * A table with its items.
     *
     * @param facets the items of each facet that has some, in the model's order; an item may be in several
     */
    public record Table(
            String name,
            Key partitionKey,
            Optional<Key> sortKey,
            List<Map<String, AttributeValue>> items,
            Map<String, List<Map<String, AttributeValue>>> facets) {
        public Table {
            items = List.copyOf(items);
            facets = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(facets));
        }

        List<Key> keys() {
            return sortKey.map(sort -> List.of(partitionKey, sort)).orElseGet(() -> List.of(partitionKey));
        }

        Map<String, AttributeValue> keyOf(Map<String, AttributeValue> item) {
            Map<String, AttributeValue> key = new LinkedHashMap<>();
            keys().forEach(part -> key.put(part.name(), item.get(part.name())));
            return key;
        }

        /** How a job can tell the kinds of this table's items, which are its facets. */
        public WorkbenchKinds kinds() {
            return WorkbenchKinds.of(this);
        }
    }

    /**
     * Reads a model file.
     *
     * @throws Fault of the user when it is missing or wrong, naming the file, the key and its value
     */
    public static WorkbenchModel read(Path file) {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            throw Fault.user("Invalid Workbench model " + file + ":" + at.getLineNr() + ": " + e.getOriginalMessage());
        } catch (IOException e) {
            throw Fault.user("Cannot read the Workbench model " + file + ": "
                    + (Files.exists(file) ? e.getMessage() : "no such file")
                    + "; give the path of a .json file exported from NoSQL Workbench");
        }
        try {
            List<Table> tables = new ArrayList<>();
            for (JsonNode table : array(root, "DataModel", "")) {
                tables.add(table(table, "DataModel[" + tables.size() + "]"));
            }
            if (tables.isEmpty()) {
                throw new TypedJson.Invalid("DataModel", "has no table");
            }
            Set<String> names = new HashSet<>();
            for (Table table : tables) {
                if (!names.add(WorkbenchJob.words(table.name(), '-'))) {
                    throw new TypedJson.Invalid(
                            "DataModel",
                            "has two tables named " + table.name() + ", case and punctuation aside: rename one");
                }
            }
            return new WorkbenchModel(file, text(root, "ModelName", ""), tables);
        } catch (TypedJson.Invalid e) {
            throw Fault.user("Invalid Workbench model " + file + ": " + e.getMessage());
        }
    }

    /**
     * Creates the tables and writes their items. A table that came from a model before is replaced.
     *
     * @return the number of items written
     * @throws Fault of the user when a table of the same name is there that came from elsewhere
     */
    public long load(DynamoDbClient client) {
        for (Table table : tables) {
            SampleTable target = new SampleTable(client, table.name());
            if (target.exists()
                    && target.content().filter(it -> it.startsWith(CONTENT)).isEmpty()) {
                throw Fault.user("Cannot load table " + table.name() + " of " + file
                        + ": a table of that name is there that did not come from a Workbench model;"
                        + " rename it in the model, or delete the other");
            }
        }
        long written = 0;
        for (Table table : tables) {
            SampleTable target = new SampleTable(client, table.name());
            if (target.exists()) {
                target.delete();
            }
            List<AttributeDefinition> attributes = new ArrayList<>();
            List<KeySchemaElement> keys = new ArrayList<>();
            for (Key key : table.keys()) {
                attributes.add(SampleTable.attribute(key.name(), key.type()));
                keys.add(SampleTable.key(key.name(), keys.isEmpty() ? KeyType.HASH : KeyType.RANGE));
            }
            target.create(attributes, keys, CONTENT + name);
            written += new ItemWriter(client, table.name()).write(table.items().stream(), count -> {});
        }
        return written;
    }

    /** The text of a job file that lands one of this model's tables in a DuckDB file of its own. */
    public String jobFile(Table table) {
        return WorkbenchJob.text(this, table);
    }

    /** The name of that job, which is also a good name for its file. */
    public String jobName(Table table) {
        return WorkbenchJob.name(this, table);
    }

    private static Table table(JsonNode node, String place) throws TypedJson.Invalid {
        String name = text(node, "TableName", place);
        if (!TABLE_NAME.matcher(name).matches()) {
            throw new TypedJson.Invalid(
                    place + ".TableName", "must be 3 to 255 of letters, digits, _, - and dot, not " + name);
        }
        Key partitionKey = key(node, "PartitionKey", place);
        Optional<Key> sortKey =
                node.path("KeyAttributes").has("SortKey") ? Optional.of(key(node, "SortKey", place)) : Optional.empty();
        Table empty = new Table(name, partitionKey, sortKey, List.of(), Map.of());

        Map<Map<String, AttributeValue>, Map<String, AttributeValue>> byKey = new LinkedHashMap<>();
        merge(empty, items(node, place), byKey);
        Map<String, List<Placed>> facets = new LinkedHashMap<>();
        int number = 0;
        for (JsonNode facet : optionalArray(node, "TableFacets", place)) {
            String at = place + ".TableFacets[" + number++ + "]";
            List<Placed> items = items(facet, at);
            if (items.isEmpty()) {
                continue;
            }
            String facetName = text(facet, "FacetName", at);
            if (facets.put(facetName, items) != null) {
                throw new TypedJson.Invalid(at + ".FacetName", "is taken by another facet: " + facetName);
            }
            merge(empty, items, byKey);
        }

        // A facet shows some attributes of an item; its items are the whole ones.
        Map<String, List<Map<String, AttributeValue>>> wholeFacets = new LinkedHashMap<>();
        facets.forEach((facet, items) -> wholeFacets.put(
                facet,
                items.stream()
                        .map(item -> byKey.get(empty.keyOf(item.item())))
                        .distinct()
                        .toList()));
        return new Table(name, partitionKey, sortKey, List.copyOf(byKey.values()), wholeFacets);
    }

    private record Placed(String place, Map<String, AttributeValue> item) {}

    private static List<Placed> items(JsonNode node, String place) throws TypedJson.Invalid {
        List<Placed> items = new ArrayList<>();
        for (JsonNode item : optionalArray(node, "TableData", place)) {
            String at = place + ".TableData[" + items.size() + "]";
            items.add(new Placed(at, TypedJson.item(item, at)));
        }
        return items;
    }

    /** Puts items of one key together: facets show the same item with different attributes. */
    private static void merge(
            Table table, List<Placed> items, Map<Map<String, AttributeValue>, Map<String, AttributeValue>> byKey)
            throws TypedJson.Invalid {
        for (Placed placed : items) {
            for (Key key : table.keys()) {
                AttributeValue value = placed.item().get(key.name());
                if (value == null || !value.type().name().equals(key.type().name())) {
                    throw new TypedJson.Invalid(
                            placed.place() + "." + key.name(),
                            "is the table's key and must be a value of type " + key.type() + ", not "
                                    + (value == null ? "missing" : "of type " + value.type()));
                }
                if (value.equals(AttributeValue.fromS(""))) {
                    throw new TypedJson.Invalid(
                            placed.place() + "." + key.name(), "is the table's key and must not be empty");
                }
            }
            Map<String, AttributeValue> whole =
                    byKey.computeIfAbsent(table.keyOf(placed.item()), key -> new HashMap<>());
            for (Map.Entry<String, AttributeValue> attribute : placed.item().entrySet()) {
                AttributeValue other = whole.putIfAbsent(attribute.getKey(), attribute.getValue());
                if (other != null && !other.equals(attribute.getValue())) {
                    throw new TypedJson.Invalid(
                            placed.place() + "." + attribute.getKey(),
                            "differs from another item of the same key " + keyText(table, placed.item()));
                }
            }
        }
    }

    private static String keyText(Table table, Map<String, AttributeValue> item) {
        return String.join(
                ", ",
                table.keys().stream()
                        .map(key -> switch (key.type()) {
                            case N -> item.get(key.name()).n();
                            case B -> item.get(key.name()).b().toString();
                            case S, UNKNOWN_TO_SDK_VERSION ->
                                item.get(key.name()).s();
                        })
                        .toList());
    }

    private static Key key(JsonNode table, String role, String place) throws TypedJson.Invalid {
        String at = place + ".KeyAttributes." + role;
        JsonNode node = table.path("KeyAttributes").path(role);
        String type = text(node, "AttributeType", at);
        ScalarAttributeType known = ScalarAttributeType.fromValue(type);
        if (known == ScalarAttributeType.UNKNOWN_TO_SDK_VERSION) {
            throw new TypedJson.Invalid(at + ".AttributeType", "must be S, N or B, not " + type);
        }
        return new Key(text(node, "AttributeName", at), known);
    }

    private static String text(JsonNode node, String key, String place) throws TypedJson.Invalid {
        JsonNode value = node.path(key);
        if (!value.isTextual() || value.textValue().isEmpty()) {
            throw new TypedJson.Invalid(
                    place.isEmpty() ? key : place + "." + key, "must be a name, not " + TypedJson.brief(value));
        }
        return value.textValue();
    }

    private static JsonNode array(JsonNode node, String key, String place) throws TypedJson.Invalid {
        JsonNode value = node.path(key);
        if (!value.isArray()) {
            throw new TypedJson.Invalid(
                    place.isEmpty() ? key : place + "." + key, "must be an array, not " + TypedJson.brief(value));
        }
        return value;
    }

    private static Iterable<JsonNode> optionalArray(JsonNode node, String key, String place) throws TypedJson.Invalid {
        return node.has(key) ? array(node, key, place) : List.of();
    }
}
