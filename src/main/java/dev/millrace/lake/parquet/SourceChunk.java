package dev.millrace.lake.parquet;

import java.util.Optional;

/**
 * A column's pages in a row group of a source.
 *
 * @param file its name
 * @param rows of the row group
 * @param pageBounds by its column index
 * @param bytes hold the pages, from {@code from} to {@code to}
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
record SourceChunk(
        String file, ChunkMeta meta, long rows, Optional<PageBounds> pageBounds, byte[] bytes, int from, int to) {
    /** No chunk. */
    static final SourceChunk NONE = new SourceChunk("", ChunkMeta.NONE, 0, Optional.empty(), new byte[0], 0, 0);
}
