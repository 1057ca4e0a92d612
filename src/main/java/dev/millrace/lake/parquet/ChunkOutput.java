package dev.millrace.lake.parquet;

import dev.millrace.lake.parquet.WrittenChunk.PageKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32;

/** Gathers the finished pages of one column chunk of the output. The dictionary is known last, but stands first. */
final class ChunkOutput {
    private final Bytes dictionaryPage = new Bytes(1 << 12);
    private final Bytes pages = new Bytes(1 << 16);
    private final Bytes compressed = new Bytes(1 << 12);
    private final CRC32 crc = new CRC32();
    private LeafColumn column = LeafColumn.NONE;
    private List<WrittenPage> written = new ArrayList<>();
    private Map<PageKind, Integer> kinds = new TreeMap<>();
    private BoundsOfMany bounds = new BoundsOfMany(ValueOrder.NONE);
    private boolean isIndexed;
    private boolean hasPageBounds;
    private long rows;
    private long values;
    private long nulls;
    private long uncompressed;

    void begin(LeafColumn of) {
        column = of;
        dictionaryPage.clear();
        pages.clear();
        written = new ArrayList<>();
        kinds = new TreeMap<>();
        bounds = new BoundsOfMany(of.order());
        isIndexed = true;
        hasPageBounds = true;
        rows = 0;
        values = 0;
        nulls = 0;
        uncompressed = 0;
    }

    /** What is told of a page beside its bytes. */
    record PageFacts(int values, int nulls, int rows, boolean startsRow, BoundsOfMany bounds) {}

    /** Widens the bounds of the chunk by those of a source, which are as exact as any; those of pages may be cut. */
    void addBounds(ChunkMeta source) {
        Statistics statistics = source.statistics();
        bounds.add(source.values() - statistics.nulls().orElse(0), statistics.bounds());
    }

    /** Adds a page of the first version, of levels and values that are compressed already. */
    void add(PageFacts facts, int encoding, int uncompressedBytes, Bytes body) {
        int before = pages.size();
        PageHeader.writeData(
                pages, uncompressedBytes, body.size(), crc(body.array(), 0, body.size()), facts.values, encoding);
        uncompressed += pages.size() - before + uncompressedBytes;
        pages.put(body);
        note(facts, new PageKind(PageHeader.Kind.DATA, encoding), pages.size() - before);
    }

    /** Adds a page of a source as it is. */
    void addCopy(PageFacts facts, PageHeader header, byte[] bytes, int from) {
        int before = pages.size();
        header.writeCopy(pages, crc(bytes, from, header.compressed()));
        uncompressed += pages.size() - before + header.uncompressed();
        pages.put(bytes, from, header.compressed());
        int encoding = Encoding.isDictionary(header.encoding()) ? Encoding.RLE_DICTIONARY : header.encoding();
        note(facts, new PageKind(header.kind(), encoding), pages.size() - before);
    }

    private int crc(byte[] bytes, int from, int length) {
        crc.reset();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    private void note(PageFacts facts, PageKind kind, int bytes) {
        Optional<Bounds> pageBounds = facts.bounds.bounds();
        int present = facts.values - facts.nulls;
        hasPageBounds &= present == 0 || pageBounds.isPresent();
        isIndexed &= facts.startsRow;
        written.add(new WrittenPage(bytes, rows, facts.values, facts.nulls, pageBounds));
        kinds.merge(kind, 1, Integer::sum);
        rows += facts.rows;
        values += facts.values;
        nulls += facts.nulls;
    }

    /** The chunk, whole. */
    WrittenChunk end(MergedDictionary dictionary, PageCodec codec, int codecNumber) {
        boolean hasDictionary = kinds.keySet().stream().anyMatch(kind -> Encoding.isDictionary(kind.encoding()));
        if (hasDictionary) {
            Bytes body = dictionary.body();
            compressed.clear();
            codec.compress(body.array(), 0, body.size(), compressed);
            PageHeader.writeDictionary(
                    dictionaryPage,
                    body.size(),
                    compressed.size(),
                    crc(compressed.array(), 0, compressed.size()),
                    dictionary.entries());
            uncompressed += dictionaryPage.size() + body.size();
            dictionaryPage.put(compressed);
        }
        return new WrittenChunk(
                column,
                codecNumber,
                values,
                nulls,
                bounds.bounds(),
                dictionaryPage.size(),
                (long) dictionaryPage.size() + pages.size(),
                uncompressed,
                written,
                isIndexed,
                hasPageBounds,
                kinds);
    }

    /** The dictionary's page, or nothing. */
    Bytes dictionaryPage() {
        return dictionaryPage;
    }

    /** The data pages. */
    Bytes pages() {
        return pages;
    }
}
