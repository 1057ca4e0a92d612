package dev.millrace.landing;

import dev.millrace.fault.Fault;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

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
 * @param partitionBy names of columns, delivered or computed, by whose values the files lie in folders below
 *     {@code folder}, in the order of the folders; these columns are not in the files. Mostly none
 */
public record LandingTable(
        TableDefinition definition,
        List<ComputedColumn> computed,
        List<ColumnType> computedTypes,
        boolean main,
        boolean quarantine,
        String folder,
        List<String> partitionBy)
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
        partitionBy = List.copyOf(partitionBy);
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

    /** A table whose files lie in one folder. */
    public LandingTable(
            TableDefinition definition,
            List<ComputedColumn> computed,
            List<ColumnType> computedTypes,
            boolean main,
            boolean quarantine,
            String folder) {
        this(definition, computed, computedTypes, main, quarantine, folder, List.of());
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
        return new LandingTable(definition, computed, types, main, quarantine, folder, partitionBy);
    }

    /** Whether its rows have a column, delivered or computed. */
    public boolean has(String column) {
        return wideColumns().stream().anyMatch(has -> has.name().equalsIgnoreCase(column));
    }

    /**
     * The same table with its files in folders by partition.
     *
     * @param names of columns, delivered or computed; none for one folder
     */
    public LandingTable partitionedBy(List<String> names) {
        return new LandingTable(definition, computed, computedTypes, main, quarantine, folder, names);
    }

    /**
     * The columns that name the folders, in the order of the folders.
     *
     * @throws Fault of kind USER for a name that is no column, or a column of a type that names no folder
     */
    public List<Column> partitions() {
        List<Column> wide = wideColumns();
        return partitionPositions().stream().map(wide::get).toList();
    }

    /** For each of {@link #partitions} its position among {@link #wideColumns}. */
    List<Integer> partitionPositions() {
        List<Integer> positions = new ArrayList<>();
        List<Column> wide = wideColumns();
        for (String wanted : partitionBy) {
            int position = 0;
            while (position < wide.size() && !wide.get(position).name().equalsIgnoreCase(wanted)) {
                position++;
            }
            if (position == wide.size()) {
                throw Fault.user(
                        "Invalid partition-by: " + wanted + ": table " + name() + " has no such column; it has "
                                + wide.stream().map(Column::name).collect(Collectors.joining(", ")));
            }
            PartitionPath.requirePartition(name(), wide.get(position));
            if (positions.contains(position)) {
                throw Fault.user("Invalid partition-by: " + wanted + ": it is named twice for table " + name());
            }
            positions.add(position);
        }
        if (!positions.isEmpty() && positions.size() == wide.size()) {
            throw Fault.user("Invalid partition-by: " + String.join(", ", partitionBy) + ": table " + name()
                    + " has no other column, its files would be empty");
        }
        return positions;
    }

    /** The table as its files hold it: delivered columns, computed columns, {@link #REST} last; no partitions. */
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
        List<Integer> folders = partitionPositions();
        List<Integer> positions = new ArrayList<>();
        List<Integer> last = new ArrayList<>();
        long added = computed.stream().filter(column -> !column.inPlace()).count();
        for (int i = 0; i < definition.columns().size() + added; i++) {
            boolean rest = i < definition.columns().size()
                    && definition.columns().get(i).name().equals(REST);
            if (!folders.contains(i)) {
                (rest ? last : positions).add(i);
            }
        }
        positions.addAll(last);
        return positions;
    }
}
