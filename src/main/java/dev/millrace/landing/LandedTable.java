package dev.millrace.landing;

import dev.millrace.run.DataFile;
import dev.millrace.run.TableCounts;
import dev.millrace.table.Codec;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.util.List;

/**
 * A table of one run in the landing, as its manifest describes it: all that a warehouse needs to load it.
 *
 * @param definition columns in the order they were written
 * @param format of every file
 * @param codec of every file
 * @param files sorted by path; none for a table without rows
 * @param counts over all units
 * @param schemaVersion of the data-schema it was written by
 */
public record LandedTable(
        TableDefinition definition,
        FileFormat format,
        Codec codec,
        List<DataFile> files,
        TableCounts counts,
        int schemaVersion) {
    public LandedTable {
        files = List.copyOf(files);
    }

    public String name() {
        return definition.name();
    }

    public long rows() {
        return files.stream().mapToLong(DataFile::rows).sum();
    }

    public long bytes() {
        return files.stream().mapToLong(DataFile::bytes).sum();
    }
}
