package dev.millrace.schema;

import dev.millrace.config.TableSettings;
import dev.millrace.table.ColumnType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * How two data-schemas differ, or one from what its items are by now, in words.
 *
 * @param tables those with a difference, in order
 */
public record SchemaDiff(List<Table> tables) {
    /** What kind of difference a line tells. */
    public enum Sign {
        /** A table or column that is new. */
        NEW("+"),
        /** Another type. */
        CHANGED("~"),
        /** Values that stay in {@code _rest} whatever is taken over. */
        REST("!"),
        /** Met where the job file gives the columns, and none of them holds it. */
        UNNAMED("?"),
        /** What was there and is not met any more; it stays. */
        GONE("-");

        private final String mark;

        Sign(String mark) {
            this.mark = mark;
        }

        @Override
        public String toString() {
            return mark;
        }
    }

    /** One difference. */
    public record Line(Sign sign, String text) {}

    /**
     * The differences of one table.
     *
     * @param name of the table
     * @param described what its rows are, and how many were counted
     */
    public record Table(String name, String described, List<Line> lines) {
        public Table {
            lines = List.copyOf(lines);
        }
    }

    public SchemaDiff {
        tables = List.copyOf(tables);
    }

    /** The signs that occur, in their order. */
    public Set<Sign> signs() {
        Set<Sign> signs = new TreeSet<>();
        tables.forEach(t -> t.lines().forEach(line -> signs.add(line.sign())));
        return signs;
    }

    /**
     * How a version differs from an earlier one, in the tables whose columns the job file does not give.
     *
     * @param settings of the job file, for names
     */
    public static SchemaDiff between(
            SchemaCache.Entry earlier, SchemaCache.Entry later, Map<String, TableSettings> settings) {
        List<CountedTable> before = inferred(earlier.schema(), earlier.census(), settings);
        List<Table> tables = new ArrayList<>();
        for (CountedTable table : inferred(later.schema(), later.census(), settings)) {
            add(tables, table, changes(table, same(before, table)));
        }
        return new SchemaDiff(tables);
    }

    /**
     * How a version differs from what a later census would make of it, and what would stay in {@code _rest} all the same;
     * of tables whose columns the job file gives, what was met that none of them holds.
     *
     * @param settings of the job file, for names
     * @param listsAsJson as for {@link Inference#infer}
     */
    public static SchemaDiff against(
            Census census, SchemaCache.Entry version, Map<String, TableSettings> settings, boolean listsAsJson) {
        DataSchema known = version.schema();
        DataSchema proposed = Inference.propose(census.without(GivenColumns.kinds(settings)), known, listsAsJson);
        List<CountedTable> before = inferred(known, version.census(), settings);
        List<Table> tables = new ArrayList<>();
        List<CountedTable> after = inferred(proposed, census, settings);
        for (CountedTable table : after) {
            Optional<CountedTable> earlier = same(before, table);
            List<Line> lines = new ArrayList<>(changes(table, earlier));
            lines.addAll(left(table, after));
            earlier.ifPresent(was -> lines.addAll(gone(table, was)));
            add(tables, table, lines);
        }
        CountedTable.of(GivenColumns.over(known, settings), census, settings).stream()
                .filter(table -> table.table().isGiven())
                .forEach(table -> add(
                        tables,
                        table,
                        GivenColumns.unnamed(table).stream()
                                .map(line -> new Line(Sign.UNNAMED, line))
                                .toList()));
        return new SchemaDiff(tables);
    }

    private static List<CountedTable> inferred(DataSchema schema, Census census, Map<String, TableSettings> settings) {
        return CountedTable.of(GivenColumns.inferred(schema, settings), census, settings);
    }

    private static void add(List<Table> tables, CountedTable table, List<Line> lines) {
        if (!lines.isEmpty()) {
            tables.add(new Table(table.name(), table.described(), lines));
        }
    }

    private static Optional<CountedTable> same(List<CountedTable> tables, CountedTable as) {
        return tables.stream().filter(as::isSame).findFirst();
    }

    /** New and changed columns; all of a new table. */
    private static List<Line> changes(CountedTable table, Optional<CountedTable> before) {
        List<Line> lines = new ArrayList<>();
        if (before.isEmpty()) {
            lines.add(new Line(Sign.NEW, "the table is new"));
        }
        for (EntityColumn column : table.columns()) {
            Optional<EntityColumn> was = before.flatMap(t -> t.column(column.path()));
            if (was.isEmpty()) {
                lines.add(
                        new Line(Sign.NEW, table.nameOf(column) + " " + column.type() + ": " + filled(table, column)));
            } else if (!was.get().equals(column)) {
                lines.add(new Line(
                        Sign.CHANGED,
                        table.nameOf(column) + " " + change(was.get(), column) + why(table, was.get(), column)));
            }
        }
        return lines;
    }

    private static String filled(CountedTable table, EntityColumn column) {
        if (!table.countsRows()) {
            return "elements of the set";
        }
        long values = table.at(column).shaped(column.source());
        return Words.place(column.path()) + ", of type " + column.source() + " in " + Words.count(values, "row") + " ("
                + Words.share(values, table.count()) + ")";
    }

    private static String change(EntityColumn was, EntityColumn now) {
        String types = now.type().toString();
        if (was.source() != now.source()) {
            types = was.type() + " of " + was.source() + " → " + types + " of " + now.source();
        } else if (!was.type().equals(now.type())) {
            types = was.type() + " → " + types;
        }
        return types + (now.pinned() && !was.pinned() ? ", pinned" : "");
    }

    private static String why(CountedTable table, EntityColumn was, EntityColumn now) {
        PathCensus met = table.at(now);
        List<String> reasons = new ArrayList<>();
        if (was.source() != now.source()) {
            reasons.add(Words.count(met.shaped(now.source()), "value") + " of type " + now.source());
            reasons.add(Words.count(met.shaped(was.source()), "value") + " of type " + was.source());
        } else if (now.source() == SourceType.N && !now.pinned() && !was.type().equals(now.type())) {
            reasons.add("numbers of up to " + Words.digits(met.numbers()));
        }
        Optional.ofNullable(table.settings().types().get(now.name()))
                .ifPresent(declared -> reasons.add("the job file says " + declared + ", which wins"));
        return reasons.isEmpty() ? "" : ": " + String.join(", ", reasons);
    }

    /** What fits no column even then. */
    private static List<Line> left(CountedTable table, List<CountedTable> all) {
        if (!table.countsRows()) {
            return List.of();
        }
        List<Line> lines = new ArrayList<>();
        for (EntityColumn column : table.columns()) {
            String others = SchemaView.others(table.at(column), column.source());
            if (!others.isEmpty() && !table.isHashed(column)) {
                lines.add(new Line(Sign.REST, table.nameOf(column) + " holds " + column.source() + ": " + others));
            }
            NumberCensus numbers = table.at(column).numbers();
            if (column.source() == SourceType.N && !holds(column.type(), numbers)) {
                lines.add(new Line(
                        Sign.REST,
                        table.nameOf(column) + " is " + column.type() + ": some numbers do not fit, they have up to "
                                + Words.digits(numbers)));
            }
        }
        Shapes shapes = new Shapes(table, all, lines, new ArrayList<>());
        shapes.compare(List.of(), table.rows());
        int without = shapes.without().size();
        if (without > 0) {
            lines.add(new Line(
                    Sign.REST,
                    Words.count(without, "attribute") + " beyond the " + Inference.MAX_COLUMNS
                            + " columns of a table, among them "
                            + shapes.without().get(0)));
        }
        return lines;
    }

    private static boolean holds(ColumnType type, NumberCensus numbers) {
        return switch (type.kind()) {
            case BIGINT -> numbers.bigint();
            case DECIMAL ->
                numbers.scale() <= type.scale() && numbers.integerDigits() <= type.precision() - type.scale();
            case STRING -> true;
            // Whether a number is some double or time is not to be told from its digits.
            case DOUBLE, TIMESTAMP, DATE, BOOLEAN, BINARY, JSON -> true;
        };
    }

    private static List<Line> gone(CountedTable table, CountedTable was) {
        if (table.count() == 0 && was.count() > 0) {
            return List.of(new Line(Sign.GONE, "no rows any more, before " + Words.number(was.count())));
        }
        List<Line> lines = new ArrayList<>();
        for (EntityColumn column : was.columns()) {
            long before = was.at(column).shaped(column.source());
            if (table.countsRows() && table.at(column).total() == 0 && before > 0) {
                lines.add(new Line(
                        Sign.GONE, was.nameOf(column) + ": no value any more, before " + Words.number(before)));
            }
        }
        return lines;
    }

    /**
     * Compares what was met in a table's rows with what they hold beside columns: maps and lists.
     *
     * @param lines to add to
     * @param without attributes that have no place, to add to
     */
    private record Shapes(CountedTable table, List<CountedTable> all, List<Line> lines, List<String> without) {
        void compare(List<String> path, PathCensus met) {
            boolean isColumn =
                    table.table().values().stream().anyMatch(c -> c.path().equals(path));
            if (isColumn) {
                return;
            }
            Optional<SourceType> shape = path.isEmpty() ? Optional.of(SourceType.M) : shape(path);
            String attribute = Words.place(path);
            if (shape.isEmpty()) {
                Inference.majority(met).ifPresent(type -> without.add(attribute));
                return;
            }
            String others = SchemaView.others(met, shape.get());
            if (!others.isEmpty()) {
                lines.add(new Line(Sign.REST, attribute + " holds " + shape.get() + ": " + others));
            }
            if (shape.get() == SourceType.M) {
                met.fields().forEach((name, below) -> {
                    List<String> at = new ArrayList<>(path);
                    at.add(name);
                    compare(at, below);
                });
            }
        }

        /** What a path without a column is: a list with a table of its own, or a map with columns below. */
        private Optional<SourceType> shape(List<String> path) {
            List<CountedTable> children = all.stream()
                    .filter(t -> t.parent().equals(table.name()) && t.entity().equals(table.entity()))
                    .toList();
            Optional<CountedTable> child =
                    children.stream().filter(t -> t.table().path().equals(path)).findFirst();
            if (child.isPresent()) {
                return child.map(t -> t.table().container());
            }
            boolean isMap = table.table().values().stream().anyMatch(c -> isBelow(c.path(), path))
                    || children.stream().anyMatch(t -> isBelow(t.table().path(), path));
            return isMap ? Optional.of(SourceType.M) : Optional.empty();
        }

        private static boolean isBelow(List<String> path, List<String> prefix) {
            return path.size() > prefix.size() && path.subList(0, prefix.size()).equals(prefix);
        }
    }
}
