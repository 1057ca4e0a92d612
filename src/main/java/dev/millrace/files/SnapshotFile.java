package dev.millrace.files;

import dev.millrace.landing.ManifestEntry;
import dev.millrace.storage.Storage;
import java.util.OptionalLong;

/**
 * A file of a snapshot.
 *
 * @param path relative to the root of the snapshot's storage
 * @param bytes its size
 * @param etag as storage gave it when the file was listed
 * @param rows that it has to have; empty where nobody has said so
 * @param md5 that it has to have, in base64; empty where nobody has said so
 */
public record SnapshotFile(String path, long bytes, String etag, OptionalLong rows, String md5) {
    public SnapshotFile(String path, long bytes, String etag, OptionalLong rows) {
        this(path, bytes, etag, rows, "");
    }

    ManifestEntry entry(Storage source) {
        return new ManifestEntry(source.uri(path), bytes, rows, etag);
    }

    static SnapshotFile of(Storage source, ManifestEntry entry) {
        return new SnapshotFile(source.pathOf(entry.uri()), entry.bytes(), entry.etag(), entry.rows());
    }
}
