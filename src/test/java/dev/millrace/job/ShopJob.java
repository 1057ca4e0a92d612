package dev.millrace.job;

import dev.millrace.config.WarehouseSettings;
import dev.millrace.run.Commit;
import dev.millrace.run.JobStore;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.run.RunStore;
import dev.millrace.sample.ShopSample;
import dev.millrace.schema.LastCensus;
import dev.millrace.schema.SchemaCache;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.ScanWatch;
import dev.millrace.testing.SharedSpark;
import dev.millrace.warehouse.Warehouse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/** A job on a small shop in the tests' DynamoDB Local, with all its files in a folder of its own. */
final class ShopJob {
    /** The phases that it needs, in order. */
    static final List<Phase> PHASES =
            List.of(Phase.INFER_SCHEMA, Phase.EXTRACT, Phase.PREPARE, Phase.UPLOAD, Phase.REPLACE);

    private static final String NAME = "shop";
    private static final int SMALL = 40;

    /** How a run in this process ended. */
    record Ended(int exitCode, String output) {}

    private final Path folder;
    private final Path file;
    private final String staging;
    private final StorageOptions options;
    private final boolean keepsSpool;

    /** With its staging in the folder too. */
    ShopJob(Path folder, String table, int segments, String... more) {
        this(folder, table, segments, folder.resolve("staging").toString(), StorageOptions.DEFAULT, more);
    }

    /**
     * @param staging where it stages, a folder or a prefix of S3
     * @param more lines of the job file, below its root; what begins with {@code staging:} follows the place
     */
    ShopJob(Path folder, String table, int segments, String staging, StorageOptions options, String... more) {
        this.folder = folder;
        this.file = folder.resolve("shop.yaml");
        this.staging = staging;
        this.options = options;
        List<String> lines = new ArrayList<>(List.of(
                "job: " + NAME,
                "source: {dynamodb: {table: " + table + ", region: us-east-1, endpoint: \"" + DynamoDbLocal.endpoint()
                        + "\", segments: " + segments + "}}",
                "schema: {kind: EntityType}",
                "tables: {Order: {name: orders}, Customer: {name: customers}}",
                "warehouse: {duckdb: {path: " + database() + "}, schema: shop, keep-previous: 1}"));
        String settings = "spool: keep";
        for (String line : more) {
            if (line.startsWith("staging: ")) {
                settings = line.substring("staging: ".length());
            } else {
                lines.add(line);
            }
        }
        keepsSpool = settings.contains("spool: keep");
        lines.add("staging: {at: \"" + staging + "\", " + settings + "}");
        options.endpointUri().ifPresent(uri -> lines.add("s3: {endpoint: \"" + uri + "\", path-style: true}"));
        try {
            Files.createDirectories(folder);
            Files.write(file, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads its table through another server from now on. */
    ShopJob through(URI endpoint) {
        try {
            String text = Files.readString(file);
            Files.writeString(file, text.replace(DynamoDbLocal.endpoint().toString(), endpoint.toString()));
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fills a table of the sample shop. */
    static void fill(String table, int items) {
        ShopSample.fillIfMissing(DynamoDbLocal.client(), table, ShopSample.SEED, items, written -> {});
    }

    /** Makes a table of a few orders with lines, and customers. */
    static void fillSmall(String table) {
        DynamoDbClient client = DynamoDbLocal.client();
        client.createTable(create -> create.tableName(table)
                .billingMode(BillingMode.PAY_PER_REQUEST)
                .attributeDefinitions(AttributeDefinition.builder()
                        .attributeName("PK")
                        .attributeType(ScalarAttributeType.S)
                        .build())
                .keySchema(KeySchemaElement.builder()
                        .attributeName("PK")
                        .keyType(KeyType.HASH)
                        .build()));
        for (int i = 0; i < SMALL; i++) {
            Map<String, AttributeValue> item = new TreeMap<>();
            boolean isOrder = i % 2 == 0;
            item.put("PK", AttributeValue.fromS((isOrder ? "ORDER#" : "CUSTOMER#") + i));
            item.put("EntityType", AttributeValue.fromS(isOrder ? "Order" : "Customer"));
            item.put("number", AttributeValue.fromN(i + ".5"));
            if (isOrder) {
                item.put(
                        "lines",
                        AttributeValue.fromL(List.of(AttributeValue.fromS("a"), AttributeValue.fromN("" + i))));
            }
            client.putItem(put -> put.tableName(table).item(item));
        }
    }

    Path file() {
        return file;
    }

    /** The file that readers open. */
    Path database() {
        return folder.resolve("warehouse.duckdb");
    }

    Path folder() {
        return folder;
    }

    boolean keepsSpool() {
        return keepsSpool;
    }

    Storage storage() {
        return Storages.open(staging, options);
    }

    JobStore store() {
        return new JobStore(storage(), NAME, Clock.systemUTC(), new Random());
    }

    /** The job's only run. */
    RunStore onlyRun() {
        List<RunId> runs = store().runs();
        if (runs.size() != 1) {
            throw new AssertionError("Not one run: " + runs);
        }
        return store().run(runs.get(0));
    }

    List<Commit> commits() {
        return store().ledger().commits();
    }

    /** What the last commit's run has counted. */
    LastCensus census() {
        return new SchemaCache(Storages.open(storage().uri(NAME + "/schema/"), options))
                .census()
                .orElseThrow();
    }

    /** The state of a phase in the record of the job's run, as a process that looks on sees it; empty before. */
    Optional<RunRecord> record() {
        return store().runs().stream().findFirst().flatMap(id -> store().run(id).record());
    }

    boolean isCommitted(Phase phase) {
        return onlyRun().phase(phase).isPresent();
    }

    /** The newest run. */
    RunStore newestRun() {
        List<RunId> runs = store().runs();
        return store().run(runs.get(runs.size() - 1));
    }

    /** Whoever holds the lock does not keep others out. */
    void deleteLock() {
        storage().delete(List.of(NAME + "/lock.json"));
    }

    /** Commits of the newest run's units, as the bytes of their files by path. */
    Map<String, String> unitManifests() {
        Storage storage = storage();
        return storage.list(newestRun().path("units/")).stream()
                .collect(Collectors.toMap(
                        stored -> stored.path(),
                        stored -> storage.find(stored.path()).orElseThrow().utf8(),
                        (a, b) -> a,
                        TreeMap::new));
    }

    /** Runs the job in this process, with the tests' Spark session. */
    Ended run(String... options) {
        return run(Clock.systemUTC(), Storages::open, Surroundings::warehouse, options);
    }

    /** As {@link #run(String...)}, with its effects counted. */
    Ended run(Clock clock, Effects effects, String... options) {
        ScanWatch.tell(effects);
        try {
            return run(clock, effects.storages(), effects.warehouses(), options);
        } finally {
            ScanWatch.tellNobody();
        }
    }

    Ended run(
            Clock clock,
            BiFunction<String, StorageOptions, Storage> storages,
            Function<WarehouseSettings, Warehouse> warehouses,
            String... options) {
        SharedSpark.session();
        Surroundings around = new Surroundings(
                folder,
                Optional.empty(),
                name -> Optional.ofNullable(System.getenv(name)),
                clock,
                new Random(),
                storages,
                warehouses);
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        StringWriter errors = new StringWriter();
        List<String> arguments = new ArrayList<>(List.of(file.toString()));
        arguments.addAll(List.of(options));
        int exitCode = Millrace.execute(
                new CommandLine(new JobCommand(
                                List.of(), around, new PrintStream(output, true, StandardCharsets.UTF_8)))
                        .setErr(new PrintWriter(errors, true)),
                arguments.toArray(String[]::new));
        return new Ended(exitCode, output.toString(StandardCharsets.UTF_8) + errors);
    }
}
