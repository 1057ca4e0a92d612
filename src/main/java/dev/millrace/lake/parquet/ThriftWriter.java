package dev.millrace.lake.parquet;

import java.nio.charset.StandardCharsets;

/** Writes structs in Thrift's compact protocol: fields in the order of their ids, each struct ended by {@link #end}. */
final class ThriftWriter {
    private static final int TRUE = 1;
    private static final int FALSE = 2;
    private static final int I16 = 4;
    private static final int I32 = 5;
    private static final int I64 = 6;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int STRUCT = 12;
    private static final int DEEPEST = 16;

    private final Bytes out;
    private final int[] lastIds = new int[DEEPEST];
    private int depth;

    ThriftWriter(Bytes out) {
        this.out = out;
    }

    ThriftWriter bool(int id, boolean value) {
        header(id, value ? TRUE : FALSE);
        return this;
    }

    ThriftWriter i32(int id, int value) {
        header(id, I32);
        number(value);
        return this;
    }

    ThriftWriter i16(int id, int value) {
        header(id, I16);
        number(value);
        return this;
    }

    ThriftWriter i64(int id, long value) {
        header(id, I64);
        number(value);
        return this;
    }

    ThriftWriter binary(int id, byte[] value) {
        header(id, BINARY);
        return binary(value);
    }

    ThriftWriter text(int id, String value) {
        return binary(id, value.getBytes(StandardCharsets.UTF_8));
    }

    /** A field that is a list, as its bytes. */
    ThriftWriter rawList(int id, byte[] list) {
        header(id, LIST);
        out.put(list);
        return this;
    }

    /** Begins a field that is a struct. */
    ThriftWriter struct(int id) {
        header(id, STRUCT);
        return element();
    }

    /** Begins a struct that is an element of a list. */
    ThriftWriter element() {
        lastIds[++depth] = 0;
        return this;
    }

    /** Ends the present struct. */
    ThriftWriter end() {
        out.put((byte) 0);
        depth--;
        return this;
    }

    /** Ends the outermost struct. */
    void endAll() {
        if (depth != 0) {
            throw new IllegalStateException("Structs are open: " + depth);
        }
        out.put((byte) 0);
    }

    ThriftWriter structs(int id, int count) {
        return list(id, count, STRUCT);
    }

    ThriftWriter binaries(int id, int count) {
        return list(id, count, BINARY);
    }

    /** Elements by {@link #number}. */
    ThriftWriter i32s(int id, int count) {
        return list(id, count, I32);
    }

    /** Elements by {@link #number}. */
    ThriftWriter i64s(int id, int count) {
        return list(id, count, I64);
    }

    /** Elements by {@link #bool(boolean)}. */
    ThriftWriter bools(int id, int count) {
        return list(id, count, TRUE);
    }

    ThriftWriter number(long value) {
        out.putVarint(value << 1 ^ value >> 63);
        return this;
    }

    ThriftWriter binary(byte[] value) {
        out.putVarint(value.length);
        out.put(value);
        return this;
    }

    ThriftWriter text(String value) {
        return binary(value.getBytes(StandardCharsets.UTF_8));
    }

    ThriftWriter bool(boolean value) {
        out.put((byte) (value ? TRUE : FALSE));
        return this;
    }

    private ThriftWriter list(int id, int count, int type) {
        header(id, LIST);
        if (count < 15) {
            out.put((byte) (count << 4 | type));
        } else {
            out.put((byte) (0xf0 | type));
            out.putVarint(count);
        }
        return this;
    }

    private void header(int id, int type) {
        int delta = id - lastIds[depth];
        if (delta <= 0 || delta > 15) {
            throw new IllegalStateException("Field " + id + " comes after " + lastIds[depth]);
        }
        out.put((byte) (delta << 4 | type));
        lastIds[depth] = id;
    }
}
