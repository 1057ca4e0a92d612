package dev.millrace.schema;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * The table of a kind, or of the elements of a list or set within it.
 *
 * @param suffix what follows the kind's table name in this table's name; empty for the main table
 * @param parent number of the table, within the kind, whose rows hold the list; −1 for the main table
 * @param path attribute names from the parent's row to the list or set; empty for the main table
 * @param container M for the main table, L or a set type for a child table
 * @param columns keys first, then values, {@code _rest} last
 */
public record EntityTable(
        String suffix, int parent, List<String> path, SourceType container, List<EntityColumn> columns)
        implements Serializable {
    public static final String REST = "_rest";
    public static final String INDEX = "_index";
    public static final String FILE = "_file";
    public static final String ROW_ID = "_row_id";

    /** Name of what is no object, as an attribute of the record that it becomes. */
    public static final String VALUE = "_value";

    public EntityTable {
        path = List.copyOf(path);
        columns = List.copyOf(columns);
    }

    public boolean isMain() {
        return parent < 0;
    }

    /** Whether the job file gives its columns. */
    public boolean isGiven() {
        return columns.stream().anyMatch(c -> c.role() == EntityColumn.Role.GIVEN);
    }

    /** The same table with a column in place of the one that has its role and path, or added as the last value. */
    EntityTable with(EntityColumn column) {
        List<EntityColumn> changed = new ArrayList<>(columns);
        boolean isNew = columns.stream().noneMatch(c -> isSame(c, column));
        if (isNew) {
            changed.add(changed.size() - 1, column);
        } else {
            changed.replaceAll(c -> isSame(c, column) ? column : c);
        }
        return new EntityTable(suffix, parent, path, container, changed);
    }

    private static boolean isSame(EntityColumn a, EntityColumn b) {
        return a.role() == b.role() && a.path().equals(b.path());
    }

    List<EntityColumn> values() {
        return columns.stream()
                .filter(c -> switch (c.role()) {
                    case KEY, VALUE, GIVEN -> true;
                    case FILE, ROW_ID, PARENT_KEY, INDEX, REST -> false;
                })
                .toList();
    }
}
