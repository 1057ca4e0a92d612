package dev.millrace.job;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.landing.FileManifest;
import dev.millrace.landing.ManifestEntry;
import dev.millrace.run.CompactionRecord;
import dev.millrace.run.Outcome;
import dev.millrace.run.TableRecord;
import dev.millrace.sample.OrdersSnapshot;
import dev.millrace.sample.OrdersSnapshot.Order;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.ForwardingStorage;
import dev.millrace.testing.S3Server;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.crypto.FileEncryptionProperties;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole jobs over snapshots: every run reads all files, and what readers see is replaced whole or not at all. */
class SnapshotJobsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int FILES = 6;
    private static final String JOB = """
            job: orders
            source: {snapshot: {$SOURCE, group-size: 300KB}}
            tables: {orders: {columns: {day: {sql: to_date(created_at)}}}}
            staging: {at: $HERE/staging, keep: 7d}
            lake: {at: $HERE/lake, partition-by: [day], keep-versions: 2}
            """;

    @TempDir
    private Path folder;

    private final OrdersSnapshot sample = new OrdersSnapshot(5, 600, FILES);

    private Path job(Trial trial, String source) {
        return trial.job("orders", JOB.replace("$SOURCE", source));
    }

    @Test
    void aFolderBecomesATableThatTheNextRunReplaces() throws Exception {
        sample.write(folder.resolve("export"));
        Trial trial = new Trial(folder);
        Path job = job(trial, "at: $HERE/export/");

        Trial.Ended plan = Trial.command("plan", job.toString());
        assertThat(plan.out()).contains("files      6, ", "groups     6, of ");
        trial.succeed(job);

        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(sample));
        JsonNode validated = validated(trial, job);
        assertThat(validated.path("valid").booleanValue()).isTrue();
        for (JsonNode stage : validated.path("stages")) {
            assertThat(stage.path("rows").longValue()).as(stage.toString()).isEqualTo(600);
        }
        assertThat(validated.path("stages").findValuesAsText("stage"))
                .containsExactly("source", "landed", "compacted", "published");
        assertThat(validated.path("stages").get(0).path("files").intValue()).isEqualTo(FILES);
        int days = (int) expected(sample).stream()
                .map(row -> row.substring(row.lastIndexOf('|')))
                .distinct()
                .count();
        assertThat(validated.path("partitions")).hasSize(days);
        assertThat(validated.path("stages").get(3).path("files").intValue()).isEqualTo(days);

        OrdersSnapshot other = new OrdersSnapshot(6, 700, FILES);
        other.write(folder.resolve("export"));
        trial.succeed(job);
        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(other));
        assertThat(versions()).hasSize(2);

        // The same files once more: a snapshot is whole, whether it is new or not.
        trial.succeed(job);
        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(other));
        assertThat(versions()).hasSize(2);
        assertThat(trial.open(job).store().ledger().commits()).hasSize(3);
    }

    @Test
    void filesAreCompactedAsTheJobFileSaysAndReportsTellHow() throws Exception {
        sample.write(folder.resolve("export"));
        Trial trial = new Trial(folder);
        String byPages =
                JOB.replace("$SOURCE", "at: $HERE/export/").replace("keep-versions: 2", "compaction: {engine: pages}");
        String sorted = byPages.replace("{engine: pages}", "{sort-by: [customer_id]}");

        Trial.Ended pages = trial.succeed(trial.job("orders", byPages));
        assertThat(pages.out()).containsPattern("\ncompacted  orders: [\\d,]+ files, .*, to \\d+, .* KB\n");
        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(sample));

        Path job = trial.job("orders", sorted);
        Trial.Ended rewritten = trial.succeed(job);
        String how = "orders: [\\d,]+ files, .*, to \\d+, .* KB; \\d+ rewritten: sort-by: customer_id\n";
        assertThat(rewritten.out()).containsPattern("\ncompacted  " + how);
        assertThat(Trial.command("status", job.toString()).out()).containsPattern("\n  compacted     " + how);
        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(sample));
        TableRecord record =
                trial.run(trial.open(job)).record().orElseThrow().tables().get("orders");
        CompactionRecord compaction = record.compaction().orElseThrow();
        assertThat(compaction.rows()).isEqualTo(600);
        assertThat(compaction.merged()).isZero();
        assertThat(compaction.filesAfter()).isEqualTo(record.files()).isLessThan(compaction.filesBefore());
        assertThat(compaction.bytesAfter()).isEqualTo(record.bytes());
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement();
                ResultSet result =
                        statement.executeQuery("SELECT count(*) FROM (SELECT customer_id < lag(customer_id) OVER"
                                + " (PARTITION BY filename ORDER BY file_row_number) AS falls FROM read_parquet('"
                                + folder.resolve("lake/orders")
                                + "/*/*.parquet', filename = true, file_row_number = true))"
                                + " WHERE falls")) {
            assertThat(result.next()).isTrue();
            assertThat(result.getLong(1)).isZero();
        }
    }

    @Test
    void aManifestNamesTheFilesAndIsHeldAgainstThem() throws Exception {
        sample.write(folder.resolve("export/a"));
        sample.write(folder.resolve("export/b"));
        Storage export = Storages.open(folder.resolve("export").toString(), StorageOptions.DEFAULT);
        List<ManifestEntry> all = export.list("a/").stream()
                .map(file -> new ManifestEntry(
                        export.uri(file.path()),
                        file.bytes(),
                        OptionalLong.of(
                                sample.orders(Integer.parseInt(file.path().replaceAll("\\D", "")))
                                        .size()),
                        file.etag()))
                .toList();
        Trial trial = new Trial(folder);
        Path job = job(trial, "manifest: $HERE/m/manifest-summary.json");

        assertThat(trial.run(job).code()).isEqualTo(2);
        assertThat(trial.run(job).err()).contains("orders.yaml: source.snapshot.manifest: file://", "no such file");

        put(all, entry -> entry);
        trial.succeed(job);
        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(sample));
        JsonNode stored = JSON.readTree(folder.resolve("staging/orders/orders/snapshot="
                        + trial.run(trial.open(job)).id() + "/manifests/manifest-summary.json")
                .toFile());
        assertThat(stored.path("n_record").longValue()).isEqualTo(600);
        assertThat(stored.path("n_file").intValue()).isEqualTo(FILES);

        String victim = all.get(3).uri();
        for (Map.Entry<UnaryOperator<ManifestEntry>, String> wrong : Map.<UnaryOperator<ManifestEntry>, String>of(
                        e -> new ManifestEntry(e.uri() + "x", e.bytes(), e.rows(), e.etag()),
                        victim + "x: is missing",
                        e -> new ManifestEntry(e.uri(), e.bytes() + 1, e.rows(), e.etag()),
                        victim + ": has " + all.get(3).bytes() + " bytes, the manifest says "
                                + (all.get(3).bytes() + 1),
                        e -> new ManifestEntry(e.uri(), e.bytes(), e.rows(), "abc"),
                        victim + ": has etag " + all.get(3).etag() + ", the manifest says abc")
                .entrySet()) {
            put(all, entry -> entry.uri().equals(victim) ? wrong.getKey().apply(entry) : entry);
            Trial.Ended ended = trial.run(job);
            assertThat(ended.code()).as(wrong.getValue()).isEqualTo(1);
            assertThat(ended.err()).contains("1 of 6 files are wrong; nothing was read", wrong.getValue());
        }
        for (String elsewhere : List.of("s3://bucket/x.parquet", "https://example.com/x.parquet", "/x//y.parquet")) {
            put(
                    all,
                    entry -> entry.uri().equals(victim)
                            ? new ManifestEntry(elsewhere, entry.bytes(), entry.rows(), entry.etag())
                            : entry);
            Trial.Ended ended = trial.run(job);
            assertThat(ended.code()).as(elsewhere).isEqualTo(1);
            assertThat(ended.err())
                    .contains("/m/manifest-", elsewhere.replace("//y", "/y"))
                    .doesNotContain("\tat ");
        }
        put(List.of(all.get(0), all.get(0)), entry -> entry);
        assertThat(trial.run(job).err())
                .contains("1 of 2 files are wrong", all.get(0).uri() + ": is listed twice");
        assertThat(trial.open(job).store().runs()).hasSize(1);

        put(
                all,
                entry -> entry.uri().equals(victim)
                        ? new ManifestEntry(
                                entry.uri(),
                                entry.bytes(),
                                OptionalLong.of(entry.rows().getAsLong() + 1),
                                "\"" + entry.etag() + "\"")
                        : entry);
        Trial.Ended refused = trial.run(job);
        assertThat(refused.code()).isEqualTo(3);
        long rows = all.get(3).rows().getAsLong();
        assertThat(refused.err()).contains(victim + " has " + rows + " records, the manifest says " + (rows + 1));
        String run = trial.run(trial.open(job)).id().value();
        assertThat(trial.run(trial.open(job)).end().orElseThrow().outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(versions()).hasSize(1);
        assertThat(Trial.command("accept", run, "--job", job.toString(), "--gate", "n-record", "--reason", "known")
                        .code())
                .isZero();
        trial.succeed(job, "--run", run);
        assertThat(versions()).hasSize(2);
    }

    private void put(List<ManifestEntry> entries, UnaryOperator<ManifestEntry> change) {
        FileManifest.put(
                Storages.open(folder.resolve("m").toString(), StorageOptions.DEFAULT),
                "manifest-summary.json",
                "manifest-data.parquet",
                entries.stream().map(change).toList(),
                Map.of());
    }

    @Test
    void aFileThatCannotBeReadIsNamedAndWhatIsPublishedStays() throws Exception {
        Path export = folder.resolve("export");
        sample.write(export);
        Trial trial = new Trial(folder);
        Path job = job(trial, "at: $HERE/export/");
        trial.succeed(job);
        List<String> before = versions();
        byte[] good = Files.readAllBytes(export.resolve("part-00002.parquet"));

        byte[] broken = good.clone();
        java.util.Arrays.fill(broken, good.length - 40, good.length - 8, (byte) 7);
        Files.write(export.resolve("part-00002.parquet"), broken);
        encrypt(export.resolve("part-00003.parquet"), false);
        encrypt(export.resolve("part-00004.parquet"), true);
        Files.write(export.resolve("part-00006.parquet"), new byte[0]);

        for (int again = 0; again < 2; again++) {
            Trial.Ended ended = trial.run(job);
            assertThat(ended.code()).isEqualTo(1);
            assertThat(ended.err())
                    .contains("Cannot read 4 of the snapshot's 7 files", "What is published stays as it is")
                    .contains("part-00002.parquet: ", "part-00006.parquet: the file is broken or no Parquet: ")
                    .contains("part-00003.parquet: the file is encrypted: ", "part-00004.parquet: ")
                    .doesNotContain("part-00001", "\tat ");
        }
        assertThat(versions()).isEqualTo(before);
        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(sample));
        assertThat(Files.readAllBytes(export.resolve("part-00002.parquet"))).isEqualTo(broken);

        sample.write(export);
        Files.delete(export.resolve("part-00006.parquet"));
        trial.succeed(job);
        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(sample));
        assertThat(versions()).hasSize(2);
    }

    /** Writes an encrypted file, whose footer may be read by everybody. */
    private static void encrypt(Path file, boolean plainFooter) throws IOException {
        FileEncryptionProperties.Builder properties =
                FileEncryptionProperties.builder("0123456789abcdef".getBytes(US_ASCII));
        MessageType schema = MessageTypeParser.parseMessageType("message orders { required int64 order_id; }");
        Configuration local = new Configuration(false);
        local.set("fs.file.impl", "org.apache.hadoop.fs.RawLocalFileSystem");
        Files.delete(file);
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(new org.apache.hadoop.fs.Path(file.toUri()))
                .withConf(local)
                .withType(schema)
                .withEncryption((plainFooter ? properties.withPlaintextFooter() : properties).build())
                .build()) {
            writer.write(new SimpleGroup(schema).append("order_id", 1L));
        }
    }

    @Test
    void whateverItStopsAfterReadersSeeOneSnapshotWhole() throws Exception {
        sample.write(folder.resolve("export"));
        Trial trial = new Trial(folder);
        Path job = job(trial, "at: $HERE/export/");
        trial.succeed(job);
        List<String> before = expected(sample);
        int seed = 20;
        for (String effect : List.of(
                "manifests/snapshot-file-groups/manifest-summary/",
                "manifests/manifest-data.parquet",
                "units/read/",
                "manifests/landing/manifest-summary.json",
                "orders/commits/",
                "units/compact/",
                "_run.json",
                "validate-datalake-result.json",
                "orders_current.json",
                "phases/publish.json")) {
            OrdersSnapshot next = new OrdersSnapshot(seed++, 300, FILES);
            next.write(folder.resolve("export"));
            Effects stopped = Effects.stoppingAtFirst(effect);
            assertThat(trial.through(stopped.storages()).run(job).code())
                    .as(effect)
                    .isEqualTo(1);
            boolean isPublished =
                    List.of("orders_current.json", "phases/publish.json").contains(effect);
            assertThat(lake(current())).as(effect).isEqualTo(isPublished ? expected(next) : before);
            trial.later(Duration.ofMinutes(5)).through(Storages::open).succeed(job);
            before = expected(next);
            assertThat(lake("lake/orders")).as(effect).isEqualTo(before);
            assertThat(trial.open(job).store().unfinished()).as(effect).isEmpty();
        }
        assertThat(versions()).hasSize(2);
    }

    /** The version that readers see, by the pointer: the link is set after it. */
    private String current() throws IOException {
        return "lake/"
                + JSON.readTree(folder.resolve("lake/orders_current.json").toFile())
                        .path("folder")
                        .asText();
    }

    /** A lake that says it has taken a file, and has not. */
    private record Losing(Storage storage, String day) implements ForwardingStorage {
        @Override
        public StoredFile bring(Storage source, String from, String path) {
            return path.contains(day)
                    ? source.stat(from).orElseThrow()
                    : ForwardingStorage.super.bring(source, from, path);
        }
    }

    @Test
    void whatIsNotFoundInTheNewVersionIsNotPublished() throws Exception {
        sample.write(folder.resolve("export"));
        Trial trial = new Trial(folder);
        Path job = job(trial, "at: $HERE/export/");
        trial.succeed(job);
        String before = current();
        String day = expected(sample).get(0);
        String lost = "day=" + day.substring(day.lastIndexOf('|') + 1) + "/";

        trial.through((uri, options) ->
                uri.endsWith("/lake/") ? new Losing(Storages.open(uri, options), lost) : Storages.open(uri, options));
        Trial.Ended ended = trial.run(job);

        assertThat(ended.code()).isEqualTo(3);
        assertThat(ended.err())
                .contains("is not published, because what was read and written differs", lost + ": compacted ")
                .contains(", published 0 rows in 0 files of 0 bytes");
        assertThat(current()).isEqualTo(before);
        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(sample));
        assertThat(validated(trial, job).path("valid").booleanValue()).isFalse();
        trial.through(Storages::open).succeed(job);
        assertThat(current()).isNotEqualTo(before);
        assertThat(lake("lake/orders")).containsExactlyElementsOf(expected(sample));
    }

    @Test
    void aSnapshotReplacesTheTablesOfAWarehouse() throws Exception {
        sample.write(folder.resolve("export"));
        Trial trial = new Trial(folder);
        Path job = trial.job("orders", """
                job: orders
                source: {snapshot: {at: $HERE/export/}}
                tables: {orders: {columns: {day: {sql: to_date(created_at)}}}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/w.duckdb}, schema: w}
                """);
        trial.succeed(job);
        new OrdersSnapshot(9, 400, FILES).write(folder.resolve("export"));
        trial.succeed(job);
        assertThat(trial.query(trial.open(job), "SELECT count(*), count(DISTINCT order_id), count(day) FROM w.orders"))
                .containsExactly("400|400|400");
    }

    @Test
    void aManifestOnS3BecomesALakeThere() throws Exception {
        Storage root = Storages.open("s3://" + S3Server.newBucket() + "/a prefix", S3Server.options());
        sample.write(folder.resolve("export"));
        List<ManifestEntry> entries = new ArrayList<>();
        for (int file = 0; file < FILES; file++) {
            String path = "ex=port/é " + file + "/part.parquet";
            root.put(path, Files.readAllBytes(folder.resolve("export/part-0000" + file + ".parquet")));
            StoredFile stored = root.stat(path).orElseThrow();
            entries.add(new ManifestEntry(
                    root.uri(path), stored.bytes(), OptionalLong.empty(), "\"" + stored.etag() + "\""));
        }
        FileManifest.put(root, "m/manifest-summary.json", "m/data/manifest-data.parquet", entries, Map.of());
        Trial trial = new Trial(folder);
        Path job =
                trial.job("orders", """
                job: orders
                source: {snapshot: {manifest: "%1$sm/manifest-summary.json"}}
                tables: {orders: {columns: {day: {sql: to_date(created_at)}}}}
                staging: {at: "%1$sstaging"}
                s3: {endpoint: "%2$s", path-style: true}
                lake: {at: "%1$slake", partition-by: [day]}
                """.formatted(root.root(), S3Server.front().uri()));
        trial.succeed(job);

        for (StoredFile file : root.list("lake/")) {
            Path path = folder.resolve(file.path());
            Files.createDirectories(path.getParent());
            try (java.io.InputStream in = root.open(file.path())) {
                Files.copy(in, path);
            }
        }
        assertThat(lake(current())).containsExactlyElementsOf(expected(sample));
    }

    @Test
    void aSnapshotWithoutFilesOrRowsReplacesNothing() throws IOException {
        Trial trial = new Trial(folder);
        Path job = trial.job(
                "orders",
                JOB.replace("$SOURCE", "at: $HERE/export/, format: json")
                        .replace("{day: {sql: to_date(created_at)}}", "{id: id, day: day}"));
        assertThat(trial.run(job).err()).contains("source.snapshot.at: " + folder.resolve("export"), "no such folder");
        Files.createDirectories(folder.resolve("export"));
        Trial.Ended none = trial.run(job);
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err()).contains("has no files: nothing is read");

        Files.writeString(folder.resolve("export/a.json"), "\n");
        Trial.Ended empty = trial.run(job);
        assertThat(empty.code()).isEqualTo(3);
        assertThat(empty.err()).contains("has no rows in 1 files", "--gate empty");
        assertThat(folder.resolve("lake/orders_current.json")).doesNotExist();
    }

    private JsonNode validated(Trial trial, Path job) throws IOException {
        return JSON.readTree(folder.resolve("staging/orders/orders/snapshot="
                        + trial.run(trial.open(job)).id() + "/manifests/validate-datalake-result.json")
                .toFile());
    }

    private List<String> versions() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("lake"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("orders(_\\d+){6}"))
                    .sorted()
                    .toList();
        }
    }

    private static List<String> expected(OrdersSnapshot snapshot) {
        return IntStream.range(0, FILES)
                .mapToObj(snapshot::orders)
                .flatMap(List::stream)
                .map(SnapshotJobsTest::text)
                .sorted()
                .toList();
    }

    private static String text(Order order) {
        return order.id() + "|" + order.customer() + "|" + order.status() + "|"
                + order.channel().orElse("null") + "|"
                + order.cents()
                        .map(cents -> BigDecimal.valueOf(cents, 2).toPlainString())
                        .orElse("null") + "|"
                + order.coupon().orElse("null") + "|"
                + java.time.temporal.ChronoUnit.MICROS.between(java.time.Instant.EPOCH, order.createdAt()) + "|"
                + order.createdAt().atOffset(ZoneOffset.UTC).toLocalDate();
    }

    private List<String> lake(String table) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement();
                ResultSet result = statement.executeQuery(
                        "SELECT order_id, customer_id, status, channel, cast(total AS decimal(38,2)), coupon,"
                                + " epoch_us(cast(created_at AS timestamp)), day FROM read_parquet('"
                                + folder.resolve(table) + "/*/*.parquet', hive_partitioning = true)")) {
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= 8; i++) {
                    row.add(String.valueOf(result.getString(i)));
                }
                rows.add(String.join("|", row));
            }
        }
        rows.sort(null);
        return rows;
    }
}
