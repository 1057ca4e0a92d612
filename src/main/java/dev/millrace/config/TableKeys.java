package dev.millrace.config;

import dev.millrace.config.TableSettings.Column;
import dev.millrace.config.TableSettings.ComputedColumn;
import dev.millrace.config.TableSettings.GivenColumn;
import dev.millrace.table.ColumnType;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The keys of a table in {@code tables}. */
final class TableKeys {
    private TableKeys() {}

    /** Columns that rows of files have beside those of their records. */
    private static final Set<String> OF_FILES = Set.of("_file", "_row_id");

    /** Keys of one column. */
    private static final class Columns {
        static final Key<Column, AttributePath> FROM = Key.optional(
                "from",
                Scalars.ATTRIBUTE_PATH,
                column -> given(column).map(GivenColumn::from),
                "The path of the value in a record; the same as writing it right after the column.");
        static final Key<Column, DeclaredType> TYPE = Key.optional(
                "type",
                Scalars.TYPE,
                column -> given(column).map(GivenColumn::type),
                "The column's type; left out, `string`. `iso` and the epochs make a timestamp of text or number; a value"
                        + " that does not fit goes to `_rest`.");
        static final Key<Column, String> PATTERN = Key.optional(
                "pattern",
                Scalars.PATTERN,
                column -> given(column).flatMap(c -> c.type().pattern()),
                "How a `timestamp` or `date` is written, as a pattern of Java's DateTimeFormatter; UTC where it has no"
                        + " zone.");
        static final Key<Column, String> SQL = Key.optional(
                "sql",
                new SqlForm(),
                column -> column instanceof ComputedColumn c
                        ? Optional.of(c.sql())
                        : given(column).flatMap(GivenColumn::sql),
                "A Spark SQL expression over the columns of the same row that stand before it; beside `from`, what takes"
                        + " the place of the value, which the column's own name stands for in it.");

        static final Section<Column> SECTION = Section.<Column>of(
                        List.of(FROM, TYPE, PATTERN, SQL),
                        v -> v.find(FROM)
                                .<Column>map(from -> new GivenColumn(from, type(v), v.find(SQL)))
                                .orElseGet(() -> new ComputedColumn(v.get(SQL))))
                .withAnyOf(List.of(FROM, SQL))
                .checked(Columns::check);

        private static final DeclaredType TEXT = new DeclaredType(ColumnType.STRING, DeclaredType.Reading.PLAIN);

        static final ShortForm<AttributePath, Column> FORM =
                new ShortForm<>(Scalars.ATTRIBUTE_PATH, from -> new GivenColumn(from, TEXT), SECTION);

        private static Optional<GivenColumn> given(Column column) {
            return column instanceof GivenColumn c ? Optional.of(c) : Optional.empty();
        }

        private static DeclaredType type(Values v) {
            DeclaredType type = v.find(TYPE).orElse(TEXT);
            return v.find(PATTERN)
                    .map(pattern -> DeclaredType.ofPattern(type.type(), pattern))
                    .orElse(type);
        }

        private static void check(Values v) {
            if (v.isGiven(SQL) && !v.isGiven(FROM)) {
                for (Key<Column, ?> key : List.of(TYPE, PATTERN)) {
                    if (v.isGiven(key)) {
                        v.mistake(key, "has no effect on sql, which tells the type itself: write cast(… as …) there");
                    }
                }
                return;
            }
            boolean isTime = v.find(TYPE)
                    .filter(type -> type.reading() == DeclaredType.Reading.PLAIN)
                    .filter(type -> type.type().equals(ColumnType.TIMESTAMP)
                            || type.type().equals(ColumnType.DATE))
                    .isPresent();
            boolean wrongType = v.isGiven(TYPE) && v.find(TYPE).isEmpty();
            if (v.isGiven(PATTERN) && !isTime && !wrongType) {
                v.mistake(PATTERN, "is only for a time: write type: timestamp or type: date beside it");
            }
        }
    }

    /** Keys of a table's {@code deduplicate}. */
    private static final class Duplicates {
        static final Key<Deduplicate, List<String>> KEY = Key.required(
                "key",
                new ListForm<>(Scalars.COLUMN, "[session_id, timestamp]"),
                Deduplicate::key,
                "The columns that tell rows apart.");
        static final Key<Deduplicate, Deduplicate.Keep> KEEP = Key.of(
                "keep",
                Scalar.oneOf(Deduplicate.Keep.values()),
                "first",
                Deduplicate::keep,
                "The row that stays of those with one key, in the order of files and of records in them.");
        static final Key<Deduplicate, Deduplicate.Against> AGAINST = Key.of(
                "against",
                Scalar.oneOf(Deduplicate.Against.values()),
                "batch",
                Deduplicate::against,
                "Where the same row is looked for: among those of the run, or in the published table too.");
        static final Key<Deduplicate, Duration> WITHIN = Key.optional(
                "within",
                Scalars.DURATION,
                Deduplicate::within,
                "How far back in the published table; left out, all of it.");
        static final Section<Deduplicate> SECTION = Section.<Deduplicate>of(
                        List.of(KEY, KEEP, AGAINST, WITHIN),
                        v -> new Deduplicate(v.get(KEY), v.get(KEEP), v.get(AGAINST), v.find(WITHIN)))
                .checked(v -> {
                    if (v.find(KEY).filter(List::isEmpty).isPresent()) {
                        v.mistake(KEY, "must name a column");
                    }
                    if (v.isGiven(WITHIN)
                            && v.find(AGAINST)
                                    .filter(a -> a == Deduplicate.Against.BATCH)
                                    .isPresent()) {
                        v.mistake(WITHIN, "has no effect without against: table: add that, or remove within");
                    }
                });
    }

    private static final Key<TableSettings, String> NAME = Key.optional(
            "name",
            Scalars.SQL_NAME,
            TableSettings::name,
            "The table's name in landing and warehouse; left out, it is made from the kind.");
    private static final Key<TableSettings, Map<String, DeclaredType>> TYPES = Key.map(
            "types",
            new MapForm<>("column", Scalars.COLUMN, Scalars.TYPE),
            TableSettings::types,
            "Types that win over the inferred ones; a value that does not fit goes to `_rest`. The epochs make a"
                    + " timestamp from a number.");
    private static final Key<TableSettings, Map<String, String>> RENAME = Key.map(
            "rename",
            new MapForm<>("column", Scalars.COLUMN, Scalars.COLUMN),
            TableSettings::rename,
            "New names by inferred column name.");
    private static final Key<TableSettings, List<AttributePath>> DROP = Key.list(
            "drop",
            new ListForm<>(Scalars.ATTRIBUTE_PATH, "[card_number, address.street]"),
            TableSettings::drop,
            "Attributes that are left out of everything but the spool; see `staging.spool`.");
    private static final Key<TableSettings, List<AttributePath>> HASH = Key.list(
            "hash",
            new ListForm<>(Scalars.ATTRIBUTE_PATH, "[email]"),
            TableSettings::hash,
            "Attributes that are replaced by a hash in everything but the spool; see `staging.spool`.");
    private static final Key<TableSettings, Map<String, Column>> COLUMNS = Key.map(
            "columns",
            new MapForm<>("column", Scalars.COLUMN, Columns.FORM),
            TableSettings::columns,
            "Columns: with `sql` computed ones, added after the others in this order; with paths, of files only, the"
                    + " table's columns in place of inferred ones.");
    private static final Key<TableSettings, Boolean> KEEP_REST = Key.of(
            "keep-rest",
            Scalars.BOOL,
            "true",
            TableSettings::keepRest,
            "Whether what no column holds is kept in `_rest`; it is counted either way.");
    private static final Key<TableSettings, Deduplicate> DEDUPLICATE = Key.optional(
            "deduplicate",
            Duplicates.SECTION,
            TableSettings::deduplicate,
            "Which rows of files are the same, so that one of them stays; left out, all do.");

    static final Section<TableSettings> SECTION = Section.<TableSettings>of(
                    List.of(NAME, TYPES, RENAME, DROP, HASH, COLUMNS, KEEP_REST, DEDUPLICATE),
                    v -> new TableSettings(
                            v.find(NAME),
                            v.get(TYPES),
                            v.get(RENAME),
                            v.get(DROP),
                            v.get(HASH),
                            v.get(COLUMNS),
                            v.get(KEEP_REST),
                            v.find(DEDUPLICATE)))
            .checked(TableKeys::check)
            .checked(TableKeys::checkColumns);

    private static void check(Values v) {
        List<AttributePath> dropped = v.find(DROP).orElse(List.of());
        v.find(HASH).orElse(List.of()).stream()
                .filter(dropped::contains)
                .forEach(path -> v.mistake(HASH, path + " is dropped too: remove it from one of them"));
    }

    private static final String ONLY_INFERRED =
            "is only for inferred columns: name and type of a given one stand in columns";

    private static void checkColumns(Values v) {
        Map<String, Column> columns = v.find(COLUMNS).orElse(Map.of());
        Map<String, AttributePath> given = new LinkedHashMap<>();
        columns.forEach((name, column) -> {
            if (column instanceof GivenColumn g) {
                given.put(name, g.from());
            }
        });
        if (given.isEmpty()) {
            if (v.find(COLUMNS).isPresent()
                    && v.find(KEEP_REST).filter(keep -> !keep).isPresent()) {
                v.mistake(KEEP_REST, "is only for a table whose columns are given by their paths: remove it");
            }
            return;
        }
        if (!v.find(TYPES).orElse(Map.of()).isEmpty()) {
            v.mistake(TYPES, ONLY_INFERRED);
        }
        if (!v.find(RENAME).orElse(Map.of()).isEmpty()) {
            v.mistake(RENAME, ONLY_INFERRED);
        }
        Map<String, AttributePath> before = new LinkedHashMap<>();
        given.forEach((name, path) -> {
            before.forEach((other, taken) -> {
                if (path.covers(taken) || taken.covers(path)) {
                    v.mistake(
                            COLUMNS,
                            name + " is " + path + " and " + other + " is " + taken
                                    + ": one value is in one column; compute the other by sql");
                }
            });
            before.put(name, path);
            v.find(DROP).orElse(List.of()).stream()
                    .filter(dropped -> dropped.covers(path))
                    .forEach(dropped -> v.mistake(DROP, dropped + " is column " + name + ": remove one of them"));
        });
        v.find(DEDUPLICATE)
                .ifPresent(duplicates -> duplicates.key().stream()
                        .filter(column -> !columns.containsKey(column) && !OF_FILES.contains(column))
                        .forEach(column -> v.mistake(
                                DEDUPLICATE,
                                "no column " + column + ": "
                                        + Nearest.to(column, columns.keySet())
                                                .map(near -> "did you mean " + near + "?")
                                                .orElseGet(() -> "known are " + String.join(", ", columns.keySet())))));
    }

    /** The first kind whose table has attributes that must not be kept as they are. */
    static Optional<String> protectedTable(Reading reading) {
        if (!(reading.root().find("tables").orElse(null) instanceof Tree.Mapping tables)) {
            return Optional.empty();
        }
        return tables.entries().stream()
                .map(Tree.Entry::key)
                .filter(kind -> List.of("drop", "hash").stream()
                        .anyMatch(key -> tables.find(kind, key).orElse(null) instanceof Tree.Sequence list
                                && !list.items().isEmpty()))
                .findFirst();
    }
}
