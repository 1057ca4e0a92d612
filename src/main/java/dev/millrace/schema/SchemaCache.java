package dev.millrace.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import dev.millrace.schema.EntityColumn.Role;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import dev.millrace.table.ColumnType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The versions of a job's data-schemas with the census each was inferred from: {@code <version>.json}, written once by
 * put-if-absent, each with a checksum. A version that cannot be read is an error, never inferred over. Beside them
 * {@code census.json}, what the last commit's run counted, replaced by compare-and-put.
 */
public final class SchemaCache {
    static final int FORMAT = 1;

    private static final String CENSUS = "census.json";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Storage storage;

    public SchemaCache(Storage storage) {
        this.storage = storage;
    }

    /**
     * A version as it is kept.
     *
     * @param schema the data-schemas
     * @param census what they were inferred from
     * @param written when
     */
    public record Entry(DataSchema schema, Census census, Instant written) {}

    /** The newest version, or empty before the first inference. */
    public Optional<Entry> latest() {
        int latest = storage.names("").stream()
                .filter(name -> name.matches("\\d{1,9}\\.json"))
                .mapToInt(name -> Integer.parseInt(name.substring(0, name.length() - ".json".length())))
                .max()
                .orElse(0);
        return latest == 0 ? Optional.empty() : Optional.of(load(latest));
    }

    /**
     * A version.
     *
     * @throws Fault of kind WORLD when it is missing, damaged or of a newer format: the message names file and version
     */
    public Entry load(int version) {
        String path = version + ".json";
        Versioned file = storage.find(path).orElseThrow(() -> damaged(version, "it is missing"));
        Instant written = storage.stat(path)
                .orElseThrow(() -> damaged(version, "it is missing"))
                .modified();
        try {
            JsonNode json = JSON.readTree(file.content());
            if (json == null || !json.isObject() || !json.path("format").isInt()) {
                throw damaged(version, "it is no data-schema");
            }
            if (json.get("format").intValue() > FORMAT) {
                throw damaged(
                        version,
                        "its format is " + json.get("format") + " and this Millrace reads up to " + FORMAT
                                + ": use a newer one");
            }
            String body = json.path("body").toString();
            if (!Names.sha256(body).equals(json.path("sha256").textValue())
                    || json.path("body").path("version").intValue() != version) {
                throw damaged(version, "its checksum does not fit its content");
            }
            return new Entry(
                    schemaOf(json.get("body")), Census.fromTree(json.get("body").path("census"), false), written);
        } catch (JsonProcessingException e) {
            throw damaged(version, e.getOriginalMessage());
        } catch (IOException | IllegalArgumentException e) {
            throw damaged(version, e.getMessage());
        }
    }

    private Fault damaged(int version, String problem) {
        return Fault.world("Schema version " + version + " cannot be read: " + storage.uri(version + ".json") + ": "
                + problem + ". Restore that file from a backup; or move the whole folder away, and the next run infers "
                + "version 1 anew, which may name and type columns differently");
    }

    /**
     * Writes a version unless another run wrote it first.
     *
     * @return the version as it now stands, ours or the other's
     */
    public Entry add(DataSchema schema, Census census) {
        put(schema, census);
        return load(schema.version());
    }

    /** Writes a version unless it is there: true for exactly one of any number of callers. */
    public boolean put(DataSchema schema, Census census) {
        ObjectNode body = toJson(schema);
        body.set("census", census.tree());
        ObjectNode file = JSON.createObjectNode();
        file.put("format", FORMAT);
        file.put("sha256", Names.sha256(body.toString()));
        file.set("body", body);
        return storage.putIfAbsent(schema.version() + ".json", file.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** What the last commit's run counted, or empty before the first. */
    public Optional<LastCensus> census() {
        return storage.find(CENSUS).map(file -> LastCensus.fromJson(storage.uri(CENSUS), file.content()));
    }

    /** Keeps what a run counted, unless a later commit's is kept already. May be repeated. */
    public void keep(LastCensus census) {
        byte[] content = census.toJson();
        while (true) {
            Optional<Versioned> file = storage.find(CENSUS);
            if (file.isEmpty()) {
                if (storage.putIfAbsent(CENSUS, content)) {
                    return;
                }
            } else if (LastCensus.fromJson(storage.uri(CENSUS), file.get().content())
                                    .commit()
                            >= census.commit()
                    || storage.compareAndPut(CENSUS, file.get().etag(), content).isPresent()) {
                return;
            }
        }
    }

    private static ObjectNode toJson(DataSchema schema) {
        ObjectNode json = JSON.createObjectNode();
        json.put("version", schema.version());
        if (schema.notation() != Notation.DYNAMODB) {
            json.put("notation", schema.notation().name());
        }
        ArrayNode keys = json.putArray("keys");
        schema.keys()
                .forEach(k -> keys.addObject()
                        .put("name", k.name())
                        .put("type", k.type().name()));
        ArrayNode entities = json.putArray("entities");
        for (EntitySchema entity : schema.entities()) {
            ObjectNode e = entities.addObject();
            e.put("kind", entity.kind()).put("name", entity.name());
            ArrayNode tables = e.putArray("tables");
            for (EntityTable table : entity.tables()) {
                ObjectNode t = tables.addObject();
                t.put("suffix", table.suffix()).put("parent", table.parent());
                strings(t.putArray("path"), table.path());
                t.put("container", table.container().name());
                ArrayNode columns = t.putArray("columns");
                table.columns().forEach(c -> columns.add(toJson(c)));
            }
        }
        return json;
    }

    private static ObjectNode toJson(EntityColumn column) {
        ObjectNode json = JSON.createObjectNode();
        json.put("name", column.name()).put("role", column.role().name());
        strings(json.putArray("path"), column.path());
        json.put("source", column.source().name());
        json.put("type", column.type().toString());
        json.put("encoding", column.encoding().name());
        if (column.pinned()) {
            json.put("pinned", true);
        }
        return json;
    }

    private static DataSchema schemaOf(JsonNode json) {
        List<KeyAttribute> keys = new ArrayList<>();
        json.path("keys")
                .forEach(k -> keys.add(new KeyAttribute(
                        k.path("name").textValue(),
                        SourceType.valueOf(k.path("type").textValue()))));
        List<EntitySchema> entities = new ArrayList<>();
        for (JsonNode e : json.path("entities")) {
            List<EntityTable> tables = new ArrayList<>();
            for (JsonNode t : e.path("tables")) {
                List<EntityColumn> columns = new ArrayList<>();
                t.path("columns").forEach(c -> columns.add(columnOf(c)));
                tables.add(new EntityTable(
                        t.path("suffix").textValue(),
                        t.path("parent").intValue(),
                        strings(t.path("path")),
                        SourceType.valueOf(t.path("container").textValue()),
                        columns));
            }
            entities.add(
                    new EntitySchema(e.path("kind").textValue(), e.path("name").textValue(), tables));
        }
        Notation notation = Notation.valueOf(json.path("notation").asText(Notation.DYNAMODB.name()));
        return new DataSchema(json.path("version").intValue(), notation, keys, entities);
    }

    private static EntityColumn columnOf(JsonNode json) {
        String type = json.path("type").textValue();
        return new EntityColumn(
                json.path("name").textValue(),
                Role.valueOf(json.path("role").textValue()),
                strings(json.path("path")),
                SourceType.valueOf(json.path("source").textValue()),
                ColumnType.parse(type).orElseThrow(() -> new IllegalArgumentException("no type: " + type)),
                Encoding.valueOf(json.path("encoding").textValue()),
                json.path("pinned").booleanValue(),
                "");
    }

    private static void strings(ArrayNode array, List<String> values) {
        values.forEach(array::add);
    }

    private static List<String> strings(JsonNode array) {
        List<String> values = new ArrayList<>();
        array.forEach(v -> values.add(v.textValue()));
        return values;
    }
}
