package dev.millrace.schema;

import dev.millrace.config.TableSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A table of a data-schema under the name that the job file gives it, with what a census met there.
 *
 * @param entity that it belongs to
 * @param table as the data-schema has it
 * @param name in landing and warehouse
 * @param parent name of the table whose rows hold the list; empty for a main table
 * @param settings of the kind
 * @param rows the statistic of its rows: of the items, or of the elements of all lists; of sets, that of the sets
 */
record CountedTable(
        EntitySchema entity, EntityTable table, String name, String parent, TableSettings settings, PathCensus rows) {
    /** All tables of a data-schema, in its order, without those that the job file drops. */
    static List<CountedTable> of(DataSchema schema, Census census, Map<String, TableSettings> settings) {
        List<CountedTable> all = new ArrayList<>();
        for (EntitySchema entity : schema.entities()) {
            TableSettings own = settings.getOrDefault(entity.kind(), TableSettings.NONE);
            String base = own.name().orElse(entity.name());
            int first = all.size();
            for (EntityTable table : entity.tables()) {
                PathCensus rows =
                        Optional.ofNullable(census.kinds().get(entity.kind())).orElseGet(PathCensus::new);
                String parent = "";
                if (!table.isMain()) {
                    CountedTable above = all.get(first + table.parent());
                    PathCensus list = at(above.rows, table.path());
                    rows = table.container().isSet() ? list : list.element().orElseGet(PathCensus::new);
                    parent = above.name;
                }
                all.add(new CountedTable(entity, table, Names.table(base, table.suffix()), parent, own, rows));
            }
        }
        all.removeIf(t -> ShredPlan.isDropped(t.table, t.entity, t.settings));
        return all;
    }

    private static PathCensus at(PathCensus from, List<String> path) {
        PathCensus found = from;
        for (String name : path) {
            found = found.fields().getOrDefault(name, new PathCensus());
        }
        return found;
    }

    /** What was met where a column's values come from; of a set's elements only the sets are counted. */
    PathCensus at(EntityColumn column) {
        return at(rows, column.path());
    }

    /** Whether the table has rows of its own to compare a column's values with: sets are counted whole. */
    boolean countsRows() {
        return !table.container().isSet();
    }

    /** The number of rows; of sets, that of the sets. */
    long count() {
        return table.isMain() ? rows.count(SourceType.M) : countsRows() ? rows.total() : rows.shaped(table.container());
    }

    /** {@code kind Order, 9,000 items}, {@code the elements of lines in orders, 26,866}. */
    String described() {
        if (table.isMain()) {
            return "kind " + entity.kind() + ", " + Words.count(count(), "item");
        }
        String of = "of " + Words.path(table.path()) + " in " + parent + ", ";
        return "elements " + of + (countsRows() ? Words.count(count(), "row") : Words.count(count(), "set"));
    }

    /** The columns that hold values, without those that the job file drops. */
    List<EntityColumn> columns() {
        return table.values().stream()
                .filter(c -> !ShredPlan.isDropped(c, table, entity, settings))
                .toList();
    }

    Optional<EntityColumn> column(List<String> path) {
        return columns().stream().filter(c -> c.path().equals(path)).findFirst();
    }

    /** A column's name in landing and warehouse. */
    String nameOf(EntityColumn column) {
        return settings.rename().getOrDefault(column.name(), column.name());
    }

    boolean isHashed(EntityColumn column) {
        return ShredPlan.isHashed(column, table, entity, settings);
    }

    /** Whether both are the same table, in two versions of a data-schema. */
    boolean isSame(CountedTable other) {
        return entity.kind().equals(other.entity.kind()) && table.suffix().equals(other.table.suffix());
    }
}
