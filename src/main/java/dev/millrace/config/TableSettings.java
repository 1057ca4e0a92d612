package dev.millrace.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the job file says about the table of one kind.
 *
 * @param name of the table in landing and warehouse; empty: made from the kind
 * @param types declared types by inferred column name
 * @param rename new column names by inferred column name
 * @param drop attributes that are left out before anything leaves the spool
 * @param hash attributes that are replaced by a hash before anything leaves the spool
 * @param columns by name, in the order of the job file: given ones, which take the place of inference, and computed ones,
 *     each from those before it
 * @param keepRest whether what no column holds is kept beside the columns; only where columns are given it may not be
 * @param deduplicate which rows are the same; empty: all are kept
 */
public record TableSettings(
        Optional<String> name,
        Map<String, DeclaredType> types,
        Map<String, String> rename,
        List<AttributePath> drop,
        List<AttributePath> hash,
        Map<String, Column> columns,
        boolean keepRest,
        Optional<Deduplicate> deduplicate) {
    /** Nothing said: everything is inferred. */
    public static final TableSettings NONE =
            new TableSettings(Optional.empty(), Map.of(), Map.of(), List.of(), List.of(), Map.of());

    /** Settings that keep all that is read. */
    public TableSettings(
            Optional<String> name,
            Map<String, DeclaredType> types,
            Map<String, String> rename,
            List<AttributePath> drop,
            List<AttributePath> hash,
            Map<String, Column> columns) {
        this(name, types, rename, drop, hash, columns, true, Optional.empty());
    }

    public TableSettings {
        types = Ordered.copyOf(types);
        rename = Ordered.copyOf(rename);
        drop = List.copyOf(drop);
        hash = List.copyOf(hash);
        columns = Ordered.copyOf(columns);
    }

    /** Whether something must not leave the spool as it is. */
    public boolean protectsAttributes() {
        return !drop.isEmpty() || !hash.isEmpty();
    }

    /** The columns that are given, in their order; none where the schema is inferred. */
    public Map<String, GivenColumn> given() {
        return only(GivenColumn.class);
    }

    /** The computed columns, in their order. */
    public Map<String, ComputedColumn> computed() {
        return only(ComputedColumn.class);
    }

    /** Whether the table's columns are given, so that nothing has to be read to know them. */
    public boolean isGiven() {
        return columns.values().stream().anyMatch(GivenColumn.class::isInstance);
    }

    private <C extends Column> Map<String, C> only(Class<C> kind) {
        Map<String, C> found = new LinkedHashMap<>();
        columns.forEach((column, form) -> {
            if (kind.isInstance(form)) {
                found.put(column, kind.cast(form));
            }
        });
        return found;
    }

    /** A column that the job file names. */
    public sealed interface Column {}

    /**
     * A column that holds the value at one path of a record.
     *
     * @param sql what takes the place of the value: a Spark SQL expression of the same type over the columns of the row,
     *     in which the column's own name stands for the value
     */
    public record GivenColumn(AttributePath from, DeclaredType type, Optional<String> sql) implements Column {
        /** A column that holds the value as it is. */
        public GivenColumn(AttributePath from, DeclaredType type) {
            this(from, type, Optional.empty());
        }
    }

    /** A column computed from the others of its row by a Spark SQL expression. */
    public record ComputedColumn(String sql) implements Column {}
}
