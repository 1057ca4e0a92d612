package dev.millrace.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Files that together are a snapshot: every run reads all of them, and its table replaces the one before.
 *
 * @param manifest the summary of a manifest pair that lists the files; else they are those of an export, or of {@code at}
 * @param export an export that was made already: the summary of a full one of a DynamoDB table, or the folder of one of an
 *     RDS or Aurora snapshot, or its {@code export_info} file
 * @param keys types ({@code S}, {@code N} or {@code B}) of the exported table's keys by name, partition key first
 * @param request an export of a DynamoDB table that each run has made
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
        Optional<ExportRequest> request,
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

    /** Which items an export has that is requested. */
    public enum Requested {
        FULL
    }

    /**
     * An export of a DynamoDB table that DynamoDB is asked for.
     *
     * @param items that it has
     * @param table its name
     * @param region empty: that which the AWS SDK finds
     * @param endpoint where DynamoDB answers, if not at the region's address
     * @param role to assume
     * @param externalId that the role asks for
     * @param to the folder on S3 that exports are written below
     */
    public record ExportRequest(
            Requested items,
            String table,
            Optional<String> region,
            Optional<java.net.URI> endpoint,
            Optional<String> role,
            Optional<String> externalId,
            Location to) {}

    public SnapshotSource {
        keys = Ordered.copyOf(keys);
    }

    /** Whether the files hold items of a DynamoDB table. */
    public boolean hasItems() {
        return request.isPresent() || export.filter(SnapshotSource::isOfItems).isPresent();
    }

    /** Whether the files are those of an export of an RDS or Aurora snapshot, table by table. */
    public boolean hasTables() {
        return export.isPresent() && !hasItems();
    }

    static boolean isOfItems(FileLocation export) {
        return export.name().endsWith(".json") && !export.name().startsWith("export_info_");
    }

    /** What the files hold, as a source of files has it, with its defaults. */
    public FileSource.Format fileFormat() {
        return hasItems() ? new FileSource.DynamoDbJson() : format.ofFiles();
    }

    /** What a file must keep to. */
    public FileSource.Limits limits() {
        return FileSource.Limits.DEFAULT;
    }
}
