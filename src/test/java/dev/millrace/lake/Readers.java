package dev.millrace.lake;

import dev.millrace.testing.Processes;
import io.delta.kernel.Scan;
import io.delta.kernel.Snapshot;
import io.delta.kernel.Table;
import io.delta.kernel.data.ColumnarBatch;
import io.delta.kernel.data.FilteredColumnarBatch;
import io.delta.kernel.defaults.engine.DefaultEngine;
import io.delta.kernel.engine.Engine;
import io.delta.kernel.internal.InternalScanFileUtils;
import io.delta.kernel.internal.data.ScanStateRow;
import io.delta.kernel.internal.util.Utils;
import io.delta.kernel.types.StructType;
import io.delta.kernel.utils.CloseableIterator;
import io.delta.kernel.utils.FileStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** What different readers see of a table of {@link Accesses}: one text a row, sorted. */
final class Readers {
    private static final Path PYTHON =
            Path.of(System.getProperty("millrace.home"), "target", "deltalake", "bin", "python");

    private Readers() {}

    static List<String> spark(SparkSession spark, String path) {
        return texts(delta(spark, path));
    }

    static SparkSession deltaSession(SparkSession spark) {
        SparkSession session = spark.newSession();
        session.conf().set("spark.databricks.delta.requiredSparkConfsCheck.enabled", false);
        session.conf().set("spark.databricks.delta.snapshotPartitions", 2);
        SparkSession.setActiveSession(session);
        return session;
    }

    static Dataset<Row> delta(SparkSession spark, String path) {
        return deltaSession(spark).read().format("delta").load(path);
    }

    static List<String> sparkParquet(SparkSession spark, String path) {
        return texts(spark.read().parquet(path));
    }

    private static List<String> texts(Dataset<Row> table) {
        return table
                .selectExpr("concat_ws('|', id, user_id, amount, unix_micros(at), _file,"
                        + " coalesce(cast(record_date as string), 'null'), stack)")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .sorted()
                .toList();
    }

    static List<String> duckdb(String glob) {
        return duckdbTexts("read_parquet('" + glob
                + "', hive_partitioning = true, hive_types = {'record_date': DATE}, union_by_name = true)");
    }

    private static List<String> duckdbTexts(String source) {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("select concat_ws('|', id, user_id, amount, epoch_us(\"at\"), _file,"
                                + " coalesce(cast(record_date as varchar), 'null'), stack) from " + source)) {
            List<String> texts = new ArrayList<>();
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
            texts.sort(null);
            return texts;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether {@code scripts/install-test-tools} has installed PyPI's deltalake. */
    static boolean hasPython() {
        return Files.isExecutable(PYTHON);
    }

    static List<String> python(Path folder, String path) {
        return python(folder, path, Map.of());
    }

    /** @param environment tells how S3 is reached */
    static List<String> python(Path folder, String path, Map<String, String> environment) {
        String script = """
                import sys
                from deltalake import DeltaTable, QueryBuilder
                names = ['id', 'user_id', 'amount', 'at', '_file', 'record_date', 'stack']
                rows = QueryBuilder().register('t', DeltaTable(sys.argv[1])).execute(
                    "select id, user_id, amount, arrow_cast(at, 'Int64') as at, _file, record_date, stack from t")
                for batch in rows:
                    for row in zip(*[[value.as_py() for value in batch.column(name)] for name in names]):
                        print('|'.join('null' if value is None else str(value) for value in row))
                """;
        ProcessBuilder reader = new ProcessBuilder(PYTHON.toString(), "-c", script, path).directory(folder.toFile());
        reader.environment().put("RUST_LOG", "error");
        reader.environment().putAll(environment);
        Processes.Ended ended = Processes.run(reader);
        if (ended.exitCode() != 0) {
            throw new IllegalStateException(ended.toString());
        }
        return ended.output().lines().sorted().toList();
    }

    static List<String> kernel(String path) {
        return kernel(path, new Configuration());
    }

    static List<String> kernel(String path, Configuration hadoop) {
        Engine engine = DefaultEngine.create(hadoop);
        Snapshot snapshot = Table.forPath(engine, path).getLatestSnapshot(engine);
        Scan scan = snapshot.getScanBuilder(engine).build();
        StructType schema = snapshot.getSchema(engine);
        io.delta.kernel.data.Row state = scan.getScanState(engine);
        List<String> texts = new ArrayList<>();
        try (CloseableIterator<FilteredColumnarBatch> files = scan.getScanFiles(engine)) {
            while (files.hasNext()) {
                try (CloseableIterator<io.delta.kernel.data.Row> rows =
                        files.next().getRows()) {
                    while (rows.hasNext()) {
                        readFile(engine, state, rows.next(), schema, texts);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        texts.sort(null);
        return texts;
    }

    private static void readFile(
            Engine engine,
            io.delta.kernel.data.Row state,
            io.delta.kernel.data.Row file,
            StructType schema,
            List<String> texts)
            throws IOException {
        FileStatus status = InternalScanFileUtils.getAddFileStatus(file);
        CloseableIterator<ColumnarBatch> data = engine.getParquetHandler()
                .readParquetFiles(
                        Utils.singletonCloseableIterator(status),
                        ScanStateRow.getPhysicalDataReadSchema(engine, state),
                        Optional.empty());
        try (CloseableIterator<FilteredColumnarBatch> batches = Scan.transformPhysicalData(engine, state, file, data)) {
            while (batches.hasNext()) {
                try (CloseableIterator<io.delta.kernel.data.Row> rows =
                        batches.next().getRows()) {
                    while (rows.hasNext()) {
                        texts.add(text(rows.next(), schema));
                    }
                }
            }
        }
    }

    private static String text(io.delta.kernel.data.Row row, StructType schema) {
        int date = schema.indexOf("record_date");
        return String.join(
                "|",
                row.getString(schema.indexOf("id")),
                Long.toString(row.getLong(schema.indexOf("user_id"))),
                row.getDecimal(schema.indexOf("amount")).toPlainString(),
                Long.toString(row.getLong(schema.indexOf("at"))),
                row.getString(schema.indexOf("_file")),
                row.isNullAt(date)
                        ? "null"
                        : LocalDate.ofEpochDay(row.getInt(date)).toString(),
                row.getString(schema.indexOf("stack")));
    }
}
