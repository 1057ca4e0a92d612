package dev.millrace.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * What was met while items became rows. Those of parts merge to that of the whole.
 *
 * @param census of the items
 * @param drift what their tables did not hold
 */
public record UnitCensus(Census census, Drift drift) {
    private static final int FORMAT = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    public void merge(UnitCensus other) {
        census.merge(other.census);
        drift.merge(other.drift);
    }

    /** The same bytes for the same items. */
    public byte[] toJson() {
        ObjectNode json = JSON.createObjectNode();
        json.put("format", FORMAT);
        json.put("tooManyKinds", census.hasTooManyKinds());
        json.set("census", census.tree());
        json.set("drift", drift.tree());
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws IllegalArgumentException when it is something else
     */
    public static UnitCensus fromJson(byte[] content) {
        try {
            JsonNode json = JSON.readTree(content);
            if (json == null || json.path("format").intValue() != FORMAT) {
                throw new IllegalArgumentException("Not a unit's census of format " + FORMAT);
            }
            Census census = Census.fromTree(
                    json.path("census"), json.path("tooManyKinds").booleanValue());
            return new UnitCensus(census, Drift.fromTree(json.path("drift")));
        } catch (IOException e) {
            throw new IllegalArgumentException("Not a unit's census: " + e.getMessage(), e);
        }
    }
}
