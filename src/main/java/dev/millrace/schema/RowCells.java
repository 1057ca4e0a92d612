package dev.millrace.schema;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.types.CalendarInterval;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * The cells of a row as Spark reads them. They are filled anew for row after row, and neither a number nor a text is an
 * object while it lies here: a text is a place in the bytes that it was read from, valid as long as they are.
 */
public final class RowCells extends InternalRow {
    private static final byte NULL = 0;
    private static final byte LONG = 1;
    private static final byte INT = 2;
    private static final byte BOOLEAN = 3;
    private static final byte DOUBLE = 4;
    private static final byte TEXT = 5;
    private static final byte OBJECT = 6;

    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final int WORD_BYTES = Long.BYTES;

    /** Room of a decimal that no long holds. */
    private static final int DECIMAL_BYTES = 16;

    private final byte[] kinds;

    /** Numbers as they are or by their bits; of a text, its offset above its length. */
    private final long[] words;

    /** The bytes that a text lies in, or the object. */
    private final Object[] references;

    private final int nullBytes;
    private final UnsafeRow packed;
    private byte[] packedBytes;

    RowCells(int columns) {
        kinds = new byte[columns];
        words = new long[columns];
        references = new Object[columns];
        nullBytes = UnsafeRow.calculateBitSetWidthInBytes(columns);
        packed = new UnsafeRow(columns);
        packedBytes = new byte[nullBytes + columns * WORD_BYTES];
    }

    void clear() {
        Arrays.fill(kinds, NULL);
    }

    void putLong(int column, long value) {
        kinds[column] = LONG;
        words[column] = value;
    }

    void putInt(int column, int value) {
        kinds[column] = INT;
        words[column] = Integer.toUnsignedLong(value);
    }

    void putBoolean(int column, boolean value) {
        kinds[column] = BOOLEAN;
        words[column] = value ? 1 : 0;
    }

    void putDouble(int column, double value) {
        kinds[column] = DOUBLE;
        words[column] = Double.doubleToRawLongBits(value);
    }

    /** A text as UTF-8, which is not copied. */
    void putText(int column, byte[] bytes, int offset, int length) {
        kinds[column] = TEXT;
        words[column] = (long) offset << Integer.SIZE | length;
        // Storing a reference costs more than seeing that it is there: the texts of a row lie in the same bytes mostly.
        if (references[column] != bytes) {
            references[column] = bytes;
        }
    }

    void putText(int column, byte[] bytes) {
        putText(column, bytes, 0, bytes.length);
    }

    void putDecimal(int column, Decimal value) {
        putObject(column, value);
    }

    void putBinary(int column, byte[] value) {
        putObject(column, value);
    }

    private void putObject(int column, Object value) {
        kinds[column] = OBJECT;
        references[column] = value;
    }

    /** Takes over a cell of another row. */
    void put(int column, RowCells from, int other) {
        kinds[column] = from.kinds[other];
        words[column] = from.words[other];
        references[column] = from.references[other];
    }

    /** A cell as one of Spark's internal values; null for NULL. */
    public Object value(int column) {
        return switch (kinds[column]) {
            case LONG -> words[column];
            case INT -> (int) words[column];
            case BOOLEAN -> words[column] != 0;
            case DOUBLE -> Double.longBitsToDouble(words[column]);
            case TEXT -> getUTF8String(column);
            case OBJECT -> references[column];
            default -> null;
        };
    }

    /**
     * The cells in Spark's own form, as {@link UnsafeRow} describes it, which Spark copies at one go; made anew by each
     * call, in the same place.
     */
    public UnsafeRow packed() {
        int end = nullBytes + kinds.length * WORD_BYTES;
        Arrays.fill(packedBytes, 0, nullBytes, (byte) 0);
        for (int column = 0; column < kinds.length; column++) {
            int at = nullBytes + column * WORD_BYTES;
            switch (kinds[column]) {
                case NULL -> {
                    packedBytes[column >> 3] |= (byte) (1 << (column & 7));
                    WORD.set(packedBytes, at, 0L);
                }
                case TEXT -> {
                    int length = (int) words[column];
                    WORD.set(packedBytes, at, (long) end << Integer.SIZE | length);
                    end = append(
                            end, (byte[]) references[column], (int) (words[column] >>> Integer.SIZE), length, length);
                }
                case OBJECT -> end = packObject(references[column], at, end);
                default -> WORD.set(packedBytes, at, words[column]);
            }
        }
        packed.pointTo(packedBytes, Platform.BYTE_ARRAY_OFFSET, end);
        return packed;
    }

    private int packObject(Object object, int at, int end) {
        if (object instanceof Decimal decimal && decimal.precision() <= Decimal.MAX_LONG_DIGITS()) {
            WORD.set(packedBytes, at, decimal.toUnscaledLong());
            return end;
        }
        boolean isDecimal = object instanceof Decimal;
        byte[] bytes = isDecimal
                ? ((Decimal) object).toJavaBigDecimal().unscaledValue().toByteArray()
                : (byte[]) object;
        WORD.set(packedBytes, at, (long) end << Integer.SIZE | bytes.length);
        return append(end, bytes, 0, bytes.length, isDecimal ? DECIMAL_BYTES : bytes.length);
    }

    /** Appends bytes, filled up with zeros to whole words. Returns where they end. */
    private int append(int end, byte[] bytes, int from, int length, int room) {
        int next = end + (room + WORD_BYTES - 1) / WORD_BYTES * WORD_BYTES;
        if (next > packedBytes.length) {
            packedBytes = Arrays.copyOf(packedBytes, Math.max(next, packedBytes.length * 2));
        }
        System.arraycopy(bytes, from, packedBytes, end, length);
        for (int i = end + length; i < next; i++) {
            packedBytes[i] = 0;
        }
        return next;
    }

    @Override
    public int numFields() {
        return kinds.length;
    }

    @Override
    public boolean isNullAt(int column) {
        return kinds[column] == NULL;
    }

    @Override
    public void setNullAt(int column) {
        kinds[column] = NULL;
    }

    @Override
    public boolean getBoolean(int column) {
        return words[column] != 0;
    }

    @Override
    public int getInt(int column) {
        return (int) words[column];
    }

    @Override
    public long getLong(int column) {
        return words[column];
    }

    @Override
    public double getDouble(int column) {
        return Double.longBitsToDouble(words[column]);
    }

    @Override
    public UTF8String getUTF8String(int column) {
        if (kinds[column] == NULL) {
            return null;
        }
        long word = words[column];
        return UTF8String.fromBytes((byte[]) references[column], (int) (word >>> Integer.SIZE), (int) word);
    }

    @Override
    public Decimal getDecimal(int column, int precision, int scale) {
        return kinds[column] == NULL ? null : (Decimal) references[column];
    }

    @Override
    public byte[] getBinary(int column) {
        return kinds[column] == NULL ? null : (byte[]) references[column];
    }

    @Override
    public Object get(int column, DataType type) {
        return value(column);
    }

    @Override
    public InternalRow copy() {
        RowCells copy = new RowCells(kinds.length);
        for (int i = 0; i < kinds.length; i++) {
            copy.put(i, this, i);
            if (kinds[i] == TEXT) {
                copy.putText(i, getUTF8String(i).getBytes());
            }
        }
        return copy;
    }

    @Override
    public void update(int column, Object value) {
        throw unsupported();
    }

    @Override
    public byte getByte(int column) {
        throw unsupported();
    }

    @Override
    public short getShort(int column) {
        throw unsupported();
    }

    @Override
    public float getFloat(int column) {
        throw unsupported();
    }

    @Override
    public CalendarInterval getInterval(int column) {
        throw unsupported();
    }

    @Override
    public InternalRow getStruct(int column, int fields) {
        throw unsupported();
    }

    @Override
    public org.apache.spark.sql.catalyst.util.ArrayData getArray(int column) {
        throw unsupported();
    }

    @Override
    public org.apache.spark.sql.catalyst.util.MapData getMap(int column) {
        throw unsupported();
    }

    private static UnsupportedOperationException unsupported() {
        return new UnsupportedOperationException("No column has this type");
    }
}
