package dev.millrace.lake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.io.IOException;
import java.util.Optional;

/** What publishing has done, as a small JSON file: written once for each commit, or the pointer to a version. */
final class PublishedFile {
    private static final int FORMAT = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    private PublishedFile() {}

    static byte[] bytes(Publication publication, Published published, String folder) {
        ObjectNode json = JSON.createObjectNode();
        json.put("format", FORMAT);
        json.put("job", publication.job());
        json.put("run", publication.run().value());
        json.put("commit", publication.n());
        json.put("folder", folder);
        json.put("rows", published.rows());
        json.put("duplicates", published.duplicates());
        json.put("replaced", published.replaced());
        json.put("files", published.files());
        json.put("at", published.at());
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static void put(Storage lake, String path, Publication publication, Published published) {
        lake.putIfAbsent(path, bytes(publication, published, ""));
    }

    static Optional<Published> find(Storage lake, String path) {
        return lake.find(path).map(file -> published(read(lake, path, file)));
    }

    /** As {@link #find(Storage, String)}; throws a USER fault where another run has published under that number. */
    static Optional<Published> find(Storage lake, String path, Publication publication) {
        return lake.find(path).map(file -> {
            JsonNode json = read(lake, path, file);
            publication.requireOwn(json.path("run").asText(), lake.uri(path));
            return published(json);
        });
    }

    static JsonNode read(Storage lake, String path, Versioned file) {
        try {
            JsonNode json = JSON.readTree(file.content());
            if (json.path("format").asInt() != FORMAT) {
                throw Fault.world("Cannot read " + lake.uri(path) + ": it has format " + json.path("format")
                        + ", this version of Millrace knows " + FORMAT);
            }
            return json;
        } catch (IOException e) {
            throw Fault.world("Cannot read " + lake.uri(path) + ": it is damaged: " + e.getMessage(), e);
        }
    }

    static Published published(JsonNode json) {
        return new Published(
                json.path("rows").asLong(),
                json.path("duplicates").asLong(),
                json.path("replaced").asLong(),
                json.path("files").asInt(),
                json.path("at").asText(),
                true);
    }
}
