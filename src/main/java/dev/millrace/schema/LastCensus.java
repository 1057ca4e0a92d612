package dev.millrace.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * What a whole run has counted: from it the next data-schema is inferred, so that nothing need be read for it.
 *
 * @param run that counted
 * @param commit of that run in the job's ledger; 0 where it has none
 * @param census of all its items
 */
public record LastCensus(String run, long commit, Census census) {
    private static final int FORMAT = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The same bytes for the same items of the same run. */
    public byte[] toJson() {
        ObjectNode body = JSON.createObjectNode();
        body.put("run", run);
        body.put("commit", commit);
        body.put("tooManyKinds", census.hasTooManyKinds());
        body.set("census", census.tree());
        ObjectNode json = JSON.createObjectNode();
        json.put("format", FORMAT);
        json.put("sha256", Names.sha256(body.toString()));
        json.set("body", body);
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @param uri of the file, for messages
     * @throws Fault of kind WORLD when it is damaged or of a newer format
     */
    public static LastCensus fromJson(String uri, byte[] content) {
        try {
            JsonNode json = JSON.readTree(content);
            if (json == null || !json.path("format").isInt()) {
                throw damaged(uri, "it is no census");
            }
            if (json.get("format").intValue() > FORMAT) {
                throw damaged(
                        uri,
                        "its format is " + json.get("format") + " and this Millrace reads up to " + FORMAT
                                + ": use a newer one");
            }
            JsonNode body = json.path("body");
            if (!Names.sha256(body.toString()).equals(json.path("sha256").textValue())) {
                throw damaged(uri, "its checksum does not fit its content");
            }
            Census census = Census.fromTree(
                    body.path("census"), body.path("tooManyKinds").booleanValue());
            return new LastCensus(
                    body.path("run").textValue(), body.path("commit").longValue(), census);
        } catch (IOException e) {
            throw damaged(uri, e.getMessage());
        }
    }

    private static Fault damaged(String uri, String problem) {
        return Fault.world("The census cannot be read: " + uri + ": " + problem
                + ". Restore that file from a backup or remove it: the next run counts anew");
    }
}
