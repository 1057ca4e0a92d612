package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.config.AttributePath;
import dev.millrace.config.DeclaredType;
import dev.millrace.config.FileSource.Csv;
import dev.millrace.config.FileSource.Format;
import dev.millrace.config.FileSource.Json;
import dev.millrace.config.TableSettings;
import dev.millrace.fault.Fault;
import dev.millrace.landing.Landing;
import dev.millrace.landing.LandingPlan;
import dev.millrace.landing.LandingTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.JobStore;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitManifest;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.CensusUnits;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.Inference;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.RowIds;
import dev.millrace.schema.ShredPlan;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.table.Codec;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.testing.Rebuild;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedSpark.class)
class FilesSourceTest {
    private static final KindRule ONE = new KindRule.Single("record");
    private static final Json RECORDS = new Json(List.of(), false);
    private static final String PHASE = "read";
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    @TempDir
    private Path folder;

    private Storage in;
    private Storage staging;
    private RunStore run;

    @BeforeEach
    void open() {
        in = Storages.open(folder.resolve("in").toString(), StorageOptions.DEFAULT);
        staging = Storages.open(folder.resolve("staging").toString(), StorageOptions.DEFAULT);
        run = new JobStore(staging, "job", Clock.systemUTC(), new Random(1))
                .run(new RunId("2026-11-21T07-00-00Z-abcd"));
    }

    private record Given(Map<String, List<UnitFiles.Entry>> files) implements UnitFiles {
        @Override
        public List<Entry> of(PlannedUnit unit) {
            return files.get(unit.id());
        }

        List<PlannedUnit> units() {
            return files.keySet().stream()
                    .map(id -> new PlannedUnit(id, Map.of()))
                    .toList();
        }
    }

    private UnitFiles.Entry put(String path, byte[] content) {
        in.put(path, content);
        return new UnitFiles.Entry(FilePart.whole(in.stat(path).orElseThrow()), "");
    }

    private UnitFiles.Entry put(String path, String content) {
        return put(path, content.getBytes(StandardCharsets.UTF_8));
    }

    private RecordFiles files(Given given, Format format) {
        return new RecordFiles(in, given, format, Records.LIMITS);
    }

    private ShredPlan inferred(SparkSession spark, Given given, Format format) {
        CensusTaker.Settings settings = CensusTaker.Settings.ofRecords(ONE, Map.of(), BigDecimal.ONE);
        CensusUnits counting =
                new CensusUnits(staging, "job/census/", run.units(), "infer", files(given, format), settings);
        counting.run(spark, given.units());
        DataSchema schema = Inference.infer(counting.merged(), DataSchema.ofRecords(), false);
        return ShredPlan.ofRecords(schema, ONE, Map.of(), true);
    }

    private FilesSource.Read read(Given given, Format format, ShredPlan plan) {
        CensusTaker.Settings settings = CensusTaker.Settings.ofRecords(plan.rule(), plan.redactions(), BigDecimal.ONE);
        return new FilesSource.Read(
                files(given, format),
                given.units(),
                plan,
                new CensusFiles(staging, "job/census/extract/", settings),
                run.units(),
                PHASE);
    }

    /** Rows by table, the quarantine's last. */
    private List<List<Map<String, Object>>> rows(SparkSession spark, FilesSource.Read read) {
        List<List<Map<String, Object>>> byTable = new ArrayList<>();
        for (int i = 0; i <= read.plan().tables().size(); i++) {
            byTable.add(new ArrayList<>());
        }
        for (Row wide : FilesSource.rows(spark, read).collectAsList()) {
            int table = wide.getInt(0);
            Row own = wide.getStruct(2 + table);
            Map<String, Object> values = new HashMap<>();
            for (String name : own.schema().fieldNames()) {
                values.put(name, own.getAs(name));
            }
            for (int i = 2; i < wide.size(); i++) {
                assertThat(wide.isNullAt(i)).isEqualTo(i != 2 + table);
            }
            byTable.get(table).add(values);
        }
        return byTable;
    }

    private static List<JsonNode> canonical(List<String> records) {
        return records.stream().map(Rebuild::canonicalRecord).toList();
    }

    @Test
    void givesRowsFromWhichTheRecordsCanBeRebuilt(SparkSession spark) throws IOException {
        List<String> records = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            records.add("{\"id\":" + i + ",\"at\":{\"x\":" + i + ".50,\"t\":\"é\\n" + i + "\"},\"l\":[{\"n\":" + i
                    + "},{\"n\":null}],\"mixed\":" + (i % 3 == 0 ? "\"s\"" : i % 3 == 1 ? "7" : "[true]") + "}");
        }
        String lines = String.join("\n", records.subList(0, 100));
        String array = "[" + String.join(",\n", records.subList(100, 200)) + "]";
        String joined = String.join("", records.subList(200, 300));
        Map<String, List<UnitFiles.Entry>> units = new LinkedHashMap<>();
        units.put(
                "u1",
                List.of(
                        put("2026/a.json", lines),
                        put("b.gz", FileRecordsTest.Packing.GZIP.pack(array.getBytes(StandardCharsets.UTF_8)))));
        units.put(
                "u2",
                List.of(put("c d.zst", FileRecordsTest.Packing.ZSTD.pack(joined.getBytes(StandardCharsets.UTF_8)))));
        units.put("u3", List.of(put("empty.json", "")));
        Given given = new Given(units);
        ShredPlan plan = inferred(spark, given, RECORDS);
        List<List<Map<String, Object>>> rows = rows(spark, read(given, RECORDS, plan));

        assertThat(rows.get(0)).hasSize(300);
        assertThat(rows.get(rows.size() - 1)).isEmpty();
        List<List<Map<String, Object>>> own = rows.subList(0, rows.size() - 1);
        assertThat(new Rebuild(plan, own).items()).containsExactlyInAnyOrderElementsOf(canonical(records));
        Map<String, Object> first = rows.get(0).get(0);
        assertThat(first.get("_file")).isEqualTo(in.uri("2026/a.json"));
        String etag = units.get("u1").get(0).part().etag();
        assertThat(first.get("_row_id")).isEqualTo(RowIds.prefix(in.uri("2026/a.json"), etag) + "000000000000");
        assertThat(rows.get(0).stream().map(r -> r.get("_row_id")).distinct()).hasSize(300);

        assertThat(RecordFiles.rows(run.units(), PHASE))
                .isEqualTo(Map.of("2026/a.json", 100L, "b.gz", 100L, "c d.zst", 100L, "empty.json", 0L));
        assertThat(run.units().committed("infer"))
                .extracting(unit -> unit.files().get(0).rows())
                .containsExactly(200L, 100L, 0L);
    }

    @Test
    void setsApartWhatIsNoRecord(SparkSession spark) {
        byte[] broken = "{\"a\":1}\n{\"a\":tru}\n{\"a\":2}\n{\"\\ud800\":3}\n\u00e9\n".getBytes(StandardCharsets.UTF_8);
        broken[broken.length - 3] = (byte) 0xFF;
        UnitFiles.Entry gone = put("gone.json", "{\"a\":9}");
        Map<String, List<UnitFiles.Entry>> units = new LinkedHashMap<>();
        UnitFiles.Entry refused = put("refused.json", "{\"a\":8}");
        units.put(
                "u1", List.of(put("a.json", broken), gone, new UnitFiles.Entry(refused.part(), "it must not be read")));
        in.delete(List.of("gone.json"));
        Given given = new Given(units);
        ShredPlan plan = inferred(spark, given, RECORDS);
        List<List<Map<String, Object>>> rows = rows(spark, read(given, RECORDS, plan));
        assertThat(rows.get(0)).extracting(r -> r.get("a")).containsExactly(1L, 2L);
        assertThat(rows.get(1))
                .extracting(r -> ((String) r.get("file")).substring(in.root().length()) + " " + r.get("offset") + " "
                        + r.get("reason") + " " + r.get("record") + " " + (r.get("record_bytes") != null))
                .containsExactly(
                        "a.json 8 expected a value {\"a\":tru} false",
                        "a.json 26 half a surrogate pair in an attribute's name {\"\\ud800\":3} false",
                        "a.json 39 expected a value null true",
                        "gone.json 0 the file is gone or was changed since it was listed  false",
                        "refused.json 0 it must not be read  false");
        assertThat(rows.get(1)).allSatisfy(r -> {
            assertThat(r.get("table_name")).isEqualTo("record");
            assertThat(r.get("unit")).isEqualTo("u1");
        });
        assertThat(RecordFiles.rows(run.units(), PHASE))
                .isEqualTo(Map.of("a.json", 5L, "gone.json", 1L, "refused.json", 1L));
    }

    @Test
    void keepsNothingOfBadRecordsWhereAttributesAreHidden(SparkSession spark) {
        Given given = new Given(
                Map.of("u1", List.of(put("a.json", "{\"secret\":\"x\",\"b\":1}\n{\"secret\":\"x\",\"b\":}\n"))));
        TableSettings dropping = new TableSettings(
                Optional.empty(),
                Map.of(),
                Map.of(),
                List.of(new AttributePath(List.of("secret"))),
                List.of(),
                Map.of());
        ShredPlan open = inferred(spark, given, RECORDS);
        assertThat(open.tables()).hasSize(1);
        DataSchema schema = Inference.infer(counted(given, dropping), DataSchema.ofRecords(), false);
        ShredPlan plan = ShredPlan.ofRecords(schema, ONE, Map.of("record", dropping), true);
        List<List<Map<String, Object>>> rows = rows(spark, read(given, RECORDS, plan));
        assertThat(rows.get(0)).hasSize(1);
        assertThat(rows.get(0).get(0)).doesNotContainKey("secret").containsEntry("b", 1L);
        assertThat(rows.get(1).get(0))
                .containsEntry("record", null)
                .containsEntry("record_bytes", null)
                .containsEntry("offset", 21L);
    }

    private dev.millrace.schema.Census counted(Given given, TableSettings settings) {
        CensusTaker taker = new CensusTaker(
                CensusTaker.Settings.ofRecords(ONE, ShredPlan.redactions(Map.of("record", settings)), BigDecimal.ONE));
        given.units().forEach(unit -> files(given, RECORDS).count(unit, taker));
        return taker.census();
    }

    @Test
    void givesGivenColumnsWithoutInference(SparkSession spark) {
        Map<String, TableSettings.Column> columns = new LinkedHashMap<>();
        columns.put(
                "id",
                new TableSettings.GivenColumn(
                        new AttributePath(List.of("id")),
                        new DeclaredType(ColumnType.BIGINT, DeclaredType.Reading.PLAIN)));
        columns.put(
                "name",
                new TableSettings.GivenColumn(
                        new AttributePath(List.of("name")),
                        new DeclaredType(ColumnType.STRING, DeclaredType.Reading.PLAIN)));
        TableSettings settings =
                new TableSettings(Optional.of("people"), Map.of(), Map.of(), List.of(), List.of(), columns);
        ShredPlan plan = ShredPlan.ofRecords(DataSchema.ofRecords(), ONE, Map.of("record", settings), true);
        Csv csv = new Csv(';', '"', '"', "", "");
        Given given = new Given(Map.of("u1", List.of(put("a.csv", "id;name;more\n7;\"a;b\";x\n8;;\n"))));
        List<List<Map<String, Object>>> rows = rows(spark, read(given, csv, plan));
        assertThat(rows.get(0))
                .extracting(r -> r.get("id"), r -> r.get("name"))
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(7L, "a;b"), org.assertj.core.groups.Tuple.tuple(8L, null));
        assertThat(rows.get(0).get(0).get("_rest")).isEqualTo("{\"/more\":\"x\"}");
        assertThat(rows.get(1)).isEmpty();
    }

    @Test
    void landsEachRecordOnce(SparkSession spark) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 1_000; i++) {
            lines.append(i % 100 == 50 ? "{\"id\":oops}" : "{\"id\":" + i + "}").append('\n');
        }
        UnitFiles.Entry whole = put("large.json", lines.toString());
        Map<String, List<UnitFiles.Entry>> units = new LinkedHashMap<>();
        int number = 0;
        for (FilePart part :
                FileParts.ofJson(in, whole.part().file(), whole.part().bytes() / 3)) {
            units.put("u" + number++, List.of(new UnitFiles.Entry(part, "")));
        }
        assertThat(units).hasSize(3);
        Given given = new Given(units);
        ShredPlan plan = inferred(spark, given, RECORDS);
        FilesSource.Read read = read(given, RECORDS, plan);
        List<LandingTable> tables = List.of(
                LandingTable.main(plan.tables().get(0).definition(), List.of(), "job/landing/record/"),
                LandingTable.quarantine(FilesSource.QUARANTINE, "job/landing/quarantine/"));
        LandingPlan landing = new LandingPlan(
                staging,
                tables,
                FileFormat.PARQUET,
                Codec.ZSTD,
                1,
                run.units(),
                "extract",
                PHASE,
                List.copyOf(units.keySet()));
        Landing.write(FilesSource.rows(spark, read), landing);
        TableCounts counts = run.units().committed("extract").stream()
                .map(unit -> unit.counts().get("record"))
                .reduce(TableCounts.NONE, TableCounts::plus);
        assertThat(counts).isEqualTo(new TableCounts(1_000, 990, 10, 0, 0, 0));
        Dataset<Row> landed = spark.read()
                .parquet(folder.resolve("staging/job/landing/record").toString());
        assertThat(landed.select("id").distinct().count()).isEqualTo(990);
        assertThat(landed.count()).isEqualTo(990);
        assertThat(RecordFiles.rows(run.units(), PHASE)).isEqualTo(Map.of("large.json", 1_000L));
    }

    @Test
    void refusesWhatAnEarlierAttemptHasReadOtherwise(SparkSession spark) {
        Given given = new Given(Map.of("u1", List.of(put("a.json", "{\"a\":1}\n{\"a\":2}\n"))));
        ShredPlan plan = inferred(spark, given, RECORDS);
        FilePart part = given.files().get("u1").get(0).part();
        run.units()
                .commit(new UnitManifest(
                        UnitManifest.FORMAT,
                        PHASE,
                        "u1",
                        "earlier1",
                        List.of(new DataFile(RecordFiles.TABLE, "a.json", part.bytes(), 3, part.etag())),
                        Map.of(),
                        Map.of()));
        assertThatThrownBy(() -> rows(spark, read(given, RECORDS, plan)))
                .satisfies(e -> assertThat(Fault.in(e).orElseThrow())
                        .hasMessageContaining(
                                "Unit u1: an earlier attempt has found other records in " + in.uri("a.json")));
    }

    @Test
    void readsTheSampleFiles(SparkSession spark) throws IOException {
        Path data = Path.of(System.getProperty("millrace.home"))
                .toAbsolutePath()
                .normalize()
                .resolve("../shared/data/json");
        assumeTrue(Files.isDirectory(data), "the samples are not there");
        Map<String, Json> forms = new LinkedHashMap<>();
        forms.put("github_events.json", RECORDS);
        forms.put("movies.json", RECORDS);
        forms.put("flights/flights-20k.json", RECORDS);
        forms.put("twitter.json", new Json(List.of("statuses"), false));
        forms.put("apache_builds.json", new Json(List.of("jobs"), false));
        forms.put("earthquakes.json", new Json(List.of("features"), false));
        forms.put("amazon_cellphones.ndjson", new Json(List.of(), true));
        for (Map.Entry<String, Json> form : forms.entrySet()) {
            byte[] content = Files.readAllBytes(data.resolve(form.getKey()));
            Given given = new Given(Map.of("u-" + form.getKey().hashCode(), List.of(put(form.getKey(), content))));
            ShredPlan plan = inferredAlone(given, form.getValue());
            List<List<Map<String, Object>>> rows = rows(spark, read(given, form.getValue(), plan));
            assertThat(rows.get(rows.size() - 1)).as(form.getKey()).isEmpty();
            List<JsonNode> expected = records(form.getKey(), content);
            assertThat(new Rebuild(plan, rows.subList(0, rows.size() - 1)).items())
                    .as(form.getKey())
                    .hasSameSizeAs(expected)
                    .containsExactlyInAnyOrderElementsOf(expected);
        }
    }

    private ShredPlan inferredAlone(Given given, Format format) {
        CensusTaker taker = new CensusTaker(CensusTaker.Settings.ofRecords(ONE, Map.of(), BigDecimal.ONE));
        given.units().forEach(unit -> files(given, format).count(unit, taker));
        return ShredPlan.ofRecords(Inference.infer(taker.census(), DataSchema.ofRecords(), false), ONE, Map.of(), true);
    }

    /** The records as another reader finds them. */
    private static List<JsonNode> records(String name, byte[] content) throws IOException {
        List<JsonNode> records = new ArrayList<>();
        if (name.endsWith("ndjson")) {
            List<String> lines =
                    new String(content, StandardCharsets.UTF_8).lines().toList();
            JsonNode header = JSON.readTree(lines.get(0));
            for (String line : lines.subList(1, lines.size())) {
                JsonNode values = JSON.readTree(line);
                ObjectNode record = JSON.createObjectNode();
                for (int i = 0; i < header.size(); i++) {
                    record.set(header.get(i).textValue(), values.get(i));
                }
                records.add(Rebuild.canonicalRecord(record.toString()));
            }
            return records;
        }
        JsonNode all = JSON.readTree(content);
        for (String key : List.of("statuses", "jobs", "features")) {
            all = all.has(key) ? all.get(key) : all;
        }
        all.forEach(record -> records.add(Rebuild.canonicalRecord(record.toString())));
        return records;
    }
}
