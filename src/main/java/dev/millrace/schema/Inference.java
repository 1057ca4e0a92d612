package dev.millrace.schema;

import dev.millrace.schema.EntityColumn.Role;
import dev.millrace.table.ColumnType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * From a census to data-schemas: which columns and tables hold what was met.
 *
 * <p>The type that most values of a path have gets the column; the others stay in {@code _rest}. What an earlier
 * version has named stays as it was: a column keeps its name and its family and is only widened; one that is pinned
 * stays altogether.
 */
public final class Inference {
    /** Columns of one table; paths beyond, the rarest, stay in {@code _rest}. */
    public static final int MAX_COLUMNS = 400;

    /** Child tables of one kind; lists beyond become JSON columns. */
    static final int MAX_TABLES = 100;

    /** Lists within lists that become tables of their own; deeper ones become JSON columns. */
    static final int MAX_LEVELS = 4;

    /** A map of more names than this, each in few of its occurrences, is data under names: a JSON column. */
    static final int MAP_NAMES = 40;

    private static final double MAP_FILL = 0.2;
    private static final int BIGINT_DIGITS = 19;
    private static final int MAX_DIGITS = 38;
    private static final int MAX_SCALE = 37;
    /** What a column can hold. */
    static final List<SourceType> SHAPES = List.of(
            SourceType.S,
            SourceType.N,
            SourceType.B,
            SourceType.BOOL,
            SourceType.M,
            SourceType.L,
            SourceType.SS,
            SourceType.NS,
            SourceType.BS);

    private final boolean listsAsJson;
    private final Growth growth;

    /** What becomes of a column that is known already, and is not pinned. */
    private enum Growth {
        /** It stays as it is: files that have it are there and will not be written again. */
        KEEPS_TYPES,
        /** Its numbers get wider. */
        WIDENS,
        /** It becomes one of the type that most values have. */
        FOLLOWS_MAJORITY
    }

    private Inference(boolean listsAsJson, Growth growth) {
        this.listsAsJson = listsAsJson;
        this.growth = growth;
    }

    /**
     * The next version of a data-schema.
     *
     * @param before the version to stay compatible with, or {@link DataSchema#none}
     * @param listsAsJson whether lists and sets become JSON columns instead of child tables
     */
    public static DataSchema infer(Census census, DataSchema before, boolean listsAsJson) {
        return new Inference(listsAsJson, Growth.WIDENS).infer(census, before);
    }

    /**
     * As {@link #infer}, but no column changes its type: for tables that rows are added to. What does not fit a column goes
     * on standing in {@code _rest}.
     */
    public static DataSchema extend(Census census, DataSchema before, boolean listsAsJson) {
        return new Inference(listsAsJson, Growth.KEEPS_TYPES).infer(census, before);
    }

    /**
     * As {@link #infer}, but a column that is not pinned becomes one of the type that most values have by now, whatever
     * it was, and is pinned thereby: for a person to look at and to decide.
     */
    static DataSchema propose(Census census, DataSchema before, boolean listsAsJson) {
        return new Inference(listsAsJson, Growth.FOLLOWS_MAJORITY).infer(census, before);
    }

    private DataSchema infer(Census census, DataSchema before) {
        Set<String> kinds = new TreeSet<>(census.kinds().keySet());
        before.entities().forEach(e -> kinds.add(e.kind()));
        Names tableNames = new Names(Set.of());
        before.entities().forEach(e -> tableNames.keep(e.name()));
        List<EntitySchema> entities = new ArrayList<>();
        for (String kind : kinds) {
            Optional<EntitySchema> known = before.entity(kind);
            String name = known.map(EntitySchema::name).orElseGet(() -> tableNames.claim(List.of(kind)));
            PathCensus root = Optional.ofNullable(census.kinds().get(kind)).orElseGet(PathCensus::new);
            entities.add(new Entity(before.notation(), before.keys(), known).infer(kind, name, root));
        }
        return before.next(entities);
    }

    /** What a path's column holds when nothing is known of it from before: the most frequent type. */
    static Optional<SourceType> majority(PathCensus path) {
        SourceType winner = null;
        long most = 0;
        for (SourceType type : SHAPES) {
            if (path.shaped(type) > most) {
                winner = type;
                most = path.shaped(type);
            }
        }
        return Optional.ofNullable(winner);
    }

    /** What tells rows of files: the file itself, and the row in it. */
    static List<EntityColumn> ofFile(Notation notation) {
        return switch (notation) {
            case DYNAMODB -> List.of();
            case PLAIN ->
                List.of(
                        EntityColumn.ofFile(EntityTable.FILE, Role.FILE),
                        EntityColumn.ofFile(EntityTable.ROW_ID, Role.ROW_ID));
        };
    }

    static EntityColumn rest(Notation notation) {
        Encoding encoding = switch (notation) {
            case DYNAMODB -> Encoding.DYNAMODB_JSON;
            case PLAIN -> Encoding.JSON;
        };
        return new EntityColumn(EntityTable.REST, Role.REST, List.of(), SourceType.M, ColumnType.JSON, encoding);
    }

    private static boolean isDataUnderNames(PathCensus map) {
        if (map.hasOverflow()) {
            return true;
        }
        int names = map.fields().size();
        long filled =
                map.fields().values().stream().mapToLong(PathCensus::total).sum();
        return names > MAP_NAMES && filled < MAP_FILL * names * map.shaped(SourceType.M);
    }

    /** The type of a new column. */
    static ColumnType scalarType(SourceType source, NumberCensus numbers) {
        return switch (source) {
            case S -> ColumnType.STRING;
            case N -> numberType(numbers);
            case B -> ColumnType.BINARY;
            case BOOL -> ColumnType.BOOLEAN;
            case M, L, SS, NS, BS -> ColumnType.JSON;
            case NULL -> throw new IllegalArgumentException("NULL is no column");
        };
    }

    static Encoding encoding(SourceType source, PathCensus census) {
        return switch (source) {
            case M, L -> census.isNotPlainJson() ? Encoding.DYNAMODB_JSON : Encoding.JSON;
            case SS, NS, BS -> Encoding.JSON;
            case S, N, B, BOOL, NULL -> Encoding.PLAIN;
        };
    }

    private static ColumnType numberType(NumberCensus numbers) {
        if (numbers.bigint()) {
            return ColumnType.BIGINT;
        }
        int digits = numbers.integerDigits() + numbers.scale();
        boolean decimal = digits <= MAX_DIGITS && numbers.scale() <= MAX_SCALE;
        return decimal ? ColumnType.decimal(digits, numbers.scale()) : ColumnType.STRING;
    }

    /** The type that holds what the column held and, where its family can, what was met now. */
    private static ColumnType widened(ColumnType before, NumberCensus numbers) {
        boolean bigint = before.equals(ColumnType.BIGINT);
        if ((!bigint && before.kind() != ColumnType.Kind.DECIMAL) || (bigint && numbers.bigint())) {
            return before;
        }
        int integers = Math.max(numbers.integerDigits(), bigint ? BIGINT_DIGITS : before.precision() - before.scale());
        int scale = Math.max(numbers.scale(), before.scale());
        return integers + scale <= MAX_DIGITS && scale <= MAX_SCALE
                ? ColumnType.decimal(integers + scale, scale)
                : before;
    }

    /** Infers one kind. */
    private final class Entity {
        private final Notation notation;
        private final List<KeyAttribute> keys;
        private final List<EntityTable> before;
        private final List<EntityTable> tables = new ArrayList<>();
        private final Names suffixes = new Names(Set.of(""));
        private int childTables;

        Entity(Notation notation, List<KeyAttribute> keys, Optional<EntitySchema> before) {
            this.notation = notation;
            this.keys = keys;
            this.before = before.map(EntitySchema::tables).orElse(List.of());
            this.before.forEach(t -> suffixes.keep(t.suffix()));
            this.childTables = Math.max(0, this.before.size() - 1);
        }

        EntitySchema infer(String kind, String name, PathCensus root) {
            Table main = new Table("", -1, List.of(), List.of(), SourceType.M, 0, known(-1, List.of()));
            for (KeyAttribute key : keys) {
                PathCensus census =
                        Optional.ofNullable(root.fields().get(key.name())).orElseGet(PathCensus::new);
                main.addColumn(Role.KEY, List.of(key.name()), key.type(), census);
            }
            main.addFields(List.of(), root);
            main.finish();
            return new EntitySchema(kind, name, tables);
        }

        private boolean isKey(String attribute) {
            return keys.stream().anyMatch(k -> k.name().equals(attribute));
        }

        private Optional<EntityTable> known(int parentBefore, List<String> path) {
            return before.stream()
                    .filter(t -> t.parent() == parentBefore && t.path().equals(path))
                    .findFirst();
        }

        /** A table being put together. */
        private final class Table {
            private final String suffix;
            private final int parent;
            private final List<String> path;
            private final List<String> fullPath;
            private final int level;
            private final SourceType container;
            private final Optional<EntityTable> known;
            private final int numberBefore;
            private final List<Draft> drafts = new ArrayList<>();
            private final SortedMap<String, ListDraft> lists = new TreeMap<>();

            private record Draft(EntityColumn column, long count, boolean isNew) {}

            private record ListDraft(List<String> path, SourceType container, PathCensus census) {}

            Table(
                    String suffix,
                    int parent,
                    List<String> path,
                    List<String> fullPath,
                    SourceType container,
                    int level,
                    Optional<EntityTable> known) {
                this.suffix = suffix;
                this.parent = parent;
                this.level = level;
                this.path = path;
                this.fullPath = fullPath;
                this.container = container;
                this.known = known;
                this.numberBefore = known.map(before::indexOf).orElse(Integer.MIN_VALUE);
            }

            private Optional<EntityColumn> knownColumn(List<String> at) {
                return known.flatMap(t ->
                        t.values().stream().filter(c -> c.path().equals(at)).findFirst());
            }

            void addFields(List<String> prefix, PathCensus map) {
                map.fields().forEach((name, census) -> {
                    List<String> at = append(prefix, name);
                    boolean key = level == 0 && prefix.isEmpty() && isKey(name);
                    if (!key) {
                        addPath(at, census);
                    }
                });
                keepVanished(prefix, map);
            }

            /** Columns and tables that are known from before but were not met this time. */
            private void keepVanished(List<String> prefix, PathCensus map) {
                Set<String> steps = new TreeSet<>();
                known.ifPresent(t -> t.values().stream()
                        .filter(c -> c.role() == Role.VALUE && isBelow(c.path(), prefix))
                        .forEach(c -> steps.add(c.path().get(prefix.size()))));
                before.stream()
                        .filter(t -> t.parent() == numberBefore && isBelow(t.path(), prefix))
                        .forEach(t -> steps.add(t.path().get(prefix.size())));
                steps.removeAll(map.fields().keySet());
                steps.forEach(step -> addPath(append(prefix, step), new PathCensus()));
            }

            void addPath(List<String> at, PathCensus census) {
                Optional<EntityColumn> column = knownColumn(at);
                Optional<EntityTable> table = Entity.this.known(numberBefore, at);
                if (column.isPresent()) {
                    addColumn(Role.VALUE, at, column.get().source(), census);
                } else if (table.isPresent()) {
                    lists.put(
                            String.join("\0", at), new ListDraft(at, table.get().container(), census));
                } else if (hasKnownBelow(at)) {
                    addFields(at, census);
                } else {
                    majority(census).ifPresent(shape -> addShape(at, shape, census));
                }
            }

            private boolean hasKnownBelow(List<String> at) {
                return known.isPresent()
                        && (known.get().values().stream().anyMatch(c -> isBelow(c.path(), at))
                                || before.stream().anyMatch(t -> t.parent() == numberBefore && isBelow(t.path(), at)));
            }

            private void addShape(List<String> at, SourceType shape, PathCensus census) {
                if (shape == SourceType.M && !isDataUnderNames(census)) {
                    addFields(at, census);
                } else if (becomesTable(shape, census)) {
                    childTables++;
                    lists.put(String.join("\0", at), new ListDraft(at, shape, census));
                } else {
                    addColumn(Role.VALUE, at, shape, census);
                }
            }

            private boolean becomesTable(SourceType shape, PathCensus census) {
                boolean list = shape == SourceType.L || shape.isSet();
                boolean listOfLists = shape == SourceType.L
                        && census.element().flatMap(Inference::majority).equals(Optional.of(SourceType.L));
                return list && !listsAsJson && !listOfLists && level < MAX_LEVELS && childTables < MAX_TABLES;
            }

            private void addColumn(Role role, List<String> at, SourceType source, PathCensus census) {
                Optional<EntityColumn> column = knownColumn(at);
                if (column.isPresent()) {
                    drafts.add(new Draft(continued(column.get(), census), census.total(), false));
                    return;
                }
                ColumnType type = scalarType(source, census.numbers());
                drafts.add(new Draft(
                        new EntityColumn("", role, at, source, type, encoding(source, census)),
                        census.total(),
                        role != Role.KEY));
            }

            private EntityColumn continued(EntityColumn column, PathCensus census) {
                if (column.pinned() || growth == Growth.KEEPS_TYPES) {
                    return column;
                }
                boolean mayFollow =
                        growth == Growth.FOLLOWS_MAJORITY && column.role() == Role.VALUE && !container.isSet();
                Optional<SourceType> most = mayFollow ? majority(census) : Optional.empty();
                if (most.isPresent() && census.shaped(most.get()) > census.shaped(column.source())) {
                    ColumnType type = scalarType(most.get(), census.numbers());
                    return column.pinnedAs(most.get(), type, encoding(most.get(), census));
                }
                return column.source() == SourceType.N
                        ? column.withType(widened(column.type(), census.numbers()))
                        : column;
            }

            /** The elements of a list or set, as rows of this table. */
            void addElements(PathCensus list) {
                if (container.isSet()) {
                    addColumn(Role.VALUE, List.of(), container.element(), setElement(list));
                    return;
                }
                PathCensus element = list.element().orElseGet(PathCensus::new);
                if (knownColumn(List.of()).isPresent()) {
                    addColumn(
                            Role.VALUE, List.of(), knownColumn(List.of()).get().source(), element);
                } else if (known.isPresent() && hasKnownBelow(List.of())) {
                    addFields(List.of(), element);
                } else {
                    majority(element).ifPresent(shape -> {
                        if (shape == SourceType.M && !isDataUnderNames(element)) {
                            addFields(List.of(), element);
                        } else {
                            addColumn(Role.VALUE, List.of(), shape, element);
                        }
                    });
                }
            }

            private PathCensus setElement(PathCensus set) {
                return container == SourceType.NS ? set : new PathCensus();
            }

            /** Names the columns, adds the table, then its child tables. */
            void finish() {
                List<EntityColumn> columns = columns();
                int number = tables.size();
                tables.add(new EntityTable(suffix, parent, path, container, columns));
                for (ListDraft list : lists.values()) {
                    Optional<EntityTable> childBefore = Entity.this.known(numberBefore, list.path());
                    List<String> childPath = append(fullPath, list.path());
                    String childSuffix =
                            childBefore.map(EntityTable::suffix).orElseGet(() -> suffixes.claim(childPath));
                    Table child = new Table(
                            childSuffix, number, list.path(), childPath, list.container(), level + 1, childBefore);
                    child.addElements(list.census());
                    child.finish();
                }
            }

            private List<EntityColumn> columns() {
                List<EntityColumn> fixed = level == 0 ? ofFile(notation) : parentColumns();
                Set<String> reserved = new HashSet<>(Set.of(EntityTable.REST, EntityTable.INDEX));
                fixed.forEach(c -> reserved.add(c.name()));
                Names names = new Names(reserved);
                drafts.stream()
                        .filter(d -> !d.column().name().isEmpty())
                        .forEach(d -> names.keep(d.column().name()));
                List<EntityColumn> columns = new ArrayList<>(fixed);
                Map<List<String>, EntityColumn> named = new TreeMap<>(Comparator.comparing(p -> String.join("\0", p)));
                int room = MAX_COLUMNS - fixed.size() - 1;
                drafts.stream()
                        .sorted(Comparator.comparing(Draft::isNew)
                                .thenComparing(Draft::count, Comparator.reverseOrder())
                                .thenComparing(d -> String.join("\0", d.column().path())))
                        .limit(room)
                        .forEach(d -> named.put(d.column().path(), d.column()));
                List<EntityColumn> kept = new ArrayList<>();
                List<EntityColumn> fresh = new ArrayList<>();
                named.values().forEach(c -> (c.name().isEmpty() && c.role() != Role.KEY ? fresh : kept).add(c));
                // Keys lead in the source's order; then what was known, in its order; then what is new, by path.
                kept.sort(Comparator.comparingInt(this::rank));
                kept.forEach(c -> columns.add(c.name().isEmpty() ? withName(c, names) : c));
                fresh.forEach(c -> columns.add(withName(c, names)));
                columns.add(rest(notation));
                return columns;
            }

            private int rank(EntityColumn column) {
                if (column.role() == Role.KEY) {
                    return keys.stream()
                                    .map(KeyAttribute::name)
                                    .toList()
                                    .indexOf(column.path().get(0))
                            - keys.size();
                }
                return known.map(t -> t.values().stream()
                                .map(EntityColumn::path)
                                .toList()
                                .indexOf(column.path()))
                        .orElse(0);
            }

            private EntityColumn withName(EntityColumn column, Names names) {
                List<String> source = column.path().isEmpty() ? List.of("value") : column.path();
                return column.withName(names.claim(source));
            }

            private List<EntityColumn> parentColumns() {
                List<EntityColumn> columns = new ArrayList<>();
                for (EntityColumn column : tables.get(0).columns()) {
                    if (column.role() == Role.FILE) {
                        // Rows of a rewritten file are found by it, whatever table they are of.
                        columns.add(column);
                    } else if (column.role() == Role.KEY || column.role() == Role.ROW_ID) {
                        columns.add(column.withRole(Role.PARENT_KEY));
                    }
                }
                for (int i = 1; i <= level; i++) {
                    String name = i == 1 ? EntityTable.INDEX : EntityTable.INDEX + "_" + i;
                    columns.add(new EntityColumn(
                            name, Role.INDEX, List.of(), SourceType.N, ColumnType.BIGINT, Encoding.PLAIN));
                }
                return columns;
            }
        }
    }

    private static boolean isBelow(List<String> path, List<String> prefix) {
        return path.size() > prefix.size() && path.subList(0, prefix.size()).equals(prefix);
    }

    private static List<String> append(List<String> path, String step) {
        List<String> longer = new ArrayList<>(path);
        longer.add(step);
        return List.copyOf(longer);
    }

    private static List<String> append(List<String> path, List<String> steps) {
        List<String> longer = new ArrayList<>(path);
        longer.addAll(steps);
        return List.copyOf(longer);
    }
}
