package dev.millrace.json;

import java.util.Arrays;

/** Values by name, found by the name's UTF-8 bytes in a larger array: no text is made to look one up. */
public final class NameTable<T> {
    private byte[][] names = new byte[16][];
    private Object[] values = new Object[16];
    private int size;

    public int size() {
        return size;
    }

    /** The value of a name, or null. */
    @SuppressWarnings("unchecked") // put is the only writer
    public T find(byte[] bytes, int from, int to) {
        for (int slot = slot(bytes, from, to); names[slot] != null; slot = slot + 1 & names.length - 1) {
            byte[] name = names[slot];
            if (Arrays.equals(name, 0, name.length, bytes, from, to)) {
                return (T) values[slot];
            }
        }
        return null;
    }

    /** Adds a name that is not there yet. */
    public void put(byte[] name, T value) {
        if (size * 2 >= names.length) {
            byte[][] oldNames = names;
            Object[] oldValues = values;
            names = new byte[oldNames.length * 2][];
            values = new Object[names.length];
            for (int i = 0; i < oldNames.length; i++) {
                if (oldNames[i] != null) {
                    place(oldNames[i], oldValues[i]);
                }
            }
        }
        place(name, value);
        size++;
    }

    private void place(byte[] name, Object value) {
        int slot = slot(name, 0, name.length);
        while (names[slot] != null) {
            slot = slot + 1 & names.length - 1;
        }
        names[slot] = name;
        values[slot] = value;
    }

    private int slot(byte[] bytes, int from, int to) {
        int hash = to - from;
        for (int i = from; i < to; i++) {
            hash = hash * 31 + bytes[i];
        }
        hash *= 0x9E3779B9;
        return hash >>> 16 & names.length - 1;
    }
}
