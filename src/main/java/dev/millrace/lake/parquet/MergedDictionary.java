package dev.millrace.lake.parquet;

import java.util.Arrays;

/** The entries of many dictionaries, each once, in the order in which they first came. */
final class MergedDictionary {
    private static final int FEWEST_SLOTS = 1 << 10;

    private final Bytes body = new Bytes(1 << 12);
    private int entries;

    /** Where the entries begin and, one more, the last one ends. */
    private int[] starts = new int[FEWEST_SLOTS];

    /** Entries plus one, below their hash, in the next free place for it. */
    private long[] slots = new long[FEWEST_SLOTS];

    /** The slot of each entry, also of those that were taken back. */
    private int[] places = new int[FEWEST_SLOTS];

    private int placed;

    /** Begins the entries of another column or row group. */
    void clear() {
        for (int entry = 0; entry < placed; entry++) {
            slots[places[entry]] = 0;
        }
        body.clear();
        entries = 0;
        placed = 0;
    }

    int entries() {
        return entries;
    }

    /** All entries in their plain encoding. */
    Bytes body() {
        return body;
    }

    /**
     * Adds another's entries.
     *
     * @param found is told for each of its entries the place here
     * @param mostBytes of all entries; once they were more nothing is added, and nothing can be added any more
     * @return whether they are added
     */
    boolean add(SourceDictionary source, int[] found, int mostBytes) {
        int before = entries;
        byte[] bytes = source.body().array();
        boolean isLong = source.width() == Long.BYTES;
        for (int i = 0; i < source.entries(); i++) {
            found[i] = isLong
                    ? place(source.hash(i), LittleEndian.longAt(bytes, i * Long.BYTES))
                    : place(source.hash(i), bytes, source.start(i), source.end(i));
            if (body.size() > mostBytes) {
                body.cutTo(starts[before]);
                entries = before;
                return false;
            }
        }
        return true;
    }

    private int place(long valueHash, byte[] bytes, int from, int to) {
        int hash = (int) valueHash;
        int mask = slots.length - 1;
        int slot = hash & mask;
        for (long filled = slots[slot]; filled != 0; filled = slots[slot]) {
            int entry = (int) filled - 1;
            if ((int) (filled >>> Integer.SIZE) == hash && isSame(entry, bytes, from, to)) {
                return entry;
            }
            slot = slot + 1 & mask;
        }
        body.put(bytes, from, to - from);
        return fill(slot, hash);
    }

    /** Places a value of eight bytes. */
    private int place(long valueHash, long value) {
        int hash = (int) valueHash;
        int mask = slots.length - 1;
        int slot = hash & mask;
        byte[] own = body.array();
        for (long filled = slots[slot]; filled != 0; filled = slots[slot]) {
            int entry = (int) filled - 1;
            if (LittleEndian.longAt(own, entry * Long.BYTES) == value) {
                return entry;
            }
            slot = slot + 1 & mask;
        }
        LittleEndian.putLong(body.reserve(Long.BYTES), body.size(), value);
        body.advance(Long.BYTES);
        return fill(slot, hash);
    }

    /** Makes the value at the end of the body an entry. */
    private int fill(int slot, int hash) {
        if (entries + 2 > starts.length) {
            starts = Arrays.copyOf(starts, starts.length * 2);
            places = Arrays.copyOf(places, places.length * 2);
        }
        slots[slot] = (long) hash << Integer.SIZE | (entries + 1);
        places[entries] = slot;
        entries++;
        placed = entries;
        starts[entries] = body.size();
        if (entries * 2 > slots.length) {
            rehash();
        }
        return entries - 1;
    }

    private boolean isSame(int entry, byte[] bytes, int from, int to) {
        int start = starts[entry];
        if (starts[entry + 1] - start != to - from) {
            return false;
        }
        byte[] own = body.array();
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES, start += Long.BYTES) {
            if (LittleEndian.longAt(own, start) != LittleEndian.longAt(bytes, at)) {
                return false;
            }
        }
        for (; at < to; at++, start++) {
            if (own[start] != bytes[at]) {
                return false;
            }
        }
        return true;
    }

    private void rehash() {
        long[] larger = new long[slots.length * 2];
        int mask = larger.length - 1;
        for (int entry = 0; entry < entries; entry++) {
            long filled = slots[places[entry]];
            int slot = (int) (filled >>> Integer.SIZE) & mask;
            while (larger[slot] != 0) {
                slot = slot + 1 & mask;
            }
            larger[slot] = filled;
            places[entry] = slot;
        }
        slots = larger;
    }
}
