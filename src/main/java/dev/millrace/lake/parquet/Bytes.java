package dev.millrace.lake.parquet;

import java.util.Arrays;

/** Bytes that grow, to be used again and again. Numbers are little-endian. */
final class Bytes {
    private static final long LARGEST = Integer.MAX_VALUE - 64L;

    /** Room that is made before it is needed. */
    private static final long MOST_AHEAD = 8 << 20;

    private byte[] array;
    private int size;

    Bytes(int capacity) {
        array = new byte[capacity];
    }

    /** Where the bytes lie, from 0 on; another array after each growth. */
    byte[] array() {
        return array;
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    void clear() {
        size = 0;
    }

    /** Forgets what comes after. */
    void cutTo(int length) {
        size = length;
    }

    /** Makes room for more bytes, to be written into the array and then {@link #advance}d over. */
    byte[] reserve(int bytes) {
        long needed = (long) size + bytes;
        if (needed > LARGEST) {
            throw new Refusal(
                    MergeOutcome.Reason.SIZE, "more than " + LARGEST + " bytes of one column in one row group");
        }
        if (needed > array.length) {
            long more = Math.min(array.length, MOST_AHEAD);
            array = Arrays.copyOf(array, (int) Math.max(needed, Math.min(LARGEST, array.length + more)));
        }
        return array;
    }

    void advance(int written) {
        size += written;
    }

    void put(byte value) {
        reserve(1)[size++] = value;
    }

    void put(byte[] bytes, int from, int length) {
        System.arraycopy(bytes, from, reserve(length), size, length);
        size += length;
    }

    void put(byte[] bytes) {
        put(bytes, 0, bytes.length);
    }

    void put(Bytes other) {
        put(other.array, 0, other.size);
    }

    void putInt(int value) {
        LittleEndian.putInt(reserve(Integer.BYTES), size, value);
        size += Integer.BYTES;
    }

    /** Seven bits a byte, the lowest first. */
    void putVarint(long value) {
        reserve(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            array[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        array[size++] = (byte) rest;
    }

    byte[] toArray() {
        return Arrays.copyOf(array, size);
    }
}
