package dev.millrace.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Declared checks between upload and replace, beside the count of rows, which is always checked. Tables are named as in
 * the warehouse.
 *
 * @param maxShrink the part of live's rows that a table may lose
 * @param maxQuarantine the part of the rows read that may be quarantined
 * @param minRows rows a table must have
 * @param notNull columns without nulls, by table
 * @param unique by table, lists of columns whose values together must not repeat
 */
public record GateSettings(
        Optional<Percent> maxShrink,
        Percent maxQuarantine,
        Map<String, Long> minRows,
        Map<String, List<String>> notNull,
        Map<String, List<List<String>>> unique) {
    public GateSettings {
        minRows = Ordered.copyOf(minRows);
        notNull = Ordered.copyOf(notNull);
        unique = Ordered.copyOf(unique);
    }
}
