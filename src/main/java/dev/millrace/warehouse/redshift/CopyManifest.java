package dev.millrace.warehouse.redshift;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.storage.Storage;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The files that one COPY loads, and no others.
 *
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html">manifests</a>;
 *     {@code content_length} is required for Parquet
 */
final class CopyManifest {
    private record Entry(String url, long bytes) {}

    private final List<Entry> entries = new ArrayList<>();

    /**
     * Adds a file.
     *
     * @param url of the file on S3
     */
    void add(String url, long bytes) {
        entries.add(new Entry(url, bytes));
    }

    /** Writes it. */
    void put(Storage storage, String path) {
        storage.put(path, json().getBytes(StandardCharsets.UTF_8));
    }

    private String json() {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeArrayFieldStart("entries");
            for (Entry entry : entries) {
                json.writeStartObject();
                json.writeStringField("url", entry.url());
                json.writeBooleanField("mandatory", true);
                json.writeObjectFieldStart("meta");
                json.writeNumberField("content_length", entry.bytes());
                json.writeEndObject();
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }
}
