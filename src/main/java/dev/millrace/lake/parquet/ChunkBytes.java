package dev.millrace.lake.parquet;

import java.util.Optional;

/** The pages of a chunk, one after the other: all of them in memory, or a window that moves over them. */
final class ChunkBytes {
    /** No pages. */
    static final ChunkBytes NONE = new ChunkBytes(new Bytes(0), 0, 0, Optional.empty(), 0, 0, 0);

    private final Bytes bytes;
    private final Optional<MergeSource> source;

    /** Offsets in the file of what is to be read yet. */
    private long from;

    private final long to;
    private final int atOnce;

    // In memory.
    private int at;
    private int end;

    private ChunkBytes(Bytes bytes, int at, int end, Optional<MergeSource> source, long from, long to, int atOnce) {
        this.bytes = bytes;
        this.at = at;
        this.end = end;
        this.source = source;
        this.from = from;
        this.to = to;
        this.atOnce = atOnce;
    }

    static ChunkBytes held(Bytes bytes, int at, int length) {
        return new ChunkBytes(bytes, at, at + length, Optional.empty(), 0, 0, 0);
    }

    /**
     * @param window holds what is read; nobody else uses it meanwhile
     * @param atOnce bytes to be read at once
     */
    static ChunkBytes window(Bytes window, int atOnce, MergeSource source, long from, long to) {
        return new ChunkBytes(window, 0, 0, Optional.of(source), from, to, atOnce);
    }

    /** Whether bytes are gone once they were passed. */
    boolean isWindow() {
        return source.isPresent();
    }

    /** Bytes that were not passed yet. */
    long rest() {
        return end - at + to - from;
    }

    /** Where the next bytes are: those from {@link #at} to {@link #end}. Another array after {@link #require}. */
    byte[] array() {
        return bytes.array();
    }

    int at() {
        return at;
    }

    int end() {
        return end;
    }

    /** Makes so many of the next bytes be there, or as many as there are. */
    void require(int count) {
        if (end - at >= count || from == to) {
            return;
        }
        int kept = end - at;
        System.arraycopy(bytes.array(), at, bytes.array(), 0, kept);
        bytes.cutTo(kept);
        int more = (int) Math.min(Math.max(count, atOnce) - kept, to - from);
        source.orElseThrow().read(from, bytes.reserve(more), kept, more);
        bytes.advance(more);
        from += more;
        at = 0;
        end = bytes.size();
    }

    /** Passes over bytes that are there. */
    void forward(int count) {
        at += count;
    }
}
