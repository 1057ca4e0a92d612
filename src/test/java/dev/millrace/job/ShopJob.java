package dev.millrace.job;

import dev.millrace.dynamodb.Spool;
import dev.millrace.run.JobStore;
import dev.millrace.run.Phase;
import dev.millrace.sample.ShopSample;
import dev.millrace.storage.StorageOptions;
import dev.millrace.testing.DynamoDbLocal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/** A job on a small shop in the tests' DynamoDB Local, with all its files in a folder of its own. */
class ShopJob extends StoredJob {
    /** The phases that it needs, in order. */
    static final List<Phase> PHASES =
            List.of(Phase.INFER_SCHEMA, Phase.EXTRACT, Phase.PREPARE, Phase.UPLOAD, Phase.REPLACE);

    private static final String NAME = "shop";
    private static final int SMALL = 40;

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
        super(folder, NAME, staging, options);
        List<String> lines = new ArrayList<>(List.of(
                "job: " + NAME,
                "source: {dynamodb: {table: " + table + ", region: us-east-1, endpoint: \"" + DynamoDbLocal.endpoint()
                        + "\", segments: " + segments + "}}",
                "schema: {kind: EntityType}",
                "tables: {Order: {name: orders}, Customer: {name: customers}}",
                "warehouse: {duckdb: {path: " + database() + "}, schema: shop, keep-previous: 1, unchanged: replace}"));
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
        write(lines);
    }

    /** Reads its table through another server from now on. */
    ShopJob through(URI endpoint) {
        try {
            String text = Files.readString(file());
            Files.writeString(file(), text.replace(DynamoDbLocal.endpoint().toString(), endpoint.toString()));
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

    /** The file that readers open. */
    Path database() {
        return folder().resolve("warehouse.duckdb");
    }

    boolean keepsSpool() {
        return keepsSpool;
    }

    @Override
    List<Phase> phases() {
        return PHASES;
    }

    @Override
    JobStore.Runs bringing() {
        return JobStore.Runs.REPLACING;
    }

    @Override
    List<String> unitPhases() {
        return List.of(Spool.PHASE, Phase.INFER_SCHEMA.label(), Phase.EXTRACT.label());
    }

    @Override
    List<String> filePhases() {
        return unitPhases().stream()
                .filter(phase -> keepsSpool || !phase.equals(Spool.PHASE))
                .toList();
    }

    /** Segments have numbers. */
    @Override
    boolean namesUnitsAlike() {
        return true;
    }

    /** The tables of the live warehouse. */
    @Override
    Map<String, String> seen(Statement duckDb, String as) throws SQLException {
        duckDb.execute("ATTACH '" + database() + "' AS " + as + " (READ_ONLY)");
        Map<String, String> selects = new TreeMap<>();
        try (ResultSet rows = duckDb.executeQuery(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = '" + as + "' AND schema_name = 'shop'")) {
            while (rows.next()) {
                String table = rows.getString(1);
                selects.put(table, "SELECT * FROM " + as + ".shop.\"" + table + "\"");
            }
        }
        String last = store().ledger().last().orElseThrow().run().value();
        selects.put(
                "version",
                "SELECT CASE run WHEN '" + last + "' THEN 'of the last run' ELSE run END AS run FROM " + as
                        + "._millrace.version");
        return selects;
    }

    /** Files beside the warehouse that are neither a version that live or rollback needs, nor the lock. */
    @Override
    List<String> leftovers() {
        List<String> needed = new ArrayList<>(List.of("lock"));
        commits().forEach(commit -> needed.add(commit.run() + ".duckdb"));
        try (var entries = Files.list(database().resolveSibling("warehouse.duckdb.versions"))) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(entry -> !needed.contains(entry))
                    .sorted()
                    .map(entry -> "left behind beside the warehouse: " + entry)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
