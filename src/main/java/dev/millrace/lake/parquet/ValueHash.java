package dev.millrace.lake.parquet;

/** Hashes of values, by their bytes in plain encoding without the length in front. */
final class ValueHash {
    private static final long SEED = 0x2545F4914F6CDD1DL;
    private static final long MIX = 0x9E3779B97F4A7C15L;
    private static final long END = 0xD6E8FEB86659FD93L;

    private ValueHash() {}

    static long of(byte[] bytes, int from, int to) {
        int length = to - from;
        long hash = SEED + length;
        if (length >= Long.BYTES) {
            int at = from;
            for (; at <= to - Long.BYTES; at += Long.BYTES) {
                hash = mix(hash ^ LittleEndian.longAt(bytes, at));
            }
            // The last bytes once more, together with what is left.
            return end(at == to ? hash : mix(hash ^ LittleEndian.longAt(bytes, to - Long.BYTES)));
        }
        if (length >= Integer.BYTES) {
            return ofInts(hash, LittleEndian.intAt(bytes, from), LittleEndian.intAt(bytes, to - Integer.BYTES));
        }
        long word = 0;
        for (int at = from; at < to; at++) {
            word = word << 8 | (bytes[at] & 0xff);
        }
        return end(mix(hash ^ word));
    }

    /** Of four bytes. */
    static long of(int value) {
        return ofInts(SEED + Integer.BYTES, value, value);
    }

    /** Of eight bytes. */
    static long of(long value) {
        return end(mix(SEED + Long.BYTES ^ value));
    }

    /** Of a boolean. */
    static long of(boolean value) {
        return end(mix(SEED + 1 ^ (value ? 1 : 0)));
    }

    private static long ofInts(long hash, int first, int last) {
        return end(mix(hash ^ ((first & 0xffffffffL) | (long) last << Integer.SIZE)));
    }

    private static long mix(long word) {
        long product = word * MIX;
        return product ^ product >>> 32;
    }

    private static long end(long hash) {
        long product = hash * END;
        return product ^ product >>> 29;
    }

    /** The hash of each of values of one width that lie one behind the other. */
    static void each(byte[] bytes, int count, int width, long[] hashes) {
        switch (width) {
            case Long.BYTES -> {
                for (int i = 0; i < count; i++) {
                    hashes[i] = of(LittleEndian.longAt(bytes, i * Long.BYTES));
                }
            }
            case Integer.BYTES -> {
                for (int i = 0; i < count; i++) {
                    hashes[i] = of(LittleEndian.intAt(bytes, i * Integer.BYTES));
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    hashes[i] = of(bytes, i * width, (i + 1) * width);
                }
            }
        }
    }

    /** The sum of hashes of values of one width that lie one behind the other. */
    static long sum(byte[] bytes, int from, int count, int width) {
        long sum = 0;
        int to = from + count * width;
        switch (width) {
            case Long.BYTES -> {
                for (int at = from; at < to; at += Long.BYTES) {
                    sum += of(LittleEndian.longAt(bytes, at));
                }
            }
            case Integer.BYTES -> {
                for (int at = from; at < to; at += Integer.BYTES) {
                    sum += of(LittleEndian.intAt(bytes, at));
                }
            }
            default -> {
                for (int at = from; at < to; at += width) {
                    sum += of(bytes, at, at + width);
                }
            }
        }
        return sum;
    }
}
