package dev.millrace.warehouse.file;

import java.io.IOException;
import java.math.BigInteger;
import java.sql.SQLException;

/**
 * Rows on their way to an engine. Cells are written in the order of the columns; those that are left out are null.
 */
public interface Cells {
    void beginRow();

    void endRow() throws IOException, SQLException;

    void int8(int column, long value);

    void float8(int column, double value);

    void bool(int column, boolean value);

    /**
     * A day.
     *
     * @param days since 1970
     */
    void date(int column, int days);

    /**
     * A moment.
     *
     * @param micros since 1970, UTC
     */
    void timestamp(int column, long micros);

    /** Text in UTF-8, JSON or bytes. */
    void bytes(int column, byte[] value, int from, int length);

    /** The same, all of it. */
    default void bytes(int column, byte[] value) {
        bytes(column, value, 0, value.length);
    }

    /** A decimal of unscaled value and scale. */
    void numeric(int column, BigInteger unscaled, int scale);
}
