package dev.millrace.lake.parquet;

/**
 * A column's pages in a row group of a source.
 *
 * @param file its name
 * @param rows of the row group
 * @param bytes hold the pages, from {@code from} to {@code to}
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
record SourceChunk(String file, ChunkMeta meta, long rows, byte[] bytes, int from, int to) {}
