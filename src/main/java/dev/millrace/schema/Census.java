package dev.millrace.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A statistic of items by kind, from which data-schemas are inferred. Censuses of parts merge, in any order, to the
 * census of the whole, byte for byte. Its size depends on the number of kinds and paths, never on that of items.
 */
public final class Census {
    /** More kinds than these mean that the rule looks at the wrong attribute. */
    public static final int KIND_LIMIT = 500;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final TreeMap<String, PathCensus> kinds = new TreeMap<>();
    private boolean tooManyKinds;

    SortedMap<String, PathCensus> kinds() {
        return kinds;
    }

    /** The root of a kind, to count items in. Those of kinds beyond the limit are counted nowhere. */
    PathCensus kind(String kind) {
        PathCensus known = kinds.get(kind);
        if (known == null) {
            known = new PathCensus();
            if (kinds.size() < KIND_LIMIT) {
                kinds.put(kind, known);
            } else {
                tooManyKinds = true;
            }
        }
        return known;
    }

    /** What was counted of other kinds than these. */
    public Census without(Set<String> left) {
        Census others = new Census();
        others.tooManyKinds = tooManyKinds;
        others.kinds.putAll(kinds);
        others.kinds.keySet().removeAll(left);
        return others;
    }

    public void merge(Census other) {
        other.kinds.forEach((kind, root) -> kind(kind).merge(root));
        tooManyKinds |= other.tooManyKinds;
    }

    /** Whether there were more kinds than are kept: such a census tells nothing that a data-schema could be made of. */
    boolean hasTooManyKinds() {
        return tooManyKinds;
    }

    /** Refuses a census of too many kinds, by a fault of kind WORLD: only another rule mends that. */
    public void requireFewKinds() {
        if (tooManyKinds) {
            throw Fault.world("schema.kind gives more than " + KIND_LIMIT + " kinds, among them " + kinds.firstKey()
                    + " and " + kinds.lastKey() + ": name an attribute with few values, or patterns on the keys");
        }
    }

    /** The census as JSON, the same bytes for the same items in whatever order. */
    public byte[] toJson() {
        return tree().toString().getBytes(StandardCharsets.UTF_8);
    }

    ObjectNode tree() {
        ObjectNode json = JSON.createObjectNode();
        kinds.forEach((kind, root) -> json.set(kind, root.toJson()));
        return json;
    }

    /** Reads what {@link #toJson} wrote. */
    public static Census fromJson(byte[] json) {
        try {
            return fromTree(JSON.readTree(json), false);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Not a census: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Reads a tree; whether there were too many kinds is not in it. */
    static Census fromTree(JsonNode json, boolean tooManyKinds) {
        Census census = new Census();
        census.tooManyKinds = tooManyKinds;
        for (Map.Entry<String, JsonNode> kind : json.properties()) {
            census.kinds.put(kind.getKey(), PathCensus.fromJson(kind.getValue()));
        }
        return census;
    }
}
