package dev.millrace.lake.parquet;

import java.util.Arrays;

/** Writes small numbers in Parquet's hybrid of runs and bit-packed groups of eight. */
final class HybridWriter {
    private static final int GROUP = 8;

    private final Bytes out;
    private int width;

    // What is to be bit-packed, in whole groups but for the end.
    private int[] packed = new int[1_024];
    private int packedCount;

    private int runValue;
    private int runCount;

    /** @param out where the numbers go, behind what it holds */
    HybridWriter(Bytes out) {
        this.out = out;
    }

    /** @param bitWidth bits of a number */
    HybridWriter begin(int bitWidth) {
        width = bitWidth;
        packedCount = 0;
        runCount = 0;
        return this;
    }

    /** Writes a number so many times. */
    void put(int value, int times) {
        if (value != runValue) {
            endRun();
            runValue = value;
            runCount = 0;
        }
        runCount += times;
    }

    /** Writes numbers. */
    void put(int[] values, int count) {
        int i = 0;
        while (i < count) {
            if (runCount > 0 && values[i] != runValue) {
                endRun();
            }
            if (runCount == 0) {
                if ((packedCount & GROUP - 1) == 0 && count - i >= GROUP && !isRun(values, i)) {
                    packGroup(values, i);
                    i += GROUP;
                    continue;
                }
                runValue = values[i];
            }
            runCount++;
            i++;
        }
    }

    /** Whether a group is of one number. */
    private static boolean isRun(int[] values, int from) {
        int first = values[from];
        for (int i = from + 1; i < from + GROUP; i++) {
            if (values[i] != first) {
                return false;
            }
        }
        return true;
    }

    private void packGroup(int[] values, int from) {
        if (packedCount + GROUP > packed.length) {
            packed = Arrays.copyOf(packed, packedCount * 2 + GROUP);
        }
        System.arraycopy(values, from, packed, packedCount, GROUP);
        packedCount += GROUP;
    }

    /** Writes what is left. */
    void end() {
        endRun();
        flushPacked();
    }

    private void endRun() {
        int count = runCount;
        runCount = 0;
        if (count == 1) {
            if (packedCount == packed.length) {
                packed = Arrays.copyOf(packed, packedCount * 2);
            }
            packed[packedCount++] = runValue;
            return;
        }
        int missing = -packedCount & GROUP - 1;
        int first = Math.min(count, missing);
        pack(first);
        count -= first;
        if (count < GROUP) {
            pack(count);
            return;
        }
        flushPacked();
        out.putVarint((long) count << 1);
        for (int shift = 0; shift < width; shift += 8) {
            out.put((byte) (runValue >>> shift));
        }
    }

    private void pack(int count) {
        if (packedCount + count > packed.length) {
            packed = Arrays.copyOf(packed, packedCount * 2 + count);
        }
        Arrays.fill(packed, packedCount, packedCount + count, runValue);
        packedCount += count;
    }

    private void flushPacked() {
        if (packedCount == 0) {
            return;
        }
        int groups = (packedCount + GROUP - 1) / GROUP;
        int whole = groups * GROUP;
        if (whole > packed.length) {
            packed = Arrays.copyOf(packed, whole);
        }
        Arrays.fill(packed, packedCount, whole, 0);
        out.putVarint((long) groups << 1 | 1);
        byte[] bytes = out.reserve(groups * width + Long.BYTES);
        int at = out.size();
        long pending = 0;
        int bits = 0;
        for (int i = 0; i < whole; i++) {
            pending |= (packed[i] & 0xffffffffL) << bits;
            bits += width;
            if (bits >= Integer.SIZE) {
                LittleEndian.putInt(bytes, at, (int) pending);
                at += Integer.BYTES;
                pending >>>= Integer.SIZE;
                bits -= Integer.SIZE;
            }
        }
        LittleEndian.putLong(bytes, at, pending);
        out.advance(groups * width);
        packedCount = 0;
    }
}
