package dev.millrace.lake.parquet;

/** The entries of a source chunk's dictionary, in their plain encoding. Used again and again. */
final class SourceDictionary {
    private final Bytes body = new Bytes(1 << 12);
    private int entries;

    /** Where the entries begin and, one more, the last one ends. */
    private int[] starts = {0};

    private long[] hashes = {};

    void read(LeafColumn column, PageHeader header, byte[] page, int from, PageCodec codec) {
        body.clear();
        codec.decompress(page, from, header.compressed(), header.uncompressed(), body);
        entries = header.values();
        if (starts.length < entries + 1) {
            starts = new int[Math.max(entries + 1, starts.length * 2)];
            hashes = new long[starts.length];
        }
        int end = column.fixedBytes() > 0 ? fixedStarts(column.fixedBytes()) : variableStarts();
        if (end != body.size()) {
            throw new CorruptBytes(entries + " entries take " + end + " bytes of " + body.size());
        }
        starts[entries] = end;
        int inFront = column.fixedBytes() > 0 ? 0 : Integer.BYTES;
        for (int i = 0; i < entries; i++) {
            hashes[i] = ValueHash.of(body.array(), starts[i] + inFront, starts[i + 1]);
        }
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

    private int fixedStarts(int width) {
        if ((long) entries * width > body.size()) {
            throw new CorruptBytes(entries + " entries do not fit into " + body.size() + " bytes");
        }
        for (int i = 0; i < entries; i++) {
            starts[i] = i * width;
        }
        return entries * width;
    }

    private int variableStarts() {
        int at = 0;
        for (int i = 0; i < entries; i++) {
            starts[i] = at;
            int length = body.size() - at < Integer.BYTES ? -1 : LittleEndian.intAt(body.array(), at);
            if (length < 0 || length > body.size() - at - Integer.BYTES) {
                throw new CorruptBytes("entry " + i + " has " + length + " bytes");
            }
            at += Integer.BYTES + length;
        }
        return at;
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
        if (ascendsByOne(indices, count)) {
            return starts[indices[count - 1] + 1] - (long) starts[indices[0]];
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
        return starts[entry];
    }

    int end(int entry) {
        return starts[entry + 1];
    }

    /** Appends the entries of indices: at once where each follows the one before. */
    void resolve(int[] indices, int count, Bytes out) {
        byte[] entriesBytes = body.array();
        if (ascendsByOne(indices, count)) {
            int start = starts[indices[0]];
            out.put(entriesBytes, start, starts[indices[count - 1] + 1] - start);
            return;
        }
        for (int i = 0; i < count; i++) {
            int start = starts[indices[i]];
            out.put(entriesBytes, start, starts[indices[i] + 1] - start);
        }
    }
}
