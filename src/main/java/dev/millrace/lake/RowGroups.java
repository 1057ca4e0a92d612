package dev.millrace.lake;

import dev.millrace.run.DataFile;
import java.util.List;

/** Tells where a file can be cut. Asked only for files that lie on the border of two outputs. */
@FunctionalInterface
public interface RowGroups {
    /**
     * A row group.
     *
     * @param bytes as they lie in the file
     */
    record RowGroup(long rows, long bytes) {}

    /** The row groups of a file in their order, by its footer. */
    List<RowGroup> of(DataFile file);
}
