package dev.millrace.job;

import com.sun.management.OperatingSystemMXBean;
import dev.millrace.config.TableSettings;
import dev.millrace.config.TableSettings.GivenColumn;
import dev.millrace.function.JavaFunctions;
import dev.millrace.landing.ComputedColumn;
import dev.millrace.sample.AccessRecordFiles;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * What access records cost, CPU seconds of a pass over all files: of Spark's own reader and job, of DuckDB and of ours.
 * No test: {@code scripts/bench/json} runs it.
 */
final class JsonBenchmark {
    private static final int DAYS = 30;
    private static final List<String> FIVE = List.of("timestamp", "user_id", "method", "stack", "response_status");

    private JsonBenchmark() {}

    /** {@code make FOLDER RECORDS FILES ordered|shuffled plain|gz}, or {@code WHAT FOLDER WORK PASSES}. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[1]);
        if (arguments[0].equals("make")) {
            make(
                    folder,
                    Integer.parseInt(arguments[2]),
                    Integer.parseInt(arguments[3]),
                    arguments[4].equals("shuffled"),
                    arguments[5].equals("gz"));
            return;
        }
        Path work = Path.of(arguments[2]);
        int passes = Integer.parseInt(arguments[3]);
        List<Double> seconds = new ArrayList<>();
        try (Pass pass = pass(arguments[0], folder)) {
            for (int i = 0; i < passes; i++) {
                long before = cpuNanos();
                pass.run(work.resolve("pass" + i));
                seconds.add((cpuNanos() - before) / 1e9);
            }
        }
        // The third pass and later ones are steady: before, one measures the compiler. The least is least disturbed.
        double steady = seconds.stream().skip(2).mapToDouble(s -> s).min().orElse(seconds.get(seconds.size() - 1));
        System.out.printf(Locale.ROOT, "%.2f%n", steady);
    }

    private static long cpuNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private interface Pass extends AutoCloseable {
        void run(Path work) throws Exception;

        @Override
        default void close() {}
    }

    private static Pass pass(String what, Path in) {
        if (what.equals("duckdb-job")) {
            return work -> duckDb(in, work);
        }
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.sql.parquet.compression.codec", "zstd")
                .getOrCreate();
        if (what.startsWith("ours")) {
            spark.conf().set(Sparks.LARGEST_METHOD, Sparks.COMPILED_BYTES);
        }
        TableSettings table = AccessRecordRun.open().job().table(AccessRecordRun.KIND);
        JavaFunctions.OURS.register(spark);
        return switch (what) {
            case "spark-read" -> work -> noop(given(spark, in, table));
            case "spark-read5" -> work -> noop(given(spark, in, table).selectExpr(FIVE.toArray(String[]::new)));
            case "spark-job" ->
                work -> job(given(spark, in, table), table)
                        .write()
                        .partitionBy("record_date")
                        .parquet(work.toString());
            case "ours-read" -> work -> noop(new AccessRecordRun(in, work, rest(table, table.columns())).rows(spark));
            case "ours-read5" ->
                work -> {
                    Map<String, TableSettings.Column> five = new LinkedHashMap<>();
                    FIVE.forEach(name -> five.put(name, table.columns().get(name)));
                    noop(new AccessRecordRun(in, work, rest(table, five)).rows(spark));
                };
            case "ours-job" -> work -> new AccessRecordRun(in, work).land(spark);
            default -> throw new IllegalArgumentException("Invalid benchmark: " + what);
        };
    }

    private static void noop(Dataset<Row> rows) {
        rows.write().format("noop").mode("overwrite").save();
    }

    /** The table's settings with some of its columns; what others hold is counted, not kept, as Spark's reader does. */
    private static TableSettings rest(TableSettings table, Map<String, TableSettings.Column> columns) {
        return new TableSettings(
                table.name(),
                Map.of(),
                Map.of(),
                List.of(),
                List.of(),
                columns,
                columns.size() == table.columns().size(),
                Optional.empty());
    }

    /** The given columns by Spark's own reader with a schema. */
    private static Dataset<Row> given(SparkSession spark, Path in, TableSettings table) {
        Map<String, String> payload = new LinkedHashMap<>();
        List<String> selected = new ArrayList<>();
        table.given().forEach((name, column) -> {
            String path = String.join(".", column.from().names());
            if (path.startsWith("payload.")) {
                payload.put(path.substring("payload.".length()), type(column));
            }
            selected.add(name.equals("timestamp") ? "timestamp_millis(timestamp) as timestamp" : path + " as " + name);
        });
        String fields = payload.entrySet().stream()
                .map(field -> field.getKey() + ": " + field.getValue())
                .collect(Collectors.joining(", "));
        return spark.read()
                .schema("timestamp bigint, stack string, instance string, payload struct<" + fields + ">")
                .json(in.toString())
                .selectExpr(selected.toArray(String[]::new));
    }

    private static String type(GivenColumn column) {
        return column.type().type().toString();
    }

    private static Dataset<Row> job(Dataset<Row> given, TableSettings table) {
        Dataset<Row> rows = given;
        for (ComputedColumn column : OpenJob.computed(table, AccessRecordRun.KIND, AccessRecordRun.JOB)) {
            rows = rows.withColumn(column.name(), org.apache.spark.sql.functions.expr(column.sql()));
        }
        return rows;
    }

    private static void duckDb(Path in, Path work) throws IOException, SQLException {
        Files.createDirectories(work);
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute("set threads = 2");
            statement.execute("copy (" + AccessRecordOracle.typed(in) + ") to '" + work
                    + "/out' (format parquet, compression zstd, partition_by (record_date))");
        }
    }

    private static void make(Path folder, int records, int files, boolean shuffled, boolean gz) throws IOException {
        List<String> texts = new AccessRecordFiles(
                        AccessRecordFiles.SEED, LocalDate.parse("2026-10-01"), DAYS, records / DAYS, true)
                .files()
                .flatMap(file -> file.records().stream())
                .collect(Collectors.toCollection(ArrayList::new));
        if (shuffled) {
            Collections.shuffle(texts, new Random(1));
        }
        Files.createDirectories(folder);
        for (int i = 0; i < files; i++) {
            int from = (int) ((long) texts.size() * i / files);
            int to = (int) ((long) texts.size() * (i + 1) / files);
            Path file = folder.resolve("part-%05d.json%s".formatted(i, gz ? ".gz" : ""));
            try (OutputStream plain = new BufferedOutputStream(Files.newOutputStream(file));
                    OutputStream out = gz ? new GZIPOutputStream(plain) : plain) {
                texts.subList(from, to).forEach(text -> writeLine(out, text));
            }
        }
        try (Stream<Path> made = Files.list(folder)) {
            long bytes = made.mapToLong(file -> file.toFile().length()).sum();
            System.out.println(texts.size() + " records, " + bytes / 1_000_000 + " MB");
        }
    }

    private static void writeLine(OutputStream out, String text) {
        try {
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.write('\n');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
