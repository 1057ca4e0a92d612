package dev.millrace.landing;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/** A row as {@link WideRows} describes it, that a reader fills anew for each of its rows. */
public final class WideRow {
    private final Object[] values;
    private final InternalRow row;
    private final int quarantine;
    private int set = WideRows.FIRST_STRUCT;

    /** @param tables how many there are before the quarantine */
    public WideRow(int tables) {
        this.quarantine = tables;
        this.values = new Object[WideRows.FIRST_STRUCT + tables + 1];
        this.row = new GenericInternalRow(values);
    }

    /** Always the same one. */
    public InternalRow row() {
        return row;
    }

    /**
     * Makes it a row of a table.
     *
     * @param rescued how many of its values did not fit
     * @param columns in the order of the table's columns
     */
    public void set(int table, int rescued, InternalRow columns) {
        int place = WideRows.FIRST_STRUCT + table;
        // A reader fills the same columns again mostly.
        if (values[place] != columns || place != set) {
            values[set] = null;
            set = place;
            values[set] = columns;
            values[WideRows.TABLE_POSITION] = table;
        }
        values[WideRows.RESCUED_POSITION] = rescued;
    }

    /** Makes it an item of a main table that was left out as expired. */
    public void setExpired(int table) {
        values[set] = null;
        values[WideRows.TABLE_POSITION] = WideRows.expired(table);
        values[WideRows.RESCUED_POSITION] = 0;
    }

    /**
     * Makes it a row of the quarantine, whose last two columns are the bytes themselves: the first of them where they are
     * UTF-8, else the second.
     *
     * @param kept nothing of what may not be kept
     * @param columns the columns before those two
     */
    public void setQuarantined(Optional<byte[]> kept, Object... columns) {
        boolean isText = kept.filter(WideRow::isUtf8).isPresent();
        Object[] all = Arrays.copyOf(columns, columns.length + 2);
        all[columns.length] = isText ? UTF8String.fromBytes(kept.get()) : null;
        all[columns.length + 1] = isText ? null : kept.orElse(null);
        set(quarantine, 0, new GenericInternalRow(all));
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
