package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.zip.CRC32;

/**
 * Makes one column chunk of those of many row groups, in their order. Used again and again, by one thread.
 *
 * <p>As long as all pages have dictionaries these are merged, and the indices translated. With the first page without one,
 * or where dictionaries do not pay or become too large, all pages to the chunk's end are plain: some readers take wrong
 * values where a dictionary comes again after a plain page.
 */
final class ChunkMerge {
    /** Plain pages of so many bytes are worth a page of their own. */
    private static final int LARGE_PAGE = 64 << 10;

    /** Larger pages are not held in memory. */
    private static final int LARGEST_PAGE_READ = 256 << 20;

    /** Larger pages are not made. */
    private static final int LARGEST_PAGE = 64 << 20;

    /** Compressed values of fewer bytes are compressed again, together with their neighbours. */
    private static final int SMALLEST_BLOCK = 4 << 10;

    private final MergeOptions options;
    private final ChunkOutput out = new ChunkOutput();
    private final OpenPage open;
    private final DataPage page = new DataPage();
    private final SourceDictionary dictionary = new SourceDictionary();
    private final MergedDictionary merged = new MergedDictionary();
    private final HybridReader indexReader = new HybridReader();
    private final CRC32 crc = new CRC32();
    private int[] indices = new int[1 << 10];
    private int[] places = new int[1 << 10];

    private ColumnTally tally = new ColumnTally(LeafColumn.NONE);
    private LeafColumn column = LeafColumn.NONE;
    private PageCodec codec = PageCodec.NONE;

    /** Whether all pages to the end of the chunk are plain. */
    private boolean isPlain;

    /** Values seen while dictionaries were merged. */
    private long presentValues;

    // Of the source chunk at hand.
    private SourceChunk source = new SourceChunk("", ChunkMeta.NONE, 0, Optional.empty(), new byte[0], 0, 0);
    private Optional<PageHeader> dictionaryHeader = Optional.empty();
    private int dictionaryAt;
    private int dataPages;
    private boolean isDictionaryRead;
    private boolean isDictionaryPlaced;

    ChunkMerge(MergeOptions options) {
        this.options = options;
        open = new OpenPage(options, out);
    }

    /** Begins a chunk of the output. */
    void begin(ColumnTally of, PageCodec by) {
        tally = of;
        column = of.column();
        codec = by;
        isPlain = !of.takesDictionary();
        presentValues = 0;
        merged.clear();
        out.begin(column);
        open.begin(column, by);
        page.begin(column, by);
    }

    /**
     * Adds a chunk of a source.
     *
     * @throws Fault that names file, column and page, where bytes are not as they should be
     */
    void add(SourceChunk chunk) {
        source = chunk;
        dictionaryHeader = Optional.empty();
        isDictionaryRead = false;
        isDictionaryPlaced = false;
        dataPages = 0;
        tally.addSource(chunk.meta());
        out.addBounds(chunk.meta());
        int at = chunk.from();
        long values = 0;
        long rows = 0;
        for (int number = 0; at < chunk.to() && values < chunk.meta().values(); number++) {
            try {
                ThriftReader in = new ThriftReader(chunk.bytes(), at, chunk.to());
                PageHeader header = PageHeader.read(in);
                int body = in.position();
                if (header.compressed() > chunk.to() - body) {
                    throw new CorruptBytes("it has " + header.compressed() + " bytes, the chunk only "
                            + (chunk.to() - body) + " more");
                }
                if (header.uncompressed() > LARGEST_PAGE_READ) {
                    throw new Refusal(MergeOutcome.Reason.SIZE, "it has " + header.uncompressed() + " bytes");
                }
                requireCrc(header, body);
                if (header.isData()) {
                    values += header.values();
                    rows += addPage(header, body);
                    dataPages++;
                } else if (header.kind() == PageHeader.Kind.DICTIONARY) {
                    dictionaryHeader = Optional.of(header);
                    dictionaryAt = body;
                }
                at = body + header.compressed();
            } catch (CorruptBytes corrupt) {
                throw corrupt("page " + number + ": " + corrupt.getMessage(), corrupt);
            } catch (IndexOutOfBoundsException outside) {
                throw corrupt("page " + number + ": bytes are missing", outside);
            } catch (Refusal refusal) {
                throw new Refusal(
                        refusal.reason(),
                        chunk.file() + ": column " + column.path() + ", page " + number + ": " + refusal.getMessage());
            }
        }
        if (values != chunk.meta().values()) {
            throw corrupt(
                    "its pages hold " + values + " values, the footer tells of "
                            + chunk.meta().values(),
                    null);
        }
        if (rows != chunk.rows()) {
            throw corrupt("its pages hold " + rows + " rows, the footer tells of " + chunk.rows(), null);
        }
    }

    private Fault corrupt(String what, Throwable cause) {
        return Fault.world(
                "Cannot merge " + source.file() + ": column " + column.path() + ", " + what
                        + "; restore the file, or leave it out",
                cause);
    }

    /** The chunk, whole; its pages are those of {@link #out}. */
    WrittenChunk end() {
        open.end();
        WrittenChunk written = out.end(merged, codec, tally.codec().orElseThrow());
        tally.addWritten(written);
        return written;
    }

    ChunkOutput out() {
        return out;
    }

    private void requireCrc(PageHeader header, int body) {
        OptionalInt expected = header.crc();
        if (expected.isPresent()) {
            crc.reset();
            crc.update(source.bytes(), body, header.compressed());
            if ((int) crc.getValue() != expected.getAsInt()) {
                throw new CorruptBytes(String.format(
                        "its checksum is %08x, and should be %08x", (int) crc.getValue(), expected.getAsInt()));
            }
        }
    }

    /** Adds a data page. Returns how many rows begin in it. */
    private int addPage(PageHeader header, int body) {
        if (header.values() == 0) {
            return 0;
        }
        if (Encoding.isDictionary(header.encoding())) {
            page.open(header, source.bytes(), body);
            addIndices(header);
            return page.levels().rows();
        }
        if (!Encoding.standsAlone(header.encoding())) {
            throw new Refusal(MergeOutcome.Reason.ENCODING, "values have encoding " + header.encoding());
        }
        isPlain = true;
        boolean isBoolean = column.type() == PhysicalType.BOOLEAN;
        if (!isBoolean && (header.encoding() != Encoding.PLAIN || header.uncompressed() >= LARGE_PAGE)) {
            return copy(header, body);
        }
        page.open(header, source.bytes(), body);
        if (isBoolean) {
            addBooleans(header);
        } else {
            addPlain(header, body);
        }
        return page.levels().rows();
    }

    /** Of the page at hand, as narrow as is told. */
    private Optional<Bounds> bounds(PageHeader header) {
        return source.pageBounds()
                .flatMap(index -> index.of(dataPages))
                .or(() -> header.statistics().bounds())
                .or(() -> source.meta().statistics().bounds());
    }

    private int copy(PageHeader header, int body) {
        open.end();
        int nulls = header.second().nulls();
        int rows = header.values();
        boolean startsRow = true;
        // Only the levels tell where rows begin, and what is null; and without a checksum only decompressing tells
        // whether
        // the bytes are as they were written.
        boolean needsLevels = header.crc().isEmpty()
                || column.maxRepetition() > 0
                || (column.maxDefinition() > 0
                        && source.meta().statistics().nulls().orElse(1) != 0);
        if (needsLevels) {
            page.open(header, source.bytes(), body);
            nulls = page.levels().nulls();
            rows = page.levels().rows();
            startsRow = page.levels().startsRow();
            if (header.encoding() == Encoding.PLAIN) {
                page.endOfPlainValues();
            }
        }
        BoundsOfMany bounds = new BoundsOfMany(column.order());
        bounds.add(header.values() - nulls, bounds(header));
        out.addCopy(
                new ChunkOutput.PageFacts(header.values(), nulls, rows, startsRow, bounds),
                header,
                source.bytes(),
                body);
        tally.copied++;
        return rows;
    }

    private void addBooleans(PageHeader header) {
        Levels levels = page.levels();
        int present = levels.present();
        indices = room(indices, present);
        byte[] bytes = page.bytes();
        int from = page.from();
        if (header.encoding() == Encoding.RLE) {
            if (present > 0) {
                int length = page.to() - from < Integer.BYTES ? -1 : LittleEndian.intAt(bytes, from);
                if (length < 0 || length > page.to() - from - Integer.BYTES) {
                    throw new CorruptBytes("its booleans have " + length + " bytes");
                }
                int first = from + Integer.BYTES;
                indexReader.begin(bytes, first, first + length, 1).read(indices, 0, present);
            }
        } else if (header.encoding() == Encoding.PLAIN) {
            if ((present + 7) / 8 > page.to() - from) {
                throw new CorruptBytes(present + " booleans do not fit into " + (page.to() - from) + " bytes");
            }
            for (int i = 0; i < present; i++) {
                indices[i] = bytes[from + (i >> 3)] >> (i & 7) & 1;
            }
        } else {
            throw new Refusal(MergeOutcome.Reason.ENCODING, "booleans have encoding " + header.encoding());
        }
        open.addBits(levels, header.uncompressed(), bounds(header), indices);
        tally.packed++;
    }

    private void addPlain(PageHeader header, int body) {
        int end = page.endOfPlainValues();
        boolean isSpliced = codec.isSnappy()
                && header.second().isCompressed()
                && end == page.to()
                && end - page.from() >= SMALLEST_BLOCK
                && splice(header, body);
        if (isSpliced) {
            tally.spliced++;
            return;
        }
        open.addValues(page.levels(), header.uncompressed(), bounds(header))
                .put(page.bytes(), page.from(), end - page.from());
        tally.packed++;
    }

    private boolean splice(PageHeader header, int body) {
        boolean isFirstVersion = header.kind() == PageHeader.Kind.DATA;
        int levelBytes = header.second().definitionBytes() + header.second().repetitionBytes();
        int from = isFirstVersion ? body : body + levelBytes;
        int makes = isFirstVersion ? header.uncompressed() : header.uncompressed() - levelBytes;
        int without = isFirstVersion ? page.from() : 0;
        int to = body + header.compressed();
        int first = SnappyBlock.requireLength(source.bytes(), from, to, makes);
        return open.addElements(
                page.levels(), header.uncompressed(), bounds(header), source.bytes(), first, to, makes, without);
    }

    private void addIndices(PageHeader header) {
        Levels levels = page.levels();
        int present = levels.present();
        indices = room(indices, present);
        if (present > 0) {
            if (page.to() <= page.from()) {
                throw new CorruptBytes("it has no dictionary indices");
            }
            int width = page.bytes()[page.from()];
            if (width == Integer.SIZE) {
                throw new CorruptBytes("its dictionary indices have " + width + " bits");
            }
            indexReader.begin(page.bytes(), page.from() + 1, page.to(), width).read(indices, 0, present);
        }
        PageHeader block = dictionaryHeader.orElseThrow(() -> new CorruptBytes("it has no dictionary before it"));
        requireEntries(present, block.values());
        if (isPlain && isWholeDictionary(present, block.values()) && spliceDictionary(header, block)) {
            tally.spliced++;
            return;
        }
        readDictionary(block);
        if (!isPlain && (isDictionaryPlaced || placeDictionary())) {
            open.addIndices(levels, header.uncompressed(), bounds(header), indices, places);
            tally.remapped++;
        } else {
            resolve(header, present);
        }
    }

    private void readDictionary(PageHeader block) {
        if (!isDictionaryRead) {
            dictionary.read(column, block, source.bytes(), dictionaryAt, codec);
            isDictionaryRead = true;
        }
    }

    private void requireEntries(int present, int entries) {
        for (int i = 0; i < present; i++) {
            if (indices[i] >= entries) {
                throw new CorruptBytes("index " + indices[i] + " is none of " + entries + " dictionary entries");
            }
        }
    }

    /** Merges the dictionary at hand into that of the output. Returns false where all is plain from now on. */
    private boolean placeDictionary() {
        places = room(places, dictionary.entries());
        isDictionaryPlaced = merged.add(dictionary, places, options.dictionaryBytes());
        presentValues +=
                source.meta().values() - source.meta().statistics().nulls().orElse(0);
        isPlain = !isDictionaryPlaced || !tally.judge(merged.entries(), presentValues);
        return !isPlain;
    }

    /** Adds values in place of indices. */
    private void resolve(PageHeader header, int present) {
        Levels levels = page.levels();
        long bytes = dictionary.bytes(indices, present);
        if (bytes > LARGEST_PAGE) {
            throw new Refusal(MergeOutcome.Reason.SIZE, "its values have " + bytes + " bytes");
        }
        dictionary.resolve(indices, present, open.addValues(levels, (int) bytes, bounds(header)));
        tally.resolved++;
    }

    /** Whether indices are 0, 1, 2, … to the last entry, so that the dictionary is the values. */
    private boolean isWholeDictionary(int present, int entries) {
        if (present != entries) {
            return false;
        }
        for (int i = 0; i < present; i++) {
            if (indices[i] != i) {
                return false;
            }
        }
        return true;
    }

    /** Takes the compressed dictionary for the values, unless it is too small or cannot be known to be valid. */
    private boolean spliceDictionary(PageHeader header, PageHeader block) {
        if (!codec.isSnappy() || block.uncompressed() < SMALLEST_BLOCK) {
            return false;
        }
        if (block.crc().isEmpty()) {
            readDictionary(block);
        }
        if (column.fixedBytes() > 0 && (long) block.values() * column.fixedBytes() != block.uncompressed()) {
            throw new CorruptBytes(block.values() + " dictionary entries have " + block.uncompressed() + " bytes");
        }
        int to = dictionaryAt + block.compressed();
        int first = SnappyBlock.requireLength(source.bytes(), dictionaryAt, to, block.uncompressed());
        return open.addElements(
                page.levels(),
                block.uncompressed(),
                bounds(header),
                source.bytes(),
                first,
                to,
                block.uncompressed(),
                0);
    }

    private static int[] room(int[] array, int count) {
        return array.length >= count ? array : new int[Math.max(count, array.length * 2)];
    }
}
