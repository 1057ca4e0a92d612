package dev.millrace.lake.parquet;

import dev.millrace.lake.parquet.WrittenChunk.PageKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * Writes the finished pages of one column chunk of the output. They are held in memory as long as the dictionary, which
 * stands first, is not known.
 */
final class ChunkOutput {
    private static final int WRITTEN_AT_ONCE = 1 << 20;

    private final FileOutput file;
    private final Bytes pages = new Bytes(1 << 16);
    private final Bytes compressed = new Bytes(1 << 12);
    private final CRC32 crc = new CRC32();
    private LeafColumn column = LeafColumn.NONE;
    private List<WrittenPage> written = new ArrayList<>();
    private Map<PageKind, Integer> kinds = new TreeMap<>();
    private BoundsOfMany bounds = new BoundsOfMany(ValueOrder.NONE);
    private long from;
    private boolean hasDictionary;
    private boolean isDictionaryKnown;
    private int dictionaryBytes;
    private boolean isIndexed;
    private boolean hasPageBounds;
    private long rows;
    private long values;
    private long nulls;
    private long uncompressed;

    ChunkOutput(FileOutput file) {
        this.file = file;
    }

    void begin(LeafColumn of) {
        column = of;
        from = file.bytes();
        hasDictionary = false;
        isDictionaryKnown = false;
        dictionaryBytes = 0;
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
    void addCopy(PageFacts facts, PageHeader header, byte[] bytes, int at) {
        int before = pages.size();
        header.writeCopy(pages, crc(bytes, at, header.compressed()));
        int headerBytes = pages.size() - before;
        uncompressed += headerBytes + header.uncompressed();
        if (isDictionaryKnown && header.compressed() >= WRITTEN_AT_ONCE) {
            writePages();
            file.write(bytes, at, header.compressed());
        } else {
            pages.put(bytes, at, header.compressed());
        }
        note(facts, new PageKind(header.kind(), header.encoding()), headerBytes + header.compressed());
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
        hasDictionary |= Encoding.isDictionary(kind.encoding());
        if (isDictionaryKnown && pages.size() >= WRITTEN_AT_ONCE) {
            writePages();
        }
    }

    private void writePages() {
        file.write(pages);
        pages.clear();
    }

    /** Takes the dictionary of the pages so far: none that follows has one. */
    void endDictionary(MergedDictionary dictionary, PageCodec codec) {
        isDictionaryKnown = true;
        if (!hasDictionary) {
            return;
        }
        Bytes body = dictionary.body();
        compressed.clear();
        codec.compress(body.array(), 0, body.size(), compressed);
        Bytes header = new Bytes(64);
        PageHeader.writeDictionary(
                header,
                body.size(),
                compressed.size(),
                crc(compressed.array(), 0, compressed.size()),
                dictionary.entries());
        uncompressed += header.size() + body.size();
        dictionaryBytes = header.size() + compressed.size();
        file.write(header);
        file.write(compressed);
    }

    /** Ends the chunk and adds it to the file. */
    WrittenChunk end(int codecNumber) {
        writePages();
        WrittenChunk chunk = new WrittenChunk(
                column,
                codecNumber,
                values,
                nulls,
                bounds.bounds(),
                dictionaryBytes,
                file.bytes() - from,
                uncompressed,
                written,
                isIndexed,
                hasPageBounds,
                kinds);
        file.add(chunk, from);
        return chunk;
    }
}
