package dev.millrace.landing;

import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A table that one pass over the units writes.
 *
 * @param definition columns as the source delivers them, in the order of the table's struct
 * @param computed columns added to them or taking the place of one, in the order they were declared
 * @param computedTypes of {@code computed}, one each; empty until {@link ComputedColumns#resolve}
 * @param main whether a row is an item of the source; false for child tables and the quarantine
 * @param quarantine whether it is the table of items that were not understood; then it has a column {@link #KIND_TABLE}
 * @param folder below the storage's root where its files go, with a trailing slash:
 *     {@code shop/orders/snapshot=<run>/datalake/}
 */
public record LandingTable(
        TableDefinition definition,
        List<ComputedColumn> computed,
        List<ColumnType> computedTypes,
        boolean main,
        boolean quarantine,
        String folder)
        implements Serializable {
    /** Holds what of a row fits no column; it is the last column wherever there is one. */
    public static final String REST = "_rest";
    /** Column of the quarantine: name of the main table that the item was meant for, or {@link #UNKNOWN}. */
    public static final String KIND_TABLE = "table_name";
    /** Quarantined items count against this name where no main table is known for them. */
    public static final String UNKNOWN = "_unknown";

    public LandingTable {
        computed = List.copyOf(computed);
        computedTypes = List.copyOf(computedTypes);
        if (!folder.endsWith("/") || folder.length() < 2) {
            throw new IllegalArgumentException("Invalid folder of " + definition.name() + ": " + folder
                    + ": must end with a slash, for example shop/orders/snapshot=<run>/datalake/");
        }
        if (main && quarantine) {
            throw new IllegalArgumentException(
                    "Invalid table " + definition.name() + ": the quarantine is no main table");
        }
        if (quarantine && definition.column(KIND_TABLE).isEmpty()) {
            throw new IllegalArgumentException("Invalid quarantine " + definition.name() + ": no column " + KIND_TABLE);
        }
        if (!computedTypes.isEmpty() && computedTypes.size() != computed.size()) {
            throw new IllegalArgumentException("Invalid table " + definition.name() + ": " + computed.size()
                    + " computed columns, " + computedTypes.size() + " types");
        }
    }

    /** A kind's main table: each row is an item. */
    public static LandingTable main(TableDefinition definition, List<ComputedColumn> computed, String folder) {
        return new LandingTable(definition, computed, List.of(), true, false, folder);
    }

    /** A child table: rows are elements of a list or set. */
    public static LandingTable child(TableDefinition definition, List<ComputedColumn> computed, String folder) {
        return new LandingTable(definition, computed, List.of(), false, false, folder);
    }

    /** The quarantine. */
    public static LandingTable quarantine(TableDefinition definition, String folder) {
        return new LandingTable(definition, List.of(), List.of(), false, true, folder);
    }

    public String name() {
        return definition.name();
    }

    /** Whether the types of all computed columns are known. */
    public boolean isResolved() {
        return computedTypes.size() == computed.size();
    }

    LandingTable withComputedTypes(List<ColumnType> types) {
        return new LandingTable(definition, computed, types, main, quarantine, folder);
    }

    /** The table as it is written: delivered columns, computed columns, {@link #REST} last. */
    public TableDefinition landed() {
        List<Column> wide = wideColumns();
        List<Column> columns = new ArrayList<>();
        for (int position : landedPositions()) {
            columns.add(wide.get(position));
        }
        return new TableDefinition(definition.name(), columns, definition.key());
    }

    /** The columns of the table's struct once it is computed: delivered, then those that were added. */
    List<Column> wideColumns() {
        if (!isResolved()) {
            throw new IllegalStateException("Computed columns of " + name() + " are not resolved");
        }
        List<Column> columns = new ArrayList<>(definition.columns());
        for (int i = 0; i < computed.size(); i++) {
            if (!computed.get(i).inPlace()) {
                columns.add(new Column(computed.get(i).name(), computedTypes.get(i), true));
            }
        }
        return columns;
    }

    /** For each landed column its position among {@link #wideColumns}. */
    List<Integer> landedPositions() {
        List<Integer> positions = new ArrayList<>();
        List<Integer> last = new ArrayList<>();
        long added = computed.stream().filter(column -> !column.inPlace()).count();
        for (int i = 0; i < definition.columns().size() + added; i++) {
            boolean rest = i < definition.columns().size()
                    && definition.columns().get(i).name().equals(REST);
            (rest ? last : positions).add(i);
        }
        positions.addAll(last);
        return positions;
    }
}
