package dev.millrace.lake.parquet;

/** A column chunk of the output, with the places where it and its indexes lie. */
final class PlacedChunk {
    private final WrittenChunk chunk;
    private final long from;
    private long columnIndexFrom;
    private int columnIndexBytes;
    private long offsetIndexFrom;
    private int offsetIndexBytes;

    PlacedChunk(WrittenChunk chunk, long from) {
        this.chunk = chunk;
        this.from = from;
    }

    /** @param bytes none where there is no index */
    void placeColumnIndex(long at, int bytes) {
        columnIndexFrom = at;
        columnIndexBytes = bytes;
    }

    /** @param bytes none where there is no index */
    void placeOffsetIndex(long at, int bytes) {
        offsetIndexFrom = at;
        offsetIndexBytes = bytes;
    }

    WrittenChunk chunk() {
        return chunk;
    }

    long from() {
        return from;
    }

    long columnIndexFrom() {
        return columnIndexFrom;
    }

    int columnIndexBytes() {
        return columnIndexBytes;
    }

    long offsetIndexFrom() {
        return offsetIndexFrom;
    }

    int offsetIndexBytes() {
        return offsetIndexBytes;
    }
}
