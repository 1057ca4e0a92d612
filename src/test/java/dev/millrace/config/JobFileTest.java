package dev.millrace.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.config.DynamoDbSource.At;
import dev.millrace.config.DynamoDbSource.Embedded;
import dev.millrace.config.Job.Overlap;
import dev.millrace.config.SchemaSettings.Contract;
import dev.millrace.config.SchemaSettings.KindAttribute;
import dev.millrace.config.SchemaSettings.KindPatterns;
import dev.millrace.config.SchemaSettings.Lists;
import dev.millrace.config.SchemaSettings.OneKind;
import dev.millrace.config.StagingSettings.Spool;
import dev.millrace.config.TableSettings.ComputedColumn;
import dev.millrace.config.WarehouseSettings.DuckDb;
import dev.millrace.config.WarehouseSettings.Unchanged;
import dev.millrace.fault.Fault;
import dev.millrace.table.Codec;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobFileTest {
    private static final Path HOME = Path.of(System.getProperty("millrace.home"));

    @TempDir
    Path base;

    private JobFiles files;

    @BeforeEach
    void folder() {
        files = new JobFiles(base);
    }

    @Test
    void fillsInAllDefaults() {
        Location staging = Location.of(base.resolve("staging"));
        assertThat(files.job(JobFiles.SMALLEST).load())
                .isEqualTo(new Job(
                        "test",
                        Overlap.SKIP,
                        Duration.ofHours(1),
                        new ScheduleSettings(Optional.empty(), List.of(), 2),
                        new DynamoDbSource(
                                "items",
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                OptionalInt.empty(),
                                List.of(),
                                DynamoDbSource.Reader.MILLRACE,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty()),
                        new SchemaSettings(
                                new OneKind(),
                                new Location(staging.uri() + "test/schema/"),
                                Duration.ofDays(7),
                                Contract.EVOLVE,
                                Lists.CHILD_TABLES,
                                percent("100")),
                        Map.of(),
                        Map.of(),
                        new StagingSettings(
                                staging,
                                Duration.ofDays(2),
                                FileFormat.PARQUET,
                                Codec.ZSTD,
                                Spool.KEEP,
                                Optional.empty()),
                        Optional.empty(),
                        new S3Settings(
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                Optional.empty(),
                                Optional.empty(),
                                Map.of()),
                        Optional.empty(),
                        Optional.empty()));
    }

    @Test
    void fillsInTheDefaultsOfAWarehouse() {
        Job job = files.job(JobFiles.SMALLEST.replace("job: test", "job: my-test")
                        + "warehouse: {duckdb: {path: data/w.duckdb}}\n")
                .load();
        assertThat(job.warehouse())
                .contains(new WarehouseSettings(
                        new DuckDb(base.resolve("data/w.duckdb")),
                        "my_test",
                        Optional.empty(),
                        1,
                        Unchanged.SKIP,
                        new GateSettings(Optional.empty(), percent("0.1"), Map.of(), Map.of(), Map.of())));
    }

    @Test
    void readsEveryKey() throws IOException {
        assertThat(files.job(full()).load()).isEqualTo(fullJob());
    }

    @Test
    void everyDeclaredKeyIsInTheFullFile() throws IOException {
        StringBuilder json = new StringBuilder();
        for (String file : List.of(
                "full.yaml",
                "full-json.yaml",
                "full-csv.yaml",
                "full-parquet.yaml",
                "full-snapshot.yaml",
                "full-manifest.yaml",
                "full-export.yaml",
                "full-request.yaml",
                "full-snowflake.yaml",
                "full-redshift.yaml")) {
            json.append(JobFile.toJson(files.job(full(file)).load()));
        }
        for (Form.Row row : JobKeys.ROOT.rows("")) {
            String name = row.key().substring(row.key().lastIndexOf('.') + 1);
            // The sample excludes the role, the attribute the patterns, the stage the integration.
            if (!List.of("source.dynamodb.sample", "schema.kind.attribute", "warehouse.snowflake.stage")
                    .contains(row.key())) {
                assertThat(json.toString()).as(row.key()).contains('"' + name + '"');
            }
        }
    }

    @Test
    void writesAJobAsAJobFileThatReadsTheSame() throws IOException {
        Job job = files.job(full()).load();
        String json = JobFile.toJson(job);
        Job again = files.job(json).load();
        assertThat(again).isEqualTo(job);
        assertThat(JobFile.toJson(again)).isEqualTo(json);
        assertThat(json)
                .contains("\"spool-key\" : \"${secret:prod/millrace#spool}\"")
                .contains("\"resume-within\" : \"90m\"")
                .contains("\"sample\" : \"12.5%\"");
    }

    @Test
    void writesDefaultsOut() {
        String json = JobFile.toJson(files.job(JobFiles.SMALLEST).load());
        String explicit = JobFile.toJson(files.job(JobFiles.SMALLEST + "  keep: 48h\n  codec: zstd\noverlap: skip\n")
                .load());
        assertThat(explicit).isEqualTo(json).contains("\"keep\" : \"2d\"", "\"codec\" : \"zstd\"");
        assertThat(JobFile.toJson(files.job(JobFiles.SMALLEST + "  keep: 47h\n").load()))
                .isNotEqualTo(json);
    }

    @Test
    void readsTheShop() {
        Job job = JobFile.load(
                Path.of("jobs/shop.yaml"), Optional.empty(), Map.of(), HOME, name -> Optional.empty(), JobFiles.JUDGE);
        assertThat(job.source()).isInstanceOfSatisfying(DynamoDbSource.class, source -> {
            assertThat(source.isEmbedded()).isTrue();
            assertThat(source.sample()).contains("shop");
        });
        assertThat(job.schema().kind()).isEqualTo(new KindAttribute("EntityType"));
        assertThat(job.tables()).containsOnlyKeys("Order", "Customer", "Product", "Company", "Event");
        assertThat(job.table("Order").columns())
                .isEqualTo(Map.of("ordered_on", new ComputedColumn("to_date(created_at)")));
        assertThat(job.table("Customer").drop()).hasToString("[card_number]");
        assertThat(job.staging().spool()).isEqualTo(Spool.DELETE);
        assertThat(job.staging().at()).isEqualTo(Location.of(HOME.resolve("data/shop/staging")));
        assertThat(job.warehouse().orElseThrow().engine())
                .isEqualTo(new DuckDb(HOME.toAbsolutePath().resolve("data/shop/warehouse.duckdb")));
    }

    @Test
    void theExamplesOfTheDocsAreTrue() throws IOException {
        String page = Files.readString(HOME.resolve("docs/job-file.md"));
        String yaml = page.split("```yaml\n", 2)[1].split("```", 2)[0];
        Job job = files.job(yaml).load();
        assertThat(job.table("Customer").hash()).hasToString("[email]");
        String wrong = yaml.replace("region:", "regoin:").replace("staging/}", "staging/, keep: 2 days}");
        assertThat(files.job(wrong).mistakes())
                .hasSize(2)
                .allSatisfy(mistake ->
                        assertThat(page).contains(mistake.replace("jobs/test.yaml", "jobs/orders.yaml") + "\n"));
        String prod = page.split("# conf/prod.yaml\n", 2)[1].split("```", 2)[0];
        assertThat(files.job("job: x\nsource: {dynamodb: {table: items}}\n")
                        .env(prod)
                        .load()
                        .staging()
                        .at())
                .hasToString("s3://acme-prod/staging/");
    }

    @Test
    void aKindThatIsNotNamedHasNoSettings() {
        assertThat(files.job(JobFiles.SMALLEST).load().table("Other")).isEqualTo(TableSettings.NONE);
    }

    @Test
    void readsAKindByAttributeInBothWays() {
        String brief = JobFiles.SMALLEST + "schema: {kind: EntityType}\n";
        String full = JobFiles.SMALLEST + "schema: {kind: {attribute: EntityType}}\n";
        assertThat(files.job(brief).load().schema().kind()).isEqualTo(new KindAttribute("EntityType"));
        assertThat(files.job(full).load()).isEqualTo(files.job(brief).load());
    }

    @Test
    void keepsTheOrderOfPatternsAndColumns() {
        Job job = files.job(JobFiles.SMALLEST + """
                        schema: {kind: {patterns: {Z: {PK: "Z*"}, A: {PK: "*"}, M: {PK: "M"}}}}
                        tables: {Z: {columns: {z: {sql: a}, a: {sql: b}, m: {sql: c}}}}
                        """).load();
        assertThat(job.schema().kind())
                .isInstanceOfSatisfying(
                        KindPatterns.class,
                        kind -> assertThat(kind.patterns().keySet()).containsExactly("Z", "A", "M"));
        assertThat(job.table("Z").columns().keySet()).containsExactly("z", "a", "m");
    }

    @Test
    void aDropOrHashDeletesTheSpoolUnlessItIsEncrypted() {
        String drop = JobFiles.SMALLEST + "tables: {A: {drop: [x]}}\n";
        assertThat(files.job(drop).load().staging().spool()).isEqualTo(Spool.DELETE);
        assertThat(files.job(drop.replace("drop", "hash")).load().staging().spool())
                .isEqualTo(Spool.DELETE);
        assertThat(files.job(drop.replace("[x]", "[]")).load().staging().spool())
                .isEqualTo(Spool.KEEP);
        String encrypted = drop.replace("at: staging", "at: staging\n  spool: encrypt\n  spool-key: ${secret:a#b}");
        assertThat(files.job(encrypted).load().staging().spool()).isEqualTo(Spool.ENCRYPT);
    }

    @Test
    void csvIsCompressedByGzipUnlessToldOtherwise() {
        String csv = JobFiles.SMALLEST + "  format: csv\n";
        assertThat(files.job(csv).load().staging().codec()).isEqualTo(Codec.GZIP);
        assertThat(files.job(csv + "  codec: none\n").load().staging().codec()).isEqualTo(Codec.NONE);
    }

    @Test
    void aWarehouseSchemaNeverBeginsWithADigit() {
        String digits = "7".repeat(63);
        String job = JobFiles.SMALLEST.replace("job: test", "job: " + digits) + "warehouse: {duckdb: {path: w}}\n";
        assertThat(files.job(job).load().warehouse().orElseThrow().schema()).isEqualTo("_" + "7".repeat(62));
    }

    @Test
    void theEnvironmentsFileLiesUnderTheJobFile() {
        Job job = files.job("""
                        job: test
                        source: {dynamodb: {segments: 4}}
                        tables: {A: {drop: [x]}}
                        """).env("""
                        source: {dynamodb: {table: items, segments: 9, region: eu-west-1}}
                        tables: {A: {drop: [y, z], name: a}}
                        staging: {at: "s3://prod/staging"}
                        """).load();
        assertThat(job.source()).isInstanceOfSatisfying(DynamoDbSource.class, source -> {
            assertThat(source.table()).isEqualTo("items");
            assertThat(source.segments()).hasValue(4);
            assertThat(source.region()).contains("eu-west-1");
        });
        assertThat(job.table("A").drop()).hasToString("[x]");
        assertThat(job.table("A").name()).contains("a");
        assertThat(job.staging().at()).hasToString("s3://prod/staging/");
    }

    @Test
    void setValuesLieOverBothFiles() {
        Job job = files.job(JobFiles.SMALLEST + "tables: {Order: {drop: [x]}, a.b: {name: dotted}}\n")
                .env("overlap: wait\nresume-within: 2h\n")
                .set("overlap", "skip")
                .set("source.dynamodb.endpoint", "embedded")
                .set("source.dynamodb.segments", "7")
                .set("source.dynamodb.projection", "[EntityType, 'a b']")
                .set("tables.Order.drop", "[y.z]")
                .set("tables.Order.columns.day.sql", "[literally: {text")
                .set("tables.a\\.b.name", "other")
                .set("warehouse", "{duckdb: {path: w.duckdb}}")
                .set("warehouse.gate.min-rows", "{orders: 5}")
                .load();
        assertThat(job.overlap()).isEqualTo(Overlap.SKIP);
        assertThat(job.resumeWithin()).isEqualTo(Duration.ofHours(2));
        assertThat(job.source()).isInstanceOfSatisfying(DynamoDbSource.class, source -> {
            assertThat(source.endpoint()).contains(new Embedded());
            assertThat(source.segments()).hasValue(7);
            assertThat(source.projection()).containsExactly("EntityType", "a b");
        });
        assertThat(job.table("Order").drop()).containsExactly(new AttributePath(List.of("y", "z")));
        assertThat(job.table("Order").computed().get("day").sql()).isEqualTo("[literally: {text");
        assertThat(job.table("a.b").name()).contains("other");
        assertThat(job.warehouse().orElseThrow().gate().minRows()).isEqualTo(Map.of("orders", 5L));
    }

    @Test
    void readsReadCapacityAsUnitsOrAsAPart() {
        String unlimited = JobFiles.SMALLEST;
        assertThat(readCapacity(unlimited)).isEmpty();
        String line = "    table: items\n    read-capacity: ";
        assertThat(readCapacity(unlimited.replace("    table: items\n", line + "500\n")))
                .contains(new ReadCapacity.Units(500));
        assertThat(readCapacity(unlimited.replace("    table: items\n", line + "100%\n")))
                .contains(new ReadCapacity.Part(percent("100")));
    }

    private Optional<ReadCapacity> readCapacity(String job) {
        return ((DynamoDbSource) files.job(job).load().source()).readCapacity();
    }

    @Test
    void replacesReferences() {
        Job job = files.job("""
                        job: ${arg:name}
                        source: {dynamodb: {table: "${env:TABLE}-${arg:stage}", consistent: "${arg:consistent}"}}
                        tables: {A: {columns: {x: {sql: "regexp_extract(a, '$${1}', ${arg:group})"}}}}
                        staging: {at: "s3://${env:BUCKET}/x"}
                        """)
                .variable("TABLE", "items")
                .variable("BUCKET", "acme")
                .set("name", "nightly")
                .set("stage", "prod")
                .set("consistent", "true")
                .set("group", "1")
                .load();
        assertThat(job.name()).isEqualTo("nightly");
        assertThat(job.source()).isInstanceOfSatisfying(DynamoDbSource.class, source -> {
            assertThat(source.table()).isEqualTo("items-prod");
            assertThat(source.consistent()).isTrue();
        });
        assertThat(job.table("A").computed().get("x").sql()).isEqualTo("regexp_extract(a, '${1}', 1)");
        assertThat(job.schema().cache()).hasToString("s3://acme/x/nightly/schema/");
    }

    @Test
    void whatAReferenceStandsForIsNotReadAgain() {
        Job job = files.job(JobFiles.SMALLEST + "tables: {A: {columns: {x: {sql: \"${env:SQL}\"}}}}\n")
                .variable("SQL", "'${env:OTHER} $1'")
                .load();
        assertThat(job.table("A").computed().get("x").sql()).isEqualTo("'${env:OTHER} $1'");
    }

    @Test
    void aSecretIsAskedForOnlyWhenItIsUsed() {
        SecretRef ref = files.job(JobFiles.SMALLEST + "  spool: encrypt\n  spool-key: ${secret:prod/millrace#spool}\n")
                .load()
                .staging()
                .spoolKey()
                .orElseThrow();
        assertThat(ref.resolve(name -> Optional.empty(), (id, key) -> Optional.of("the " + key + " of " + id)))
                .isEqualTo("the spool of prod/millrace");
        assertThat(ref).hasToString("${secret:prod/millrace#spool}");
        assertThatThrownBy(() -> ref.resolve(name -> Optional.empty(), (id, key) -> Optional.empty()))
                .isInstanceOf(Fault.class)
                .hasMessage("No such secret: ${secret:prod/millrace#spool}: is its name right?");
    }

    @Test
    void aSecretIsNeverInAJobOrItsPlan() {
        String key = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=";
        Job job = files.job(JobFiles.SMALLEST + "  spool: encrypt\n  spool-key: ${env:SPOOL_KEY}\n")
                .variable("SPOOL_KEY", key)
                .load();
        assertThat(job.toString()).contains("${env:SPOOL_KEY}").doesNotContain(key);
        assertThat(JobFile.toJson(job)).contains("${env:SPOOL_KEY}").doesNotContain(key);
        SecretRef ref = job.staging().spoolKey().orElseThrow();
        String resolved = ref.resolve(name -> Optional.of(key), (id, k) -> Optional.empty());
        assertThat(StagingSettings.decodeSpoolKey(resolved)).hasSize(32).startsWith('s', 'e', 'c');
    }

    @Test
    void loadThrowsAllMistakesAtOnce() {
        files.job("job: Test\nsource: {dynamodb: {table: items}}\nstaging: {at: x, keep: 2}\n");
        assertThatThrownBy(files::load)
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.exitCode()).isEqualTo(2))
                .hasMessage(String.join(System.lineSeparator(), files.mistakes()));
        assertThat(files.mistakes()).hasSize(2);
    }

    private static String full() throws IOException {
        return full("full.yaml");
    }

    private static String full(String file) throws IOException {
        return Files.readString(HOME.resolve("src/test/resources/config").resolve(file));
    }

    private static Percent percent(String number) {
        return new Percent(new BigDecimal(number));
    }

    private static Job fullJob() {
        return new Job(
                "full",
                Overlap.WAIT,
                Duration.ofMinutes(90),
                new ScheduleSettings(Optional.of(Duration.ofHours(6)), List.of("users", "s3://acme/rates/"), 5),
                new DynamoDbSource(
                        "Shop.Items",
                        Optional.of("eu-west-1"),
                        Optional.of(new At(URI.create("https://dynamodb.example.com:8000"))),
                        Optional.empty(),
                        Optional.of("arn:aws:iam::111122223333:role/team/millrace-read"),
                        Optional.of("abc-123"),
                        true,
                        OptionalInt.of(12),
                        List.of("EntityType", "total", "ttl"),
                        DynamoDbSource.Reader.MILLRACE,
                        Optional.of("ttl"),
                        Optional.of(new ReadCapacity.Part(percent("12.5"))),
                        Optional.of(5_000_000L)),
                new SchemaSettings(
                        new KindPatterns(Map.of(
                                "Order", Map.of("PK", "CUSTOMER#*", "SK", "ORDER#*"),
                                "Customer", Map.of("PK", "CUSTOMER#*"))),
                        new Location("s3://acme/schemas/full/"),
                        Duration.ofHours(12),
                        Contract.FREEZE,
                        Lists.JSON,
                        percent("12.5")),
                Map.of(
                        "Order",
                        new TableSettings(
                                Optional.of("orders"),
                                Map.of(
                                        "total",
                                        new DeclaredType(ColumnType.decimal(18, 2), DeclaredType.Reading.PLAIN),
                                        "created_at",
                                        new DeclaredType(ColumnType.TIMESTAMP, DeclaredType.Reading.EPOCH_MILLIS),
                                        "paid_at",
                                        new DeclaredType(ColumnType.TIMESTAMP, DeclaredType.Reading.EPOCH_SECONDS),
                                        "note",
                                        new DeclaredType(ColumnType.STRING, DeclaredType.Reading.PLAIN)),
                                Map.of("sk", "order_key"),
                                List.of(
                                        new AttributePath(List.of("card_number")),
                                        new AttributePath(List.of("address", "street"))),
                                List.of(
                                        new AttributePath(List.of("email")),
                                        new AttributePath(List.of("odd.name", "x"))),
                                Map.of(
                                        "day", new ComputedColumn("to_date(created_at)"),
                                        "year", new ComputedColumn("year(created_at)"))),
                        "Customer",
                        TableSettings.NONE),
                Map.of("normalized", "com.acme.Normalize$Method"),
                new StagingSettings(
                        new Location("s3://acme/staging/"),
                        Duration.ofDays(3),
                        FileFormat.CSV,
                        Codec.NONE,
                        Spool.ENCRYPT,
                        SecretRef.parse("${secret:prod/millrace#spool}")),
                Optional.empty(),
                new S3Settings(
                        Optional.of(URI.create("http://localhost:9000")),
                        Optional.of("us-east-1"),
                        true,
                        Optional.of(S3Settings.Encryption.SSE_KMS),
                        Optional.of("alias/acme"),
                        Map.of("acme", "111122223333")),
                Optional.of(new WarehouseSettings(
                        new DuckDb(Path.of("/var/lib/full.duckdb")),
                        "sales",
                        Optional.of("sales-before"),
                        100,
                        Unchanged.REPLACE,
                        new GateSettings(
                                Optional.of(percent("20")),
                                percent("0"),
                                Map.of("orders", 1_000_000_000_000L),
                                Map.of("orders", List.of("order_key", "total")),
                                Map.of("orders", List.of(List.of("order_key"), List.of("pk", "day")))))),
                Optional.of(new RemoteSettings(
                        Optional.of("eu-west-1"),
                        Optional.of(URI.create("http://localhost:5000")),
                        Optional.of(new RemoteSettings.Glue("millrace", Optional.of("G.1X"), Optional.of(10))),
                        Optional.of(new RemoteSettings.EmrServerless(
                                "00f1abcd",
                                "arn:aws:iam::111122223333:role/millrace",
                                Optional.of("/millrace/drivers"),
                                code("s3://acme/millrace.jar"))),
                        Optional.of(new RemoteSettings.Emr("j-2AXXXXXXGAPLF", code("s3://acme/millrace.jar"))),
                        Optional.of(new RemoteSettings.Batch(
                                "spark",
                                "millrace:3",
                                Optional.of(16),
                                List.of("spark-submit", "--master", "local[4]"),
                                code("/opt/millrace/millrace.jar"))))));
    }

    private static RemoteSettings.Code code(String jar) {
        return new RemoteSettings.Code(jar, List.of("s3://acme/driver.jar"), Map.of("spark.executor.memory", "4g"));
    }
}
