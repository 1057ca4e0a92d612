package dev.millrace.landing;

import dev.millrace.fault.Fault;
import dev.millrace.function.JavaFunctions;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.CharType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.apache.spark.sql.types.VarcharType;

/**
 * Columns that a job file adds to a table by Spark SQL: an expression over one row's columns and the computed columns
 * declared before it, the same however often a unit is repeated. It may call {@link JavaFunctions}.
 */
public final class ComputedColumns {
    private static final Set<String> UTC = Set.of("UTC", "Z", "Etc/UTC", "GMT", "Etc/GMT", "+00:00", "GMT+00:00");

    private ComputedColumns() {}

    /**
     * The mistakes in one table's computed columns that show without its columns and without a session: what does not
     * parse, unknown functions, what is no expression over one row, what is not repeatable. One message each.
     */
    public static List<String> mistakes(List<ComputedColumn> computed, JavaFunctions functions) {
        List<String> mistakes = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (ComputedColumn column : computed) {
            if (!names.add(column.name().toLowerCase(Locale.ROOT))) {
                mistakes.add(mistake(column, "the name is taken by a computed column above; choose another"));
            }
            mistake(column.sql(), functions.names()).ifPresent(reason -> mistakes.add(mistake(column, reason)));
        }
        return mistakes;
    }

    /** As the next method, of an expression that calls no other Java functions than ours. */
    public static Optional<String> mistake(String sql) {
        return mistake(sql, JavaFunctions.OURS.names());
    }

    /**
     * What is wrong with an expression, as far as it shows without columns and without a session.
     *
     * @param functions names, in lower case, of the Java functions that it may call
     */
    public static Optional<String> mistake(String sql, Set<String> functions) {
        if (sql.isBlank()) {
            return Optional.of("an expression is needed, for example to_date(created_at)");
        }
        Expression expression;
        try {
            expression = SqlExpressions.parse(sql);
        } catch (Exception unparsable) {
            // Spark throws checked exceptions that Scala does not declare; each says what it could not read.
            return Optional.of(SqlExpressions.message(unparsable));
        }
        return SqlExpressions.refusal(sql, expression, functions);
    }

    private static String mistake(ComputedColumn column, String reason) {
        return "Invalid computed column " + column.name() + " (" + column.place() + "): " + column.sql() + ": "
                + reason;
    }

    /** As the next method, where no expression calls other Java functions than ours. */
    public static List<LandingTable> resolve(SparkSession spark, List<LandingTable> tables) {
        return resolve(spark, tables, JavaFunctions.OURS);
    }

    /**
     * The tables with the types of their computed columns. All mistakes of all tables are told at once. The session
     * knows the functions from then on.
     *
     * @throws Fault of kind USER that names place, expression and reason of every mistake
     */
    public static List<LandingTable> resolve(SparkSession spark, List<LandingTable> tables, JavaFunctions functions) {
        functions.register(spark);
        List<String> mistakes = new ArrayList<>();
        List<LandingTable> resolved = new ArrayList<>();
        for (LandingTable table : tables) {
            if (table.computed().isEmpty()) {
                resolved.add(table);
                continue;
            }
            requireUtc(spark);
            int before = mistakes.size();
            List<ColumnType> types = types(spark, table, functions, mistakes);
            if (mistakes.size() == before) {
                resolved.add(table.withComputedTypes(types));
            }
        }
        if (!mistakes.isEmpty()) {
            throw Fault.user(mistakes);
        }
        return List.copyOf(resolved);
    }

    /** Dates and hours of a timestamp depend on the session's zone: it has to be the same for every run. */
    private static void requireUtc(SparkSession spark) {
        String zone = spark.conf().get("spark.sql.session.timeZone");
        if (!UTC.contains(zone)) {
            throw new IllegalStateException("spark.sql.session.timeZone is " + zone + ": must be UTC");
        }
    }

    private static List<ColumnType> types(
            SparkSession spark, LandingTable table, JavaFunctions functions, List<String> mistakes) {
        List<String> form = mistakes(table.computed(), functions);
        if (!form.isEmpty()) {
            mistakes.addAll(form);
            return List.of();
        }
        List<Column> known = new ArrayList<>(table.definition().columns());
        List<ColumnType> types = new ArrayList<>();
        for (ComputedColumn column : table.computed()) {
            Optional<String> reason = nameMistake(table, column, known);
            if (reason.isEmpty()) {
                Analysis analysis = analysis(spark, column, known, functions);
                reason = analysis.mistake();
                analysis.type().ifPresent(types::add);
                if (reason.isEmpty() && column.inPlace()) {
                    reason = typeMistake(table, column, analysis.type().orElseThrow());
                }
            }
            if (reason.isPresent()) {
                mistakes.add(mistake(column, reason.get()));
                // What follows may build on this column: its mistakes would only repeat this one.
                return List.of();
            }
            if (!column.inPlace()) {
                known.add(new Column(column.name(), types.get(types.size() - 1), true));
            }
        }
        return types;
    }

    private static Optional<String> typeMistake(LandingTable table, ComputedColumn column, ColumnType type) {
        ColumnType given =
                table.definition().column(column.name()).orElseThrow().type();
        boolean text = given.equals(ColumnType.JSON) && type.equals(ColumnType.STRING);
        return type.equals(given) || text
                ? Optional.empty()
                : Optional.of("the result is " + type + ", the column's type is " + given + ": cast it, cast(… as "
                        + given + "), or declare the type " + type);
    }

    private static Optional<String> nameMistake(LandingTable table, ComputedColumn column, List<Column> known) {
        if (column.inPlace() && table.definition().column(column.name()).isEmpty()) {
            return Optional.of("table " + table.name() + " has no column " + column.name() + " from the source");
        }
        if (!column.inPlace() && table.definition().column(column.name()).isPresent()) {
            return Optional.of("table " + table.name() + " has a column " + column.name()
                    + " from the source; choose another name, or rename that one");
        }
        Map<String, String> spellings = spellings(known);
        List<String> reasons = new ArrayList<>();
        SqlExpressions.eachColumn(SqlExpressions.parse(column.sql()), name -> {
            if (!spellings.containsKey(name.toLowerCase(Locale.ROOT))) {
                reasons.add(SqlExpressions.refusedName(name)
                        .orElseGet(() -> "table " + table.name() + " has no column " + name + " before this one"
                                + SqlExpressions.nearest(name, spellings.values())));
            }
        });
        return reasons.stream().findFirst();
    }

    /** One of both is there. */
    private record Analysis(Optional<ColumnType> type, Optional<String> mistake) {}

    private static Analysis analysis(
            SparkSession spark, ComputedColumn column, List<Column> known, JavaFunctions functions) {
        StructType schema = WideRows.struct(known);
        Dataset<Row> selected;
        try {
            selected = spark.createDataFrame(new ArrayList<Row>(), schema)
                    .select(new org.apache.spark.sql.Column(SqlExpressions.parse(column.sql())));
        } catch (Exception refused) {
            // AnalysisException is checked, which Scala does not declare.
            return new Analysis(Optional.empty(), Optional.of(SqlExpressions.message(refused)));
        }
        Optional<String> refusal = SqlExpressions.refusal(selected, functions);
        if (refusal.isPresent()) {
            return new Analysis(Optional.empty(), refusal);
        }
        DataType type = selected.schema().apply(0).dataType();
        Optional<ColumnType> flat = columnType(type);
        return flat.isPresent()
                ? new Analysis(flat, Optional.empty())
                : new Analysis(
                        Optional.empty(),
                        Optional.of("the result is " + type.sql().toLowerCase(Locale.ROOT)
                                + ", which is no column type; cast it, for example " + remedy(type)));
    }

    private static String remedy(DataType type) {
        if (type instanceof DecimalType) {
            return "cast(… as decimal(38,37))";
        }
        return switch (type.typeName()) {
            case "array", "map", "struct" -> "to_json(…)";
            default -> "cast(… as string)";
        };
    }

    /** The column type that holds every value of a Spark type; empty for nested types, intervals and the like. */
    private static Optional<ColumnType> columnType(DataType type) {
        if (type instanceof DecimalType decimal) {
            boolean valid = decimal.scale() >= 0 && decimal.scale() <= 37 && decimal.scale() <= decimal.precision();
            return valid ? Optional.of(ColumnType.decimal(decimal.precision(), decimal.scale())) : Optional.empty();
        }
        if (type instanceof StringType || type instanceof CharType || type instanceof VarcharType) {
            return Optional.of(ColumnType.STRING);
        }
        if (type instanceof LongType
                || type instanceof IntegerType
                || type instanceof ShortType
                || type instanceof ByteType) {
            return Optional.of(ColumnType.BIGINT);
        }
        if (type instanceof DoubleType || type instanceof FloatType) {
            return Optional.of(ColumnType.DOUBLE);
        }
        if (type instanceof TimestampType || type instanceof TimestampNTZType) {
            return Optional.of(ColumnType.TIMESTAMP);
        }
        if (type instanceof BooleanType) {
            return Optional.of(ColumnType.BOOLEAN);
        }
        if (type instanceof BinaryType) {
            return Optional.of(ColumnType.BINARY);
        }
        return type instanceof DateType ? Optional.of(ColumnType.DATE) : Optional.empty();
    }

    /**
     * Wide rows whose structs end in the computed columns, in the order they were declared. A struct that is not set
     * stays so, and its expressions are not evaluated.
     *
     * @param tables resolved, in the order of the structs
     */
    public static Dataset<Row> withComputedColumns(Dataset<Row> wide, List<LandingTable> tables) {
        TreeMap<Integer, Map<String, org.apache.spark.sql.Column>> levels = new TreeMap<>();
        for (int i = 0; i < tables.size(); i++) {
            addLevels(WideRows.structName(i), tables.get(i), levels);
        }
        Dataset<Row> computed = wide;
        for (Map<String, org.apache.spark.sql.Column> level : levels.values()) {
            computed = computed.withColumns(level);
        }
        return computed;
    }

    /** A level holds columns that build on those of earlier levels only: one projection for all tables. */
    private static void addLevels(
            String struct, LandingTable table, Map<Integer, Map<String, org.apache.spark.sql.Column>> levels) {
        Map<String, String> spellings = spellings(table.wideColumns());
        Map<String, Integer> levelOf = new HashMap<>();
        int lowest = 0;
        for (int i = 0; i < table.computed().size(); i++) {
            ComputedColumn column = table.computed().get(i);
            int[] level = {lowest};
            Expression expression = SqlExpressions.overStruct(SqlExpressions.parse(column.sql()), struct, written -> {
                String spelling = spellings.get(written.toLowerCase(Locale.ROOT));
                level[0] = Math.max(level[0], levelOf.getOrDefault(spelling, -1) + 1);
                return spelling;
            });
            // Fields are appended, so a later column must not be added at an earlier level.
            lowest = level[0];
            // In place of a column it keeps that one's spelling.
            String name = spellings.get(column.name().toLowerCase(Locale.ROOT));
            levelOf.put(name, lowest);
            DataType type = WideRows.sparkType(table.computedTypes().get(i));
            levels.computeIfAbsent(lowest, none -> new LinkedHashMap<>())
                    .merge(
                            struct,
                            functions.col(struct).withField(quoted(name), typed(expression, type)),
                            (before, same) -> before.withField(quoted(name), typed(expression, type)));
        }
    }

    private static org.apache.spark.sql.Column typed(Expression expression, DataType type) {
        return new org.apache.spark.sql.Column(expression).cast(type);
    }

    private static String quoted(String name) {
        return "`" + name + "`";
    }

    private static Map<String, String> spellings(List<Column> columns) {
        Map<String, String> spellings = new HashMap<>();
        columns.forEach(column -> spellings.put(column.name().toLowerCase(Locale.ROOT), column.name()));
        return spellings;
    }
}
