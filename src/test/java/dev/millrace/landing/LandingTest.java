package dev.millrace.landing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.fault.Fault;
import dev.millrace.function.JavaFunctions;
import dev.millrace.run.DataFile;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import dev.millrace.testing.SharedSpark;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(SharedSpark.class)
class LandingTest {
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    @TempDir
    Path root;

    @ParameterizedTest
    @CsvSource({"PARQUET,ZSTD", "PARQUET,SNAPPY", "PARQUET,GZIP", "PARQUET,NONE", "CSV,GZIP", "CSV,ZSTD", "CSV,NONE"})
    void writesEveryTypeAtItsExtremes(FileFormat format, Codec codec, SparkSession spark) throws SQLException {
        List<Row> rows = Shop.extremes();
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 6).withInput("u1", rows.size() - 6);
        LandingPlan plan = Shop.plan(root, format, codec, commits, "u0", "u1");

        Landing.write(Shop.frame(spark, List.of(rows.subList(0, 6), rows.subList(6, rows.size()))), plan);

        List<String> expected = rows.stream()
                .map(row -> canonical(row.getStruct(WideRows.FIRST_STRUCT)))
                .sorted()
                .toList();
        String glob = root + "/" + Shop.folder("orders") + "*" + plan.suffix();
        assertThat(duckdbRows(format, glob)).isEqualTo(expected);
        // Spark finds the codec by suffix, and its reader of CSV knows .zst only with a native Hadoop.
        if (format == FileFormat.PARQUET || codec != Codec.ZSTD) {
            assertThat(sparkRows(spark, format, root + "/" + Shop.folder("orders")))
                    .isEqualTo(expected);
        }
    }

    /** All values in the table's order, binary in hexadecimal, dates as days and timestamps as microseconds. */
    private static String canonical(Row order) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < order.size(); i++) {
            values.add(canonical(order.get(i)));
        }
        return String.join("|", values);
    }

    private static String canonical(Object value) {
        if (value instanceof BigDecimal decimal) {
            return decimal.toPlainString();
        }
        if (value instanceof byte[] bytes) {
            return HEX.formatHex(bytes);
        }
        if (value instanceof java.time.LocalDate day) {
            return Long.toString(day.toEpochDay());
        }
        if (value instanceof java.time.Instant moment) {
            return Long.toString(moment.getEpochSecond() * 1_000_000 + moment.getNano() / 1000);
        }
        return String.valueOf(value);
    }

    private static List<String> duckdbRows(FileFormat format, String glob) throws SQLException {
        String source = format == FileFormat.PARQUET
                ? "read_parquet('" + glob + "')"
                : "read_csv('" + glob
                        + "', header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"',"
                        + " new_line = '\\n', nullstr = '', allow_quoted_nulls = false, max_line_size = 10000000, columns = "
                        + Shop.ORDERS.columns().stream()
                                .sorted((a, b) -> Boolean.compare(
                                        a.name().equals("_rest"), b.name().equals("_rest")))
                                .map(column -> "'" + column.name() + "': '" + duckdbType(column) + "'")
                                .collect(Collectors.joining(", ", "{", "})"));
        String bytes = format == FileFormat.PARQUET ? "hex(bytes)" : "hex(from_base64(bytes))";
        List<String> columns = Shop.ORDERS.columns().stream()
                .map(column -> switch (column.type().kind()) {
                    case BINARY -> bytes;
                    case DATE -> "date_diff('day', date '1970-01-01', day)";
                    case TIMESTAMP -> "epoch_us(moment)";
                    case DOUBLE ->
                        "case ratio when 1.7976931348623157E308 then '1.7976931348623157E308'"
                                + " when -1.7976931348623157E308 then '-1.7976931348623157E308'"
                                + " when 4.9E-324 then '4.9E-324' when '-infinity' then '-Infinity' end";
                    default -> column.name();
                })
                .map(expression -> "coalesce(cast(" + expression + " as varchar), 'null')")
                .toList();
        return Shop.duckdb("select concat_ws('|', " + String.join(", ", columns) + ") from " + source).stream()
                .sorted()
                .toList();
    }

    private static String duckdbType(Column column) {
        return switch (column.type().kind()) {
            case STRING, JSON, BINARY -> "VARCHAR";
            case TIMESTAMP -> "TIMESTAMPTZ";
            default -> column.type().toString();
        };
    }

    private static List<String> sparkRows(SparkSession spark, FileFormat format, String folder) {
        Dataset<Row> read;
        if (format == FileFormat.PARQUET) {
            read = spark.read().parquet(folder);
        } else {
            List<Column> columns = new ArrayList<>();
            for (Column column :
                    LandingTable.main(Shop.ORDERS, List.of(), "x/").landed().columns()) {
                boolean text = column.type().equals(ColumnType.BINARY);
                columns.add(new Column(column.name(), text ? ColumnType.STRING : column.type(), true));
            }
            read = spark.read()
                    .schema(WideRows.struct(columns))
                    .option("header", true)
                    .option("multiLine", true)
                    .option("escape", "\"")
                    .option("nullValue", "no such text")
                    .option("emptyValue", "")
                    .option("mode", "FAILFAST")
                    .csv(folder)
                    .withColumn("bytes", functions.unbase64(functions.col("bytes")));
        }
        return read
                .withColumn("day", functions.expr("unix_date(day)"))
                .withColumn("moment", functions.expr("unix_micros(moment)"))
                .select(Shop.ORDERS.columns().stream()
                        .map(column -> functions.col(column.name()))
                        .toArray(org.apache.spark.sql.Column[]::new))
                .collectAsList()
                .stream()
                .map(LandingTest::canonical)
                .sorted()
                .toList();
    }

    @Test
    void countsEveryItemOfAUnitOnce(SparkSession spark) {
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 8).withInput("u1", 0);
        LandingPlan plan = Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, commits, "u0", "u1");
        List<Row> rows = List.of(
                Shop.order("o1", "a"),
                Shop.line("o1", 1),
                Shop.line("o1", 2),
                Shop.extremes().get(0),
                Shop.customer("c1"),
                Shop.quarantined("orders", "{"),
                Shop.quarantined("gone", "["),
                Shop.quarantined(null, "?"),
                Shop.wide(WideRows.expired(0), 0, null),
                Shop.wide(WideRows.expired(2), 0, null));

        Landing.write(Shop.frame(spark, List.of(rows, List.of())), plan);

        UnitManifest unit = commits.find("extract", "u0").orElseThrow();
        assertThat(unit.counts().get("orders")).isEqualTo(new TableCounts(4, 2, 1, 0, 1, 1));
        assertThat(unit.counts().get("lines")).isEqualTo(new TableCounts(2, 2, 0, 0, 0, 0));
        assertThat(unit.counts().get("customers")).isEqualTo(new TableCounts(2, 1, 0, 0, 1, 0));
        assertThat(unit.counts().get("_quarantine")).isEqualTo(new TableCounts(3, 3, 0, 0, 0, 0));
        assertThat(unit.counts().get("_unknown")).isEqualTo(new TableCounts(2, 0, 2, 0, 0, 0));
        assertThat(unit.counts().values()).allMatch(TableCounts::isBalanced);
        assertThat(unit.files().stream().map(DataFile::table))
                .containsExactlyInAnyOrder("_quarantine", "customers", "lines", "orders");
        assertThat(unit.files().stream().map(DataFile::path))
                .isSorted()
                .contains(Shop.folder("orders") + "u0-" + unit.attempt() + ".parquet");
        UnitManifest empty = commits.find("extract", "u1").orElseThrow();
        assertThat(empty.files()).isEmpty();
        assertThat(empty.counts().get("orders")).isEqualTo(TableCounts.NONE);
        Storage storage = Shop.storage(root);
        for (DataFile file : unit.files()) {
            assertThat(storage.stat(file.path()).orElseThrow().bytes()).isEqualTo(file.bytes());
            assertThat(storage.stat(file.path()).orElseThrow().etag()).isEqualTo(file.etag());
        }
    }

    @Test
    void leavesNoManifestAndNoFileWhenItemsAreMissing(SparkSession spark) {
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 3);
        LandingPlan plan = Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, commits, "u0");
        List<Row> rows = List.of(Shop.order("o1", "a"), Shop.line("o1", 1), Shop.quarantined(null, "?"));

        Fault fault = catchThrowableOfType(Fault.class, () -> Landing.write(Shop.frame(spark, List.of(rows)), plan));

        assertThat(fault.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(fault)
                .hasMessage("Unit u0: read 3 items, wrote 2 (1 as rows, 1 quarantined, 0 expired): the unit is not"
                        + " committed");
        assertThat(commits.find("extract", "u0")).isEmpty();
        assertThat(Shop.dataFiles(Shop.storage(root))).isEmpty();
    }

    @Test
    void saysWhichPhaseIsMissing(SparkSession spark) {
        LandingPlan plan = Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, MemoryCommits.fresh(), "u0");

        assertThatThrownBy(() -> Landing.write(Shop.frame(spark, List.of(List.of())), plan))
                .isInstanceOf(Fault.class)
                .hasMessage("Unit u0: phase spool has not committed it; run that phase first");
    }

    @Test
    void leavesOneSetOfFilesAfterAnAttemptThatFailedMidway(SparkSession spark) {
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 2).withInput("u1", 1);
        LandingPlan plan = Shop.plan(root, FileFormat.CSV, Codec.GZIP, commits, "u0", "u1");
        List<Row> first = List.of(Shop.order("o1", "a"), Shop.order("o2", "broken"));
        List<Row> second = List.of(Shop.customer("c1"));
        Dataset<Row> wide = Shop.frame(spark, List.of(first, second));
        Dataset<Row> broken = wide.withColumn(
                "_rescued",
                functions.expr("if(t0.text = 'broken', cast(raise_error('disk is gone') as int), _rescued)"));

        assertThatThrownBy(() -> Landing.write(broken, plan)).hasStackTraceContaining("disk is gone");
        assertThat(commits.find("extract", "u0")).isEmpty();
        assertThat(Shop.dataFiles(Shop.storage(root))).noneMatch(path -> path.startsWith(Shop.folder("orders")));

        Landing.write(wide, plan);
        Landing.write(wide, plan);

        List<String> named = commits.committed("extract").stream()
                .flatMap(unit -> unit.files().stream())
                .map(DataFile::path)
                .toList();
        assertThat(Shop.dataFiles(Shop.storage(root))).containsExactlyInAnyOrderElementsOf(named);
        assertThat(named).hasSize(2);
    }

    @Test
    void writesComputedColumnsBeforeRest(SparkSession spark) throws SQLException {
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 1);
        List<LandingTable> tables = new ArrayList<>(Shop.tables());
        tables.set(
                0,
                LandingTable.main(
                        Shop.ORDERS,
                        List.of(new ComputedColumn("year", "year(day)", "jobs/shop.yaml:9")),
                        Shop.folder("orders")));
        List<LandingTable> resolved = ComputedColumns.resolve(spark, tables);
        LandingPlan plan = new LandingPlan(
                Shop.storage(root),
                resolved,
                FileFormat.PARQUET,
                Codec.ZSTD,
                1,
                commits,
                "extract",
                "spool",
                List.of("u0"));
        Dataset<Row> wide = Shop.frame(spark, List.of(List.of(Shop.extremes().get(1))));

        Landing.write(ComputedColumns.withComputedColumns(wide, resolved), plan);

        String files = "'" + root + "/" + Shop.folder("orders") + "*.parquet'";
        assertThat(Shop.duckdb("select year || ' ' || _rest from " + files)).containsExactly("1 []");
        assertThat(Shop.duckdb(
                        "select string_agg(name, ',') from parquet_schema(" + files + ") where type is not null"))
                .containsExactly("id,text,number,small,middle,large,fine,ratio,flag,bytes,day,moment,year,_rest");
    }

    @Test
    void namesTheFunctionThatFailedOnARow(SparkSession spark) {
        List<LandingTable> tables = new ArrayList<>(Shop.tables());
        tables.set(
                0,
                LandingTable.main(
                        Shop.ORDERS,
                        List.of(new ComputedColumn("c", "picky(text)", "jobs/shop.yaml:9")),
                        Shop.folder("orders")));
        Dataset<Row> frame = Shop.frame(spark, List.of(List.of(Shop.order("o1", "a"))));
        List<LandingTable> resolved = ComputedColumns.resolve(
                frame.sparkSession(), tables, JavaFunctions.of(Map.of("picky", Picky.class.getName())));
        LandingPlan plan = new LandingPlan(
                Shop.storage(root),
                resolved,
                FileFormat.PARQUET,
                Codec.ZSTD,
                1,
                MemoryCommits.fresh().withInput("u0", 1),
                "extract",
                "spool",
                List.of("u0"));
        Dataset<Row> wide = ComputedColumns.withComputedColumns(frame, resolved);

        assertThatThrownBy(() -> Landing.write(wide, plan))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.kind()).isEqualTo(Fault.Kind.USER))
                .hasMessageStartingWith("A computed column failed on a row: [FAILED_EXECUTE_UDF]")
                .hasMessageContaining("function (`picky`: (string) => string)")
                .hasMessageEndingWith(": java.lang.IllegalStateException: the list is empty")
                .hasMessageNotContaining("\n");
    }

    /** A function that fails. */
    public static final class Picky implements UDF1<String, String> {
        @Override
        public String call(String text) {
            throw new IllegalStateException("the list is empty");
        }
    }

    @Test
    void writesOneFileForEachPartitionOfAUnit(SparkSession spark) throws SQLException {
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 7).withInput("u1", 1);
        List<LandingTable> tables = new ArrayList<>(Shop.tables());
        tables.set(0, tables.get(0).partitionedBy(List.of("day", "text")));
        tables.set(2, tables.get(2).partitionedBy(List.of("name")));
        LandingPlan plan = new LandingPlan(
                Shop.storage(root),
                tables,
                FileFormat.PARQUET,
                Codec.ZSTD,
                1,
                commits,
                "extract",
                "spool",
                List.of("u0", "u1"));
        List<Row> rows = List.of(
                dated("o1", "a/b c%", "2026-11-21"),
                Shop.customer("c1"),
                dated("o2", "a/b c%", "2026-11-20"),
                Shop.line("o1", 1),
                dated("o3", "a/b c%", "2026-11-21"),
                Shop.customer("c2"),
                dated("o4", "", "2026-11-21"),
                Shop.line("o1", 2),
                dated("o5", null, "+50000-01-01"));

        Landing.write(Shop.frame(spark, List.of(rows, List.of(dated("o6", "é", "2026-11-21")))), plan);

        LandedTable orders = LandingManifests.write(plan, List.of("u0", "u1")).get(0);
        String none = PartitionPath.NULL;
        assertThat(orders.files().stream()
                        .map(DataFile::path)
                        .map(path -> path.substring(Shop.folder("orders").length(), path.lastIndexOf('/'))))
                .containsExactlyInAnyOrder(
                        "day=2026-11-20/text=a%2Fb c%25",
                        "day=2026-11-21/text=" + none,
                        "day=2026-11-21/text=a%2Fb c%25",
                        "day=2026-11-21/text=é",
                        "day=" + none + "/text=" + none);
        assertThat(orders.partitions().stream().map(Column::name)).containsExactly("day", "text");
        assertThat(orders.definition().column("day")).isEmpty();
        assertThat(LandingManifests.read(Shop.storage(root), LandingManifests.folder(Shop.folder("orders"))))
                .isEqualTo(orders);
        assertThat(commits.find("extract", "u0").orElseThrow().files().stream()
                        .filter(file -> file.table().equals("lines")))
                .hasSize(1);
        assertThat(
                        Shop.duckdb(
                                "select id || ' ' || coalesce(cast(day as varchar), 'null') || ' ' || coalesce(text, 'null')"
                                        + " from read_parquet('" + root + "/" + Shop.folder("orders")
                                        + "*/*/*.parquet', hive_partitioning = true, hive_types = {'day': DATE, 'text': VARCHAR}) order by id"))
                .containsExactly(
                        "o1 2026-11-21 a/b c%",
                        "o2 2026-11-20 a/b c%",
                        "o3 2026-11-21 a/b c%",
                        "o4 2026-11-21 null",
                        "o5 null null",
                        "o6 2026-11-21 é");
    }

    private static Row dated(String id, String text, String day) {
        return Shop.wide(
                0,
                0,
                RowFactory.create(
                        id, text, null, 1L, null, null, null, null, null, null, null, LocalDate.parse(day), null));
    }

    @Test
    void namesWhatCannotNameAFolder() {
        LandingTable orders = Shop.tables().get(0);

        assertThatThrownBy(() -> orders.partitionedBy(List.of("dya")).partitions())
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Invalid partition-by: dya: table orders has no such column; it has id, text,");
        assertThatThrownBy(() -> orders.partitionedBy(List.of("moment")).partitions())
                .hasMessage(
                        "Invalid partition-by: moment: it is of type timestamp in table orders, a folder is named by"
                                + " string, bigint, boolean or date; compute such a column, for example {sql: to_date(moment)}");
        assertThatThrownBy(() -> orders.partitionedBy(List.of("day", "DAY")).partitions())
                .hasMessage("Invalid partition-by: DAY: it is named twice for table orders");
        assertThatThrownBy(() -> PartitionPath.folder(
                        List.of(Shop.ORDERS.columns().get(1)), List.of(Optional.of("x".repeat(300)))))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("the name of a folder has at most 255 bytes");
    }

    @Test
    void refusesRowsOfAnotherShape(SparkSession spark) {
        LandingPlan plan = Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, MemoryCommits.fresh(), "u0", "u1");

        assertThatThrownBy(() ->
                        Landing.write(Shop.frame(spark, List.of(List.of())).drop("t3"), plan))
                .hasMessage("The rows have 5 columns, the plan has 4 tables");
        assertThatThrownBy(() -> Landing.write(
                        Shop.frame(spark, List.of(List.of())).withColumn("_table", functions.lit("x")), plan))
                .hasMessage("The rows have _table string, the plan _table int");
        assertThatThrownBy(() -> Landing.write(Shop.frame(spark, List.of(List.of())), plan))
                .hasStackTraceContaining("The rows have 1 partitions, the plan has 2 units");
    }

    @Test
    void takesNoSnappyForCsv() {
        assertThatThrownBy(() -> Shop.plan(root, FileFormat.CSV, Codec.SNAPPY, MemoryCommits.fresh(), "u0"))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid codec: snappy: CSV files take gzip, zstd or none");
    }

    @Test
    void takesNoTableOfOneColumnForCsv() {
        TableDefinition one = new TableDefinition("t", List.of(new Column("x", ColumnType.STRING, true)), List.of());
        List<LandingTable> tables = List.of(LandingTable.main(one, List.of(), Shop.folder("t")));
        assertThatThrownBy(() -> new LandingPlan(
                        Shop.storage(root),
                        tables,
                        FileFormat.CSV,
                        Codec.GZIP,
                        3,
                        MemoryCommits.fresh(),
                        "extract",
                        "spool",
                        List.of("u0")))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid format: csv: table t has one column; use parquet");
    }

    @Test
    void doesNothingForNoUnits(SparkSession spark) {
        LandingPlan plan = Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, MemoryCommits.fresh());

        Landing.write(Shop.frame(spark, List.of(List.of())), plan);

        assertThat(Shop.dataFiles(Shop.storage(root))).isEmpty();
    }
}
