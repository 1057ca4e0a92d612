package dev.millrace.lake.parquet;

import java.util.List;

/** What a footer tells of a row group. */
record RowGroupMeta(long rows, List<ChunkMeta> chunks) {
    RowGroupMeta {
        chunks = List.copyOf(chunks);
    }

    /** Offset of the first page. */
    long from() {
        return chunks.stream().mapToLong(ChunkMeta::from).min().orElse(0);
    }

    /** Offset behind the last page. */
    long to() {
        return chunks.stream().mapToLong(ChunkMeta::to).max().orElse(0);
    }

    /** Bytes of all pages. */
    long bytes() {
        return chunks.stream().mapToLong(ChunkMeta::bytes).sum();
    }
}
