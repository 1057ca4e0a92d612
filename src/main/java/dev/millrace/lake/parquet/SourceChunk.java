package dev.millrace.lake.parquet;

import java.util.Optional;

/**
 * A column's pages in a row group of a source.
 *
 * @param rows of the row group
 */
record SourceChunk(SourceFile file, ChunkMeta meta, long rows, ChunkBytes pages) {
    /** The bounds of its pages by its column index. */
    Optional<PageBounds> pageBounds() {
        return file.pageBounds(meta);
    }
}
