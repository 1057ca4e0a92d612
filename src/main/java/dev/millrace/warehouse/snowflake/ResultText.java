package dev.millrace.warehouse.snowflake;

import dev.millrace.warehouse.QueryRows;
import dev.millrace.warehouse.ResultRows;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Locale;

/** A result's values as text, as the other engines write them. */
final class ResultText {
    private static final int DIGITS_OF_DOUBLE = 17;
    private static final BigDecimal LEAST_PLAIN = new BigDecimal("0.0001");
    private static final BigDecimal LEAST_NOT_PLAIN = new BigDecimal("1e15");

    private ResultText() {}

    static void handOut(ResultSet result, String nullText, QueryRows rows) throws SQLException {
        new ResultRows(rows, nullText, SnowflakeText::shown, ResultText::text).take(result);
    }

    private static String text(ResultSet result, int column, String value) throws SQLException {
        return switch (result.getMetaData().getColumnType(column)) {
            case Types.DOUBLE, Types.FLOAT, Types.REAL -> real(result.getDouble(column));
            case Types.BOOLEAN, Types.BIT -> Boolean.toString(result.getBoolean(column));
            case Types.TIMESTAMP -> value.contains(".") ? value.replaceFirst("\\.?0*$", "") : value;
            default -> value;
        };
    }

    /** The shortest text that is this number, such as {@code 5e-324}. */
    static String real(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Double.toString(value);
        }
        String shortest = Double.toString(value);
        for (int digits = 0; digits < DIGITS_OF_DOUBLE; digits++) {
            String text = String.format(Locale.ROOT, "%." + digits + "e", value);
            if (Double.parseDouble(text) == value) {
                shortest = text;
                break;
            }
        }
        BigDecimal exact = new BigDecimal(shortest);
        BigDecimal size = exact.abs();
        boolean isPlain =
                size.signum() == 0 || (size.compareTo(LEAST_PLAIN) >= 0 && size.compareTo(LEAST_NOT_PLAIN) < 0);
        return isPlain ? exact.stripTrailingZeros().toPlainString() : shortest;
    }
}
