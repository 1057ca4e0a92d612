package dev.millrace.table;

import java.io.Serializable;

/**
 * A column of a landing or warehouse table.
 *
 * @param name legal in every warehouse: at most 63 bytes of {@code [a-z0-9_]}, unique without regard to case
 * @param type its type
 * @param nullable whether a row may have no value
 */
public record Column(String name, ColumnType type, boolean nullable) implements Serializable {}
