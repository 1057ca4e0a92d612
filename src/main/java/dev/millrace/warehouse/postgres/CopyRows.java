package dev.millrace.warehouse.postgres;

import dev.millrace.warehouse.file.Cells;
import java.math.BigInteger;
import java.sql.SQLException;
import java.util.Arrays;
import org.postgresql.copy.CopyIn;

/**
 * Rows in the binary format of COPY, sent as they come. Cells are written in the order of the statement's columns; those
 * that are left out are null.
 *
 * @see <a href="https://www.postgresql.org/docs/15/sql-copy.html">COPY</a>, "Binary Format"
 */
final class CopyRows implements Cells {
    private static final byte[] HEADER = {
        'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    private static final int FLUSH_BYTES = 128 << 10;
    private static final int DAYS_TO_2000 = 10_957;
    private static final long MICROS_TO_2000 = DAYS_TO_2000 * 86_400_000_000L;
    private static final int BASE = 10_000;
    private static final int DIGITS = 4;
    private static final BigInteger CHUNK = BigInteger.TEN.pow(16);
    private static final int CHUNK_GROUPS = 4;

    /** More than the groups of 38 digits and those that are padded. */
    private static final int MOST_GROUPS = 16;

    private final CopyIn copy;
    private final int columns;
    private final short[] groups = new short[MOST_GROUPS];
    private byte[] bytes = new byte[2 * FLUSH_BYTES];
    private int size;
    private int next;
    private long rows;

    CopyRows(CopyIn copy, int columns) {
        this.copy = copy;
        this.columns = columns;
        System.arraycopy(HEADER, 0, bytes, 0, HEADER.length);
        size = HEADER.length;
    }

    /** Rows that are complete. */
    long rows() {
        return rows;
    }

    @Override
    public void beginRow() {
        int2(columns);
        next = 0;
    }

    @Override
    public void endRow() throws SQLException {
        nullsUpTo(columns);
        rows++;
        if (size >= FLUSH_BYTES) {
            flush();
        }
    }

    /** Sends what is left, and the end. */
    void end() throws SQLException {
        int2(-1);
        flush();
    }

    private void flush() throws SQLException {
        copy.writeToCopy(bytes, 0, size);
        size = 0;
    }

    @Override
    public void int8(int column, long value) {
        begin(column, Long.BYTES);
        put8(value);
    }

    @Override
    public void float8(int column, double value) {
        int8(column, Double.doubleToRawLongBits(value));
    }

    @Override
    public void bool(int column, boolean value) {
        begin(column, 1);
        ensure(1);
        bytes[size++] = (byte) (value ? 1 : 0);
    }

    /** @param days since 1970 */
    @Override
    public void date(int column, int days) {
        begin(column, Integer.BYTES);
        int4(days - DAYS_TO_2000);
    }

    /** @param micros since 1970, UTC */
    @Override
    public void timestamp(int column, long micros) {
        int8(column, micros - MICROS_TO_2000);
    }

    /** Text in UTF-8, JSON or bytes. */
    @Override
    public void bytes(int column, byte[] value, int from, int length) {
        begin(column, length);
        ensure(length);
        System.arraycopy(value, from, bytes, size, length);
        size += length;
    }

    /** A decimal of unscaled value and scale. */
    void numeric(int column, long unscaled, int scale) {
        int padding = padding(scale);
        long factor = padding == 0 ? 1 : padding == 1 ? 10 : padding == 2 ? 100 : 1000;
        long magnitude = Math.abs(unscaled);
        if (unscaled == Long.MIN_VALUE || magnitude > Long.MAX_VALUE / factor) {
            numeric(column, BigInteger.valueOf(unscaled), scale);
            return;
        }
        int first = fill(MOST_GROUPS, magnitude * factor, 0);
        numeric(column, first, scale, unscaled < 0);
    }

    @Override
    public void numeric(int column, BigInteger unscaled, int scale) {
        BigInteger rest = unscaled.abs().multiply(BigInteger.TEN.pow(padding(scale)));
        int first = MOST_GROUPS;
        while (rest.bitLength() > Long.SIZE - 1) {
            BigInteger[] parts = rest.divideAndRemainder(CHUNK);
            first = fill(first, parts[1].longValue(), CHUNK_GROUPS);
            rest = parts[0];
        }
        first = fill(first, rest.longValue(), 0);
        numeric(column, first, scale, unscaled.signum() < 0);
    }

    /** Zeros that bring the digits after the point to whole groups. */
    private static int padding(int scale) {
        return (DIGITS - scale % DIGITS) % DIGITS;
    }

    /** Puts a number's groups in front of {@code first}, at least so many; returns where they begin. */
    private int fill(int first, long number, int least) {
        int at = first;
        long rest = number;
        while (rest != 0 || first - at < least) {
            groups[--at] = (short) (rest % BASE);
            rest /= BASE;
        }
        return at;
    }

    private void numeric(int column, int firstFilled, int scale, boolean isNegative) {
        int first = firstFilled;
        int end = MOST_GROUPS;
        while (first < end && groups[first] == 0) {
            first++;
        }
        // The power of the first group; those after the point have negative ones.
        int weight = end - first - (scale + DIGITS - 1) / DIGITS - 1;
        while (end > first && groups[end - 1] == 0) {
            end--;
        }
        int count = end - first;
        begin(column, Short.BYTES * (4 + count));
        int2(count);
        int2(count == 0 ? 0 : weight);
        int2(isNegative ? 0x4000 : 0);
        int2(scale);
        for (int i = first; i < end; i++) {
            int2(groups[i]);
        }
    }

    private void begin(int column, int length) {
        nullsUpTo(column);
        next = column + 1;
        int4(length);
    }

    private void nullsUpTo(int column) {
        if (column < next) {
            throw new IllegalStateException("Cell " + column + " of a row comes after cell " + (next - 1));
        }
        for (; next < column; next++) {
            int4(-1);
        }
    }

    private void int2(int value) {
        ensure(Short.BYTES);
        bytes[size++] = (byte) (value >> 8);
        bytes[size++] = (byte) value;
    }

    private void int4(int value) {
        int2(value >> 16);
        int2(value);
    }

    private void put8(long value) {
        int4((int) (value >> 32));
        int4((int) value);
    }

    private void ensure(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(size, more), bytes.length + bytes.length / 2));
        }
    }
}
