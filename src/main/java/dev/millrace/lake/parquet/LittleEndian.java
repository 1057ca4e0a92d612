package dev.millrace.lake.parquet;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers in bytes, as Parquet lays them. */
final class LittleEndian {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private LittleEndian() {}

    static int intAt(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    static long longAt(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    static void putInt(byte[] bytes, int at, int value) {
        INT.set(bytes, at, value);
    }

    static void putLong(byte[] bytes, int at, long value) {
        LONG.set(bytes, at, value);
    }

    /** Up to eight bytes as a number, those beyond the end as zeros. */
    static long longUpTo(byte[] bytes, int at, int end) {
        if (at + Long.BYTES <= bytes.length) {
            return longAt(bytes, at);
        }
        long value = 0;
        for (int i = Math.min(end, bytes.length) - 1; i >= at; i--) {
            value = value << 8 | (bytes[i] & 0xff);
        }
        return value;
    }
}
