package dev.millrace.dynamodb;

import com.sun.management.OperatingSystemMXBean;
import dev.millrace.run.JobStore;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.Inference;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.SourceType;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;

/**
 * What reading a table costs: CPU seconds of this process for one pass over a {@link PageServer}, by one of several
 * readers. No test: {@code scripts/bench/dynamodb} runs it, each reader in a process of its own.
 */
final class ReadBenchmark {
    private static final int WARM_UPS = 8;
    private static final int PASSES = 5;
    private static final int CORES = 2;

    private static final List<KeyAttribute> KEYS =
            List.of(new KeyAttribute("PK", SourceType.S), new KeyAttribute("SK", SourceType.S));

    private ReadBenchmark() {}

    /** Reads all; the number of items. */
    private interface Reader {
        long read(int pass) throws Exception;
    }

    /** Arguments: the reader, endpoint, folder, number of items. Prints the seconds of a warm pass, the median of all. */
    public static void main(String[] args) throws Exception {
        String name = args[0];
        String endpoint = args[1];
        long items = Long.parseLong(args[3]);
        Reader reader = switch (name) {
            case "millrace" -> millrace(endpoint, Path.of(args[2]));
            case "millrace-spool" -> millraceSpool(endpoint, Path.of(args[2]));
            case "millrace-items" -> millraceItems(endpoint, Path.of(args[2]));
            case "audienceproject" -> audienceproject(endpoint, items);
            case "sdk" -> sdk(endpoint);
            default -> throw new IllegalArgumentException("No such reader: " + name);
        };
        OperatingSystemMXBean process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        List<Long> nanos = new ArrayList<>();
        for (int pass = 0; pass < WARM_UPS + PASSES; pass++) {
            long begin = process.getProcessCpuTime();
            long read = reader.read(pass);
            long spent = process.getProcessCpuTime() - begin;
            if (read != items) {
                throw new IllegalStateException(name + " read " + read + " items, not " + items);
            }
            if (pass >= WARM_UPS) {
                nanos.add(spent);
            }
            System.err.printf(Locale.ROOT, "%s, pass %d: %.2f CPU s%n", name, pass + 1, spent / 1e9);
        }
        nanos.sort(null);
        System.out.printf(Locale.ROOT, "%.2f%n", nanos.get(PASSES / 2) / 1e9);
        System.exit(0);
    }

    private static SparkSession spark() {
        return SparkSession.builder()
                .master("local[" + CORES + "]")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .getOrCreate();
    }

    /** As extract reads: the table into the spool, the spool into rows of all tables, counted; nothing is done with them. */
    private static Reader millrace(String endpoint, Path folder) {
        SparkSession spark = spark();
        JobStore store = store(folder);
        TableAccess access = access(endpoint);
        List<PlannedUnit> units = Spool.units(CannedPages.SEGMENTS, "");
        ShredPlan plan = plan(spool(store, access), units);
        Storage storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
        CensusTaker.Settings settings = new CensusTaker.Settings(plan.rule(), Map.of(), KEYS, BigDecimal.ONE);
        return pass -> {
            CensusFiles census = new CensusFiles(storage, "bench/census/" + pass + "/", settings);
            SpoolSource.Read read = new SpoolSource.Read(spool(store, access), units, KEYS, plan, census);
            SpoolSource.rows(spark, read)
                    .write()
                    .format("noop")
                    .mode("overwrite")
                    .save();
            long items = 0;
            for (PlannedUnit unit : units) {
                items += read.spool().obtain(unit).files().get(0).rows();
            }
            read.spool().delete();
            return items;
        };
    }

    private static JobStore store(Path folder) {
        Storage storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
        return new JobStore(storage, "bench", Clock.systemUTC(), new Random());
    }

    /** A spool of a new run. */
    private static Spool spool(JobStore store, TableAccess access) {
        RunStore run = store.run(RunId.startingAt(Instant.now(), new Random()));
        return new Spool(run.storage(), run.path("spool/"), run.units(), scan(access, run), SpoolKey.NONE);
    }

    private static TableScan scan(TableAccess access, RunStore run) {
        double noLimit = Double.POSITIVE_INFINITY;
        ReadBudget budget = new ReadBudget(noLimit, noLimit, 1, 1, false, 0, 0, access.consistent());
        return new TableScan(access, KEYS.stream().map(KeyAttribute::name).toList(), budget, run.reads());
    }

    private static ShredPlan plan(Spool spool, List<PlannedUnit> units) {
        KindRule rule = new KindRule.ByAttribute("EntityType");
        CensusTaker census = new CensusTaker(new CensusTaker.Settings(rule, Map.of(), KEYS, BigDecimal.ONE));
        try (SpoolReader items = spool.open(spool.obtain(units.get(0)))) {
            while (items.next()) {
                census.add(items.buffer(), items.offset(), items.length());
            }
        }
        spool.delete();
        DataSchema schema = Inference.infer(census.census(), DataSchema.none(KEYS), false);
        return ShredPlan.of(schema, rule, Map.of(), ShredPlan.Expiry.NEVER);
    }

    private static Reader audienceproject(String endpoint, long items) {
        System.setProperty("aws.dynamodb.endpoint", endpoint);
        System.setProperty("aws.accessKeyId", "local");
        System.setProperty("aws.secretKey", "local");
        SparkSession spark = spark();
        return pass -> {
            var rows = spark.read()
                    .format("dynamodb")
                    .option("tableName", CannedPages.TABLE)
                    .option("region", "us-east-1")
                    .option("readPartitions", CannedPages.SEGMENTS)
                    .option("throughput", 1_000_000)
                    .load();
            if (pass == 0) {
                // The sink tells no count: looked at once, by another action.
                return rows.javaRDD().map(row -> 1L).reduce(Long::sum);
            }
            rows.write().format("noop").mode("overwrite").save();
            return items;
        };
    }

    /** The table in a run's spool: compressed, with its digest, safe on disk and committed. */
    private static Reader millraceSpool(String endpoint, Path folder) {
        JobStore store = store(folder);
        List<PlannedUnit> units = Spool.units(CannedPages.SEGMENTS, "");
        return pass -> {
            Spool spool = spool(store, access(endpoint));
            long items = bySegments(segment -> () ->
                            spool.obtain(units.get(segment)).files().get(0).rows())
                    .read(pass);
            spool.delete();
            return items;
        };
    }

    /** Each segment by one of so many threads as there are cores. */
    private static Reader bySegments(Function<Integer, Callable<Long>> segment) {
        return pass -> {
            ExecutorService threads = Executors.newFixedThreadPool(CORES);
            long items = 0;
            List<Callable<Long>> segments = IntStream.range(0, CannedPages.SEGMENTS)
                    .mapToObj(segment::apply)
                    .toList();
            for (Future<Long> done : threads.invokeAll(segments)) {
                items += done.get();
            }
            threads.shutdown();
            return items;
        };
    }

    private static TableAccess access(String endpoint) {
        return new TableAccess(CannedPages.TABLE, "us-east-1", endpoint, "", "", false, List.of());
    }

    /** Items as places in the answers' bodies, as they go to the spool. */
    private static Reader millraceItems(String endpoint, Path folder) {
        JobStore store = store(folder);
        TableAccess access = access(endpoint);
        TableScan table = scan(access, store.run(RunId.startingAt(Instant.now(), new Random())));
        return bySegments(segment -> () -> {
            long items = 0;
            try (ReadMeter meter = ReadMeter.enter(table.budget(), table.accounts());
                    SegmentScan scan = new SegmentScan(
                            table,
                            () -> DynamoDbClients.openOnce(access),
                            meter,
                            Patience.USUAL,
                            new Segment(segment, CannedPages.SEGMENTS, ""))) {
                for (Optional<Page> page = scan.next(); page.isPresent(); page = scan.next()) {
                    items += page.get().items();
                }
            }
            return items;
        });
    }

    /** Items as maps of the SDK's values. */
    private static Reader sdk(String endpoint) {
        DynamoDbClient client = DynamoDbClients.open(access(endpoint));
        return bySegments(segment -> () -> {
            long items = 0;
            Map<String, AttributeValue> from = Map.of();
            do {
                ScanResponse page = client.scan(ScanRequest.builder()
                        .tableName(CannedPages.TABLE)
                        .segment(segment)
                        .totalSegments(CannedPages.SEGMENTS)
                        .exclusiveStartKey(from.isEmpty() ? null : from)
                        .build());
                for (Map<String, AttributeValue> item : page.items()) {
                    items += item.containsKey("PK") ? 1 : 0;
                }
                from = page.lastEvaluatedKey();
            } while (!from.isEmpty());
            return items;
        });
    }
}
