package dev.millrace.lake.parquet;

/** The entries of a source chunk's dictionary, in their plain encoding. Used again and again. */
final class SourceDictionary {
    private final Bytes body = new Bytes(1 << 12);
    private int entries;

    /** Where the entries begin and, one more, the last one ends. */
    private int[] starts = {0};

    void read(LeafColumn column, PageHeader header, byte[] page, int from, PageCodec codec) {
        body.clear();
        codec.decompress(page, from, header.compressed(), header.uncompressed(), body);
        entries = header.values();
        if (starts.length < entries + 1) {
            starts = new int[Math.max(entries + 1, starts.length * 2)];
        }
        int end = column.fixedBytes() > 0 ? fixedStarts(column.fixedBytes()) : variableStarts();
        if (end != body.size()) {
            throw new CorruptBytes(entries + " entries take " + end + " bytes of " + body.size());
        }
        starts[entries] = end;
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

    int start(int entry) {
        return starts[entry];
    }

    int end(int entry) {
        return starts[entry + 1];
    }

    /** Appends the entries of indices. */
    void resolve(int[] indices, int count, Bytes out) {
        byte[] entriesBytes = body.array();
        for (int i = 0; i < count; i++) {
            int start = starts[indices[i]];
            out.put(entriesBytes, start, starts[indices[i] + 1] - start);
        }
    }
}
