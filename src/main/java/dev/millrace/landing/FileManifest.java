package dev.millrace.landing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A list of files as a pair: a Parquet file with a row per file ({@code uri, size, n_record, etag}), and a summary in
 * JSON that says where it is ({@code manifest}) and what it adds up to ({@code size, n_record, fingerprint, details}).
 * Readers of other programs know this layout; the fingerprint is the MD5 of all uris and etags in the order of uris.
 */
public final class FileManifest {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private FileManifest() {}

    /**
     * What a summary says.
     *
     * @param data uri of the list
     * @param bytes of all files, where it says so
     * @param rows of all files, where it says so
     * @param details what else it says in text
     */
    public record Summary(String data, OptionalLong bytes, OptionalLong rows, Map<String, String> details) {
        public Summary {
            details = Map.copyOf(details);
        }

        /**
         * Reads a summary.
         *
         * @param uri as which messages name it
         * @throws Fault of kind WORLD when it is none
         */
        public static Summary parse(String uri, String json) {
            try {
                JsonNode root = JSON.readTree(json);
                if (!root.path("manifest").isTextual()) {
                    throw Fault.world("Manifest " + uri
                            + " cannot be read: it has no text manifest, which says where its " + "list of files is");
                }
                Map<String, String> details = new HashMap<>();
                root.path("details").fields().forEachRemaining(field -> {
                    if (field.getValue().isTextual()) {
                        details.put(field.getKey(), field.getValue().textValue());
                    }
                });
                return new Summary(
                        root.path("manifest").textValue(), whole(root, "size"), whole(root, "n_record"), details);
            } catch (JsonProcessingException e) {
                throw Fault.world("Manifest " + uri + " cannot be read: it is no JSON: " + e.getOriginalMessage(), e);
            }
        }

        private static OptionalLong whole(JsonNode root, String name) {
            JsonNode value = root.path(name);
            return value.isIntegralNumber() ? OptionalLong.of(value.longValue()) : OptionalLong.empty();
        }
    }

    /**
     * Writes a pair, the summary last; what stands there already is replaced.
     *
     * @param details what else the summary says
     */
    public static void put(
            Storage storage, String summary, String data, List<ManifestEntry> files, Map<String, String> details) {
        storage.put(data, ManifestData.bytes(files));
        ObjectNode root = JSON.createObjectNode();
        root.put("format", LandingManifests.FORMAT);
        root.put("manifest", storage.uri(data));
        root.put("size", files.stream().mapToLong(ManifestEntry::bytes).sum());
        OptionalLong rows = rows(files);
        if (rows.isPresent()) {
            root.put("n_record", rows.getAsLong());
        } else {
            root.putNull("n_record");
        }
        root.put("n_file", files.size());
        root.put("fingerprint", fingerprint(files));
        ObjectNode more = root.putObject("details");
        details.forEach(more::put);
        try {
            storage.put(summary, JSON.writeValueAsBytes(root));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All records; empty where those of a file are not counted. */
    public static OptionalLong rows(List<ManifestEntry> files) {
        return files.stream().allMatch(file -> file.rows().isPresent())
                ? OptionalLong.of(files.stream()
                        .mapToLong(file -> file.rows().getAsLong())
                        .sum())
                : OptionalLong.empty();
    }

    /**
     * The files that a list has, in its order.
     *
     * @throws Fault of kind WORLD when it cannot be read
     */
    public static List<ManifestEntry> files(Storage storage, String data) {
        byte[] content = storage.find(data)
                .orElseThrow(() -> Fault.world("Manifest " + storage.uri(data) + " cannot be read: it is not there"))
                .content();
        return ManifestData.files(storage.uri(data), content);
    }

    /** The MD5 of uris and etags in the order of uris, as text of code points. */
    static String fingerprint(List<ManifestEntry> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("MD5");
            files.stream()
                    .sorted(Comparator.comparing(file -> utf8(file.uri()), Arrays::compareUnsigned))
                    .forEach(file -> {
                        digest.update(utf8(file.uri()));
                        digest.update(utf8(file.etag()));
                    });
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has MD5", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** What a summary at a path says, or empty where there is none. */
    public static Optional<Summary> find(Storage storage, String summary) {
        return storage.find(summary).map(file -> Summary.parse(storage.uri(summary), file.utf8()));
    }
}
