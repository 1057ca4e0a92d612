package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.luben.zstd.ZstdInputStream;
import dev.millrace.sample.ServerClassPath;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.DynamoDbFront;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.Processes;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/** {@code reader: audienceproject}, in processes that have the connector's jar, on DynamoDB Local. */
class AudienceProjectTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SEGMENTS = 2;

    @TempDir
    private Path folder;

    private static void createTable(String name) {
        DynamoDbLocal.client()
                .createTable(create -> create.tableName(name)
                        .billingMode(BillingMode.PAY_PER_REQUEST)
                        .attributeDefinitions(AttributeDefinition.builder()
                                .attributeName("PK")
                                .attributeType(ScalarAttributeType.S)
                                .build())
                        .keySchema(KeySchemaElement.builder()
                                .attributeName("PK")
                                .keyType(KeyType.HASH)
                                .build()));
    }

    /** Starts an entry point as spark-submit would with the connector's jars, which come after Spark's. */
    private Processes.Ended run(String entryPoint, ShopJob job, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens="))
                .forEach(command::add);
        command.addAll(List.of(
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Daws.accessKeyId=local",
                "-Daws.secretKey=local",
                "-cp",
                System.getProperty("java.class.path")
                        + File.pathSeparator
                        + ServerClassPath.of(Path.of(System.getProperty("millrace.home")), "audienceproject"),
                "dev.millrace.job." + entryPoint,
                job.file().toString(),
                "--set",
                "source.dynamodb.reader=audienceproject"));
        command.addAll(List.of(options));
        return Processes.run(new ProcessBuilder(command).directory(folder.toFile()));
    }

    /** What lies in the spool of the job's only run, by key. */
    private static Map<String, JsonNode> spooled(ShopJob job) throws IOException {
        Map<String, JsonNode> items = new TreeMap<>();
        for (StoredFile file : job.storage().list(job.onlyRun().path("spool/"))) {
            if (!file.path().endsWith(".zst")) {
                continue;
            }
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                    new ZstdInputStream(job.storage().open(file.path())), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    JsonNode item = JSON.readTree(line).get("Item");
                    items.put(item.at("/PK/S").asText(), item);
                }
            }
        }
        return items;
    }

    private static AttributeValue s(String text) {
        return AttributeValue.fromS(text);
    }

    private static AttributeValue n(String number) {
        return AttributeValue.fromN(number);
    }

    /** Puts attributes, as names and values, into an item. */
    private static void put(String table, String key, Object... attributes) {
        Map<String, AttributeValue> item = new TreeMap<>(Map.of("PK", s(key)));
        for (int i = 0; i < attributes.length; i += 2) {
            item.put((String) attributes[i], (AttributeValue) attributes[i + 1]);
        }
        DynamoDbLocal.client().putItem(put -> put.tableName(table).item(item));
    }

    @Test
    void landsAPlainTableAsOurReaderDoesAndReadsEachSegmentOnce() {
        String table = "connector-plain";
        createTable(table);
        for (int i = 0; i < 60; i++) {
            put(
                    table,
                    "k" + i,
                    "EntityType",
                    s(i % 3 == 0 ? "Order" : "Customer"),
                    "count",
                    n("" + i),
                    "name",
                    s("Łucja \"" + i + "\"\n"),
                    "open",
                    AttributeValue.fromBool(i % 2 == 0),
                    "bytes",
                    AttributeValue.fromB(SdkBytes.fromByteArray(new byte[] {1, 2, (byte) i})),
                    "address",
                    AttributeValue.fromM(Map.of("city", s("Porto"), "zip", n("" + 100 * i))),
                    "lines",
                    AttributeValue.fromL(List.of(
                            AttributeValue.fromM(Map.of("sku", s("a" + i), "quantity", n("2"))),
                            AttributeValue.fromM(Map.of("sku", s("b"), "quantity", n("" + i))))));
        }
        ShopJob ours = new ShopJob(folder.resolve("ours"), table, SEGMENTS);
        assertThat(ours.run().exitCode()).isZero();

        ShopJob theirs = new ShopJob(folder.resolve("theirs"), table, SEGMENTS);
        Processes.Ended read = run("InferSchema", theirs);
        assertThat(read.exitCode()).as(read.output()).isZero();
        DynamoDbClient client = DynamoDbLocal.client();
        for (int i = 0; i < 60; i++) {
            Map<String, AttributeValue> key = Map.of("PK", s("k" + i));
            client.deleteItem(delete -> delete.tableName(table).key(key));
        }
        // The spool has all of them: nothing is read again.
        Processes.Ended rest = run("Pipeline", theirs);
        assertThat(rest.exitCode()).as(rest.output()).isZero();
        assertThat(new Undisturbed(ours).differences(theirs)).isEmpty();
        // It does not tell what it consumed: nothing is better than 0.
        assertThat(rest.output()).contains("every row accounted for").doesNotContain("read cost");
    }

    @Test
    void losesWhatTheDocsSay() throws IOException {
        String table = "connector-losses";
        createTable(table);
        for (int i = 0; i < 30; i++) {
            put(table, "k" + i, "n", n("1"));
        }
        // What the connector has seen in the first segment's first page is all that it knows.
        TreeSet<String> seen = new TreeSet<>();
        DynamoDbLocal.client()
                .scan(scan -> scan.tableName(table).segment(0).totalSegments(SEGMENTS))
                .items()
                .forEach(item -> seen.add(item.get("PK").s()));
        String known = seen.first();
        TreeSet<String> unseen = new TreeSet<>();
        for (int i = 0; i < 30; i++) {
            unseen.add("k" + i);
        }
        unseen.removeAll(seen);
        String other = unseen.first();
        put(
                table,
                known,
                "list",
                AttributeValue.fromL(List.of(n("1"), n("12345678901234567890123456789012345678"))),
                "a.b",
                s("dotted"),
                "set",
                AttributeValue.fromSs(List.of("p")),
                "none",
                AttributeValue.fromNul(true),
                "small",
                n("1"),
                "fraction",
                n("1.5"),
                "mixed",
                n("1"),
                "text",
                s("a"),
                "map",
                AttributeValue.fromM(Map.of("c", s("1"))));
        put(
                table,
                other,
                "late",
                s("not in the sample"),
                "small",
                n("3000000000"),
                "fraction",
                n("0.12345678901234567890"),
                "mixed",
                s("n/a"),
                "text",
                n("7.5"),
                "map",
                AttributeValue.fromM(Map.of("c", s("2"), "d", s("3"))));

        ShopJob job = new ShopJob(folder.resolve("losses"), table, SEGMENTS);
        Processes.Ended ended = run("Pipeline", job);
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        Map<String, JsonNode> spooled = spooled(job);
        assertThat(spooled).hasSize(30);
        assertThat(spooled.get(known))
                .isEqualTo(JSON.readTree("{\"PK\":{\"S\":\"" + known + "\"},"
                        // The type of a list is that of its first element: 38 digits become 32 bits.
                        + "\"list\":{\"L\":[{\"N\":\"1\"},{\"N\":\"-566693042\"}]},"
                        + "\"set\":{\"L\":[{\"S\":\"p\"}]},"
                        + "\"small\":{\"N\":\"1\"},\"fraction\":{\"N\":\"1.5\"},\"mixed\":{\"N\":\"1\"},"
                        + "\"text\":{\"S\":\"a\"},\"map\":{\"M\":{\"c\":{\"S\":\"1\"}}}}"));
        assertThat(spooled.get(other))
                .isEqualTo(JSON.readTree("{\"PK\":{\"S\":\"" + other + "\"},"
                        + "\"small\":{\"N\":\"-1294967296\"},\"fraction\":{\"N\":\"0.12345678901234568\"},"
                        + "\"text\":{\"S\":\"7.5\"},\"map\":{\"M\":{\"c\":{\"S\":\"2\"}}}}"));
    }

    @Test
    void tellsThatTheConnectorDiesOfNumbersBeyond64Bits() {
        String table = "connector-decimals";
        createTable(table);
        put(table, "k", "n", n("12345678901234567890123456789012345678"));
        ShopJob job = new ShopJob(folder.resolve("decimals"), table, 1);
        Processes.Ended ended = run("Pipeline", job);
        assertThat(ended.exitCode()).as(ended.output()).isEqualTo(1);
        assertThat(ended.output())
                .contains("DynamoDB table " + table + " in us-east-1 at " + DynamoDbLocal.endpoint()
                        + ": the audienceproject connector failed: class java.math.BigDecimal cannot be cast to class "
                        + "org.apache.spark.sql.types.Decimal")
                .contains("docs/reader.md tells what it cannot read; reader: millrace reads it");
    }

    @Test
    void refusesToBeginWithoutTheJar() {
        ShopJob job = new ShopJob(folder.resolve("missing"), "connector-none", 1);
        StoredJob.Ended ended = job.run("--set", "source.dynamodb.reader=audienceproject");
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.output())
                .contains(job.file() + ": source.dynamodb.reader: audienceproject: its jar is not on the class path: "
                        + "start the job by spark-submit with --packages com.audienceproject:spark-dynamodb_2.12:1.1.2, "
                        + "or remove reader");
        assertThat(job.store().runs()).isEmpty();
    }

    @Test
    void isToldTheReadCapacityAndKeepsItInItsOwnWay() {
        String table = "connector-rate";
        createTable(table);
        for (int i = 0; i < 200; i++) {
            put(table, "k" + i, "text", s("x".repeat(2000)));
        }
        try (DynamoDbFront front = new DynamoDbFront()) {
            ShopJob job = new ShopJob(folder.resolve("rate"), table, SEGMENTS);
            Processes.Ended ended = run(
                    "InferSchema",
                    job,
                    "--set",
                    "source.dynamodb.endpoint=" + front.uri(),
                    "--set",
                    "source.dynamodb.read-capacity=20");
            assertThat(ended.exitCode()).as(ended.output()).isZero();
            // Ten units for each of two segments: so many items of 2 KB. Without being told it would be 50.
            assertThat(front.scans())
                    .isNotEmpty()
                    .allMatch(scan -> scan.body().path("Limit").asInt() >= 30
                            && scan.body().path("Limit").asInt() <= 40);
        }
    }
}
