package dev.millrace.schema;

import java.util.Arrays;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
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

    private final byte[] kinds;

    /** Numbers as they are or by their bits; of a text, its offset above its length. */
    private final long[] words;

    /** The bytes that a text lies in, or the object. */
    private final Object[] references;

    RowCells(int columns) {
        kinds = new byte[columns];
        words = new long[columns];
        references = new Object[columns];
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
        words[column] = value;
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
