package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import java.util.Arrays;
import java.util.Optional;

/**
 * Makes one column chunk of those of many row groups, in their order. Used again and again, by one thread.
 *
 * <p>As long as all pages have dictionaries these are merged, and the indices translated. With the first page without one,
 * or where dictionaries do not pay or become too large, all pages to the chunk's end are plain: some readers take wrong
 * values where a dictionary comes again after a plain page.
 */
final class ChunkMerge implements ChunkWalk.Pages {
    /** Plain pages of so many bytes are worth a page of their own. */
    private static final int LARGE_PAGE = 64 << 10;

    /** Larger pages are not made. */
    private static final int LARGEST_PAGE = 32 << 20;

    /** Compressed values of fewer bytes are compressed again, together with their neighbours. */
    private static final int SMALLEST_BLOCK = 4 << 10;

    private final MergeOptions options;
    private final ChunkOutput out;
    private final OpenPage open;
    private final DataPage page = new DataPage();
    private final SourceDictionary dictionary = new SourceDictionary();
    private final MergedDictionary merged = new MergedDictionary();
    private final PageValues values = new PageValues();
    private final ChunkWalk walk = new ChunkWalk("Cannot merge", "restore the file, or leave it out");
    private int[] places = new int[1 << 10];

    private ColumnTally tally = new ColumnTally(LeafColumn.NONE);
    private LeafColumn column = LeafColumn.NONE;
    private PageCodec codec = PageCodec.NONE;

    /** Whether all pages to the end of the chunk are plain. */
    private boolean isPlain;

    /** Values seen while dictionaries were merged. */
    private long presentValues;

    // Of the source chunk at hand.
    private Optional<PageBounds> pageBounds = Optional.empty();
    private ChunkMeta meta = ChunkMeta.NONE;
    private boolean isWindow;
    private Optional<PageHeader> dictionaryHeader = Optional.empty();
    private byte[] dictionaryBytes = {};
    private int dictionaryAt;
    private int dataPages;
    private boolean isDictionaryRead;
    private boolean isDictionaryPlaced;

    ChunkMerge(MergeOptions options, FileOutput file) {
        this.options = options;
        out = new ChunkOutput(file);
        open = new OpenPage(options, out);
    }

    /** Begins a chunk of the output. */
    void begin(ColumnTally of, PageCodec by) {
        tally = of;
        column = of.column();
        codec = by;
        isPlain = false;
        presentValues = 0;
        merged.clear();
        out.begin(column);
        open.begin(column, by);
        page.begin(column, by);
        if (!of.takesDictionary()) {
            turnPlain();
        }
    }

    /** Ends the dictionary: all pages from now on are plain. */
    private void turnPlain() {
        if (!isPlain) {
            isPlain = true;
            open.end();
            out.endDictionary(merged, codec);
        }
    }

    /**
     * Adds a chunk of a source.
     *
     * @throws Fault that names file, column and page, where bytes are not as they should be
     */
    void add(SourceChunk chunk) {
        meta = chunk.meta();
        pageBounds = chunk.pageBounds();
        isWindow = chunk.pages().isWindow();
        dictionaryHeader = Optional.empty();
        isDictionaryRead = false;
        isDictionaryPlaced = false;
        dataPages = 0;
        tally.addSource(chunk.meta());
        out.addBounds(chunk.meta());
        walk.walk(chunk, column, this);
    }

    /** Ends the chunk, and adds it to the file. */
    void end() {
        turnPlain();
        open.end();
        tally.addWritten(out.end(tally.codec().orElseThrow()));
    }

    @Override
    public void dictionary(PageHeader header, byte[] bytes, int body) {
        dictionaryHeader = Optional.of(header);
        dictionaryBytes = isWindow ? Arrays.copyOfRange(bytes, body, body + header.compressed()) : bytes;
        dictionaryAt = isWindow ? 0 : body;
        isDictionaryRead = false;
    }

    @Override
    public int data(PageHeader header, byte[] bytes, int body) {
        page.open(header, bytes, body);
        if (Encoding.isDictionary(header.encoding())) {
            addIndices(header);
        } else if (!Encoding.standsAlone(header.encoding())) {
            throw new Refusal(MergeOutcome.Reason.ENCODING, "values have encoding " + header.encoding());
        } else {
            turnPlain();
            if (column.type() == PhysicalType.BOOLEAN) {
                addBooleans(header);
            } else if (header.encoding() == Encoding.PLAIN) {
                addPlain(header, bytes, body);
            } else {
                tally.sources().add(page.levels(), values.sum(column, page, header.encoding()));
                copy(header, bytes, body);
            }
        }
        dataPages++;
        return page.levels().rows();
    }

    /** Of the page at hand, as narrow as is told. */
    private Optional<Bounds> bounds(PageHeader header) {
        return pageBounds
                .flatMap(index -> index.of(dataPages))
                .or(() -> header.statistics().bounds())
                .or(() -> meta.statistics().bounds());
    }

    private void copy(PageHeader header, byte[] bytes, int body) {
        open.end();
        Levels levels = page.levels();
        BoundsOfMany bounds = new BoundsOfMany(column.order());
        bounds.add(levels.present(), bounds(header));
        out.addCopy(
                new ChunkOutput.PageFacts(levels.values(), levels.nulls(), levels.rows(), levels.startsRow(), bounds),
                header,
                bytes,
                body);
        tally.copied++;
    }

    private void addBooleans(PageHeader header) {
        Levels levels = page.levels();
        int[] booleans = values.booleans(page, header.encoding());
        tally.sources().add(levels, PageValues.sum(booleans, levels.present()));
        open.addBits(levels, header.uncompressed(), bounds(header), booleans);
        tally.packed++;
    }

    private void addPlain(PageHeader header, byte[] bytes, int body) {
        tally.sources().add(page.levels(), page.sumOfPlainValues());
        if (header.uncompressed() >= LARGE_PAGE) {
            copy(header, bytes, body);
            return;
        }
        int end = page.endOfPlainValues();
        boolean isAlone = page.from() == 0 || header.kind() == PageHeader.Kind.DATA_V2;
        boolean isSpliced = (codec.isSnappy() || (codec.hasFrames() && isAlone))
                && header.second().isCompressed()
                && end == page.to()
                && end - page.from() >= SMALLEST_BLOCK
                && splice(header, bytes, body);
        if (isSpliced) {
            tally.spliced++;
            return;
        }
        open.addValues(page.levels(), header.uncompressed(), bounds(header))
                .put(page.bytes(), page.from(), end - page.from());
        tally.packed++;
    }

    private boolean splice(PageHeader header, byte[] bytes, int body) {
        boolean isFirstVersion = header.kind() == PageHeader.Kind.DATA;
        int levelBytes = header.second().definitionBytes() + header.second().repetitionBytes();
        int from = isFirstVersion ? body : body + levelBytes;
        int makes = isFirstVersion ? header.uncompressed() : header.uncompressed() - levelBytes;
        int without = isFirstVersion ? page.from() : 0;
        int to = body + header.compressed();
        int first = codec.isSnappy() ? SnappyBlock.requireLength(bytes, from, to, makes) : from;
        return open.addElements(page.levels(), header.uncompressed(), bounds(header), bytes, first, to, makes, without);
    }

    private void addIndices(PageHeader header) {
        Levels levels = page.levels();
        int present = levels.present();
        int[] indices = values.indices(page);
        PageHeader block = dictionaryHeader.orElseThrow(() -> new CorruptBytes("it has no dictionary before it"));
        readDictionary(block);
        tally.sources().add(levels, dictionary.sum(indices, present));
        if (isPlain && isWholeDictionary(indices, present, block.values()) && spliceDictionary(header, block)) {
            tally.spliced++;
        } else if (!isPlain && (isDictionaryPlaced || placeDictionary())) {
            open.addIndices(levels, header.uncompressed(), bounds(header), indices, places);
            tally.remapped++;
        } else {
            resolve(header, indices, present);
        }
    }

    private void readDictionary(PageHeader block) {
        if (!isDictionaryRead) {
            dictionary.read(column, block, dictionaryBytes, dictionaryAt, codec);
            isDictionaryRead = true;
        }
    }

    /** Merges the dictionary at hand into that of the output. Returns false where all is plain from now on. */
    private boolean placeDictionary() {
        places = room(places, dictionary.entries());
        isDictionaryPlaced = merged.add(dictionary, places, options.dictionaryBytes());
        presentValues += meta.values() - meta.statistics().nulls().orElse(0);
        if (!isDictionaryPlaced || !tally.judge(merged.entries(), presentValues)) {
            turnPlain();
        }
        return !isPlain;
    }

    /** Adds values in place of indices. */
    private void resolve(PageHeader header, int[] indices, int present) {
        Levels levels = page.levels();
        long bytes = dictionary.bytes(indices, present);
        if (bytes > LARGEST_PAGE) {
            throw new Refusal(MergeOutcome.Reason.SIZE, "its values have " + bytes + " bytes");
        }
        dictionary.resolve(indices, present, open.addValues(levels, (int) bytes, bounds(header)));
        tally.resolved++;
    }

    /** Whether indices are 0, 1, 2, … to the last entry, so that the dictionary is the values. */
    private static boolean isWholeDictionary(int[] indices, int present, int entries) {
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
        if (!(codec.isSnappy() || codec.hasFrames()) || block.uncompressed() < SMALLEST_BLOCK) {
            return false;
        }
        int to = dictionaryAt + block.compressed();
        int first = codec.isSnappy()
                ? SnappyBlock.requireLength(dictionaryBytes, dictionaryAt, to, block.uncompressed())
                : dictionaryAt;
        return open.addElements(
                page.levels(),
                block.uncompressed(),
                bounds(header),
                dictionaryBytes,
                first,
                to,
                block.uncompressed(),
                0);
    }

    private static int[] room(int[] array, int count) {
        return array.length >= count ? array : new int[Math.max(count, array.length * 2)];
    }
}
