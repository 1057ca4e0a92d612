package dev.millrace.lake.parquet;

/**
 * A data page of a source, opened: its levels counted, its values decompressed. Used again and again.
 *
 * <p>The values are those of {@link #bytes} from {@link #from} to {@link #to}.
 */
final class DataPage {
    private final Levels levels = new Levels();
    private final Bytes body = new Bytes(1 << 16);
    private LeafColumn column = LeafColumn.NONE;
    private PageCodec codec = PageCodec.NONE;
    private byte[] bytes = {};
    private int from;
    private int to;
    private int end;

    /** Begins a column chunk. */
    void begin(LeafColumn of, PageCodec by) {
        column = of;
        codec = by;
        levels.begin(of);
    }

    /** Opens a page whose body begins at an offset of some bytes. */
    void open(PageHeader header, byte[] page, int at) {
        body.clear();
        if (header.kind() == PageHeader.Kind.DATA) {
            requireKnownLevels(header.levelEncodings());
            int first = 0;
            if (codec == PageCodec.NONE && header.compressed() == header.uncompressed()) {
                bytes = page;
                first = at;
                to = at + header.compressed();
            } else {
                codec.decompress(page, at, header.compressed(), header.uncompressed(), body);
                bytes = body.array();
                to = body.size();
            }
            from = levels.read(header, bytes, first, to);
            return;
        }
        levels.readV2(header, page, at);
        PageHeader.SecondVersion second = header.second();
        int inFront = second.definitionBytes() + second.repetitionBytes();
        int compressed = header.compressed() - inFront;
        int uncompressed = header.uncompressed() - inFront;
        if (second.isCompressed() && compressed > 0) {
            codec.decompress(page, at + inFront, compressed, uncompressed, body);
            bytes = body.array();
            from = 0;
            to = body.size();
        } else if (compressed == uncompressed) {
            bytes = page;
            from = at + inFront;
            to = from + compressed;
        } else {
            throw new CorruptBytes("it has " + compressed + " bytes, and should have " + uncompressed);
        }
    }

    private void requireKnownLevels(PageHeader.LevelEncodings encodings) {
        boolean known = (column.maxDefinition() == 0 || encodings.definition() == Encoding.RLE)
                && (column.maxRepetition() == 0 || encodings.repetition() == Encoding.RLE);
        if (!known) {
            throw new Refusal(MergeOutcome.Reason.ENCODING, "levels are bit-packed as in old files");
        }
    }

    Levels levels() {
        return levels;
    }

    byte[] bytes() {
        return bytes;
    }

    int from() {
        return from;
    }

    int to() {
        return to;
    }

    /** The sum of the hashes of plain values. Finds where they end, too: {@link #endOfPlainValues}. */
    long sumOfPlainValues() {
        int present = levels.present();
        if (column.fixedBytes() == 0) {
            return sumOfByteArrays(present);
        }
        long valueEnd = from + (long) present * column.fixedBytes();
        if (valueEnd > to) {
            throw new CorruptBytes(present + " values take " + (valueEnd - from) + " bytes of " + (to - from));
        }
        end = (int) valueEnd;
        return ValueHash.sum(bytes, from, present, column.fixedBytes());
    }

    private long sumOfByteArrays(int present) {
        long sum = 0;
        int at = from;
        for (int i = 0; i < present; i++) {
            int length = to - at < Integer.BYTES ? -1 : LittleEndian.intAt(bytes, at);
            if (length < 0 || length > to - at - Integer.BYTES) {
                throw new CorruptBytes("value " + i + " has " + length + " bytes");
            }
            at += Integer.BYTES;
            sum += ValueHash.of(bytes, at, at + length);
            at += length;
        }
        end = at;
        return sum;
    }

    /** Where plain values end, once they were summed. What stands behind them is of no meaning, but must not be taken along. */
    int endOfPlainValues() {
        return end;
    }
}
