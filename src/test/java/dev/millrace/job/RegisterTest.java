package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.run.Outcome;
import dev.millrace.run.RunEnd;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.Moto;
import dev.millrace.testing.PlatformFront;
import dev.millrace.testing.PlatformFront.Reply;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.glue.model.Column;
import software.amazon.awssdk.services.glue.model.StorageDescriptor;
import software.amazon.awssdk.services.glue.model.Table;

/** Lakes on S3 in a Glue Data Catalog that moto keeps; and what a reader who believes the catalog finds there. */
class RegisterTest {
    private static final String JOB = """
            job: access
            source: {json: {at: "$AT/records/{yyyy}/{MM}/{dd}/{HH}/", lookback: 36500d}}
            tables:
              access_record:
                columns:
                  id: id
                  user: {from: user, type: bigint}
                  amount: {from: amount, type: "decimal(10,2)"}
                  at: {sql: "timestamp(substring(id, 1, 10))"}
                  share: {sql: "double(user) / 2"}
                  odd: {sql: "user % 2 = 1"}
                  raw: {sql: "cast(id as binary)"}
                  day: {sql: "to_date(substring(id, 1, 10))"}
            staging: {at: "$AT/staging"}
            s3: {endpoint: "$S3", path-style: true}
            lake:
              at: "$AT/the lake"
              publish: $PUBLISH
              partition-by: [day]
              catalog: {database: $DATABASE, region: eu-west-1, endpoint: "$GLUE"}
            """;
    private static final List<String> EARLY =
            List.of("2026-11-20 a|1|0.50", "2026-11-21 b|2|1.25", "2026-11-21 c|3|2.00");
    private static final String LATE = "2026-11-19 d|1|1234567890.10";

    @TempDir
    private Path folder;

    private Trial trial;
    private Storage root;
    private PlatformFront front;
    private GlueClient glue;
    private String database;

    @BeforeEach
    void open() {
        assumeTrue(Moto.isInstalled(), "moto is not installed: scripts/install-test-tools");
        trial = new Trial(folder);
        root = Storages.open("s3://" + S3Server.newBucket() + "/a prefix", S3Server.options());
        front = new PlatformFront(Moto.uri());
        glue = GlueClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .endpointOverride(Moto.uri())
                .region(Region.EU_WEST_1)
                .build();
        database = "lake_" + System.nanoTime();
    }

    @AfterEach
    void close() {
        front.close();
        glue.close();
    }

    private Path job(String publish) {
        return job(JOB, publish);
    }

    private Path job(String yaml, String publish) {
        return trial.job(
                "access",
                yaml.replace("$AT", root.root().substring(0, root.root().length() - 1))
                        .replace("$S3", S3Server.front().uri().toString())
                        .replace("$GLUE", front.uri().toString())
                        .replace("$DATABASE", database)
                        .replace("$PUBLISH", publish));
    }

    private void put(String path, List<String> rows, String more) {
        String text = rows.stream()
                .map(row -> row.split("\\|", -1))
                .map(row -> "{\"id\":\"%s\",\"user\":%s,\"amount\":%s%s}\n".formatted(row[0], row[1], row[2], more))
                .collect(Collectors.joining());
        root.put("records/2026/11/" + path + ".json", text.getBytes(StandardCharsets.UTF_8));
    }

    private Table table(String name) {
        return glue.getTable(r -> r.databaseName(database).name(name)).table();
    }

    private static Map<String, String> types(List<Column> columns) {
        Map<String, String> types = new LinkedHashMap<>();
        columns.forEach(column -> types.put(column.name(), column.type()));
        return types;
    }

    private Trial.Ended register(Path job, String... options) {
        List<String> words = new ArrayList<>(List.of("register", job.toString()));
        words.addAll(List.of(options));
        return Trial.command(words.toArray(String[]::new));
    }

    private static String wider(String yaml) {
        return yaml.replace("decimal(10,2)", "decimal(12,2)").replace("id: id\n", "id: id\n      note: note\n");
    }

    private List<String> changes() {
        return front
                .asked(asked -> asked.is("CreateDatabase") || asked.is("CreateTable") || asked.is("UpdateTable"))
                .stream()
                .map(PlatformFront.Asked::action)
                .toList();
    }

    @Test
    void foldersAreFoundAndReadByWhatTheCatalogSaysOfThem() throws Exception {
        String layouts =
                JOB.replace("partition-by: [day]\n", "partition-by: [day]\n  also: [{partition-by: [user, day]}]\n");
        put("20/05/a", EARLY, "");
        assertThat(trial.succeed(job(layouts, "folders")).err()).isEmpty();
        assertThat(changes()).containsExactly("CreateDatabase", "CreateTable", "CreateTable");

        Table table = table("access_record");
        assertThat(types(table.storageDescriptor().columns()))
                .containsEntry("id", "string")
                .containsEntry("user", "bigint")
                .containsEntry("amount", "decimal(10,2)")
                .containsEntry("at", "timestamp")
                .containsEntry("share", "double")
                .containsEntry("odd", "boolean")
                .containsEntry("raw", "binary");
        assertThat(types(table.partitionKeys())).isEqualTo(Map.of("day", "date"));
        assertThat(table.tableType()).isEqualTo("EXTERNAL_TABLE");
        assertThat(table.parameters())
                .containsEntry("classification", "parquet")
                .containsEntry("projection.enabled", "true")
                .containsEntry("projection.day.range", "2026-11-20,NOW+1DAY")
                .containsEntry("millrace.job", "access");
        assertThat(types(table("access_record_by_user_day").partitionKeys()).keySet())
                .containsExactly("user", "day");
        assertThat(read("access_record")).isEqualTo(EARLY);
        assertThat(read("access_record_by_user_day")).isEqualTo(EARLY);

        Path wider = job(wider(layouts), "folders");
        assertThat(register(wider).out())
                .isEqualTo("access_record: nothing to do\naccess_record_by_user_day: nothing to do\n");
        comment("access_record", "user", "who asked");
        put("20/06/b", List.of(LATE), ",\"note\":\"hello\"");
        trial.succeed(wider);

        assertThat(changes()).endsWith("UpdateTable", "UpdateTable").hasSize(5);
        table = table("access_record");
        assertThat(types(table.storageDescriptor().columns()))
                .containsEntry("note", "string")
                .containsEntry("amount", "decimal(12,2)");
        assertThat(table.storageDescriptor().columns())
                .filteredOn(column -> column.name().equals("user"))
                .extracting(Column::comment)
                .containsExactly("who asked");
        assertThat(table.parameters()).containsEntry("projection.day.range", "2026-11-19,NOW+1DAY");
        List<String> all = new ArrayList<>(EARLY);
        all.add(0, LATE);
        assertThat(read("access_record")).isEqualTo(all);
        assertThat(read("access_record_by_user_day")).isEqualTo(all);

        Path narrow = job(
                layouts.replace("amount: {from: amount, type: \"decimal(10,2)\"}", "amount: {from: amount}"),
                "folders");
        put("20/07/c", List.of("2026-11-21 e|1|1"), "");
        Trial.Ended refused = trial.run(narrow);
        assertThat(refused.err())
                .contains(
                        "Cannot register " + database + ".access_record: column amount is string now, and earlier files"
                                + " have it as decimal(12,2)");
        assertThat(refused.code()).isEqualTo(2);
        assertThat(changes()).hasSize(5);
    }

    private void comment(String table, String column, String text) {
        Table there = table(table);
        StorageDescriptor storage = there.storageDescriptor();
        glue.updateTable(r -> r.databaseName(database)
                .tableInput(t -> t.name(table)
                        .tableType(there.tableType())
                        .parameters(there.parameters())
                        .partitionKeys(there.partitionKeys())
                        .storageDescriptor(storage.toBuilder()
                                .columns(storage.columns().stream()
                                        .map(c -> c.name().equals(column)
                                                ? c.toBuilder().comment(text).build()
                                                : c)
                                        .toList())
                                .build())));
    }

    /** Rows of a table of plain Parquet by its location, partitions and types alone, as Athena would go about it. */
    private List<String> read(String name) throws IOException, SQLException {
        Table table = table(name);
        List<String> rows = new ArrayList<>();
        for (Map<String, String> partition : projected(table)) {
            String at = partition.isEmpty()
                    ? table.storageDescriptor().location()
                    : table.parameters().get("storage.location.template");
            for (Map.Entry<String, String> value : partition.entrySet()) {
                at = at.replace("${" + value.getKey() + "}", value.getValue());
            }
            for (StoredFile file : root.list(at.substring(root.root().length()))) {
                String below = root.uri(file.path()).substring(at.length());
                if (below.startsWith("_") || below.startsWith(".")) {
                    continue;
                }
                rows.addAll(read(table, partition, file));
            }
        }
        return rows.stream().sorted().toList();
    }

    private static List<Map<String, String>> projected(Table table) {
        List<Map<String, String>> all = List.of(Map.of());
        for (Column key : table.partitionKeys()) {
            String start = "projection." + key.name() + ".";
            List<String> values;
            if (table.parameters().get(start + "type").equals("date")) {
                String[] range = table.parameters().get(start + "range").split(",", -1);
                assertThat(range[1]).isEqualTo("NOW+1DAY");
                values = LocalDate.parse(range[0])
                        .datesUntil(LocalDate.now(ZoneOffset.UTC).plusDays(2))
                        .map(LocalDate::toString)
                        .toList();
            } else {
                values = List.of(table.parameters().get(start + "values").split(",", -1));
            }
            List<Map<String, String>> longer = new ArrayList<>();
            for (Map<String, String> before : all) {
                for (String value : values) {
                    Map<String, String> one = new LinkedHashMap<>(before);
                    one.put(key.name(), value);
                    longer.add(one);
                }
            }
            all = longer;
        }
        return all;
    }

    /** Every column of the file is in the catalog under its own type, or a wider decimal. */
    private List<String> read(Table table, Map<String, String> partition, StoredFile file)
            throws IOException, SQLException {
        Path local = Files.createTempFile(folder, "read", ".parquet");
        try (InputStream in = root.open(file.path())) {
            Files.copy(in, local, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
        Map<String, String> types = types(table.storageDescriptor().columns());
        List<String> rows = new ArrayList<>();
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement()) {
            try (ResultSet columns = statement.executeQuery(
                    "DESCRIBE SELECT * FROM read_parquet('" + local + "', hive_partitioning = false)")) {
                while (columns.next()) {
                    String type = hive(columns.getString("column_type"));
                    String declared = types.get(columns.getString("column_name"));
                    assertThat(declared).as(columns.getString("column_name")).isNotNull();
                    if (!type.startsWith("decimal")) {
                        assertThat(declared).isEqualTo(type);
                    } else {
                        assertThat(declared).isIn(type, "decimal(12,2)");
                    }
                }
            }
            String user = partition.getOrDefault("user", "\"user\"");
            try (ResultSet result = statement.executeQuery(
                    "SELECT id, " + user + ", amount, CAST(substring(id, 1, 10) AS DATE) FROM read_parquet('" + local
                            + "', hive_partitioning = false)")) {
                while (result.next()) {
                    assertThat(partition.getOrDefault("day", result.getString(4)))
                            .isEqualTo(result.getString(4));
                    rows.add(result.getString(1) + "|" + result.getString(2) + "|" + result.getString(3));
                }
            }
        }
        return rows;
    }

    private static String hive(String duck) {
        return switch (duck) {
            case "VARCHAR" -> "string";
            case "BLOB" -> "binary";
            case "TIMESTAMP WITH TIME ZONE" -> "timestamp";
            default -> duck.toLowerCase(java.util.Locale.ROOT);
        };
    }

    /** Delta's own reader, given nothing but the catalog's path, finds the catalog's columns. */
    @Test
    void aDeltaTableHasTheColumnsOfItsLog() {
        put("20/05/a", EARLY, "");
        trial.succeed(job("delta"));
        assertDelta(EARLY);
        Path wider = job(JOB.replace("id: id\n", "id: id\n      note: note\n"), "delta");
        put("20/06/b", List.of("2026-11-19 d|1|7.00"), ",\"note\":\"hello\"");
        trial.succeed(wider);

        List<String> all = new ArrayList<>(EARLY);
        all.add(0, "2026-11-19 d|1|7.00");
        assertDelta(all);
        assertThat(types(table("access_record").storageDescriptor().columns())).containsEntry("note", "string");
        assertThat(changes()).containsExactly("CreateDatabase", "CreateTable", "UpdateTable");
        assertThat(register(wider).out()).isEqualTo("access_record: nothing to do\n");
        String location = root.uri("the lake/access_record/");
        assertThat(register(wider, "--ddl", "--replace").out()).isEqualTo("""
                CREATE DATABASE IF NOT EXISTS `%1$s`;

                DROP TABLE IF EXISTS `%1$s`.`access_record`;
                CREATE EXTERNAL TABLE IF NOT EXISTS `%1$s`.`access_record`
                LOCATION '%2$s'
                TBLPROPERTIES ('table_type' = 'DELTA');
                """.formatted(database, location));
    }

    private void assertDelta(List<String> expected) {
        Table table = table("access_record");
        assertThat(table.parameters()).containsEntry("spark.sql.sources.provider", "delta");
        String path = table.storageDescriptor().serdeInfo().parameters().get("path");
        assertThat(table.storageDescriptor().location()).isEqualTo(path);
        Dataset<Row> delta = SharedSpark.session().read().format("delta").load(path.replace("s3://", "s3a://"));
        Map<String, String> registered = types(table.storageDescriptor().columns());
        registered.putAll(types(table.partitionKeys()));
        Map<String, String> log = new LinkedHashMap<>();
        for (var field : delta.schema().fields()) {
            log.put(field.name(), field.dataType().simpleString());
        }
        assertThat(registered).isEqualTo(log);
        assertThat(delta.selectExpr("concat_ws('|', id, user, amount)").collectAsList().stream()
                        .map(row -> row.getString(0))
                        .sorted())
                .isEqualTo(expected);
    }

    @Test
    void versionsMoveTheTableInOneActAndNeverBack() throws Exception {
        String snapshot = JOB.replaceAll("source: .*", "source: {snapshot: {at: \"\\$AT/records/\", format: json}}");
        put("20/05/a", EARLY, "");
        Path job = job(snapshot, "versioned");
        trial.succeed(job);
        String first = trial.run(trial.open(job)).id().value();
        assertThat(read("access_record")).isEqualTo(EARLY);
        String location = table("access_record").storageDescriptor().location();

        put("20/05/a", List.of(EARLY.get(0)), "");
        Path other = job(snapshot.replace("type: \"decimal(10,2)\"", "type: string"), "versioned");
        trial.later(java.time.Duration.ofMinutes(1)).succeed(other);
        assertThat(table("access_record").storageDescriptor().location()).isNotEqualTo(location);
        assertThat(types(table("access_record").storageDescriptor().columns())).containsEntry("amount", "string");
        assertThat(read("access_record")).hasSize(1);

        assertThat(register(other, "--run", first).out())
                .isEqualTo("access_record: left as it is: commit 2 has registered it, and this is commit 1\n");
        assertThat(changes()).containsExactly("CreateDatabase", "CreateTable", "UpdateTable");
    }

    @Test
    void whatIsPublishedStandsWhereTheCatalogRefuses() {
        front.on(
                asked -> asked.is("CreateTable"),
                (asked, real) -> Optional.of(Reply.error(400, "AccessDeniedException", "User u is not authorized")));
        put("20/05/a", EARLY, "");
        Path job = job("folders");
        Trial.Ended ended = trial.run(job);

        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err())
                .contains(
                        " is published, but not all its tables are registered in the catalog: Glue Data Catalog, database "
                                + database + ": AccessDeniedException: User u is not authorized: the credentials need"
                                + " glue:GetDatabase, ",
                        "The next run registers them, and so does: scripts/millrace register ")
                .doesNotContain("\tat ");
        assertThat(ended.out())
                .contains("every row accounted for: 3 read = 3 written")
                .containsPattern("catalog +" + database + " \\(not all tables: see below\\)");
        assertThat(trial.run(trial.open(job)).end()).map(RunEnd::outcome).contains(Outcome.DONE);
        assertThat(root.names("the lake/access_record/")).contains("day=2026-11-20/", "day=2026-11-21/");
        // Such as Airflow's next try of the same run.
        String run = trial.run(trial.open(job)).id().value();
        assertThat(trial.run(job, "--run", run).code()).isEqualTo(1);
        // Nor is a start that has nothing to read a success, whether it names its run or not.
        assertThat(trial.run(job).code()).isEqualTo(1);
        assertThat(trial.run(job, "--run", "2030-01-01T00-00-00Z-k3f9").code()).isEqualTo(1);
        assertThat(root.find("staging/access/runs/" + run + "/registered.json")).isEmpty();
        front.on(asked -> asked.is("CreateTable"), (asked, real) -> Optional.of(real.get()));
        assertThat(trial.run(job).code()).isZero();
        assertThat(root.find("staging/access/runs/" + run + "/registered.json"))
                .hasValueSatisfying(file -> assertThat(new String(file.content(), StandardCharsets.UTF_8))
                        .contains("\"commit\" : 1"));
        assertThat(trial.run(job, "--run", run).code()).isZero();
        assertThat(table("access_record").parameters()).containsEntry("millrace.commit", "1");
    }

    @Test
    void leavesTablesAloneThatAreNotItsOwn() {
        put("20/05/a", EARLY, "");
        Path job = job("folders");
        trial.succeed(job);
        int before = changes().size();
        String other = database + "_other";
        assertThat(register(job, "--database", other, "--dry-run").out())
                .startsWith(
                        "database " + other
                                + ": would be created\naccess_record: would be created: 10 columns; partitioned by day; at s3://");
        glue.createDatabase(r -> r.databaseInput(d -> d.name(other)));
        glue.createTable(r -> r.databaseName(other)
                .tableInput(t -> t.name("access_record").parameters(Map.of("classification", "csv"))));
        Trial.Ended foreign = register(job, "--database", other);
        assertThat(foreign.err())
                .startsWith(
                        "Cannot register " + other + ".access_record: the catalog has a table of that name that no job"
                                + " has registered, which is left as it is: drop it");
        assertThat(foreign.code()).isEqualTo(2);
        assertThat(changes()).hasSize(before);

        Table ours = table("access_record");
        glue.updateTable(r -> r.databaseName(database)
                .tableInput(t -> t.name("access_record")
                        .parameters(ours.parameters())
                        .storageDescriptor(ours.storageDescriptor())
                        .partitionKeys(
                                Column.builder().name("day").type("string").build())));
        assertThat(register(job).err())
                .contains("the catalog has it partitioned by [day string], and the lake by [day date]");
        assertThat(changes()).hasSize(before);
    }

    @Test
    void twoAtOnceThrottlesAndLostAnswersComeToTheSame() throws Exception {
        put("20/05/a", EARLY, "");
        Path job = job("folders");
        trial.succeed(job);
        String other = database + "_other";
        CyclicBarrier both = new CyclicBarrier(2);
        front.on(asked -> asked.is("GetTable"), 2, (asked, real) -> {
            Reply reply = real.get();
            try {
                both.await();
            } catch (Exception broken) {
                throw new IllegalStateException(broken);
            }
            return Optional.of(reply);
        });
        CompletableFuture<Trial.Ended> one = CompletableFuture.supplyAsync(() -> register(job, "--database", other));
        Trial.Ended two = register(job, "--database", other);
        assertThat(List.of(one.get().code(), two.code())).containsOnly(0);
        assertThat((one.get().out() + two.out()).lines().filter(line -> line.startsWith("access_record: created")))
                .hasSize(1);
        assertThat((one.get().out() + two.out()).lines().filter(line -> line.equals("access_record: nothing to do")))
                .hasSize(1);

        Path wider = job(wider(JOB), "folders");
        put("20/06/b", List.of(LATE), ",\"note\":\"hello\"");
        front.on(
                asked -> asked.is("UpdateTable"),
                1,
                (asked, real) ->
                        Optional.of(Reply.error(400, "ConcurrentModificationException", "Update table failed")));
        front.on(
                asked -> asked.is("GetTable"),
                2,
                (asked, real) -> Optional.of(Reply.error(400, "ThrottlingException", "Rate exceeded")));
        trial.succeed(wider);
        assertThat(front.asked(asked -> asked.is("UpdateTable")))
                .hasSize(2)
                .allSatisfy(asked ->
                        assertThat(asked.body().path("VersionId").asText()).isEqualTo("1"));
        assertThat(types(table("access_record").storageDescriptor().columns())).containsKey("note");
        // Glue, other than moto, refuses a version that is not the last.
        front.on(
                asked -> asked.is("UpdateTable"),
                1,
                (asked, real) ->
                        Optional.of(Reply.error(400, "ConcurrentModificationException", "Update table failed")));
        front.on(asked -> asked.is("UpdateTable"), 1, (asked, real) -> {
            assertThat(real.get().status()).isEqualTo(200);
            return Optional.empty();
        });
        assertThat(register(wider, "--database", other).out()).isEqualTo("access_record: nothing to do\n");
    }

    @Test
    void tellsWhatIsMissing() {
        Path job = job(JOB.replaceAll(" {2}catalog: .*\n", ""), "folders");
        assertThat(register(job).err())
                .contains("access.yaml: lake.catalog: is missing: name a database by --database");
        assertThat(register(job, "--database", "No").err()).contains("Invalid --database: No: must be at most 128 of");
        assertThat(register(job, "--database", "lake", "--replace").err())
                .contains("Invalid --replace: it is for --ddl");
        Path local = trial.job("local", """
                job: local
                source: {json: {at: $HERE/in}}
                lake: {at: $HERE/lake}
                """);
        assertThat(register(local, "--database", "lake").err())
                .contains(
                        "local.yaml: lake.at: file:///",
                        "/lake/: is on this machine, and readers of the catalog read S3");
        assertThat(register(job, "--database", "lake").err())
                .contains("Cannot register the tables of ", ": no run has published any yet");
        front.close();
        put("20/05/a", EARLY, "");
        Trial.Ended ended = trial.run(job("folders"));
        assertThat(ended.err())
                .contains("Glue Data Catalog, database " + database + ": no answer: ", "lake.catalog.region right");
        assertThat(ended.code()).isEqualTo(1);
    }
}
