package dev.millrace.landing;

import java.io.Serializable;

/**
 * A column that the job file computes from others of its table.
 *
 * @param name of the new column
 * @param sql a Spark SQL expression over the table's columns and the computed columns declared before it
 * @param place where it was declared, as messages name it: {@code jobs/shop.yaml:31}
 */
public record ComputedColumn(String name, String sql, String place) implements Serializable {}
