package dev.millrace.lake.parquet;

import java.util.Arrays;

/**
 * Reads small numbers in Parquet's hybrid of runs and bit-packed groups: levels and dictionary indices. A reader is used
 * again and again; its cursor moves over the numbers of one page.
 */
final class HybridReader {
    private static final int BATCH = 1_024;

    private final int[] batch = new int[BATCH];
    private byte[] bytes = {};
    private int at;
    private int to;
    private int width;

    // The present run: how many numbers are left of it, and either all of them or the bit where the next one lies.
    private int left;
    private boolean isPacked;
    private int value;
    private long bit;

    /**
     * Begins a page.
     *
     * @param bitWidth bits of a number
     */
    HybridReader begin(byte[] from, int start, int end, int bitWidth) {
        if (bitWidth < 0 || bitWidth > Integer.SIZE) {
            throw new CorruptBytes("its numbers have " + bitWidth + " bits");
        }
        bytes = from;
        at = start;
        to = end;
        width = bitWidth;
        left = 0;
        return this;
    }

    /** How many of the next numbers are a given one. */
    int count(int wanted, int numbers) {
        if (width == 1) {
            int ones = countOnes(numbers);
            return wanted == 1 ? ones : wanted == 0 ? numbers - ones : 0;
        }
        int count = 0;
        for (int rest = numbers; rest > 0; ) {
            int run = run(rest);
            if (!isPacked) {
                count += value == wanted ? run : 0;
                take(run);
            } else {
                run = readBatch(run);
                for (int i = 0; i < run; i++) {
                    count += batch[i] == wanted ? 1 : 0;
                }
            }
            rest -= run;
        }
        return count;
    }

    private int countOnes(int numbers) {
        int count = 0;
        for (int rest = numbers; rest > 0; ) {
            int run = run(rest);
            if (!isPacked) {
                count += value == 1 ? run : 0;
            } else {
                for (int done = 0; done < run; ) {
                    long next = bit + done;
                    int bits = Math.min(run - done, Long.SIZE - Byte.SIZE);
                    long word = LittleEndian.longUpTo(bytes, (int) (next >>> 3), to) >>> (next & 7);
                    count += Long.bitCount(word & (1L << bits) - 1);
                    done += bits;
                }
            }
            take(run);
            rest -= run;
        }
        return count;
    }

    /** Adds how often each of the next numbers comes. */
    void count(int[] counts, int numbers) {
        for (int rest = numbers; rest > 0; ) {
            int run = run(rest);
            if (!isPacked) {
                counts[level(value, counts)] += run;
                take(run);
            } else {
                run = readBatch(run);
                for (int i = 0; i < run; i++) {
                    counts[level(batch[i], counts)]++;
                }
            }
            rest -= run;
        }
    }

    private static int level(int value, int[] counts) {
        if (value < 0 || value >= counts.length) {
            throw new CorruptBytes("it has a level " + value + " beyond " + (counts.length - 1));
        }
        return value;
    }

    /** Copies the next numbers. */
    void copyTo(HybridWriter out, int numbers) {
        for (int rest = numbers; rest > 0; ) {
            int run = run(rest);
            if (!isPacked) {
                out.put(value, run);
                take(run);
            } else {
                run = readBatch(run);
                out.put(batch, run);
            }
            rest -= run;
        }
    }

    /** Reads the next numbers into an array. */
    void read(int[] out, int from, int numbers) {
        int next = from;
        for (int rest = numbers; rest > 0; ) {
            int run = run(rest);
            if (!isPacked) {
                Arrays.fill(out, next, next + run, value);
            } else {
                unpack(out, next, run);
            }
            take(run);
            next += run;
            rest -= run;
        }
    }

    private int readBatch(int run) {
        int numbers = Math.min(run, BATCH);
        unpack(batch, 0, numbers);
        take(numbers);
        return numbers;
    }

    /** The numbers of the present run, at most so many. */
    private int run(int most) {
        while (left == 0) {
            beginRun();
        }
        return Math.min(left, most);
    }

    private void take(int numbers) {
        left -= numbers;
        bit += (long) numbers * width;
    }

    private void beginRun() {
        long header = 0;
        int shift = 0;
        int next;
        do {
            if (at >= to || shift > 28) {
                throw new CorruptBytes("its levels or indices end early");
            }
            next = bytes[at++] & 0xff;
            header |= (long) (next & 0x7f) << shift;
            shift += 7;
        } while (next >= 0x80);
        isPacked = (header & 1) == 1;
        if (isPacked) {
            long numbers = (header >>> 1) * 8;
            long available = (long) to - at;
            bit = (long) at * 8;
            // The last group may be cut behind the last number that counts.
            long packedBytes = Math.min(available, (header >>> 1) * width);
            left = (int) Math.min(numbers, width == 0 ? numbers : available * 8 / width);
            at += (int) packedBytes;
            if (numbers > 0 && left == 0) {
                throw new CorruptBytes("its levels or indices end early");
            }
        } else {
            int valueBytes = (width + 7) / 8;
            if (to - at < valueBytes || header >>> 1 > Integer.MAX_VALUE) {
                throw new CorruptBytes("its levels or indices end early");
            }
            value = 0;
            for (int i = valueBytes - 1; i >= 0; i--) {
                value = value << 8 | (bytes[at + i] & 0xff);
            }
            at += valueBytes;
            left = (int) (header >>> 1);
        }
    }

    private void unpack(int[] out, int from, int numbers) {
        if (width == 0) {
            Arrays.fill(out, from, from + numbers, 0);
            return;
        }
        long mask = (1L << width) - 1;
        long next = bit;
        int end = from + numbers;
        int i = from;
        // Eight bytes can be read at once until close to the end of the array.
        long lastWhole = ((long) bytes.length - Long.BYTES) * 8;
        int together = (Long.SIZE - 7) / width;
        while (i <= end - together && next <= lastWhole) {
            long word = LittleEndian.longAt(bytes, (int) (next >>> 3)) >>> (next & 7);
            for (int batchEnd = i + together; i < batchEnd; i++) {
                out[i] = (int) (word & mask);
                word >>>= width;
            }
            next += (long) together * width;
        }
        for (; i < end; i++) {
            out[i] = (int) (LittleEndian.longUpTo(bytes, (int) (next >>> 3), to) >>> (next & 7) & mask);
            next += width;
        }
    }
}
