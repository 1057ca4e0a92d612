package dev.millrace.schema;

import dev.millrace.config.TableSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A data-schema as a person reads it: its tables and columns by the names that readers know, each with what was met.
 *
 * @param name of the table
 * @param described what its rows are, and how many were counted
 * @param columns those that hold values
 */
public record SchemaView(String name, String described, List<Column> columns) {
    /**
     * A column.
     *
     * @param name in landing and warehouse
     * @param type as declared, else as inferred
     * @param attribute its path in the row
     * @param holds the one type of its values in the source; empty where the job file gives the column
     * @param share the part of the rows that have such a value; empty where it is not known
     * @param others values of other types, which stay in {@code _rest}
     * @param notes what else there is to know: key, pinned, declared, hashed
     */
    public record Column(
            String name, String type, String attribute, String holds, String share, String others, String notes) {}

    public SchemaView {
        columns = List.copyOf(columns);
    }

    /** All tables of a data-schema, and those whose columns settings give, by their kinds. */
    public static List<SchemaView> of(DataSchema schema, Census census, Map<String, TableSettings> settings) {
        return CountedTable.of(GivenColumns.over(schema, settings), census, settings).stream()
                .map(t -> new SchemaView(
                        t.name(),
                        t.described(),
                        t.columns().stream().map(c -> column(t, c)).toList()))
                .toList();
    }

    private static Column column(CountedTable table, EntityColumn column) {
        return column.role() == EntityColumn.Role.GIVEN ? given(table, column) : inferred(table, column);
    }

    /** What a given column holds was declared, and is not counted. */
    private static Column given(CountedTable table, EntityColumn column) {
        TableSettings.GivenColumn given = table.settings().given().get(column.name());
        List<String> notes = new ArrayList<>(List.of("given"));
        if (!given.type().toString().equals(column.type().toString())) {
            notes.add("from " + given.type());
        }
        given.type().pattern().ifPresent(pattern -> notes.add("pattern " + pattern));
        given.sql().ifPresent(sql -> notes.add("sql"));
        return new Column(
                column.name(),
                column.type().toString(),
                Words.path(column.path()),
                "",
                "",
                "",
                String.join(", ", notes));
    }

    private static Column inferred(CountedTable table, EntityColumn column) {
        boolean hashed = table.isHashed(column);
        Optional<String> declared =
                Optional.ofNullable(table.settings().types().get(column.name())).map(Object::toString);
        List<String> notes = new ArrayList<>();
        if (column.role() == EntityColumn.Role.KEY) {
            notes.add("key");
        }
        if (column.pinned()) {
            notes.add("pinned");
        }
        if (hashed) {
            notes.add("hashed");
        }
        declared.ifPresent(type -> notes.add("declared"));
        if (!table.nameOf(column).equals(column.name())) {
            notes.add("renamed from " + column.name());
        }
        String type = declared.orElse(hashed ? "string" : column.type().toString());
        PathCensus met = table.at(column);
        // What is hashed is counted as the text that it becomes.
        SourceType holds = hashed ? SourceType.S : column.source();
        return new Column(
                table.nameOf(column),
                type,
                column.path().isEmpty() ? "the element" : Words.path(column.path()),
                holds.name(),
                table.countsRows() ? Words.share(met.shaped(holds), table.count()) : "",
                table.countsRows() ? others(met, holds) : "",
                String.join(", ", notes));
    }

    /** {@code 23 S, 1 BOOL}: what was met of other types than one, without NULLs, empty lists and maps. */
    static String others(PathCensus met, SourceType than) {
        List<String> others = new ArrayList<>();
        for (SourceType type : SourceType.values()) {
            if (type != than && met.shaped(type) > 0) {
                others.add(Words.number(met.shaped(type)) + " " + type);
            }
        }
        return String.join(", ", others);
    }
}
