package dev.millrace.lake.parquet;

import java.util.Arrays;
import java.util.Optional;

/**
 * The page of the output that is being put together from pages of sources: levels, and either dictionary indices, or
 * values as bytes of which some may be compressed already, or bits. It is a page of the first version.
 */
final class OpenPage {
    private final MergeOptions options;
    private final ChunkOutput out;
    private final Bytes repetitionBytes = new Bytes(1 << 10);
    private final Bytes definitionBytes = new Bytes(1 << 10);
    private final HybridWriter repetitions = new HybridWriter(repetitionBytes);
    private final HybridWriter definitions = new HybridWriter(definitionBytes);
    private final Bytes values = new Bytes(1 << 16);
    private final Bytes elements = new Bytes(1 << 16);
    private final Bytes joined = new Bytes(1 << 12);
    private final Bytes plain = new Bytes(1 << 16);
    private final Bytes body = new Bytes(1 << 16);
    private final HybridWriter indexWriter = new HybridWriter(plain);
    private LeafColumn column = LeafColumn.NONE;
    private PageCodec codec = PageCodec.NONE;
    private BoundsOfMany bounds = new BoundsOfMany(ValueOrder.NONE);

    /** What the page holds. */
    private enum Content {
        INDICES,
        VALUES,
        BITS
    }

    private Content content = Content.VALUES;
    private int[] indices = new int[1 << 10];
    private int indexCount;
    private int bitCount;

    /** What the compressed elements come to. */
    private int elementsMake;

    private int valueCount;
    private int nulls;
    private int rows;
    private int sourceBytes;
    private boolean startsRow;

    OpenPage(MergeOptions options, ChunkOutput out) {
        this.options = options;
        this.out = out;
    }

    /** Begins a column chunk. */
    void begin(LeafColumn of, PageCodec by) {
        column = of;
        codec = by;
        bounds = new BoundsOfMany(of.order());
        clear();
    }

    private void clear() {
        repetitionBytes.clear();
        definitionBytes.clear();
        repetitions.begin(Levels.width(column.maxRepetition()));
        definitions.begin(Levels.width(column.maxDefinition()));
        values.clear();
        elements.clear();
        bounds.clear();
        indexCount = 0;
        bitCount = 0;
        elementsMake = 0;
        valueCount = 0;
        nulls = 0;
        rows = 0;
        sourceBytes = 0;
    }

    /** Adds the levels of a page of a source, after ending the present page where it has no room for the other. */
    private void add(Content next, Levels levels, int bytes, Optional<Bounds> pageBounds) {
        boolean hasRoom = content == next
                && rows + levels.rows() <= options.pageRows()
                && (long) sourceBytes + bytes <= options.pageBytes();
        if (valueCount > 0 && !hasRoom) {
            end();
        }
        if (valueCount == 0) {
            content = next;
            startsRow = levels.startsRow();
        }
        if (column.maxRepetition() > 0) {
            levels.copyRepetitions(repetitions);
        }
        if (column.maxDefinition() > 0) {
            levels.copyDefinitions(definitions);
        }
        valueCount += levels.values();
        nulls += levels.nulls();
        rows += levels.rows();
        sourceBytes += bytes;
        bounds.add(levels.present(), pageBounds);
    }

    /**
     * Adds a page of dictionary indices.
     *
     * @param bytes that the page had, for the bound of this one
     * @param places for each index what takes its place
     */
    void addIndices(Levels levels, int bytes, Optional<Bounds> pageBounds, int[] added, int[] places) {
        add(Content.INDICES, levels, bytes, pageBounds);
        int count = levels.present();
        if (indexCount + count > indices.length) {
            indices = Arrays.copyOf(indices, Math.max(indices.length * 2, indexCount + count));
        }
        for (int i = 0; i < count; i++) {
            indices[indexCount + i] = places[added[i]];
        }
        indexCount += count;
    }

    /** Adds a page of plain values: they are to be appended to the buffer that this returns. */
    Bytes addValues(Levels levels, int bytes, Optional<Bounds> pageBounds) {
        add(Content.VALUES, levels, bytes, pageBounds);
        return values;
    }

    /**
     * Adds a page of plain values that are compressed: the elements of a block of snappy, or frames of zstd. Not where they
     * cannot be joined to others.
     *
     * @param first where the elements or frames begin
     * @param makes bytes that they come to
     * @param without bytes in front that are none of the values
     * @return whether the page was added
     */
    boolean addElements(
            Levels levels,
            int bytes,
            Optional<Bounds> pageBounds,
            byte[] block,
            int first,
            int to,
            int makes,
            int without) {
        joined.clear();
        if (without > 0 && !SnappyBlock.putElements(block, first, to, makes, without, joined)) {
            return false;
        }
        add(Content.VALUES, levels, bytes, pageBounds);
        compressValues();
        if (without > 0) {
            elements.put(joined);
        } else {
            elements.put(block, first, to - first);
        }
        elementsMake += makes - without;
        return true;
    }

    /** Makes elements of the values that are not compressed yet. */
    private void compressValues() {
        if (values.isEmpty()) {
            return;
        }
        body.clear();
        codec.compress(values.array(), 0, values.size(), body);
        int first = codec.isSnappy() ? SnappyBlock.requireLength(body.array(), 0, body.size(), values.size()) : 0;
        elements.put(body.array(), first, body.size() - first);
        elementsMake += values.size();
        values.clear();
    }

    /** Adds a page of booleans. */
    void addBits(Levels levels, int bytes, Optional<Bounds> pageBounds, int[] added) {
        add(Content.BITS, levels, bytes, pageBounds);
        int count = levels.present();
        values.reserve(count / 8 + 2);
        for (int i = 0; i < count; i++) {
            if ((bitCount & 7) == 0) {
                values.put((byte) 0);
            }
            values.array()[values.size() - 1] |= (byte) (added[i] << (bitCount & 7));
            bitCount++;
        }
    }

    /** Ends the page, unless it is empty. */
    void end() {
        if (valueCount == 0) {
            return;
        }
        plain.clear();
        putLevels();
        int encoding = Encoding.PLAIN;
        body.clear();
        if (!elements.isEmpty()) {
            compressValues();
            body.clear();
            int makes = plain.size() + elementsMake;
            if (codec.isSnappy()) {
                body.putVarint(makes);
            }
            if (!plain.isEmpty() && codec.isSnappy()) {
                SnappyBlock.putLiteral(plain.array(), 0, plain.size(), body);
            } else if (!plain.isEmpty()) {
                codec.compress(plain.array(), 0, plain.size(), body);
            }
            body.put(elements);
            write(encoding, makes);
            return;
        }
        switch (content) {
            case INDICES -> {
                encoding = Encoding.RLE_DICTIONARY;
                putIndices();
            }
            case VALUES, BITS -> plain.put(values);
        }
        codec.compress(plain.array(), 0, plain.size(), body);
        write(encoding, plain.size());
    }

    private void write(int encoding, int uncompressed) {
        out.add(new ChunkOutput.PageFacts(valueCount, nulls, rows, startsRow, bounds), encoding, uncompressed, body);
        clear();
    }

    private void putLevels() {
        if (column.maxRepetition() > 0) {
            repetitions.end();
            plain.putInt(repetitionBytes.size());
            plain.put(repetitionBytes);
        }
        if (column.maxDefinition() > 0) {
            definitions.end();
            plain.putInt(definitionBytes.size());
            plain.put(definitionBytes);
        }
    }

    /** With as many bits as the largest needs, and at least one: not all readers know numbers without bits. */
    private void putIndices() {
        int all = 1;
        for (int i = 0; i < indexCount; i++) {
            all |= indices[i];
        }
        int width = Levels.width(all);
        plain.put((byte) width);
        indexWriter.begin(width);
        indexWriter.put(indices, indexCount);
        indexWriter.end();
    }
}
