package dev.millrace.landing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.fault.Fault;
import dev.millrace.function.JavaFunctions;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import dev.millrace.testing.SharedSpark;
import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(SharedSpark.class)
class ComputedColumnsTest {
    private static final TableDefinition ORDERS = new TableDefinition(
            "orders",
            List.of(
                    new Column("id", ColumnType.STRING, false),
                    new Column("total", ColumnType.decimal(18, 2), true),
                    new Column("created_at", ColumnType.TIMESTAMP, true),
                    new Column("tags", ColumnType.JSON, true),
                    new Column("User", ColumnType.STRING, true),
                    new Column("_rest", ColumnType.JSON, true)),
            List.of("id"));
    private static final TableDefinition LINES = new TableDefinition(
            "lines",
            List.of(new Column("id", ColumnType.STRING, false), new Column("amount", ColumnType.BIGINT, true)),
            List.of());

    @Test
    void addsColumnsToTheStructThatIsSetAndLeavesTheOthersNull(SparkSession spark) {
        List<LandingTable> tables = ComputedColumns.resolve(
                spark,
                List.of(
                        LandingTable.main(
                                ORDERS,
                                List.of(column("day", "to_date(created_at)"), column("always", "'x'")),
                                "orders/"),
                        LandingTable.child(LINES, List.of(column("twice", "amount * 2")), "lines/")));
        Row order = order("o1", "12.50", "2026-03-01T23:30:00Z", "[\"a\"]");
        Dataset<Row> computed = ComputedColumns.withComputedColumns(
                wide(spark, RowFactory.create(0, 0, order, null), RowFactory.create(1, 0, null, line("l1", 21L))),
                tables);

        List<Row> rows = computed.collectAsList();

        assertThat(computed.schema().fieldNames()).containsExactly("_table", "_rescued", "t0", "t1");
        Row first = rows.get(0).getStruct(2);
        assertThat(first.<Date>getAs("day").toLocalDate()).isEqualTo(LocalDate.parse("2026-03-01"));
        assertThat(first.<String>getAs("always")).isEqualTo("x");
        assertThat(rows.get(0).isNullAt(3)).isTrue();
        assertThat(rows.get(1).isNullAt(2)).isTrue();
        assertThat(rows.get(1).getStruct(3).<Long>getAs("twice")).isEqualTo(42L);
    }

    @Test
    void buildsOnColumnsDeclaredBeforeInAnyCaseAndKeepsTheirOrder(SparkSession spark) {
        LandingTable table = resolved(
                spark,
                column("a", "TOTAL + 1"),
                column("b", "a * 2"),
                column("c", "upper(ID)"),
                column("d", "concat(c, '-', B)"));

        Dataset<Row> computed = ComputedColumns.withComputedColumns(
                wide(spark, RowFactory.create(0, 0, order("o1", "0.25", null, null), null)),
                List.of(table, LandingTable.child(LINES, List.of(), "lines/")));

        Row row = computed.collectAsList().get(0).getStruct(2);
        assertThat(row.schema().fieldNames())
                .containsExactly("id", "total", "created_at", "tags", "User", "_rest", "a", "b", "c", "d");
        assertThat(row.<BigDecimal>getAs("b")).isEqualByComparingTo("2.50");
        assertThat(row.<String>getAs("d")).isEqualTo("O1-2.50");
    }

    @Test
    void leavesLambdaVariablesAloneAndFindsColumnsInTheirBodies(SparkSession spark) {
        LandingTable table = resolved(
                spark,
                column(
                        "marked",
                        "array_join(transform(from_json(tags, 'array<string>'), id -> concat(id, '/', user)), ',')"),
                column(
                        "sum",
                        "aggregate(from_json(tags, 'array<string>'), 0, (n, x) -> n + length(x) + length(id),"
                                + " n -> n * cast(total as int))"));

        Dataset<Row> computed = ComputedColumns.withComputedColumns(
                wide(spark, RowFactory.create(0, 0, order("o1", "3.00", null, "[\"a\",\"bc\"]"), null)),
                List.of(table, LandingTable.child(LINES, List.of(), "lines/")));

        Row row = computed.collectAsList().get(0).getStruct(2);
        assertThat(row.<String>getAs("marked")).isEqualTo("a/ann,bc/ann");
        assertThat(row.<Long>getAs("sum")).isEqualTo((1 + 2 + 2 * 2) * 3);
    }

    @Test
    void doesNotEvaluateExpressionsOfTablesThatAreNotSet(SparkSession spark) {
        LandingTable table = resolved(spark, column("checked", "assert_true(total > 100) is null"));

        Dataset<Row> computed = ComputedColumns.withComputedColumns(
                wide(spark, RowFactory.create(1, 0, null, line("l1", 1L))),
                List.of(table, LandingTable.child(LINES, List.of(), "lines/")));

        assertThat(computed.collectAsList()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "length(id)                          | bigint",
                "normalized_url(id)                  | string",
                "Normalized_Method_Signature('GET', cast(total as string)) | string",
                "normalized_url(null)                | string",
                "cast(1 as tinyint)                  | bigint",
                "cast(1.5 as float)                  | double",
                "cast('2026-01-01' as timestamp_ntz) | timestamp",
                "cast(id as char(3))                 | string",
                "cast(id as binary)                  | binary",
                "total > 1                           | boolean",
                "total * 2                           | decimal(20,2)",
                "to_date(created_at)                 | date",
                "timestamp '2026-01-01 00:00:00'     | timestamp",
                "user                                | string",
                "(select_me_not)                     | string",
            })
    void mapsTheResultToAFlatType(String sql, String type, SparkSession spark) {
        LandingTable table = resolved(spark, column("select_me_not", "'x'"), column("c", sql));

        assertThat(table.computedTypes().get(1))
                .isEqualTo(ColumnType.parse(type).orElseThrow());
    }

    @Test
    void landsComputedColumnsBeforeRest(SparkSession spark) {
        TableDefinition landed =
                resolved(spark, column("day", "to_date(created_at)")).landed();

        assertThat(landed.columns().stream().map(Column::name))
                .containsExactly("id", "total", "created_at", "tags", "User", "day", "_rest");
        assertThat(landed.column("day")).contains(new Column("day", ColumnType.DATE, true));
        assertThat(landed.key()).containsExactly("id");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "totl + 1                      | table orders has no column totl before this one; the nearest is total",
                "t0.total                      | table orders has no column t0.total before this one",
                "transform(array(1), x -> y)   | table orders has no column y before this one",
                "c + 1                         | table orders has no column c before this one",
                "to_dat(created_at)            | no function to_dat; the nearest is to_date",
                "normalised_url(id)            | no function normalised_url; the nearest is normalized_url",
                "upper(normalized_url(total))  | argument 1 of normalized_url is decimal(18,2); it takes string: cast it, cast(… as string)",
                "sum(total)                    | the aggregate sum sees other rows; a column is computed from its own row",
                "count(*)                      | the aggregate count sees other rows; a column is computed from its own row",
                "row_number() over (order by id) | a window function sees other rows; a column is computed from its own row",
                "sum(total) over w             | a window function sees other rows; a column is computed from its own row",
                "lag(total)                    | the window function lag sees other rows; a column is computed from its own row",
                "(select max(x) from t)        | a subquery sees other rows; a column is computed from its own row",
                "id in (select x from t)       | a subquery sees other rows; a column is computed from its own row",
                "exists(select 1)              | a subquery sees other rows; a column is computed from its own row",
                "explode(array(1))             | explode makes several rows of one; a column has one value per row",
                "rand()                        | rand gives another result when a unit is repeated; use a value of the row",
                "uuid()                        | uuid gives another result when a unit is repeated; use a value of the row",
                "current_date                  | current_date gives another result when a unit is repeated; use a value of the row",
                "now()                         | now gives another result when a unit is repeated; use a value of the row",
                "unix_timestamp()              | unix_timestamp gives another result when a unit is repeated; use a value of the row",
                "cast('now' as timestamp)      | 'now' gives another result when a unit is repeated; use a value of the row",
                "to_date('today')              | 'today' gives another result when a unit is repeated; use a value of the row",
                "date 'yesterday'              | date 'yesterday gives another result when a unit is repeated; use a value of the row",
                "split(id, ',')                | the result is array<string>, which is no column type; cast it, for example to_json(…)",
                "struct(id)                    | the result is struct<id: string>, which is no column type; cast it, for example to_json(…)",
                "struct(*)                     | * stands for all columns; name those that are meant",
                "null                          | the result is void, which is no column type; cast it, for example cast(… as string)",
                "total as t                    | no alias here: the column has its name already; leave out \"as t\"",
                "id = :x                       | a parameter has no value here; write the value",
            })
    void refusesWhatIsNoRepeatableValueOfOneRow(String sql, String reason, SparkSession spark) {
        Fault fault = catchThrowableOfType(Fault.class, () -> resolved(spark, column("c", sql)));

        assertThat(fault.kind()).isEqualTo(Fault.Kind.USER);
        assertThat(fault).hasMessage("Invalid computed column c (jobs/shop.yaml:31): " + sql + ": " + reason);
    }

    @Test
    void saysHowManyArgumentsAFunctionTakes(SparkSession spark) {
        Fault fault = catchThrowableOfType(Fault.class, () -> resolved(spark, column("c", "normalized_url(id, id)")));

        assertThat(fault.getMessage())
                .startsWith("Invalid computed column c (jobs/shop.yaml:31): normalized_url(id, id): [WRONG_NUM_ARGS")
                .contains("1");
    }

    @Test
    void callsFunctionsThatTheJobDeclares(SparkSession spark) {
        JavaFunctions functions = JavaFunctions.of(Map.of("masked", Masked.class.getName()));
        List<ComputedColumn> columns = List.of(column("masked_id", "MASKED(concat(id, 'x'))"));
        assertThat(ComputedColumns.mistakes(columns, functions)).isEmpty();
        assertThat(ComputedColumns.mistakes(columns, JavaFunctions.OURS))
                .containsExactly("Invalid computed column masked_id (jobs/shop.yaml:31): MASKED(concat(id, 'x')): no"
                        + " function MASKED; the nearest is mask");

        List<LandingTable> tables = ComputedColumns.resolve(
                spark,
                List.of(LandingTable.main(ORDERS, columns, "orders/"), LandingTable.child(LINES, List.of(), "lines/")),
                functions);

        Row order = order("o1", "12.50", "2026-03-01T23:30:00Z", null);
        assertThat(ComputedColumns.withComputedColumns(wide(spark, RowFactory.create(0, 0, order, null)), tables)
                        .select("t0.masked_id")
                        .collectAsList())
                .containsExactly(RowFactory.create("***"));
    }

    /** A function of a user's. */
    public static final class Masked implements UDF1<String, String> {
        @Override
        public String call(String text) {
            return "*".repeat(text.length());
        }
    }

    @Test
    void putsAValueInPlaceOfTheOneOfTheSource(SparkSession spark) {
        LandingTable orders = LandingTable.main(
                ORDERS,
                List.of(
                        column("before", "User"),
                        new ComputedColumn("user", "upper(concat(user, id))", "jobs/shop.yaml:32", true),
                        column("after", "user"),
                        new ComputedColumn("Total", "cast(total * 2 as decimal(18,2))", "jobs/shop.yaml:34", true)),
                "orders/");
        List<LandingTable> tables =
                ComputedColumns.resolve(spark, List.of(orders, LandingTable.child(LINES, List.of(), "lines/")));

        Row order = order("o1", "12.50", null, null);
        assertThat(ComputedColumns.withComputedColumns(wide(spark, RowFactory.create(0, 0, order, null)), tables)
                        .select("t0.*")
                        .collectAsList())
                .containsExactly(
                        RowFactory.create("o1", new BigDecimal("25.00"), null, null, "ANNO1", null, "ann", "ANNO1"));
        assertThat(tables.get(0).landed().columns().stream().map(Column::name))
                .containsExactly("id", "total", "created_at", "tags", "User", "before", "after", "_rest");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "total | total * 2 | the result is decimal(20,2), the column's type is decimal(18,2): cast it, cast(… as decimal(18,2)), or declare the type decimal(20,2)",
                "sum   | 1         | table orders has no column sum from the source",
            })
    void refusesWhatCannotStandInPlaceOfAnother(String name, String sql, String reason, SparkSession spark) {
        Fault fault = catchThrowableOfType(
                Fault.class, () -> resolved(spark, new ComputedColumn(name, sql, "jobs/shop.yaml:31", true)));

        assertThat(fault)
                .hasMessage("Invalid computed column " + name + " (jobs/shop.yaml:31): " + sql + ": " + reason);
    }

    @Test
    void refusesTheNameOfAColumnOfTheSource(SparkSession spark) {
        Fault fault = catchThrowableOfType(Fault.class, () -> resolved(spark, column("TOTAL", "1")));

        assertThat(fault)
                .hasMessage("Invalid computed column TOTAL (jobs/shop.yaml:31): 1: table orders has a column TOTAL from"
                        + " the source; choose another name, or rename that one");
    }

    @Test
    void saysWhatSparkSaysOfWrongTypes(SparkSession spark) {
        Fault fault = catchThrowableOfType(Fault.class, () -> resolved(spark, column("c", "date_add(total, 1)")));

        assertThat(fault.getMessage())
                .startsWith("Invalid computed column c (jobs/shop.yaml:31): date_add(total, 1): [DATATYPE_MISMATCH")
                .contains("total")
                .doesNotContain("\n");
    }

    @Test
    void tellsTheMistakesOfAllTablesAtOnce(SparkSession spark) {
        Fault fault = catchThrowableOfType(
                Fault.class,
                () -> ComputedColumns.resolve(
                        spark,
                        List.of(
                                LandingTable.main(ORDERS, List.of(column("c", "nope")), "orders/"),
                                LandingTable.child(LINES, List.of(column("d", "rand()")), "lines/"))));

        assertThat(fault.getMessage().lines()).hasSize(2);
    }

    @Test
    void findsMistakesOfFormWithoutColumnsOrSession() {
        List<String> mistakes = ComputedColumns.mistakes(
                List.of(
                        column("fine", "upper(anything)"),
                        column("open", "upper(x"),
                        column("empty", " "),
                        column("Fine", "1"),
                        column("chance", "1 + rand()")),
                JavaFunctions.OURS);

        assertThat(mistakes).hasSize(4);
        assertThat(mistakes.get(0))
                .startsWith("Invalid computed column open (jobs/shop.yaml:31): upper(x: [PARSE_SYNTAX_ERROR]")
                .doesNotContain("\n");
        assertThat(mistakes.get(1)).contains("an expression is needed");
        assertThat(mistakes.get(2)).contains("the name is taken by a computed column above");
        assertThat(mistakes.get(3)).contains("rand gives another result");
    }

    @ParameterizedTest
    @ValueSource(strings = {"current_date", "user"})
    void leavesNamesThatMayBeColumnsToTheTable(String sql) {
        assertThat(ComputedColumns.mistake(sql)).isEmpty();
    }

    private static ComputedColumn column(String name, String sql) {
        return new ComputedColumn(name, sql, "jobs/shop.yaml:31");
    }

    private static LandingTable resolved(SparkSession spark, ComputedColumn... columns) {
        return ComputedColumns.resolve(spark, List.of(LandingTable.main(ORDERS, List.of(columns), "orders/")))
                .get(0);
    }

    private static Row order(String id, String total, String createdAt, String tags) {
        return RowFactory.create(
                id,
                new BigDecimal(total),
                createdAt == null ? null : Timestamp.from(Instant.parse(createdAt)),
                tags,
                "ann",
                null);
    }

    private static Row line(String id, Long amount) {
        return RowFactory.create(id, amount);
    }

    private static Dataset<Row> wide(SparkSession spark, Row... rows) {
        return spark.createDataFrame(new ArrayList<>(Arrays.asList(rows)), WideRows.schema(List.of(ORDERS, LINES)));
    }
}
