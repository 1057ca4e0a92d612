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
        if (bytes.isPresent()) {
            return new SourceChunk(file.name(), chunk, meta.rows(), bytes.get(), (int) (chunk.from() - origin), (int)
                    (chunk.to() - origin));
        }
        byte[] read = file.read(chunk.from(), chunk.to());
        return new SourceChunk(file.name(), chunk, meta.rows(), read, 0, read.length);
    }
}
