package dev.millrace.lake.parquet;

/**
 * Reads numbers of which the differences are bit-packed in small blocks. Used again and again.
 *
 * <p>Source: "Delta encoding" of Parquet's format.
 */
final class DeltaReader {
    private static final int LARGEST_BLOCK = 1 << 20;

    private long[] numbers = new long[1 << 10];
    private byte[] bytes = {};
    private int at;
    private int to;

    /**
     * Reads all numbers that lie there.
     *
     * @param least how many there must be
     * @param most how many there may be
     */
    void read(byte[] from, int start, int end, int least, int most) {
        bytes = from;
        at = start;
        to = end;
        long block = varint();
        long miniblocks = varint();
        long count = varint();
        boolean isValid = block > 0
                && block <= LARGEST_BLOCK
                && miniblocks > 0
                && block % miniblocks == 0
                && block / miniblocks % Byte.SIZE == 0
                && count >= least
                && count <= most;
        if (!isValid) {
            throw new CorruptBytes(count + " differences lie in blocks of " + block + " and " + miniblocks
                    + " parts, for " + least + " values");
        }
        if (numbers.length < count) {
            numbers = new long[(int) Math.max(count, numbers.length * 2L)];
        }
        long number = zigzag(varint());
        numbers[0] = number;
        for (int next = 1; next < count; ) {
            next = readBlock(next, (int) count, (int) miniblocks, (int) (block / miniblocks));
        }
    }

    private int readBlock(int first, int count, int miniblocks, int values) {
        long least = zigzag(varint());
        int widths = at;
        forward(miniblocks);
        int next = first;
        for (int i = 0; i < miniblocks && next < count; i++) {
            int width = bytes[widths + i];
            if (width < 0 || width > Long.SIZE) {
                throw new CorruptBytes("differences have " + width + " bits");
            }
            long bit = at * 8L;
            forward((int) ((long) values * width / Byte.SIZE));
            long number = numbers[next - 1];
            for (int end = Math.min(count, next + values); next < end; next++) {
                number += least + bits(bit, width);
                numbers[next] = number;
                bit += width;
            }
        }
        return next;
    }

    private long bits(long bit, int width) {
        if (width == 0) {
            return 0;
        }
        int from = (int) (bit >>> 3);
        int shift = (int) (bit & 7);
        long word = LittleEndian.longUpTo(bytes, from, to) >>> shift;
        if (shift + width > Long.SIZE) {
            word |= (long) bytes[from + Long.BYTES] << (Long.SIZE - shift);
        }
        return width == Long.SIZE ? word : word & (1L << width) - 1;
    }

    private void forward(int count) {
        if (count > to - at) {
            throw new CorruptBytes("its differences end early");
        }
        at += count;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            forward(1);
            int next = bytes[at - 1] & 0xff;
            value |= (long) (next & 0x7f) << shift;
            if (next < 0x80) {
                return value;
            }
        }
        throw new CorruptBytes("a number has more than ten bytes");
    }

    private static long zigzag(long value) {
        return value >>> 1 ^ -(value & 1);
    }

    /** The numbers; another array after each growth. */
    long[] numbers() {
        return numbers;
    }

    /** A number as a length of bytes. */
    int length(int index) {
        long length = numbers[index];
        if (length < 0 || length > Integer.MAX_VALUE) {
            throw new CorruptBytes("value " + index + " has " + length + " bytes");
        }
        return (int) length;
    }

    /** Where the next byte behind them lies. */
    int position() {
        return at;
    }
}
