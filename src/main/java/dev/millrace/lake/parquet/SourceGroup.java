package dev.millrace.lake.parquet;

import java.util.OptionalLong;

/**
 * A row group of a source.
 *
 * @param origin where in memory the file would begin; empty where the group is not in memory
 */
record SourceGroup(SourceFile file, RowGroupMeta meta, OptionalLong origin) {
    /** The pages of a column. */
    SourceChunk chunk(int column) {
        ChunkMeta chunk = meta.chunks().get(column);
        return new SourceChunk(file, chunk, meta.rows(), file.pages(chunk, origin));
    }
}
