package dev.millrace.config;

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
 * @param columns computed columns by name, in the order they are added
 */
public record TableSettings(
        Optional<String> name,
        Map<String, DeclaredType> types,
        Map<String, String> rename,
        List<AttributePath> drop,
        List<AttributePath> hash,
        Map<String, ComputedColumn> columns) {
    /** Nothing said: everything is inferred. */
    public static final TableSettings NONE =
            new TableSettings(Optional.empty(), Map.of(), Map.of(), List.of(), List.of(), Map.of());

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

    /** A column computed from the others of its row by a Spark SQL expression. */
    public record ComputedColumn(String sql) {}
}
