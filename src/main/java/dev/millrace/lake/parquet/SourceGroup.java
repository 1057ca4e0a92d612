package dev.millrace.lake.parquet;

import java.util.Optional;

/**
 * A row group of a source.
 *
 * @param bytes where its pages are in memory
 * @param origin the offset in the file of the first of those bytes
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
record SourceGroup(SourceFile file, RowGroupMeta meta, Optional<byte[]> bytes, long origin) {
    /** The pages of a column. */
    SourceChunk chunk(int column) {
        ChunkMeta chunk = meta.chunks().get(column);
        byte[] pages = bytes.orElseGet(() -> file.read(chunk.from(), chunk.to()));
        int from = bytes.isPresent() ? (int) (chunk.from() - origin) : 0;
        return new SourceChunk(
                file.name(),
                chunk,
                meta.rows(),
                file.pageBounds(chunk),
                pages,
                from,
                from + (int) (chunk.to() - chunk.from()));
    }
}
