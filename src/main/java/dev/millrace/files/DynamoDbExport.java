package dev.millrace.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A full export of a DynamoDB table, as DynamoDB writes it to S3: {@code manifest-summary.json} names {@code
 * manifest-files.json}, which has a line for each data file with its items and MD5. Wherever the whole was copied to, the
 * files are found beside their manifest.
 */
public final class DynamoDbExport {
    private static final ObjectMapper JSON = new ObjectMapper();

    private DynamoDbExport() {}

    /**
     * The files of an export, once each is seen to be there.
     *
     * @param storage whose root is the export's folder
     * @param name of the summary
     * @throws Fault of kind USER for an export of another kind, of kind WORLD for one that is not whole
     */
    public static Snapshot read(Storage storage, String name) {
        String uri = storage.uri(name);
        JsonNode summary = tree(uri, text(storage, name));
        String form = summary.path("outputFormat").asText("DYNAMODB_JSON");
        String type = summary.path("exportType").asText("FULL_EXPORT");
        if (!form.equals("DYNAMODB_JSON") || !type.equals("FULL_EXPORT")) {
            throw Fault.user("Invalid export " + uri + ": it is a " + type + " in " + form
                    + ": must be a FULL_EXPORT in DYNAMODB_JSON");
        }
        String filesKey = required(uri, summary, "manifestFilesS3Key");
        String folder = filesKey.substring(0, filesKey.lastIndexOf('/') + 1);
        String list = filesKey.substring(folder.length());
        Map<String, StoredFile> stored = new HashMap<>();
        storage.list("data/").forEach(file -> stored.put(file.path(), file));
        List<SnapshotFile> files = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        long items = 0;
        for (String line : text(storage, list).lines().toList()) {
            JsonNode file = tree(storage.uri(list), line);
            String key = required(storage.uri(list), file, "dataFileS3Key");
            String path = key.startsWith(folder) ? key.substring(folder.length()) : key;
            StoredFile there = stored.get(path);
            items += file.path("itemCount").longValue();
            if (there == null) {
                wrong.add(storage.uri(path) + ": is missing");
            } else {
                files.add(new SnapshotFile(
                        path,
                        there.bytes(),
                        there.etag(),
                        OptionalLong.of(file.path("itemCount").longValue()),
                        file.path("md5Checksum").asText("")));
            }
        }
        if (!wrong.isEmpty()) {
            throw Fault.world("Export " + uri + " is not whole: " + wrong.size()
                    + " files are missing; nothing was read:" + Snapshot.told(wrong));
        }
        if (items != summary.path("itemCount").asLong(items)) {
            throw Fault.world("Export " + uri + " says " + summary.path("itemCount")
                    + " items, the files in its list have " + items + ": one of both was changed; nothing was read");
        }
        files.sort(java.util.Comparator.comparing(SnapshotFile::path));
        return new Snapshot(storage, files);
    }

    private static String text(Storage storage, String path) {
        return storage.find(path)
                .orElseThrow(() -> Fault.world("Cannot read " + storage.uri(path) + ": it is not there"))
                .utf8();
    }

    private static JsonNode tree(String uri, String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw Fault.world("Export " + uri + " cannot be read: it is no JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static String required(String uri, JsonNode tree, String name) {
        if (!tree.path(name).isTextual()) {
            throw Fault.world("Export " + uri + " cannot be read: it has no " + name);
        }
        return tree.path(name).textValue();
    }
}
