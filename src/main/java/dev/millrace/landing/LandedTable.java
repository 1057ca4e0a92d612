package dev.millrace.landing;

import dev.millrace.run.DataFile;
import dev.millrace.run.TableCounts;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.util.List;
import java.util.stream.Stream;

/**
 * A table of one run in the landing, as its manifest describes it: all that a warehouse needs to load it.
 *
 * @param definition columns in the order they were written
 * @param format of every file
 * @param codec of every file
 * @param files sorted by path; none for a table without rows
 * @param counts over all units
 * @param schemaVersion of the data-schema it was written by
 * @param partitions columns that are no columns of the files: their values are in the names of the files' folders, as
 *     {@link PartitionPath} writes them; mostly none
 */
public record LandedTable(
        TableDefinition definition,
        FileFormat format,
        Codec codec,
        List<DataFile> files,
        TableCounts counts,
        int schemaVersion,
        List<Column> partitions) {
    public LandedTable {
        files = List.copyOf(files);
        partitions = List.copyOf(partitions);
    }

    /** A table without partitions. */
    public LandedTable(
            TableDefinition definition,
            FileFormat format,
            Codec codec,
            List<DataFile> files,
            TableCounts counts,
            int schemaVersion) {
        this(definition, format, codec, files, counts, schemaVersion, List.of());
    }

    public String name() {
        return definition.name();
    }

    /** Its columns, also those that are in the names of its files' folders. */
    public List<Column> allColumns() {
        return Stream.concat(definition.columns().stream(), partitions.stream()).toList();
    }

    /** Those of some columns that it has. */
    public List<String> those(List<String> columns) {
        return columns.stream()
                .filter(column ->
                        allColumns().stream().anyMatch(has -> has.name().equalsIgnoreCase(column)))
                .toList();
    }

    public long rows() {
        return files.stream().mapToLong(DataFile::rows).sum();
    }

    public long bytes() {
        return files.stream().mapToLong(DataFile::bytes).sum();
    }
}
