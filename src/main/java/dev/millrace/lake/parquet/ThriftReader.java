package dev.millrace.lake.parquet;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads structs of Thrift's compact protocol: a caller takes the fields it knows and skips the others. A struct is read
 * by {@code for (int id = in.field(0); id != 0; id = in.field(id))}.
 */
final class ThriftReader {
    private static final int TRUE = 1;
    private static final int FALSE = 2;
    private static final int BYTE = 3;
    private static final int I16 = 4;
    private static final int I32 = 5;
    private static final int I64 = 6;
    private static final int DOUBLE = 7;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int SET = 10;
    private static final int MAP = 11;
    private static final int STRUCT = 12;
    private static final int UUID = 13;
    private static final int DEEPEST = 64;

    private final byte[] bytes;
    private final int end;
    private int at;
    private int type;

    ThriftReader(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /** Where the next byte is read. */
    int position() {
        return at;
    }

    /**
     * The id of a struct's next field, or 0 at its end.
     *
     * @param previous the id of the field before, or 0
     */
    int field(int previous) {
        int header = next();
        if (header == 0) {
            return 0;
        }
        type = header & 0xf;
        int delta = header >>> 4;
        int id = delta == 0 ? (short) zigzag(varint()) : previous + delta;
        if (id <= 0) {
            throw new CorruptBytes("a field has the number " + id);
        }
        return id;
    }

    boolean bool() {
        if (type != TRUE && type != FALSE) {
            throw new CorruptBytes("a boolean is of type " + type);
        }
        return type == TRUE;
    }

    int i32() {
        long value = i64();
        if (value != (int) value) {
            throw new CorruptBytes("a number is too large: " + value);
        }
        return (int) value;
    }

    long i64() {
        if (type != I16 && type != I32 && type != I64) {
            throw new CorruptBytes("a number is of type " + type);
        }
        return zigzag(varint());
    }

    byte[] binary() {
        requireType(BINARY);
        int length = length();
        at += length;
        return Arrays.copyOfRange(bytes, at - length, at);
    }

    String text() {
        return new String(binary(), StandardCharsets.UTF_8);
    }

    List<byte[]> binaries() {
        int count = list();
        List<byte[]> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            values.add(binary());
        }
        return values;
    }

    List<Boolean> bools() {
        int count = list();
        List<Boolean> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            values.add(next() == TRUE);
        }
        return values;
    }

    /** Begins a list, and tells how many elements follow. */
    int list() {
        requireType(LIST);
        return elements();
    }

    /** Enters a field that is a struct; elements of a list are entered without. */
    void struct() {
        requireType(STRUCT);
    }

    /** The bytes that were read since a position. */
    byte[] bytes(int from) {
        return Arrays.copyOfRange(bytes, from, at);
    }

    /** The bytes of the field that follows, as they are. */
    byte[] raw() {
        int from = at;
        skip();
        return bytes(from);
    }

    /** Passes over the field that follows. */
    void skip() {
        skip(type, 0);
    }

    /** Passes over an element of a list of structs. */
    void skipStruct() {
        skip(STRUCT, 0);
    }

    private void skip(int skipped, int depth) {
        if (depth > DEEPEST) {
            throw new CorruptBytes("structs are nested more than " + DEEPEST + " deep");
        }
        switch (skipped) {
            case TRUE, FALSE -> {}
            case BYTE -> forward(1);
            case I16, I32, I64 -> varint();
            case DOUBLE -> forward(Double.BYTES);
            case BINARY -> forward(length());
            case LIST, SET -> {
                int count = elements();
                int element = type;
                for (int i = 0; i < count; i++) {
                    skipElement(element, depth);
                }
            }
            case MAP -> {
                long count = varint();
                int types = count == 0 ? 0 : next();
                for (long i = 0; i < count; i++) {
                    skipElement(types >>> 4, depth);
                    skipElement(types & 0xf, depth);
                }
            }
            case STRUCT -> {
                for (int id = field(0); id != 0; id = field(id)) {
                    skip(type, depth + 1);
                }
            }
            case UUID -> forward(16);
            default -> throw new CorruptBytes("a field is of type " + skipped);
        }
    }

    /** In collections a boolean takes a byte. */
    private void skipElement(int element, int depth) {
        skip(element == TRUE || element == FALSE ? BYTE : element, depth + 1);
    }

    private int elements() {
        int header = next();
        type = header & 0xf;
        int inHeader = header >>> 4;
        long count = inHeader == 15 ? varint() : inHeader;
        if (count < 0 || count > end - at) {
            throw new CorruptBytes("a list has " + count + " elements");
        }
        return (int) count;
    }

    private int length() {
        long length = varint();
        if (length < 0 || length > end - at) {
            throw new CorruptBytes("a value has " + length + " bytes");
        }
        return (int) length;
    }

    private void forward(int count) {
        if (count > end - at) {
            throw new CorruptBytes("a struct is not complete");
        }
        at += count;
    }

    private void requireType(int wanted) {
        if (type != wanted) {
            throw new CorruptBytes("a field is of type " + type + ", not " + wanted);
        }
    }

    private int next() {
        if (at >= end) {
            throw new CorruptBytes("a struct is not complete");
        }
        return bytes[at++] & 0xff;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            int next = next();
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
}
