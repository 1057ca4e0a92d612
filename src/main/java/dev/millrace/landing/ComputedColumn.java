package dev.millrace.landing;

import java.io.Serializable;

/**
 * A column that the job file computes from others of its table.
 *
 * @param name of the new column
 * @param sql a Spark SQL expression over the table's columns and the computed columns declared before it
 * @param place where it was declared, as messages name it: {@code jobs/shop.yaml:31}
 * @param inPlace whether the source has a column of that name, whose value the expression takes the place of; its type
 *     stays
 */
public record ComputedColumn(String name, String sql, String place, boolean inPlace) implements Serializable {
    /** A column beside those of the source. */
    public ComputedColumn(String name, String sql, String place) {
        this(name, sql, place, false);
    }
}
