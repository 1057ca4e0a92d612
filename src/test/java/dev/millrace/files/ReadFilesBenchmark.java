package dev.millrace.files;

import dev.millrace.config.AttributePath;
import dev.millrace.config.ByteSize;
import dev.millrace.config.DeclaredType;
import dev.millrace.config.FileSource.Json;
import dev.millrace.config.FileSource.Limits;
import dev.millrace.config.TableSettings;
import dev.millrace.json.JsonTape;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.Shredder;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.ColumnType;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What reading JSON costs: CPU seconds of the process for 300 MB of nested records, of Spark's own reader and of ours, all
 * columns and five of them, without a sink. No test: a main. Arguments: a folder for the records, and rounds.
 */
final class ReadFilesBenchmark {
    private static final long BYTES = 300L << 20;
    private static final Limits LIMITS = new Limits(512, new ByteSize(16 << 20), 500);
    private static final KindRule ONE = new KindRule.Single("record");
    private static final int UNITS = 4;

    // Columns of the payload, and how often a record has them.
    private static final List<String> TEXTS = List.of(
            "sessionId",
            "method",
            "requestURL",
            "userAgent",
            "host",
            "origin",
            "xforwardedFor",
            "via",
            "threadId2",
            "date",
            "vmId",
            "returnObjectId",
            "queryString",
            "oauthClientId",
            "basicAuthUsername",
            "authMethod",
            "region",
            "zone",
            "build",
            "branch");
    private static final List<String> NUMBERS =
            List.of("userId", "elapseMS", "threadId", "responseStatus", "bytesIn", "bytesOut", "retries");
    private static final List<String> TRUTHS = List.of("success", "cached");
    private static final List<String> FIVE = List.of("sessionId", "userId", "elapseMS", "success", "requestURL");

    private ReadFilesBenchmark() {}

    private interface Step {
        long run() throws IOException;
    }

    public static void main(String[] args) throws IOException {
        Path folder = Files.createDirectories(Path.of(args[0]).toAbsolutePath());
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        Path file = folder.resolve("records.json");
        if (!Files.exists(file)) {
            generate(file);
        }
        Storage storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
        StoredFile stored = storage.stat("records.json").orElseThrow();
        List<FilePart> parts = FileParts.ofJson(storage, stored, stored.bytes() / UNITS);
        SparkSession spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", false)
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.sql.files.maxPartitionBytes", stored.bytes() / UNITS + 1)
                .getOrCreate();
        spark.sparkContext().setLogLevel("ERROR");
        Map<String, Step> steps = new LinkedHashMap<>();
        steps.put("Spark's reader", () -> drained(theirs(spark, file)));
        steps.put("Spark's reader, 5 columns", () -> drained(fiveOf(theirs(spark, file))));
        steps.put("ours", () -> drained(ours(spark, storage, parts, given(false, true))));
        steps.put("ours, 5 columns", () -> drained(ours(spark, storage, parts, given(true, false))));
        steps.put("(records alone)", () -> records(storage, parts, Optional.empty()));
        steps.put("(records to rows)", () -> records(storage, parts, Optional.of(given(false, true))));
        Map<String, Double> best = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (Map.Entry<String, Step> step : steps.entrySet()) {
                long begin = cpuNanos();
                long rows = step.getValue().run();
                double seconds = (cpuNanos() - begin) / 1e9;
                System.out.printf(Locale.ROOT, "%d %s: %.2f CPU s, %d%n", round, step.getKey(), seconds, rows);
                if (round >= 2) {
                    best.merge(step.getKey(), seconds, Math::min);
                }
            }
        }
        double all = best.getOrDefault("Spark's reader", 1.0);
        System.out.println("| step | CPU s | of Spark's reader | of it with 5 columns | MB/s |");
        System.out.println("|---|---|---|---|---|");
        best.forEach((step, seconds) -> System.out.printf(
                Locale.ROOT,
                "| %s | %.2f | %.2f | %.2f | %.0f |%n",
                step,
                seconds,
                seconds / all,
                seconds / best.get("Spark's reader, 5 columns"),
                stored.bytes() / 1e6 / seconds));
        spark.stop();
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static long drained(Dataset<Row> rows) {
        rows.write().format("noop").mode("overwrite").save();
        return 0;
    }

    private static Dataset<Row> theirs(SparkSession spark, Path file) {
        StructType payload = new StructType();
        for (String name : TEXTS) {
            payload = payload.add(name, DataTypes.StringType);
        }
        for (String name : NUMBERS) {
            payload = payload.add(name, DataTypes.LongType);
        }
        for (String name : TRUTHS) {
            payload = payload.add(name, DataTypes.BooleanType);
        }
        StructType schema = new StructType()
                .add("timestamp", DataTypes.LongType)
                .add("stack", DataTypes.StringType)
                .add("instance", DataTypes.StringType)
                .add("payload", payload);
        return spark.read().schema(schema).json(file.toString());
    }

    private static Dataset<Row> fiveOf(Dataset<Row> rows) {
        return rows.selectExpr(FIVE.stream().map(name -> "payload." + name).toArray(String[]::new));
    }

    private static ShredPlan given(boolean five, boolean keepRest) {
        Map<String, TableSettings.Column> columns = new LinkedHashMap<>();
        if (!five) {
            columns.put("timestamp", column(ColumnType.BIGINT, "timestamp"));
            columns.put("stack", column(ColumnType.STRING, "stack"));
            columns.put("instance", column(ColumnType.STRING, "instance"));
        }
        for (Map.Entry<List<String>, ColumnType> group : Map.of(
                        TEXTS, ColumnType.STRING, NUMBERS, ColumnType.BIGINT, TRUTHS, ColumnType.BOOLEAN)
                .entrySet()) {
            for (String name : group.getKey()) {
                if (!five || FIVE.contains(name)) {
                    columns.put(name.toLowerCase(Locale.ROOT), column(group.getValue(), "payload", name));
                }
            }
        }
        TableSettings settings = new TableSettings(
                Optional.empty(), Map.of(), Map.of(), List.of(), List.of(), columns, keepRest, Optional.empty());
        return ShredPlan.ofRecords(DataSchema.ofRecords(), ONE, Map.of("record", settings), true);
    }

    private static TableSettings.GivenColumn column(ColumnType type, String... path) {
        return new TableSettings.GivenColumn(
                new AttributePath(List.of(path)), new DeclaredType(type, DeclaredType.Reading.PLAIN));
    }

    private record Units(List<FilePart> parts) implements UnitFiles {
        @Override
        public List<Entry> of(PlannedUnit unit) {
            return List.of(new Entry(parts.get(Integer.parseInt(unit.id())), ""));
        }
    }

    private record Forgotten() implements UnitCommits {
        @Override
        public Optional<UnitManifest> find(String phase, String unit) {
            return Optional.empty();
        }

        @Override
        public UnitManifest commit(UnitManifest mine) {
            return mine;
        }

        @Override
        public List<UnitManifest> committed(String phase) {
            return List.of();
        }
    }

    private static Dataset<Row> ours(SparkSession spark, Storage storage, List<FilePart> parts, ShredPlan plan) {
        List<PlannedUnit> units = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            units.add(new PlannedUnit(String.valueOf(i), Map.of()));
        }
        CensusTaker.Settings census = CensusTaker.Settings.ofRecords(ONE, Map.of(), BigDecimal.ONE);
        RecordFiles files = new RecordFiles(storage, new Units(parts), new Json(List.of(), false), LIMITS);
        return FilesSource.rows(
                spark,
                new FilesSource.Read(
                        files,
                        units,
                        plan,
                        new CensusFiles(storage, "census/" + UUID.randomUUID() + "/", census),
                        new Forgotten(),
                        "read"));
    }

    private static long records(Storage storage, List<FilePart> parts, Optional<ShredPlan> plan) {
        long count = 0;
        for (FilePart part : parts) {
            Optional<Shredder> shredder = plan.map(Shredder::new);
            shredder.ifPresent(s -> s.file(storage.uri(part.path()), part.etag()));
            try (RecordReader reader = FileRecords.open(storage, part, new Json(List.of(), false), LIMITS)) {
                for (RecordReader.Met met = reader.next(); met != RecordReader.Met.END; met = reader.next()) {
                    JsonTape tape = reader.tape();
                    shredder.ifPresent(s -> s.read(tape, reader.position()));
                    count += tape.size();
                }
            }
        }
        return count;
    }

    private static void generate(Path file) throws IOException {
        Random random = new Random(1);
        long written = 0;
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
            while (written < BYTES) {
                byte[] line = (record(random) + "\n").getBytes(StandardCharsets.UTF_8);
                out.write(line);
                written += line.length;
            }
        }
    }

    private static String record(Random random) {
        StringBuilder record = new StringBuilder("{\"timestamp\":")
                .append(1_700_000_000_000L + random.nextInt())
                .append(",\"stack\":\"prod\",\"instance\":\"00")
                .append(random.nextInt(9))
                .append("\",\"payload\":{");
        boolean first = true;
        for (String name : TEXTS) {
            if (random.nextInt(8) == 0) {
                continue;
            }
            record.append(first ? "\"" : ",\"").append(name).append("\":\"");
            switch (name) {
                case "requestURL" -> record.append("/repo/v1/entity/syn").append(random.nextInt(9_999_999));
                case "userAgent" ->
                    record.append("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/")
                            .append(random.nextInt(120));
                case "sessionId", "vmId" -> record.append(new UUID(random.nextLong(), random.nextLong()));
                default -> record.append(Integer.toString(random.nextInt(1 << (4 + name.length())), 36));
            }
            record.append('"');
            first = false;
        }
        for (String name : NUMBERS) {
            record.append(first ? "\"" : ",\"").append(name).append("\":").append(random.nextInt(3_000_000));
            first = false;
        }
        for (String name : TRUTHS) {
            record.append(",\"").append(name).append("\":").append(random.nextBoolean());
        }
        return record.append("}}").toString();
    }
}
