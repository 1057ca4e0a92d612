package dev.millrace.landing;

import dev.millrace.run.UnitCommits;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;

/** A small landing: orders with a column of every type, their lines, customers, a quarantine. */
final class Shop {
    static final String RUN = "2026-11-21T07-00-00Z-k3f9";
    static final TableDefinition ORDERS = new TableDefinition(
            "orders",
            List.of(
                    new Column("id", ColumnType.STRING, false),
                    new Column("text", ColumnType.STRING, true),
                    new Column("_rest", ColumnType.JSON, true),
                    new Column("number", ColumnType.BIGINT, true),
                    new Column("small", ColumnType.decimal(9, 2), true),
                    new Column("middle", ColumnType.decimal(18, 6), true),
                    new Column("large", ColumnType.decimal(38, 0), true),
                    new Column("fine", ColumnType.decimal(38, 37), true),
                    new Column("ratio", ColumnType.DOUBLE, true),
                    new Column("flag", ColumnType.BOOLEAN, true),
                    new Column("bytes", ColumnType.BINARY, true),
                    new Column("day", ColumnType.DATE, true),
                    new Column("moment", ColumnType.TIMESTAMP, true)),
            List.of("id"));
    static final TableDefinition LINES = new TableDefinition(
            "lines",
            List.of(new Column("order_id", ColumnType.STRING, false), new Column("amount", ColumnType.BIGINT, true)),
            List.of("order_id"));
    static final TableDefinition CUSTOMERS = new TableDefinition(
            "customers",
            List.of(new Column("id", ColumnType.STRING, false), new Column("name", ColumnType.STRING, true)),
            List.of("id"));
    static final TableDefinition QUARANTINE = new TableDefinition(
            "_quarantine",
            List.of(
                    new Column(LandingTable.KIND_TABLE, ColumnType.STRING, true),
                    new Column("item", ColumnType.STRING, true)),
            List.of());

    static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999Z");

    private Shop() {}

    static String folder(String table) {
        return "shop/" + table + "/snapshot=" + RUN + "/datalake/";
    }

    static List<LandingTable> tables() {
        return List.of(
                LandingTable.main(ORDERS, List.of(), folder("orders")),
                LandingTable.child(LINES, List.of(), folder("lines")),
                LandingTable.main(CUSTOMERS, List.of(), folder("customers")),
                LandingTable.quarantine(QUARANTINE, folder("_quarantine")));
    }

    static Storage storage(Path root) {
        return Storages.open(root.toString(), StorageOptions.DEFAULT);
    }

    static LandingPlan plan(Path root, FileFormat format, Codec codec, UnitCommits commits, String... units) {
        return new LandingPlan(storage(root), tables(), format, codec, 3, commits, "extract", "spool", List.of(units));
    }

    static Row wide(int table, int rescued, Row struct) {
        Object[] values = new Object[WideRows.FIRST_STRUCT + 4];
        values[0] = table;
        values[1] = rescued;
        if (table >= 0) {
            values[WideRows.FIRST_STRUCT + table] = struct;
        }
        return RowFactory.create(values);
    }

    static Row order(String id, String text) {
        return wide(0, 0, RowFactory.create(id, text, null, 1L, null, null, null, null, null, null, null, null, null));
    }

    static Row line(String order, long amount) {
        return wide(1, 0, RowFactory.create(order, amount));
    }

    static Row customer(String id) {
        return wide(2, 0, RowFactory.create(id, "name of " + id));
    }

    static Row quarantined(String table, String item) {
        return wide(3, 0, RowFactory.create(table, item));
    }

    /** One order at each end of every type, and texts that break careless writers. */
    static List<Row> extremes() {
        BigDecimal large = new BigDecimal("9".repeat(38));
        List<Row> rows = new ArrayList<>();
        rows.add(full(
                "max",
                "x",
                "{\"a\":1}",
                Long.MAX_VALUE,
                "9999999.99",
                "999999999999.999999",
                large,
                "9." + "9".repeat(37),
                Double.MAX_VALUE,
                true,
                new byte[] {0, -1, 44, 34, 10},
                "9999-12-31",
                LAST));
        rows.add(full(
                "min",
                "y",
                "[]",
                Long.MIN_VALUE,
                "-9999999.99",
                "-999999999999.999999",
                large.negate(),
                "-9." + "9".repeat(37),
                -Double.MAX_VALUE,
                false,
                new byte[0],
                "0001-01-01",
                FIRST));
        rows.add(full(
                "tiny",
                "z",
                "null",
                0L,
                "0.01",
                "-0.000001",
                BigDecimal.ONE.negate(),
                "0." + "0".repeat(36) + "1",
                Double.MIN_VALUE,
                true,
                "é".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                "1582-10-10",
                Instant.parse("1969-12-31T23:59:59.999999Z")));
        rows.add(full(
                "inf",
                "w",
                "0",
                -1L,
                "0.00",
                "0",
                BigDecimal.ZERO,
                "0",
                Double.NEGATIVE_INFINITY,
                null,
                new byte[300],
                "1970-01-01",
                Instant.EPOCH));
        rows.add(order("null", null));
        rows.add(order("empty", ""));
        rows.add(order("quotes", "\"a\",\"\"b\""));
        rows.add(order("lines", "a\nb\r\nc\rd\n"));
        rows.add(order("spaces", "  \t "));
        rows.add(order("marks", "NULL"));
        rows.add(order("backslash", "\\N\\.\\\""));
        rows.add(order("dot", "\\."));
        rows.add(order("nul", "a\u0000b"));
        rows.add(order("unicode", "𝄞 é \u2028 \uFEFF ﷺ"));
        rows.add(order("long", "0123456789\"".repeat(30_000)));
        return rows;
    }

    private static Row full(
            String id,
            String text,
            String rest,
            long number,
            String small,
            String middle,
            BigDecimal large,
            String fine,
            double ratio,
            Boolean flag,
            byte[] bytes,
            String day,
            Instant moment) {
        return wide(
                0,
                2,
                RowFactory.create(
                        id,
                        text,
                        rest,
                        number,
                        new BigDecimal(small),
                        new BigDecimal(middle).setScale(6),
                        large,
                        new BigDecimal(fine).setScale(37),
                        ratio,
                        flag,
                        bytes,
                        LocalDate.parse(day),
                        moment));
    }

    /** Partition p holds the p-th list. */
    static Dataset<Row> frame(SparkSession spark, List<List<Row>> partitions) {
        List<List<Row>> lists = new ArrayList<>();
        partitions.forEach(rows -> lists.add(new ArrayList<>(rows)));
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        SparkSession exactDates = spark.newSession();
        exactDates.conf().set("spark.sql.datetime.java8API.enabled", true);
        return exactDates.createDataFrame(
                context.parallelize(lists, lists.size()).flatMap(List::iterator),
                WideRows.schema(List.of(ORDERS, LINES, CUSTOMERS, QUARANTINE)));
    }

    /** Names of all files of the landing, without the commits. */
    static List<String> dataFiles(Storage storage) {
        return storage.list("shop/").stream().map(StoredFile::path).toList();
    }

    /** The first column of a query in DuckDB. */
    static List<String> duckdb(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> values = new ArrayList<>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }
}
