package dev.millrace.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Files that together are a snapshot: every run reads all of them, and its table replaces the one before.
 *
 * @param manifest the summary of a manifest pair that lists the files; else they are those of {@code at}
 * @param export the summary of a full export of a DynamoDB table to S3, in DynamoDB JSON
 * @param keys types ({@code S}, {@code N} or {@code B}) of the exported table's keys by name, partition key first
 * @param at their folder
 * @param names a file's name must match this, where {@code *} stands for any characters and {@code ?} for one; only of
 *     files that are listed
 * @param format what they hold
 * @param groupBytes that files of a unit of work have at most; empty: it goes by the sizes of the files
 * @param fileColumn whether rows say which file they are from
 */
public record SnapshotSource(
        Optional<FileLocation> manifest,
        Optional<FileLocation> export,
        Map<String, String> keys,
        Optional<Location> at,
        String names,
        Format format,
        OptionalLong groupBytes,
        boolean fileColumn)
        implements Source {
    /** What the files of a snapshot hold. */
    public enum Format {
        PARQUET,
        CSV,
        JSON;

        private FileSource.Format ofFiles() {
            return switch (this) {
                case PARQUET -> new FileSource.Parquet();
                case CSV -> new FileSource.Csv(',', '"', '"', "", "");
                case JSON -> new FileSource.Json(List.of(), false);
            };
        }
    }

    public SnapshotSource {
        keys = Ordered.copyOf(keys);
    }

    /** What the files hold, as a source of files has it, with its defaults. */
    public FileSource.Format fileFormat() {
        return export.isPresent() ? new FileSource.DynamoDbJson() : format.ofFiles();
    }

    /** What a file must keep to. */
    public FileSource.Limits limits() {
        return FileSource.Limits.DEFAULT;
    }
}
