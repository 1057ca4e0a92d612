package dev.millrace.warehouse;

import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Hands a query's result out as text: all at once, or in the parts that a cursor gives. */
public final class ResultRows {
    /** An engine's text of a value that is there. */
    public interface Cell {
        /**
         * The text of one value.
         *
         * @param value as the driver writes it
         */
        String text(ResultSet row, int column, String value) throws SQLException;
    }

    private final QueryRows rows;
    private final String nullText;
    private final UnaryOperator<String> label;
    private final Cell cell;
    private boolean isBegun;
    private boolean isOver;

    /** For an engine whose driver writes values as they are told. */
    public ResultRows(QueryRows rows, String nullText) {
        this(rows, nullText, name -> name, (row, column, value) -> value);
    }

    /**
     * For an engine that tells names or values in another way than its driver.
     *
     * @param nullText what stands for a missing value
     * @param label a column's name as readers know it
     */
    public ResultRows(QueryRows rows, String nullText, UnaryOperator<String> label, Cell cell) {
        this.rows = rows;
        this.nullText = nullText;
        this.label = label;
        this.cell = cell;
    }

    /** Takes a result, or the next part of it; returns how many rows it had, as far as they were wanted. */
    public int take(ResultSet result) throws SQLException {
        ResultSetMetaData meta = result.getMetaData();
        int width = meta.getColumnCount();
        if (!isBegun) {
            isBegun = true;
            List<String> names = new ArrayList<>();
            for (int i = 1; i <= width; i++) {
                names.add(label.apply(meta.getColumnLabel(i)));
            }
            rows.header(names);
        }
        int taken = 0;
        while (!isOver && result.next()) {
            taken++;
            List<String> values = new ArrayList<>();
            for (int i = 1; i <= width; i++) {
                String value = result.getString(i);
                values.add(value == null ? nullText : cell.text(result, i, value));
            }
            isOver = !rows.row(values);
        }
        return taken;
    }

    /** Whether the reader wants no more. */
    public boolean isOver() {
        return isOver;
    }
}
