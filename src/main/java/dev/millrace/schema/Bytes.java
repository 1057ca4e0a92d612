package dev.millrace.schema;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes that grow as they are written. */
final class Bytes {
    private byte[] array = new byte[256];
    private int length;

    void clear() {
        length = 0;
    }

    int length() {
        return length;
    }

    byte[] array() {
        return array;
    }

    byte[] toArray() {
        return Arrays.copyOf(array, length);
    }

    /** Forgets what was written after the first bytes. */
    void truncate(int to) {
        length = to;
    }

    Bytes add(char c) {
        reserve(1);
        array[length++] = (byte) c;
        return this;
    }

    Bytes add(byte[] bytes) {
        return add(bytes, 0, bytes.length);
    }

    Bytes add(byte[] bytes, int from, int to) {
        reserve(to - from);
        System.arraycopy(bytes, from, array, length, to - from);
        length += to - from;
        return this;
    }

    Bytes ascii(String text) {
        return add(text.getBytes(StandardCharsets.US_ASCII));
    }

    private void reserve(int more) {
        if (length + more > array.length) {
            array = Arrays.copyOf(array, Math.max(array.length * 2, length + more));
        }
    }
}
