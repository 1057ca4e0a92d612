package dev.millrace.json;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Finds line feeds and carriage returns, eight bytes at a time. */
public final class LineBreaks {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGHS = 0x8080808080808080L;

    private LineBreaks() {}

    /** Offset of the first line feed or carriage return from {@code from} on; {@code to} when there is none before. */
    public static int find(byte[] bytes, int from, int to) {
        int p = from;
        while (p + 8 <= to) {
            long w = (long) LONG.get(bytes, p);
            // Of bytes that are not above 0x7F, those below 0x0E; tabs are among them, and looked at below.
            long low = w - ONES * 0x0E & ~w & HIGHS;
            if (low == 0) {
                p += 8;
                continue;
            }
            p += Long.numberOfTrailingZeros(low) >>> 3;
            if (bytes[p] == '\n' || bytes[p] == '\r') {
                return p;
            }
            p++;
        }
        while (p < to && bytes[p] != '\n' && bytes[p] != '\r') {
            p++;
        }
        return p;
    }
}
