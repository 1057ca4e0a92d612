package dev.millrace.lake.parquet;

import java.util.List;

/** How a merge of pages ended: with a file, or with the reason why its rows must be written anew instead. */
public sealed interface MergeOutcome {
    /** Why files cannot be merged page by page. */
    enum Reason {
        /** Columns differ. */
        SCHEMA,
        /** A column is compressed in different ways, or in one that is not known here. */
        CODEC,
        /** A file or a column is encrypted. */
        ENCRYPTION,
        /** Pages are encoded in a way that is not known here. */
        ENCODING,
        /** What writers noted, and readers go by, differs. */
        METADATA,
        /** A piece is too large to be held in memory. */
        SIZE
    }

    /** The output is written whole. */
    record Merged(MergeReport report) implements MergeOutcome {}

    /**
     * Nothing of the output is of use.
     *
     * @param detail for a person: the file, the column, the values that differ
     */
    record Refused(Reason reason, String detail) implements MergeOutcome {}

    /**
     * What was merged. Counts are of what was written.
     *
     * @param files sources
     * @param rowGroups of the output
     * @param bytes of the output
     * @param sources what was read of the sources, for comparison with what is read back of the output
     */
    record MergeReport(int files, int rowGroups, long rows, long bytes, List<ColumnReport> columns, PageCheck sources) {
        public MergeReport {
            columns = List.copyOf(columns);
        }
    }

    /**
     * A leaf column of the output.
     *
     * @param path with dots
     * @param values with nulls and empty lists
     * @param nulls those of the values that are null or an empty list
     * @param pages of the output
     * @param remapped source pages whose dictionary indices were translated
     * @param resolved source pages whose dictionary indices were replaced by values
     * @param spliced source pages whose compressed values were taken as they are
     * @param packed source pages that were decompressed and compressed again
     * @param copied source pages taken with their header
     * @param bloomFiltersDropped bloom filters of sources, which hold for their rows only
     */
    record ColumnReport(
            String path,
            long values,
            long nulls,
            long pages,
            long remapped,
            long resolved,
            long spliced,
            long packed,
            long copied,
            long bloomFiltersDropped) {}
}
