package dev.millrace.lake.parquet;

import java.util.OptionalInt;

/** What is known of a column over all row groups of a merge: whether dictionaries pay, and counts for the report. */
final class ColumnTally {
    /** More different values than this part of all are not worth a dictionary. */
    private static final double MOST_DISTINCT = 0.6;

    /** Values after which that is decided. */
    private static final int SAMPLE = 20_000;

    private final LeafColumn column;
    private OptionalInt codec = OptionalInt.empty();
    private boolean isDecided;
    private boolean takesDictionary = true;
    private long values;
    private long nulls;
    private long pages;
    private long bloomFilters;
    /** Of the sources. */
    private final ColumnSum sources = new ColumnSum();

    long remapped;
    long resolved;
    long spliced;
    long packed;
    long copied;

    ColumnTally(LeafColumn column) {
        this.column = column;
    }

    LeafColumn column() {
        return column;
    }

    /** Parquet's number of the codec of all sources; empty before the first that has rows. */
    OptionalInt codec() {
        return codec;
    }

    void takeCodec(int number) {
        codec = OptionalInt.of(number);
    }

    boolean takesDictionary() {
        return takesDictionary;
    }

    /** Decides once enough values were seen. Returns whether dictionaries pay, as far as can be told. */
    boolean judge(long entries, long presentValues) {
        if (!isDecided && presentValues >= SAMPLE) {
            isDecided = true;
            takesDictionary = entries <= presentValues * MOST_DISTINCT;
        }
        return takesDictionary;
    }

    void addSource(ChunkMeta chunk) {
        if (chunk.hasBloomFilter()) {
            bloomFilters++;
        }
    }

    ColumnSum sources() {
        return sources;
    }

    void addWritten(WrittenChunk chunk) {
        values += chunk.values();
        nulls += chunk.nulls();
        pages += chunk.pages().size();
    }

    MergeOutcome.ColumnReport report() {
        return new MergeOutcome.ColumnReport(
                column.path(), values, nulls, pages, remapped, resolved, spliced, packed, copied, bloomFilters);
    }
}
