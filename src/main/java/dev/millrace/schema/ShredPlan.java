package dev.millrace.schema;

import dev.millrace.config.DeclaredType;
import dev.millrace.config.TableSettings;
import dev.millrace.fault.Fault;
import dev.millrace.schema.EntityColumn.Role;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * How a source's items become rows of tables: a data-schema with what the job file says laid over it. Tasks carry it.
 *
 * @param schemaVersion of the data-schema; 0 where all columns are given
 * @param notation how items are written
 * @param rule tells an item's kind
 * @param tables of all kinds, a kind's main table before its child tables; their numbers are their places here
 * @param redactions by kind
 * @param expiry when an item counts as expired
 */
public record ShredPlan(
        int schemaVersion,
        Notation notation,
        KindRule rule,
        List<Table> tables,
        Map<String, Redaction> redactions,
        Expiry expiry)
        implements Serializable {
    /**
     * One table.
     *
     * @param kind whose items or elements it holds
     * @param definition its final names and types
     * @param source where rows and columns come from; its columns are those of the definition, in the same order
     * @param parent number of the parent's table among all tables; −1 for a main table
     * @param inferred whether the data-schema knows it; the table for unknown items is there even when it does not
     * @param keepsRest whether {@code _rest} keeps what has no column; what does not fit its column it keeps always
     */
    public record Table(
            String kind,
            TableDefinition definition,
            EntityTable source,
            int parent,
            boolean inferred,
            boolean keepsRest)
            implements Serializable {
        public boolean isMain() {
            return parent < 0;
        }

        /** Whether the job file gives its columns: then what has none is no drift. */
        public boolean isGiven() {
            return source.isGiven();
        }
    }

    /**
     * When an item counts as expired, as DynamoDB's time to live does: its attribute is a number of seconds since 1970
     * that has passed, by no more than five years ("Using time to live (TTL) in DynamoDB", developer guide).
     *
     * @param attribute empty: never
     * @param epochSecond what counts as now, the same for every attempt of a run
     */
    public record Expiry(String attribute, long epochSecond) implements Serializable {
        public static final Expiry NEVER = new Expiry("", 0);
    }

    public ShredPlan {
        tables = List.copyOf(tables);
        redactions = Map.copyOf(redactions);
    }

    /** Number of a kind's main table, if it has one. */
    public Optional<Integer> mainTable(String kind) {
        for (int i = 0; i < tables.size(); i++) {
            if (tables.get(i).isMain() && tables.get(i).kind().equals(kind)) {
                return Optional.of(i);
            }
        }
        return Optional.empty();
    }

    /** Name of the main table for what is so broken that its kind cannot be told. */
    public String unknownTable() {
        int table = rule instanceof KindRule.Single
                ? 0
                : mainTable(KindRule.UNKNOWN).orElse(0);
        return tables.get(table).definition().name();
    }

    /** All tables in their order, with one more behind them. */
    public List<TableDefinition> definitions(TableDefinition last) {
        List<TableDefinition> definitions = new ArrayList<>();
        tables.forEach(table -> definitions.add(table.definition()));
        definitions.add(last);
        return definitions;
    }

    /** What is hidden in items of a kind; in items of an unknown kind, whatever is hidden in any. */
    public Redaction redaction(String kind) {
        return redaction(redactions, kind);
    }

    /** What the job file hides, by kind. */
    public static Map<String, Redaction> redactions(Map<String, TableSettings> settings) {
        Map<String, Redaction> redactions = new TreeMap<>();
        settings.forEach((kind, table) -> {
            Redaction redaction = new Redaction(
                    table.drop().stream().map(p -> p.names()).toList(),
                    table.hash().stream().map(p -> p.names()).toList());
            if (!redaction.isNone()) {
                redactions.put(kind, redaction);
            }
        });
        return redactions;
    }

    static Redaction redaction(Map<String, Redaction> redactions, String kind) {
        if (kind.equals(KindRule.UNKNOWN)) {
            return redactions.values().stream().reduce(Redaction.NONE, Redaction::and);
        }
        return redactions.getOrDefault(kind, Redaction.NONE);
    }

    /**
     * Lays a job file's settings over a data-schema.
     *
     * @throws Fault of kind USER, with every mistake, when settings name columns that are not there or clash
     */
    public static ShredPlan of(DataSchema schema, KindRule rule, Map<String, TableSettings> settings, Expiry expiry) {
        return of(schema, rule, settings, expiry, true);
    }

    /**
     * Lays a job file's settings over the data-schema of records of files; kinds whose columns it gives need not be in it.
     *
     * @param schema {@link DataSchema#ofRecords} where all columns are given
     * @param fileColumn whether rows have {@code _file}
     * @throws Fault of kind USER, with every mistake, when settings name columns that are not there or clash
     */
    public static ShredPlan ofRecords(
            DataSchema schema, KindRule rule, Map<String, TableSettings> settings, boolean fileColumn) {
        return of(GivenColumns.over(schema, settings), rule, settings, Expiry.NEVER, fileColumn);
    }

    private static ShredPlan of(
            DataSchema schema, KindRule rule, Map<String, TableSettings> settings, Expiry expiry, boolean fileColumn) {
        List<String> mistakes = new ArrayList<>();
        List<Table> tables = new ArrayList<>();
        for (EntitySchema entity : schema.entities()) {
            TableSettings own = settings.getOrDefault(entity.kind(), TableSettings.NONE);
            addEntity(entity, own, schema.keys(), true, fileColumn, tables, mistakes);
        }
        if (!(rule instanceof KindRule.Single)
                && schema.entity(KindRule.UNKNOWN).isEmpty()) {
            addEntity(
                    unknown(schema),
                    settings.getOrDefault(KindRule.UNKNOWN, TableSettings.NONE),
                    schema.keys(),
                    false,
                    fileColumn,
                    tables,
                    mistakes);
        }
        Set<String> names = new HashSet<>();
        for (Table table : tables) {
            if (!names.add(table.definition().name())) {
                mistakes.add("Two tables would be named " + table.definition().name() + ": give the kind "
                        + table.kind() + " another by tables." + table.kind() + ".name");
            }
        }
        if (!mistakes.isEmpty()) {
            throw Fault.user(mistakes);
        }
        return new ShredPlan(schema.version(), schema.notation(), rule, tables, redactions(settings), expiry);
    }

    /** A table for items of no known kind: their keys, and all else in {@code _rest}. */
    private static EntitySchema unknown(DataSchema schema) {
        Census none = new Census();
        none.kind(KindRule.UNKNOWN);
        DataSchema nothing = new DataSchema(0, schema.notation(), schema.keys(), List.of());
        return Inference.infer(none, nothing, false).entity(KindRule.UNKNOWN).orElseThrow();
    }

    private static void addEntity(
            EntitySchema entity,
            TableSettings settings,
            List<KeyAttribute> keys,
            boolean inferred,
            boolean fileColumn,
            List<Table> tables,
            List<String> mistakes) {
        String where = "tables." + entity.kind() + ".";
        Set<String> undeclared = new HashSet<>(settings.types().keySet());
        Set<String> unrenamed = new HashSet<>(settings.rename().keySet());
        for (KeyAttribute key : keys) {
            settings.drop().stream()
                    .filter(p -> p.names().equals(List.of(key.name())))
                    .forEach(p -> mistakes.add(where + "drop: " + p + ": a key cannot be dropped, child tables and "
                            + "quarantine name rows by it: hash it instead"));
        }
        int[] numbers = new int[entity.tables().size()];
        String base = settings.name().orElse(entity.name());
        for (int i = 0; i < numbers.length; i++) {
            EntityTable table = entity.tables().get(i);
            numbers[i] = tables.size();
            if (isDropped(table, entity, settings)) {
                continue;
            }
            List<EntityColumn> columns = new ArrayList<>();
            Set<String> names = new HashSet<>();
            for (EntityColumn column : table.columns()) {
                boolean leftOut = column.role() == Role.FILE && !fileColumn;
                if (leftOut || isDropped(column, table, entity, settings)) {
                    continue;
                }
                undeclared.remove(column.name());
                unrenamed.remove(column.name());
                EntityColumn overlaid =
                        overlay(column, isHashed(column, table, entity, settings), settings, where, mistakes);
                if (!names.add(overlaid.name())) {
                    mistakes.add(where + "rename: " + column.name() + ": the table has a column " + overlaid.name()
                            + " already");
                }
                columns.add(overlaid);
            }
            EntityTable source =
                    new EntityTable(table.suffix(), table.parent(), table.path(), table.container(), columns);
            int parent = table.isMain() ? -1 : numbers[table.parent()];
            tables.add(
                    new Table(entity.kind(), definition(base, source), source, parent, inferred, settings.keepRest()));
        }
        if (inferred) {
            undeclared.forEach(name -> mistakes.add(missing(where + "types", name, entity)));
            unrenamed.forEach(name -> mistakes.add(missing(where + "rename", name, entity)));
        }
    }

    private static String missing(String where, String name, EntitySchema entity) {
        List<String> columns = entity.tables().stream()
                .flatMap(t -> t.columns().stream())
                .map(EntityColumn::name)
                .distinct()
                .sorted()
                .toList();
        return where + ": " + name + ": kind " + entity.kind() + " has no such column: it has "
                + String.join(", ", columns);
    }

    /** Attribute names from the item down to a column, without the lists between. */
    private static List<String> fullPath(EntityColumn column, EntityTable table, EntitySchema entity) {
        List<String> path = new ArrayList<>();
        if (column.role() == Role.VALUE || column.role() == Role.GIVEN) {
            path.addAll(pathOfTable(table, entity));
        }
        path.addAll(column.path());
        return path;
    }

    private static List<String> pathOfTable(EntityTable table, EntitySchema entity) {
        List<String> path = new ArrayList<>();
        for (EntityTable t = table; !t.isMain(); t = entity.tables().get(t.parent())) {
            path.addAll(0, t.path());
        }
        return path;
    }

    static boolean isDropped(EntityTable table, EntitySchema entity, TableSettings settings) {
        List<String> path = pathOfTable(table, entity);
        return !table.isMain() && settings.drop().stream().anyMatch(p -> startsWith(path, p.names()));
    }

    static boolean isDropped(EntityColumn column, EntityTable table, EntitySchema entity, TableSettings settings) {
        List<String> path = fullPath(column, table, entity);
        return (column.role() == Role.VALUE || column.role() == Role.GIVEN)
                && settings.drop().stream().anyMatch(p -> startsWith(path, p.names()));
    }

    static boolean isHashed(EntityColumn column, EntityTable table, EntitySchema entity, TableSettings settings) {
        List<String> path = fullPath(column, table, entity);
        return !path.isEmpty()
                && settings.hash().stream().anyMatch(p -> p.names().equals(path));
    }

    private static boolean startsWith(List<String> path, List<String> prefix) {
        return path.size() >= prefix.size() && path.subList(0, prefix.size()).equals(prefix);
    }

    private static EntityColumn overlay(
            EntityColumn column, boolean hashed, TableSettings settings, String where, List<String> mistakes) {
        String name = settings.rename().getOrDefault(column.name(), column.name());
        SourceType source = hashed ? SourceType.S : column.source();
        ColumnType type = hashed ? ColumnType.STRING : column.type();
        Encoding encoding = hashed ? Encoding.PLAIN : column.encoding();
        DeclaredType declared = settings.types().get(column.name());
        boolean ofAttribute = switch (column.role()) {
            case KEY, VALUE -> true;
            case PARENT_KEY -> !column.path().isEmpty();
            case GIVEN, FILE, ROW_ID, INDEX, REST -> false;
        };
        if (declared != null && ofAttribute) {
            type = declared.type();
            encoding = switch (declared.reading()) {
                // ISO 8601 is how text becomes a timestamp anyway.
                case PLAIN, ISO -> encoding;
                case EPOCH_MILLIS -> Encoding.EPOCH_MILLIS;
                case EPOCH_SECONDS -> Encoding.EPOCH_SECONDS;
                case PATTERN -> throw new IllegalStateException("Inferred column with a pattern: " + name);
            };
            if (!Conversion.isPossible(source, encoding, type)) {
                mistakes.add(where + "types: " + column.name() + ": " + declared + ": values of type " + source
                        + " cannot become " + declared);
            }
        } else if (declared != null) {
            mistakes.add(where + "types: " + column.name() + ": this column's type is fixed");
        }
        return new EntityColumn(
                name,
                column.role(),
                column.path(),
                source,
                type,
                encoding,
                column.pinned(),
                hashed ? "" : column.pattern());
    }

    private static TableDefinition definition(String base, EntityTable table) {
        List<Column> columns = new ArrayList<>();
        List<String> key = new ArrayList<>();
        for (EntityColumn column : table.columns()) {
            boolean identifies = switch (column.role()) {
                case KEY, ROW_ID, PARENT_KEY, INDEX -> true;
                case VALUE, GIVEN, FILE, REST -> false;
            };
            columns.add(new Column(column.name(), column.type(), !identifies));
            if (identifies) {
                key.add(column.name());
            }
        }
        return new TableDefinition(Names.table(base, table.suffix()), columns, key);
    }
}
