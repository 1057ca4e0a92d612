package dev.millrace.lake.parquet;

import java.util.List;
import java.util.Optional;

/** The indexes of a chunk's pages: which values they may hold, and where they lie. */
final class PageIndexes {
    private static final int UNORDERED = 0;
    private static final int ASCENDING = 1;
    private static final int DESCENDING = 2;

    /** Longer bounds are not worth their place. */
    private static final int LONGEST_BOUND = 256;

    private PageIndexes() {}

    /** Writes a chunk's column index, unless the bounds of a page are not known. Returns its bytes. */
    static int writeColumnIndex(WrittenChunk chunk, Bytes out) {
        List<WrittenPage> pages = chunk.pages();
        if (!chunk.isIndexed() || !chunk.hasPageBounds() || hasLongBounds(pages)) {
            return 0;
        }
        int before = out.size();
        ThriftWriter thrift = new ThriftWriter(out);
        thrift.bools(1, pages.size());
        pages.forEach(page -> thrift.bool(page.hasOnlyNulls()));
        thrift.binaries(2, pages.size());
        pages.forEach(page -> thrift.binary(page.bounds().map(Bounds::min).orElse(new byte[0])));
        thrift.binaries(3, pages.size());
        pages.forEach(page -> thrift.binary(page.bounds().map(Bounds::max).orElse(new byte[0])));
        thrift.i32(4, boundaryOrder(pages, chunk.column().order()));
        thrift.i64s(5, pages.size());
        pages.forEach(page -> thrift.number(page.nulls()));
        thrift.endAll();
        return out.size() - before;
    }

    private static boolean hasLongBounds(List<WrittenPage> pages) {
        return pages.stream()
                .flatMap(page -> page.bounds().stream())
                .anyMatch(bounds -> bounds.min().length > LONGEST_BOUND || bounds.max().length > LONGEST_BOUND);
    }

    /** Pages of nulls alone do not count. */
    private static int boundaryOrder(List<WrittenPage> pages, ValueOrder order) {
        boolean ascends = true;
        boolean descends = true;
        Optional<Bounds> before = Optional.empty();
        for (WrittenPage page : pages) {
            if (page.bounds().isEmpty()) {
                continue;
            }
            Bounds bounds = page.bounds().get();
            if (before.isPresent()) {
                int min = order.compare(before.get().min(), bounds.min());
                int max = order.compare(before.get().max(), bounds.max());
                ascends &= min <= 0 && max <= 0;
                descends &= min >= 0 && max >= 0;
            }
            before = page.bounds();
        }
        return ascends ? ASCENDING : descends ? DESCENDING : UNORDERED;
    }

    /** Writes a chunk's offset index, unless a page begins inside a row. Returns its bytes. */
    static int writeOffsetIndex(WrittenChunk chunk, long chunkFrom, Bytes out) {
        if (!chunk.isIndexed()) {
            return 0;
        }
        int before = out.size();
        ThriftWriter thrift = new ThriftWriter(out);
        thrift.structs(1, chunk.pages().size());
        long at = chunkFrom + chunk.dictionaryBytes();
        for (WrittenPage page : chunk.pages()) {
            thrift.element()
                    .i64(1, at)
                    .i32(2, page.bytes())
                    .i64(3, page.firstRow())
                    .end();
            at += page.bytes();
        }
        thrift.endAll();
        return out.size() - before;
    }
}
