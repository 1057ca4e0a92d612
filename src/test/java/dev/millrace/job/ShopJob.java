package dev.millrace.job;

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
import dev.millrace.testing.SharedSpark;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/** A job on a small shop in the tests' DynamoDB Local, with all its files in a folder of its own. */
final class ShopJob {
    private static final String NAME = "shop";
    private static final int SMALL = 40;

    /** How a run in this process ended. */
    record Ended(int exitCode, String output) {}

    private final Path folder;
    private final Path file;
    private final boolean hasWarehouse;

    /** @param more lines of the job file, below its root */
    ShopJob(Path folder, String table, int segments, boolean hasWarehouse, String... more) {
        this.folder = folder;
        this.file = folder.resolve("shop.yaml");
        this.hasWarehouse = hasWarehouse;
        List<String> lines = new ArrayList<>(List.of(
                "job: " + NAME,
                "source: {dynamodb: {table: " + table + ", region: us-east-1, endpoint: \"" + DynamoDbLocal.endpoint()
                        + "\", segments: " + segments + "}}",
                "schema: {kind: EntityType}",
                "tables: {Order: {name: orders}, Customer: {name: customers}}"));
        if (hasWarehouse) {
            lines.add("warehouse: {duckdb: {path: " + database() + "}, schema: shop, keep-previous: 1}");
        }
        lines.addAll(List.of(more));
        if (lines.stream().noneMatch(line -> line.startsWith("staging:"))) {
            lines.add("staging: {at: " + folder.resolve("staging") + ", spool: keep}");
        }
        try {
            Files.createDirectories(folder);
            Files.write(file, lines);
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

    Path database() {
        return folder.resolve("warehouse.duckdb");
    }

    Path staging() {
        return folder.resolve("staging");
    }

    Storage storage() {
        return Storages.open(staging().toString(), StorageOptions.DEFAULT);
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
        return new SchemaCache(
                        Storages.open(staging().resolve(NAME).resolve("schema").toString(), StorageOptions.DEFAULT))
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

    /** Commits of the run's units, as the bytes of their files by path. */
    Map<String, String> unitManifests() {
        Storage storage = storage();
        return storage.list(onlyRun().path("units/")).stream()
                .collect(Collectors.toMap(
                        stored -> stored.path(),
                        stored -> storage.find(stored.path()).orElseThrow().utf8(),
                        (a, b) -> a,
                        TreeMap::new));
    }

    /** Runs the job in this process, with the tests' Spark session. */
    Ended run(String... options) {
        return run(Clock.systemUTC(), Storages::open, options);
    }

    Ended run(Clock clock, BiFunction<String, StorageOptions, Storage> storages, String... options) {
        SharedSpark.session();
        Surroundings around = new Surroundings(
                folder,
                Optional.empty(),
                name -> Optional.ofNullable(System.getenv(name)),
                clock,
                new Random(),
                storages);
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        StringWriter errors = new StringWriter();
        List<String> arguments = new ArrayList<>(List.of(file.toString()));
        arguments.addAll(List.of(options));
        int exitCode = Millrace.execute(
                new CommandLine(new InProcess(around, new PrintStream(output, true, StandardCharsets.UTF_8)))
                        .setErr(new PrintWriter(errors, true)),
                arguments.toArray(String[]::new));
        return new Ended(exitCode, output.toString(StandardCharsets.UTF_8) + errors);
    }

    @Command(name = "run", description = "All phases.")
    private static final class InProcess implements Callable<Integer> {
        @Mixin
        private Arguments arguments = new Arguments();

        private final Surroundings around;
        private final PrintStream out;

        InProcess(Surroundings around, PrintStream out) {
            this.around = around;
            this.out = out;
        }

        @Override
        public Integer call() {
            return RunReport.run(arguments, List.of(), around, out);
        }
    }

    /**
     * How the rows of this job's last result differ from another's: table by table, each row counted. Empty when they
     * do not. DuckDB reads both, the files or the warehouses.
     */
    List<String> differences(ShopJob other) {
        try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckDb.createStatement()) {
            boolean inWarehouse = hasWarehouse && other.hasWarehouse;
            Map<String, String> mine = relations(statement, "mine", inWarehouse);
            Map<String, String> others = other.relations(statement, "others", inWarehouse);
            List<String> differences = new ArrayList<>();
            if (!mine.keySet().equals(others.keySet())) {
                differences.add("tables " + mine.keySet() + " and " + others.keySet());
            }
            for (String table : mine.keySet()) {
                if (others.containsKey(table)) {
                    String a = mine.get(table);
                    String b = others.get(table);
                    long less = number(statement, "SELECT count(*) FROM (" + b + " EXCEPT ALL " + a + ")");
                    long more = number(statement, "SELECT count(*) FROM (" + a + " EXCEPT ALL " + b + ")");
                    if (less + more > 0) {
                        differences.add(table + ": " + less + " rows are missing, " + more + " are too many");
                    }
                }
            }
            return differences;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A select for each table of the warehouse, or of the landing. */
    private Map<String, String> relations(Statement statement, String name, boolean inWarehouse) throws SQLException {
        Map<String, String> relations = new TreeMap<>();
        if (inWarehouse) {
            statement.execute("ATTACH '" + database() + "' AS " + name + " (READ_ONLY)");
            String tables = "SELECT table_name FROM duckdb_tables() WHERE database_name = '" + name
                    + "' AND schema_name = 'shop'";
            try (ResultSet rows = statement.executeQuery(tables)) {
                while (rows.next()) {
                    String table = rows.getString(1);
                    relations.put(table, "SELECT * FROM " + name + ".shop.\"" + table + "\"");
                }
            }
            return relations;
        }
        Map<String, List<String>> files = new TreeMap<>();
        onlyRun().units().committed(Phase.EXTRACT.label()).stream()
                .flatMap(unit -> unit.files().stream())
                .forEach(landed -> files.computeIfAbsent(landed.table(), none -> new ArrayList<>())
                        .add("'" + staging().resolve(landed.path()) + "'"));
        files.forEach((table, paths) ->
                relations.put(table, "SELECT * FROM read_parquet(" + paths + ", hive_partitioning = false)"));
        return relations;
    }

    static long number(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** Files beside the warehouse that are neither a version live or rollback needs, nor the lock. */
    List<String> warehouseLeftovers() {
        Path versions = folder.resolve("warehouse.duckdb.versions");
        try (var entries = Files.list(versions)) {
            List<String> needed = new ArrayList<>(List.of("lock"));
            commits().forEach(commit -> needed.add(commit.run() + ".duckdb"));
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(entry -> !needed.contains(entry))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
