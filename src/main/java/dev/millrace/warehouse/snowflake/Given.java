package dev.millrace.warehouse.snowflake;

import java.util.Optional;

/**
 * What a person gave to a schema, or to something in it: where it is, and what, as a person says it.
 *
 * @param table or empty for the schema
 * @param column or empty
 */
record Given(String table, String column, String what) {
    /** Up to when something has to be given. */
    enum By {
        /** The tables are made, which future grants and parameters are for. */
        TABLES,
        /** The first row is there, which a policy may be to hide. */
        ROWS,
        /** The swap. */
        SWAP
    }

    /**
     * How the next version gets it, or loses it.
     *
     * @param give empty where Millrace knows no way
     */
    record Way(By by, Optional<String> give, Optional<String> take) {
        /** A way to give it before there are rows; it is not taken. */
        static Way byRows(String statement) {
            return new Way(By.ROWS, Optional.of(statement), Optional.empty());
        }
    }

    String text() {
        String where = table.isEmpty()
                ? "the schema"
                : column.isEmpty() ? "table " + table : "column " + column + " of " + table;
        return what + " on " + where;
    }

    /** Where it is. */
    String place() {
        return place(table, column);
    }

    /** A table, a column of one, or, where both are empty, the schema. */
    static String place(String table, String column) {
        return column.isEmpty() ? table : table + "\t" + column;
    }

    /** A place as a person says it. */
    static String shown(String place) {
        int tab = place.indexOf('\t');
        return place.isEmpty()
                ? "the schema"
                : tab < 0
                        ? "table " + place
                        : "column " + place.substring(tab + 1) + " of table " + place.substring(0, tab);
    }
}
