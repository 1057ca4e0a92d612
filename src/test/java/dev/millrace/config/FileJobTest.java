package dev.millrace.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.CompactionSettings.Engine;
import dev.millrace.config.FileSource.OnChange;
import dev.millrace.config.LakeSettings.Layout;
import dev.millrace.config.LakeSettings.Publish;
import dev.millrace.config.TableSettings.Column;
import dev.millrace.config.TableSettings.ComputedColumn;
import dev.millrace.config.TableSettings.GivenColumn;
import dev.millrace.table.ColumnType;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Job files whose source is files, and what they publish. */
class FileJobTest {
    private static final Path HOME = Path.of(System.getProperty("millrace.home"));
    private static final String SMALLEST = """
            job: access-records
            source:
              json: {at: in}
            lake: {at: lake}
            """;

    /** Lines 1 to 8; a table's keys follow. */
    private static final String GIVEN = SMALLEST + """
            tables:
              access:
                columns:
                  session: payload.sessionId
                  user_id: {from: payload.userId, type: bigint}
            """;

    @TempDir
    Path base;

    private JobFiles files;

    @BeforeEach
    void folder() {
        files = new JobFiles(base);
    }

    @Test
    void fillsInAllDefaults() {
        Job job = files.job(SMALLEST).load();
        assertThat(job.source())
                .isEqualTo(new FileSource(
                        new FileSource.Json(List.of(), false),
                        FolderPattern.of(Location.of(base.resolve("in"))),
                        "*",
                        Duration.ofDays(3),
                        Duration.ofDays(1),
                        OnChange.REPROCESS,
                        size("128MB"),
                        true,
                        new FileSource.Limits(512, size("16MB"), 500)));
        assertThat(job.lake())
                .contains(new LakeSettings(
                        Location.of(base.resolve("lake")),
                        Publish.DELTA,
                        List.of(),
                        size("128MB"),
                        7,
                        List.of(),
                        CompactionSettings.DEFAULT,
                        Optional.empty()));
        assertThat(job.staging().at()).isEqualTo(Location.of(base.resolve("lake/_staging")));
        assertThat(job.schema().cache()).isEqualTo(Location.of(base.resolve("lake/_staging/access-records/schema")));
        assertThat(job.onlyKind()).isEqualTo("access_records");
        assertThat(files.job(GIVEN).load().onlyKind()).isEqualTo("access");
    }

    @Test
    void readsEveryKeyOfJsonAndTheLake() throws IOException {
        Job job = files.job(full("full-json.yaml")).load();
        assertThat(job.source())
                .isEqualTo(new FileSource(
                        new FileSource.Json(List.of("data", "all.items"), false),
                        new FolderPattern(
                                new Location("s3://logs/records/"), List.of("{yyyy}", "{MM}", "day={dd}", "{HH}-{mm}")),
                        "*.json.gz",
                        Duration.ofDays(2),
                        Duration.ofHours(12),
                        OnChange.QUARANTINE,
                        size("64MB"),
                        false,
                        new FileSource.Limits(100, size("1MB"), 1000)));
        Map<String, Column> columns = new LinkedHashMap<>();
        columns.put("session_id", given("payload.sessionId", "string"));
        columns.put("user_id", given("payload.userId", "bigint"));
        columns.put("at", given("timestamp", "epoch-millis"));
        columns.put("seen", given("payload.seen", "iso"));
        columns.put(
                "born", new GivenColumn(path("payload.born"), DeclaredType.ofPattern(ColumnType.DATE, "dd.MM.yyyy")));
        columns.put(
                "stack",
                new GivenColumn(
                        path("stack"), DeclaredType.parse("string").orElseThrow(), Optional.of("upper(stack)")));
        columns.put("record_date", new ComputedColumn("to_date(at)"));
        TableSettings table = job.table("access_record");
        assertThat(table)
                .isEqualTo(new TableSettings(
                        Optional.of("access"),
                        Map.of(),
                        Map.of(),
                        List.of(path("payload.secret")),
                        List.of(),
                        columns,
                        false,
                        Optional.of(new Deduplicate(
                                List.of("session_id", "at"),
                                Deduplicate.Keep.LAST,
                                Deduplicate.Against.TABLE,
                                Optional.of(Duration.ofDays(7))))));
        assertThat(table.columns().keySet())
                .containsExactly("session_id", "user_id", "at", "seen", "born", "stack", "record_date");
        assertThat(table.isGiven()).isTrue();
        assertThat(table.given()).hasSize(6);
        assertThat(table.computed()).containsOnlyKeys("record_date");
        assertThat(job.lake())
                .contains(new LakeSettings(
                        new Location("s3://acme/lake/access/"),
                        Publish.DELTA,
                        List.of("record_date"),
                        size("1GB"),
                        7,
                        List.of(new Layout(List.of("user_id", "record_date")), new Layout(List.of("user_id"))),
                        new CompactionSettings(Engine.REWRITE, List.of("user_id", "at")),
                        Optional.of(new CatalogSettings(
                                "access",
                                Optional.of("eu-west-1"),
                                Optional.of(URI.create("http://localhost:5000"))))));
        assertThat(job.lake().orElseThrow().also().get(0).suffix()).isEqualTo("_by_user_id_record_date");
    }

    @Test
    void readsADialectOfCsvAndParquet() throws IOException {
        Job csv = files.job(full("full-csv.yaml")).load();
        assertThat(csv.source())
                .isInstanceOfSatisfying(
                        FileSource.class,
                        source -> assertThat(source.format())
                                .isEqualTo(new FileSource.Csv(';', '\'', '\\', "#", "NULL")));
        assertThat(csv.table("A").isGiven()).isFalse();
        assertThat(csv.table("B").given().get("total").from().names()).containsExactly("Total in EUR");
        assertThat(csv.lake().orElseThrow().publish()).isEqualTo(Publish.FOLDERS);
        Job plain = files.job("job: x\nsource: {csv: {at: in, delimiter: \\t}}\nstaging: {at: s}\n")
                .load();
        assertThat(((FileSource) plain.source()).format()).isEqualTo(new FileSource.Csv('\t', '"', '"', "", ""));
        assertThat(JobFile.toJson(plain)).contains("\"delimiter\" : \"\\\\t\"");
        Job parquet = files.job(full("full-parquet.yaml")).load();
        assertThat(parquet.source()).isInstanceOfSatisfying(FileSource.class, source -> {
            assertThat(source.format()).isEqualTo(new FileSource.Parquet());
            assertThat(source.at())
                    .isEqualTo(new FolderPattern(Location.of(base.resolve("in")), List.of("dt={yyyy}-{MM}-{dd}")));
        });
    }

    @Test
    void readsASnapshotOfAFolderOrAManifest() throws IOException {
        Job folder = files.job(full("full-snapshot.yaml")).load();
        assertThat(folder.source())
                .isEqualTo(new SnapshotSource(
                        Optional.empty(),
                        Optional.empty(),
                        Map.of(),
                        Optional.empty(),
                        Optional.of(Location.of(base.resolve("in"))),
                        "*.csv.gz",
                        SnapshotSource.Format.CSV,
                        OptionalLong.of(64 << 20),
                        false));
        assertThat(folder.lake().orElseThrow().publish()).isEqualTo(Publish.VERSIONED);
        assertThat(folder.lake().orElseThrow().versions()).isEqualTo(1);
        Job manifest = files.job(full("full-manifest.yaml")).load();
        assertThat(manifest.source())
                .isEqualTo(new SnapshotSource(
                        Optional.of(new FileLocation(new Location("s3://exports/orders/"), "manifest-summary.json")),
                        Optional.empty(),
                        Map.of(),
                        Optional.empty(),
                        Optional.empty(),
                        "*",
                        SnapshotSource.Format.PARQUET,
                        OptionalLong.empty(),
                        true));
        Job export = files.job(full("full-export.yaml")).load();
        assertThat(export.source()).isInstanceOfSatisfying(SnapshotSource.class, source -> {
            assertThat(source.keys().keySet()).containsExactly("PK", "SK");
            assertThat(source.fileFormat()).isEqualTo(new FileSource.DynamoDbJson());
        });
        assertThat(export.warehouse().orElseThrow().engine())
                .isEqualTo(new WarehouseSettings.Postgres(
                        "db.acme.com",
                        6432,
                        "Ana lytics",
                        "loader",
                        SecretRef.parse("${secret:prod/warehouse#password}"),
                        WarehouseSettings.Tls.REQUIRE,
                        Optional.of(Path.of("/etc/ssl/rds.pem")),
                        4,
                        Duration.ofSeconds(90),
                        WarehouseSettings.Dependents.REFUSE));
        Job tables = files.job("""
                        job: x
                        source: {snapshot: {export: s3://exports/nightly/}}
                        tables: {shop.orders: {name: orders}, shop.customers: {name: customers}}
                        lake: {at: lake}
                        """).load();
        assertThat(tables.source())
                .isInstanceOfSatisfying(
                        SnapshotSource.class,
                        source -> assertThat(source.hasTables()).isTrue());
        Job requested = files.job(full("full-request.yaml")).load();
        assertThat(requested.source()).isInstanceOfSatisfying(SnapshotSource.class, source -> {
            assertThat(source.fileFormat()).isEqualTo(new FileSource.DynamoDbJson());
            assertThat(source.request().orElseThrow().to()).isEqualTo(new Location("s3://exports/shop/"));
        });
        assertThat(JobFile.toJson(manifest)).contains("\"group-size\" : \"auto\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{at: in, manifest: m.json} | source.snapshot: must hold only one of: manifest, at",
                "{format: csv} | source.snapshot: must hold one of: manifest, export, at, request",
                "{at: in, fromat: csv} | source.snapshot.fromat: unknown key: did you mean format?",
                "{at: in, format: orc} | source.snapshot.format: orc: must be parquet, csv or json",
                "{at: in, group-size: 128} | source.snapshot.group-size: 128: must be auto, or a positive size",
                "{manifest: s3://bucket} | source.snapshot.manifest: s3://bucket: must be a file: a local path",
                "{manifest: exports/} | source.snapshot.manifest: exports/: must be a file: a local path",
                "{manifest: m.json, files: '*.parquet'} | source.snapshot.files: *.parquet: has no effect on a manifest",
                "{export: m.json} | source.snapshot.keys: must name the table's partition key",
                "{export: m.json, keys: {PK: s}} | source.snapshot.keys.PK: s: must be S, N or B",
                "{export: m.json, keys: {PK: S}, format: csv} | source.snapshot.format: csv: has no effect on an export",
                "{export: m.json, keys: {PK: S}, file-column: false} | source.snapshot.file-column: false: has no effect",
                "{at: in, keys: {PK: S}} | source.snapshot.keys: is only for an export of a DynamoDB",
                "{export: exports/shop/, keys: {PK: S}} | source.snapshot.keys: is only for an export of a DynamoDB",
                "{export: exports/shop, format: csv} | source.snapshot.format: csv: has no effect on an export of RDS",
                "{request: all, table: shop, to: s3://exports/} | source.snapshot.request: all: must be full",
                "{request: full, to: s3://exports/} | source.snapshot.table: is missing: request needs it",
                "{request: full, table: shop, to: out} | source.snapshot.to: out: is no place that DynamoDB exports to",
                "{request: full, table: shop, to: s3://exports/, keys: {PK: S}} | keys: are those of the table",
                "{request: full, table: shop, to: s3://exports/, external-id: abc} | external-id: abc: has no effect",
                "{at: in, table: shop} | source.snapshot.table: shop: is only for an export that is requested",
                "{at: .} | lake.at: lake: lies in the source's folder",
                "{at: in}, publish: delta | lake.publish: delta: is for a source whose files are read once",
            })
    void tellsMistakesOfSnapshots(String snapshot, String mistake) {
        int end = snapshot.lastIndexOf('}') + 1;
        String job = "job: x\nsource: {snapshot: " + snapshot.substring(0, end) + "}\nlake: {at: lake"
                + snapshot.substring(end) + "}\n";
        assertThat(files.job(job).mistakes()).singleElement().asString().contains(mistake);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "full-json.yaml",
                "full-csv.yaml",
                "full-parquet.yaml",
                "full-snapshot.yaml",
                "full-manifest.yaml",
                "full-export.yaml",
                "full-request.yaml"
            })
    void writesAJobAsAJobFileThatReadsTheSame(String file) throws IOException {
        Job job = files.job(full(file)).load();
        String json = JobFile.toJson(job);
        Job again = files.job(json).load();
        assertThat(again).isEqualTo(job);
        assertThat(JobFile.toJson(again)).isEqualTo(json);
    }

    @Test
    void theExampleOfTheDocsIsTrue() throws IOException {
        String page = Files.readString(HOME.resolve("docs/job-file.md"));
        String yaml = page.split("## Files as a source\\n\\n```yaml\\n", 2)[1].split("```", 2)[0];
        Job job = files.job(yaml).load();
        assertThat(job.table("access_record").given()).hasSize(4);
        assertThat(job.lake().orElseThrow().publish()).isEqualTo(Publish.DELTA);
    }

    @Test
    void aLakeOfWhatIsReadWholeIsVersioned() {
        String job = "job: x\nsource: {dynamodb: {table: items}}\nlake: {at: lake}\n";
        assertThat(files.job(job).load().lake().orElseThrow().publish()).isEqualTo(Publish.VERSIONED);
        assertThat(files.job(job.replace("at: lake", "at: lake, keep-versions: 3"))
                        .load()
                        .lake()
                        .orElseThrow()
                        .versions())
                .isEqualTo(3);
        assertThat(files.job(job.replace("at: lake", "at: lake, publish: folders"))
                        .mistakes())
                .containsExactly("jobs/test.yaml:3: lake.publish: folders: is for a source whose files are read once:"
                        + " must be versioned for a table that every run reads whole");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{yyyy}/{MM}/{dd}/{HH}/ | YEAR,MONTH,DAY,HOUR",
                "year={yyyy}/month={MM} | YEAR,MONTH",
                "x/dt={yyyy}{MM}{dd}T{HH}{mm} | YEAR,MONTH,DAY,HOUR,MINUTE",
                "{yyyy}/part | YEAR",
            })
    void readsPartsOfTheTime(String at, String parts) {
        FolderPattern pattern = FolderPattern.parse(at, base).orElseThrow();
        assertThat(pattern.parts()).map(Enum::name).containsExactly(parts.split(","));
        assertThat(FolderPattern.parse(pattern.toString(), Path.of("/"))).contains(pattern);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{MM}/{yyyy}",
                "{yyyy}/{dd}",
                "{yyyy}/{yyyy}",
                "{YYYY}",
                "{yyyy",
                "yyyy}",
                "{}",
                "s3://{yyyy}/x",
                "s3://b/../{yyyy}"
            })
    void refusesOtherPartsOfTheTime(String at) {
        assertThat(FolderPattern.parse(at, base)).isEmpty();
        assertThat(files.job(SMALLEST.replace("{at: in}", "{at: \"" + at + "\"}"))
                        .mistakes())
                .containsExactly("jobs/test.yaml:3: source.json.at: " + at + ": " + FolderPattern.RULE);
    }

    @Test
    void readsSizes() {
        assertThat(size("1KB").bytes()).isEqualTo(1024);
        assertThat(size("128MB").bytes()).isEqualTo(134_217_728);
        assertThat(size("2048MB")).hasToString("2GB");
        assertThat(size("1025B")).hasToString("1025B");
        assertThat(List.of("0MB", "1", "1TB", "1.5GB", "-1MB", "1 MB", "1mb"))
                .allSatisfy(text -> assertThat(ByteSize.parse(text)).isEmpty());
    }

    /** A change in the smallest file with given columns, and the mistake that follows. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "at: in | at: in, lookback: 2d | 3: source.json.lookback: 2d: has no effect, since at has no part of the"
                        + " time and is listed whole: remove it, or write {yyyy} and so on into at",
                "at: in | at: in, group-size: 128 | 3: source.json.group-size: 128: must be a positive size: a whole"
                        + " number with B, KB, MB or GB, which count by 1024, for example 128MB",
                "at: in | at: in, files: a/*.gz | 3: source.json.files: a/*.gz: must be the name of a file without /,"
                        + " with * for any characters and ? for one, for example *.json.gz",
                "at: in | at: in, max-depth: 1001 | 3: source.json.max-depth: 1001: must be a whole number from 1 to 1000",
                "at: in | at: in, records: a, header: true | 3: source.json.records: a: does not go with header: remove"
                        + " one of them",
                "at: in | at: in, on-chance: reprocess | 3: source.json.on-chance: unknown key: did you mean on-change?",
                "at: in | at: in, file-column: false | 2: source: file-column: false leaves out what tells the rows of a"
                        + " rewritten file: add on-change: quarantine, or remove file-column",
                "json: {at: in} | csv: {at: in, delimiter: \"'\", quote: \"'\"} | 3: source.csv.quote: ': is what"
                        + " delimiter is: must be another character",
                "json: {at: in} | csv: {at: in, escape: ','} | 3: source.csv.escape: ,: is what delimiter is: must be the"
                        + " quote or another character",
                "json: {at: in} | csv: {at: in, comment: ab} | 3: source.csv.comment: ab: must be one ASCII character"
                        + " that ends no line, or \\t for a tab, for example \";\"",
                "{from: payload.userId, type: bigint} | {type: bigint} | 9: tables.access.columns.user_id: must hold one"
                        + " of: from, sql",
                "{from: payload.userId, type: bigint} | {sql: x, type: bigint} | 9: tables.access.columns.user_id.type:"
                        + " bigint: has no effect on sql, which tells the type itself: write cast(… as …) there",
                "type: bigint | type: int | 9: tables.access.columns.user_id.type: int: must be a type: string, bigint,"
                        + " double, boolean, binary, date, timestamp, json, epoch-millis, epoch-seconds, iso or"
                        + " decimal(18,2) with 1 to 38 digits, of them 0 to 37 after the point; inside { } it needs quotes",
                "type: bigint | type: bigint, pattern: yyyy | 9: tables.access.columns.user_id.pattern: yyyy: is only for"
                        + " a time: write type: timestamp or type: date beside it",
                "type: bigint | type: date, pattern: jj | 9: tables.access.columns.user_id.pattern: jj: must be a pattern"
                        + " of Java's DateTimeFormatter, for example yyyy-MM-dd HH:mm:ss",
                "payload.userId | payload | 7: tables.access.columns: user_id is payload and session is"
                        + " payload.sessionId: one value is in one column; compute the other by sql",
                "columns: | ^types: {a: string}\n    columns:^ | 7: tables.access.types: is only for inferred"
                        + " columns: name and type of a given one stand in columns",
                "columns: | ^drop: [payload.sessionId]\n    columns:^ | 7: tables.access.drop: payload.sessionId is column session:"
                        + " remove one of them",
                "access: | ^other: {}\n  access:^ | 7: tables.access: all records are of one kind, other: remove this"
                        + " one, or set schema.kind",
                "lake: {at: lake} | ^lake: {at: lake, partition-by: [sesion]}^ | 4: lake.partition-by: no column sesion:"
                        + " did you mean session?",
                "lake: {at: lake} | ^lake: {at: lake, also: [{partition-by: [day]}]}^ | 4: lake.also: no column day: known"
                        + " are session, user_id",
                "lake: {at: lake} | ^lake: {at: lake, partition-by: [session], also: [{partition-by: [session]}]}^ | 4:"
                        + " lake.also: has the layout of partition-by too: remove one of them",
                "lake: {at: lake} | ^lake: {at: lake, compaction: {sort-by: [sesion]}}^ | 4: lake.compaction.sort-by: no"
                        + " column sesion: did you mean session?",
                "lake: {at: lake} | ^lake: {at: lake, compaction: {engine: pages, sort-by: [session]}}^ | 4:"
                        + " lake.compaction.sort-by: sorts rows, which engine: pages does not: remove one of them",
                "lake: {at: lake} | ^lake: {at: lake, compaction: {engine: page}}^ | 4: lake.compaction.engine: page: must"
                        + " be auto, pages or rewrite",
                "lake: {at: lake} | ^lake: {at: lake, also: [{}]}^ | 4: lake.also.partition-by: is missing: add it",
                "lake: {at: lake} | ^lake: {at: lake, publish: versioned}^ | 4: lake.publish: versioned: is for a table that"
                        + " every run reads whole: a version would have the rows of the last run's files only; must be delta or folders",
                "lake: {at: lake} | ^lake: {at: lake, keep-versions: 2}^ | 4: lake.keep-versions: 2: has no effect"
                        + " without publish: versioned: add that, or remove keep-versions",
                "lake: {at: lake} | ^lake: {at: lake}\nstaging: {format: csv}^ | 5: staging.format: csv: is not for a"
                        + " lake: must be parquet",
                "lake: {at: lake} | ^lake: {at: lake}\nstaging: {spool: delete}^ | 5: staging.spool: delete: has no effect on"
                        + " files, which are their own spool: remove it",
                "lake: {at: lake} | ^lake: {at: lake}\nwarehouse: {duckdb: {path: w}}^ | 5: warehouse: is replaced whole"
                        + " by every run, and a run of files has only new rows: remove it, and publish to a lake",
                "lake: {at: lake} | ^lake: {at: lake}\nfunctions: {f: a..b}^ | 5: functions.f: a..b: must be the name of"
                        + " a Java class, for example com.acme.Normalize",
                "lake: {at: lake} | ^lake: {at: in/lake}^ | 4: lake.at: in/lake: lies in the source's folder, so its files"
                        + " would be read as new ones: must lie elsewhere",
                "lake: {at: lake} | ^lake: {at: lake, catalog: {database: lake}}^ | 4: lake.catalog: is for tables on S3,"
                        + " where its readers find them: put lake.at on S3, or remove it",
                "lake: {at: lake} | ^lake: {}^ | 4: lake.at: is missing: folder: local path, file:///... or"
                        + " s3://bucket/prefix",
            })
    void aWrongValue(String from, String to, String message) {
        String changed = GIVEN.replace(from, to.replace("\\n", "\n"));
        assertThat(changed).isNotEqualTo(GIVEN);
        assertThat(files.job(changed).mistakes()).containsExactly("jobs/test.yaml:" + message);
    }

    /** What {@code deduplicate} of the table with given columns may hold, and the mistake that follows in line 10. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{key: []} | .key: must name a column",
                "{key: [sesion]} | : no column sesion: did you mean session?",
                "{key: [session], within: 7d} | .within: 7d: has no effect without against: table: add that, or remove"
                        + " within",
                "{} | .key: is missing: add it",
            })
    void aWrongKeyOfDuplicates(String duplicates, String message) {
        String job = GIVEN + "    deduplicate: " + duplicates + "\n";
        assertThat(files.job(job).mistakes()).containsExactly("jobs/test.yaml:10: tables.access.deduplicate" + message);
        assertThat(files.job(GIVEN + "    deduplicate: {key: [session, _file]}\n")
                        .mistakes())
                .isEmpty();
    }

    @Test
    void duplicatesNeedALakeThatCanBeChanged() {
        String job = GIVEN + "    deduplicate: {key: [session], against: table}\n";
        assertThat(files.job(job.replace("at: lake", "at: lake, publish: folders"))
                        .mistakes())
                .containsExactly(
                        "jobs/test.yaml:10: tables.access.deduplicate.against: table is only for publish: delta:"
                                + " must be batch");
        assertThat(files.job(job.replace("lake: {at: lake}", "staging: {at: s}"))
                        .mistakes())
                .containsExactly("jobs/test.yaml:10: tables.access.deduplicate: has no effect without a lake: add lake,"
                        + " or remove it");
    }

    @Test
    void itemsOfATableHaveNoGivenColumns() {
        String job =
                GIVEN.replace("json: {at: in}", "dynamodb: {table: items}") + "    deduplicate: {key: [session]}\n";
        assertThat(files.job(job).mistakes())
                .containsExactly(
                        "jobs/test.yaml:7: tables.access.columns: paths are for files only: columns of a DynamoDB table"
                                + " are inferred; rename and types change them",
                        "jobs/test.yaml:10: tables.access.deduplicate: is for files only: items of a DynamoDB table are"
                                + " told apart by their key: remove it");
    }

    @Test
    void inferredTablesAlwaysKeepTheRest() {
        assertThat(files.job(SMALLEST + "tables: {a: {keep-rest: false, columns: {x: {sql: y}}}}\n")
                        .mistakes())
                .containsExactly(
                        "jobs/test.yaml:5: tables.a.keep-rest: false: is only for a table whose columns are given"
                                + " by their paths: remove it");
    }

    @Test
    void anExpressionTakesThePlaceOfAValue() {
        String job = SMALLEST + "tables: {a: {columns: {x: {from: a.x, type: bigint, sql: x + 1}, y: {sql: x}}}}\n";
        TableSettings table = files.job(job).load().table("a");

        assertThat(table.given())
                .isEqualTo(Map.of(
                        "x",
                        new GivenColumn(
                                path("a.x"), DeclaredType.parse("bigint").orElseThrow(), Optional.of("x + 1"))));
        assertThat(table.computed()).isEqualTo(Map.of("y", new ComputedColumn("x")));
    }

    @Test
    void expressionsAreJudgedByTheFunctionsOfTheJob() {
        String job = SMALLEST + "tables: {a: {columns: {x: {sql: call_me}}}}\n";
        assertThat(files.job(job).mistakes())
                .containsExactly("jobs/test.yaml:5: tables.a.columns.x.sql: call_me: no function call_me among []");
        assertThat(files.job(job + "functions: {call_me: com.acme.Me}\n").load().functions())
                .isEqualTo(Map.of("call_me", "com.acme.Me"));
        assertThat(files.job(job + "functions: {call_me: nowhere.Me}\n").mistakes())
                .containsExactly("jobs/test.yaml:6: functions.call_me: nowhere.Me: no class nowhere.Me");
    }

    @Test
    void aLakeOrAStagingIsNeeded() {
        assertThat(files.job("job: x\nsource: {json: {at: in}}\n").mistakes())
                .containsExactly("jobs/test.yaml:1: staging: is missing: add it");
        assertThat(files.job("job: x\nsource: {json: {at: in}}\nstaging: {keep: 1d}\n")
                        .mistakes())
                .containsExactly(
                        "jobs/test.yaml:3: staging.at: is missing: folder: local path, file:///... or s3://bucket/prefix");
    }

    private static GivenColumn given(String path, String type) {
        return new GivenColumn(path(path), DeclaredType.parse(type).orElseThrow());
    }

    private static AttributePath path(String text) {
        return AttributePath.parse(text).orElseThrow();
    }

    private static ByteSize size(String text) {
        return ByteSize.parse(text).orElseThrow();
    }

    private static String full(String file) throws IOException {
        return Files.readString(HOME.resolve("src/test/resources/config").resolve(file));
    }
}
