package dev.millrace.lake.parquet;

/** The entries of a source chunk's dictionary, in their plain encoding. Used again and again. */
final class SourceDictionary {
    private final Bytes body = new Bytes(1 << 12);
    private int entries;

    /** Bytes of an entry, or 0 where they differ. */
    private int width;

    /** Where the entries begin and, one more, the last one ends; where they are of different length. */
    private int[] starts = {0};

    private long[] hashes = {};

    void read(LeafColumn column, PageHeader header, byte[] page, int from, PageCodec codec) {
        body.clear();
        codec.decompress(page, from, header.compressed(), header.uncompressed(), body);
        entries = header.values();
        width = column.fixedBytes();
        if (hashes.length < entries) {
            hashes = new long[Math.max(entries, hashes.length * 2)];
        }
        long end = width > 0 ? (long) entries * width : readStarts();
        if (end != body.size()) {
            throw new CorruptBytes(entries + " entries take " + end + " bytes of " + body.size());
        }
        if (width > 0) {
            ValueHash.each(body.array(), entries, width, hashes);
        }
    }

    /** Returns where the last entry ends. */
    private int readStarts() {
        if (starts.length < entries + 1) {
            starts = new int[Math.max(entries + 1, starts.length * 2)];
        }
        byte[] bytes = body.array();
        int to = body.size();
        int at = 0;
        for (int i = 0; i < entries; i++) {
            starts[i] = at;
            int length = to - at < Integer.BYTES ? -1 : LittleEndian.intAt(bytes, at);
            if (length < 0 || length > to - at - Integer.BYTES) {
                throw new CorruptBytes("entry " + i + " has " + length + " bytes");
            }
            at += Integer.BYTES;
            hashes[i] = ValueHash.of(bytes, at, at + length);
            at += length;
        }
        starts[entries] = at;
        return at;
    }

    /** The hash of an entry's value. */
    long hash(int entry) {
        return hashes[entry];
    }

    /** The sum of the hashes of the values of indices. */
    long sum(int[] indices, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            if (indices[i] >= entries) {
                throw new CorruptBytes("index " + indices[i] + " is none of " + entries + " dictionary entries");
            }
            sum += hashes[indices[i]];
        }
        return sum;
    }

    int entries() {
        return entries;
    }

    /** All entries, one behind the other. */
    Bytes body() {
        return body;
    }

    /** Bytes of the entries of indices. */
    long bytes(int[] indices, int count) {
        if (width > 0) {
            return (long) count * width;
        }
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += starts[indices[i] + 1] - starts[indices[i]];
        }
        return bytes;
    }

    private static boolean ascendsByOne(int[] indices, int count) {
        for (int i = 1; i < count; i++) {
            if (indices[i] != indices[i - 1] + 1) {
                return false;
            }
        }
        return count > 0;
    }

    int start(int entry) {
        return width > 0 ? entry * width : starts[entry];
    }

    int end(int entry) {
        return width > 0 ? (entry + 1) * width : starts[entry + 1];
    }

    /** Bytes of an entry, or 0 where they differ. */
    int width() {
        return width;
    }

    /** Appends the entries of indices: at once where each follows the one before. */
    void resolve(int[] indices, int count, Bytes out) {
        byte[] entriesBytes = body.array();
        if (ascendsByOne(indices, count)) {
            int start = start(indices[0]);
            out.put(entriesBytes, start, end(indices[count - 1]) - start);
        } else if (width == Long.BYTES) {
            byte[] to = out.reserve(count * Long.BYTES);
            int at = out.size();
            for (int i = 0; i < count; i++, at += Long.BYTES) {
                LittleEndian.putLong(to, at, LittleEndian.longAt(entriesBytes, indices[i] * Long.BYTES));
            }
            out.advance(count * Long.BYTES);
        } else {
            for (int i = 0; i < count; i++) {
                int start = start(indices[i]);
                out.put(entriesBytes, start, end(indices[i]) - start);
            }
        }
    }
}
