package dev.millrace.config;

import java.util.List;
import java.util.Optional;

/**
 * Where tables are published for readers of files, and how.
 *
 * @param at folder of the tables, one folder each
 * @param publish how readers come to see new files
 * @param partitionBy columns whose values name the folders that a table's files lie in, from the outermost; a table
 *     without one of them is not partitioned by it
 * @param fileSize about how big files are
 * @param versions of a table that are kept with {@link Publish#VERSIONED}
 * @param also other layouts of the same tables
 * @param compaction how few files are made of many; columns to sort by that a table has not are left out for it
 * @param catalog that each run registers the tables in; empty: none
 */
public record LakeSettings(
        Location at,
        Publish publish,
        List<String> partitionBy,
        ByteSize fileSize,
        int versions,
        List<Layout> also,
        CompactionSettings compaction,
        Optional<CatalogSettings> catalog) {
    /** How readers come to see new files. */
    public enum Publish {
        /** A Delta table: all of a run's files at once. */
        DELTA,
        /** Plain Parquet in place: each file by itself. */
        FOLDERS,
        /** Plain Parquet in a folder of its own for each version: all at once, by a pointer. */
        VERSIONED
    }

    /**
     * The same tables in other folders.
     *
     * @param partitionBy as that of the lake; at least one column
     */
    public record Layout(List<String> partitionBy) {
        public Layout {
            partitionBy = List.copyOf(partitionBy);
        }

        /** What follows a table's name in the name of this layout's folder. */
        public String suffix() {
            return "_by_" + String.join("_", partitionBy);
        }
    }

    public LakeSettings {
        partitionBy = List.copyOf(partitionBy);
        also = List.copyOf(also);
    }
}
