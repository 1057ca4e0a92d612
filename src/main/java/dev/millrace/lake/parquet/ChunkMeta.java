package dev.millrace.lake.parquet;

import java.util.OptionalLong;

/**
 * What a footer tells of a column chunk: where its pages lie, and what is in them.
 *
 * @param codec Parquet's number
 * @param values with nulls
 * @param dataFrom offset of the first data page
 * @param dictionaryFrom offset of the dictionary page
 * @param bytes of all pages with their headers
 * @param columnIndexFrom offset of the chunk's column index, of {@code columnIndexBytes}
 * @param hasBloomFilter whether it has one, which is of no use for other rows
 */
record ChunkMeta(
        PhysicalType type,
        int codec,
        long values,
        long dataFrom,
        OptionalLong dictionaryFrom,
        long bytes,
        Statistics statistics,
        OptionalLong columnIndexFrom,
        int columnIndexBytes,
        boolean hasBloomFilter) {
    /** No chunk. */
    static final ChunkMeta NONE = new ChunkMeta(
            PhysicalType.BOOLEAN, 0, 0, 0, OptionalLong.empty(), 0, Statistics.NONE, OptionalLong.empty(), 0, false);

    /** Offset of the first page. Some writers note a dictionary at 0, or after the data, that is not there. */
    long from() {
        return dictionaryFrom.isPresent() && dictionaryFrom.getAsLong() > 0 && dictionaryFrom.getAsLong() < dataFrom
                ? dictionaryFrom.getAsLong()
                : dataFrom;
    }

    /** Offset behind the last page. */
    long to() {
        return from() + bytes;
    }
}
