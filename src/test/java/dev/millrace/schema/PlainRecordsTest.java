package dev.millrace.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.config.AttributePath;
import dev.millrace.config.TableSettings;
import dev.millrace.json.JsonTape;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.Rebuild;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Records of plain JSON become rows, and from the rows the records can be put together again. */
class PlainRecordsTest {
    private static final KindRule ONE = new KindRule.Single("record");
    private static final String URI = "s3://logs/2026/11/26/09/part-1.gz";

    private static final List<String> HOSTILE = List.of(
            "{}",
            "[]",
            "null",
            "-0.0",
            "\"a text\"",
            "[1,\"two\",{\"three\":3}]",
            "{\"n\":99999999999999999999999999999999999999,\"f\":9007199254740993,\"z\":7.10}",
            "{\"n\":1e-130,\"f\":-9.99E+125,\"z\":1E-400}",
            "{\"n\":1e-4000,\"f\":" + "9".repeat(2_000) + ",\"z\":1e300}",
            "{\"e\":\"\",\"em\":{},\"el\":[],\"nul\":null,\"lon\":[null],\"lom\":[{}]}",
            "{\"a.b\":\"x\",\"a b\":\"y\",\"A.B\":\"z\",\"a\\\"b\":\"q\",\"a/b~c\":1,\"_rest\":\"mine\",\"_index\":3}",
            "{\"_file\":\"mine\",\"_row_id\":7,\"_value\":true,\"value\":\"v\",\"" + "long".repeat(50) + "\":\"name\"}",
            "{\"a\":{\"b\":\"inner\",\"漢字\":\"\\u0000\\n😀\",\"~\\/\":false},\"t\":\"\\ud83d\\ude00 \\/ \\u2028\"}",
            "{\"l\":[\"x\",1,{\"a\":\"b\"},[\"y\"],null,{},true]}",
            "{\"l\":[{\"a\":[{\"deep\":[1,2.50]}]},{\"a\":[]}]}",
            "{ \"lol\" : [ [ 1 , [ \"z\" ] ] , [ ] ] ,\r\n\t\"m\" : { \"x\" : 1 } }",
            "{\"half\":\"\\ud800\",\"halves\":[\"\\udc00 and \\ud800\"],\"h\":{\"x\":\"\\uD834\"}}",
            "{\"deep\":" + "{\"d\":".repeat(400) + "1" + "}".repeat(400) + "}",
            "{\"deepList\":" + "[".repeat(900) + "]".repeat(900) + "}");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void rebuildsHostileRecords(boolean listsAsJson) {
        assertRebuilt(HOSTILE, listsAsJson);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void rebuildsGeneratedRecords(boolean listsAsJson) {
        assertRebuilt(generated(), listsAsJson);
    }

    /** Real files that are not part of the project. */
    @ParameterizedTest
    @CsvSource({
        "github_events.json, ''",
        "movies.json, ''",
        "flights/flights-20k.json, ''",
        "apache_builds.json, jobs",
        "twitter.json, statuses",
        "earthquakes.json, features"
    })
    void rebuildsRealRecords(String name, String rows) throws IOException {
        byte[] file = Files.readAllBytes(shared(name));
        JsonTape tape = new JsonTape();
        assertThat(tape.parse(file, 0, file.length)).isTrue();
        int array = 0;
        for (int field = 1; !rows.isEmpty() && field < tape.next(0); field = tape.next(field + 1)) {
            array = tape.text(field).equals(rows) ? field + 1 : array;
        }
        assertThat(tape.isArray(array)).isTrue();
        List<String> records = new ArrayList<>();
        for (int e = array + 1; e < tape.next(array); e = tape.next(e)) {
            records.add(raw(tape, e));
        }
        assertThat(records).hasSizeGreaterThan(29);
        assertRebuilt(records, false);
        assertRebuilt(records, true);
        // And the file as one record, however large.
        assertRebuilt(List.of(new String(file, StandardCharsets.UTF_8)), false);
    }

    @Test
    void rebuildsRealLinesOfArrays() throws IOException {
        assertRebuilt(Files.readAllLines(shared("amazon_cellphones.ndjson")), false);
    }

    @Test
    void rebuildsWhateverAParserMustAccept() throws IOException {
        List<String> records = new ArrayList<>();
        try (Stream<Path> files = Files.list(shared("minefield"))) {
            for (Path file : files.sorted().toList()) {
                if (file.getFileName().toString().startsWith("y_")) {
                    records.add(Files.readString(file));
                }
            }
        }
        assertThat(records).hasSize(95);
        assertRebuilt(records, false);
        for (String record : records) {
            assertRebuilt(List.of(record), true);
        }
    }

    private static Path shared(String name) {
        Path home = Path.of(System.getProperty("millrace.home"));
        // Data beside the checkout that is not part of it; worktrees lie one folder deeper.
        Path file = Stream.of("../shared/data/json", "../../shared/data/json")
                .map(data -> home.resolve(data).resolve(name))
                .filter(Files::exists)
                .findFirst()
                .orElse(home.resolve(name));
        assumeTrue(Files.exists(file), () -> file + " is not here");
        return file;
    }

    private static void assertRebuilt(List<String> records, boolean listsAsJson) {
        DataSchema schema = Inference.infer(census(records), DataSchema.ofRecords(), listsAsJson);
        ShredPlan plan = ShredPlan.ofRecords(schema, ONE, Map.of(), true);
        List<JsonNode> rebuilt = new Rebuild(plan, shred(plan, records)).items();
        assertThat(rebuilt).hasSameSizeAs(records);
        for (int i = 0; i < records.size(); i++) {
            assertThat(rebuilt.get(i)).isEqualTo(Rebuild.canonicalRecord(records.get(i)));
        }
    }

    private static List<String> generated() {
        Random random = new Random(42);
        List<String> records = new ArrayList<>(HOSTILE);
        for (int i = 0; i < 400; i++) {
            records.add(object(random, 0));
        }
        return records;
    }

    private static String object(Random random, int depth) {
        StringBuilder object = new StringBuilder("{");
        for (String name : new String[] {"a", "b", "c", "Name", "name", "x.y", "list"}) {
            if (random.nextInt(depth == 0 ? 2 : 4) == 0) {
                object.append(object.length() > 1 ? "," : "")
                        .append("\"" + name + "\":")
                        .append(value(random, depth));
            }
        }
        return object + "}";
    }

    private static String value(Random random, int depth) {
        return switch (random.nextInt(depth < 4 ? 12 : 7)) {
            case 0, 1 -> "\"" + (char) ('a' + random.nextInt(26)) + "\"";
            case 2 -> "" + random.nextInt(100);
            case 3 -> "" + new BigDecimal(random.nextInt()).movePointLeft(random.nextInt(8));
            case 4 -> "" + random.nextBoolean();
            case 5 -> "null";
            case 6 -> "\"\\u00e4\\n" + random.nextInt(10) + "\"";
            case 7, 8, 9 -> object(random, depth + 1);
            default -> {
                StringBuilder list = new StringBuilder("[");
                for (int i = random.nextInt(4); i > 0; i--) {
                    list.append(list.length() > 1 ? "," : "").append(value(random, depth + 1));
                }
                yield list + "]";
            }
        };
    }

    @Test
    void infersTheSameInAnyOrder() {
        List<String> records = generated();
        Random random = new Random(1);
        byte[] expected = census(records).toJson();
        for (int round = 0; round < 5; round++) {
            Collections.shuffle(records, random);
            int cut = random.nextInt(records.size());
            Census merged = census(records.subList(cut, records.size()));
            merged.merge(Census.fromJson(census(records.subList(0, cut)).toJson()));
            assertThat(merged.toJson()).isEqualTo(expected);
        }
    }

    @Test
    void countsOnItsWayWhatACensusCounts() {
        List<String> records = generated();
        CensusTaker.Settings settings = CensusTaker.Settings.ofRecords(ONE, Map.of(), new BigDecimal("0.6"));
        CensusTaker alone = new CensusTaker(settings);
        records.forEach(r -> alone.add(utf8(r), 0, utf8(r).length));
        assertThat(alone.census().kind("record").count(SourceType.M)).isBetween(150L, 350L);
        ShredPlan plan = plan(records, Map.of());
        Shredder shredder = new Shredder(plan, new CensusTaker(settings));
        records.forEach(r -> read(shredder, r, 0));
        assertThat(shredder.counted().census().toJson())
                .isEqualTo(alone.census().toJson());
    }

    @Test
    void givesColumnsTheTypesOfTheMajority() {
        List<String> records = List.of(
                "{\"id\":1,\"price\":7.10,\"ok\":true,\"name\":\"a\",\"tags\":[\"x\",\"y\"],\"at\":{\"city\":\"Bern\"},\"m\":[[1]]}",
                "{\"id\":9223372036854775807,\"price\":12.5,\"ok\":false,\"name\":\"b\",\"tags\":[],\"at\":null}",
                "{\"id\":3,\"price\":\"free\",\"ok\":\"yes\",\"name\":4,\"tags\":\"none\",\"at\":{}}",
                "{\"tags\":[\"z\"]}");
        ShredPlan plan = plan(records, Map.of());
        assertThat(columns(plan, 0))
                .containsExactly(
                        "_file string",
                        "_row_id string",
                        "at__city string",
                        "id bigint",
                        "m json",
                        "name string",
                        "ok boolean",
                        "price decimal(3,1)",
                        "_rest json");
        assertThat(columns(plan, 1))
                .containsExactly("_file string", "_row_id string", "_index bigint", "value string", "_rest json");
        assertThat(plan.tables().get(0).definition().key()).containsExactly("_row_id");
        assertThat(plan.tables().get(1).definition().key()).containsExactly("_row_id", "_index");
        assertThat(plan.tables()
                        .get(0)
                        .definition()
                        .column("_row_id")
                        .orElseThrow()
                        .nullable())
                .isFalse();
        List<List<Map<String, Object>>> rows = shred(plan, records);
        assertThat(rows.get(0))
                .extracting(r -> r.get("_rest"))
                .containsExactly(
                        null,
                        "{\"/tags\":[],\"/at\":null}",
                        "{\"/price\":\"free\",\"/ok\":\"yes\",\"/name\":4,\"/tags\":\"none\",\"/at\":{}}",
                        null);
        assertThat(rows.get(0)).extracting(r -> r.get("m")).containsExactly("[[1]]", null, null, null);
        assertThat(rows.get(0))
                .extracting(r -> r.get("price"))
                .containsExactly(new BigDecimal("7.1"), new BigDecimal("12.5"), null, null);
    }

    @Test
    void keepsNumbersThatNothingElseHoldsAsText() {
        List<String> records = List.of("{\"n\":1e99999999999}", "{\"n\":-0.1E-2000}", "{\"n\":7.10}");
        ShredPlan plan = plan(records, Map.of());
        assertThat(columns(plan, 0)).contains("n string");
        assertThat(shred(plan, records).get(0))
                .extracting(r -> r.get("n"))
                .containsExactly("1e99999999999", "-0.1E-2000", "7.10");
        ShredPlan narrow = plan(records.subList(2, 3), Map.of());
        assertThat(shred(narrow, records).get(0))
                .extracting(r -> r.get("_rest"))
                .containsExactly("{\"/n\":1e99999999999}", "{\"/n\":-0.1E-2000}", null);
    }

    @Test
    void namesRowsByFileAndPlace() {
        ShredPlan plan = plan(List.of("{\"l\":[1]}"), Map.of());
        Shredder shredder = new Shredder(plan);
        shredder.file(URI, "etag-1");
        String first = ids(shredder, "{\"l\":[1,2]}", 0);
        String second = ids(shredder, "{\"l\":[1,2]}", 281_474_976_710_655L);
        shredder.file(URI, "etag-2");
        String rewritten = ids(shredder, "{\"l\":[1,2]}", 0);
        assertThat(first).matches("[0-9a-f]{20}000000000000").startsWith(RowIds.prefix(URI, "etag-1"));
        assertThat(second).isEqualTo(first.substring(0, 20) + "ffffffffffff");
        assertThat(rewritten).startsWith(RowIds.prefix(URI, "etag-2")).isNotEqualTo(first);
        ShredPlan without = ShredPlan.ofRecords(
                Inference.infer(census(List.of("{\"l\":[1]}")), DataSchema.ofRecords(), false), ONE, Map.of(), false);
        assertThat(columns(without, 0)).containsExactly("_row_id string", "_rest json");
        assertThat(columns(without, 1)).startsWith("_row_id string", "_index bigint");
    }

    /** The main row's id, which its child rows have too. */
    private static String ids(Shredder shredder, String record, long at) {
        assertThat(readOn(shredder, record, at)).isEqualTo(Shredder.Outcome.ROWS);
        assertThat(shredder.rows()).hasSize(3);
        assertThat(shredder.rows().get(0).cells().value(0)).hasToString(URI);
        String id = shredder.rows().get(0).cells().value(1).toString();
        assertThat(shredder.rows().subList(1, 3))
                .allSatisfy(r -> assertThat(r.cells().value(0)).hasToString(URI))
                .allSatisfy(r -> assertThat(r.cells().value(1)).hasToString(id));
        return id;
    }

    @Test
    void keepsOfANameThatStandsTwiceTheLastInItsColumnAndTheOthersBesideIt() {
        List<String> records = List.of(
                "{\"a\":1,\"m\":{\"x\":\"p\",\"y\":\"q\"},\"l\":[1,2],\"b\":true}",
                "{\"a\":1,\"m\":{\"x\":\"p\"},\"l\":[1,2],\"a\":2,\"m\":{\"y\":\"q\",\"y\":\"r\"},\"l\":[3],\"a\":3,\"u\":1,\"u\":2}",
                "{\"a\":4,\"m\":{\"x\":\"p\",\"y\":\"q\"},\"l\":[1,2],\"b\":true}");
        ShredPlan plan = plan(List.of(records.get(0)), Map.of());
        List<List<Map<String, Object>>> rows = shred(plan, records);
        Map<String, Object> row = rows.get(0).get(1);
        assertThat(row).containsEntry("a", 3L).containsEntry("m__y", "r").containsEntry("m__x", null);
        assertThat(row.get("_rest"))
                .isEqualTo("{\"/a\":1,\"/m\":{\"x\":\"p\"},\"/l\":[1,2],\"/a\":2,\"/m/y\":\"q\",\"/u\":1,\"/u\":2}");
        assertThat(rows.get(1)).hasSize(5);
        assertThat(rows.get(1)).extracting(r -> r.get("value")).containsExactly(1L, 2L, 3L, 1L, 2L);
        assertThat(rows.get(0).get(2)).containsEntry("a", 4L).containsEntry("_rest", null);
    }

    @Test
    void quarantinesOnlyRecordsWithANameThatIsNoText() {
        Shredder shredder = new Shredder(plan(List.of("{\"a\":{\"b\":[{\"c\":1}]}}"), Map.of()));
        for (String record : List.of("{\"\\ud800\":1}", "{\"u\":[{\"x\":{\"\\udc00\":1}}]}", "[{\"\\ud800\":1}]")) {
            assertThat(read(shredder, record, 0)).isEqualTo(Shredder.Outcome.QUARANTINED);
            assertThat(shredder.reason()).isEqualTo("half a surrogate pair in an attribute's name");
            assertThat(shredder.rows()).isEmpty();
        }
        assertThat(read(shredder, "{\"\\ud83d\\ude00\":\"\\ud83d\"}", 0)).isEqualTo(Shredder.Outcome.ROWS);
        assertThat(shredder.rows().get(0).cells().value(2)).hasToString("{\"/😀\":\"\\ud83d\"}");
    }

    @Test
    void hidesWhatTheJobFileHides() {
        TableSettings hiding = new TableSettings(
                Optional.empty(),
                Map.of(),
                Map.of(),
                List.of(path("card"), path("lines.cost"), path("_value.secret")),
                List.of(path("mail"), path("lines.sku")),
                Map.of());
        List<String> records = List.of(
                "{\"card\":1,\"mail\":\"a@b\",\"lines\":[{\"sku\":1.0,\"cost\":5,\"n\":\"x\"}]}",
                "{\"card\":{\"no\":2},\"mail\":null,\"lines\":[{\"sku\":1,\"cost\":5,\"n\":\"y\"}]}",
                "[{\"secret\":3}]");
        Map<String, TableSettings> settings = Map.of("record", hiding);
        ShredPlan plan = plan(records, settings);
        List<List<Map<String, Object>>> rows = shred(plan, records);
        String all = rows.toString();
        assertThat(all)
                .doesNotContain("card")
                .doesNotContain("cost")
                .doesNotContain("a@b")
                .doesNotContain("secret");
        assertThat(rows.get(0).get(0)).containsEntry("mail", Names.sha256("a@b"));
        int lines = plan.tables().get(1).definition().name().endsWith("lines") ? 1 : 2;
        assertThat(rows.get(lines)).extracting(r -> r.get("sku")).containsOnly(Names.sha256("1"));
    }

    @Test
    void tellsKindsByAnAttribute() {
        List<String> records = List.of("{\"type\":\"a\",\"x\":1}", "{\"type\":7,\"y\":1}", "{\"z\":1}", "5");
        KindRule rule = new KindRule.ByAttribute("type");
        CensusTaker taker = new CensusTaker(CensusTaker.Settings.ofRecords(rule, Map.of(), BigDecimal.ONE));
        records.subList(0, 2).forEach(r -> taker.add(utf8(r), 0, utf8(r).length));
        DataSchema schema = Inference.infer(taker.census(), DataSchema.ofRecords(), false);
        ShredPlan plan = ShredPlan.ofRecords(schema, rule, Map.of(), true);
        Shredder shredder = new Shredder(plan);
        List<String> kinds = new ArrayList<>();
        for (String record : records) {
            read(shredder, record, 0);
            kinds.add(plan.tables().get(shredder.table()).kind());
        }
        assertThat(kinds).containsExactly("a", "7", "_unknown", "_unknown");
    }

    @Test
    void keepsTheNotationWithTheSchema() {
        SchemaCache cache = new SchemaCache(Storages.open(folder.toString(), StorageOptions.DEFAULT));
        Census census = census(HOSTILE);
        DataSchema schema = Inference.infer(census, DataSchema.ofRecords(), false);
        assertThat(cache.add(schema, census).schema()).isEqualTo(schema);
        DataSchema next = Inference.infer(census, cache.load(1).schema(), false);
        assertThat(next.notation()).isEqualTo(Notation.PLAIN);
        assertThat(next.entities()).isEqualTo(schema.entities());
    }

    private static AttributePath path(String text) {
        return new AttributePath(Arrays.asList(text.split("\\.", -1)));
    }

    private static List<String> columns(ShredPlan plan, int table) {
        return plan.tables().get(table).definition().columns().stream()
                .map(c -> c.name() + " " + c.type())
                .toList();
    }

    private static String raw(JsonTape tape, int token) {
        return new String(
                tape.input(), tape.rawStart(token), tape.rawEnd(token) - tape.rawStart(token), StandardCharsets.UTF_8);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ShredPlan plan(List<String> records, Map<String, TableSettings> settings) {
        CensusTaker taker =
                new CensusTaker(CensusTaker.Settings.ofRecords(ONE, ShredPlan.redactions(settings), BigDecimal.ONE));
        records.forEach(r -> taker.add(utf8(r), 0, utf8(r).length));
        DataSchema schema = Inference.infer(taker.census(), DataSchema.ofRecords(), false);
        return ShredPlan.ofRecords(schema, ONE, settings, true);
    }

    static Census census(List<String> records) {
        CensusTaker taker = new CensusTaker(CensusTaker.Settings.ofRecords(ONE, Map.of(), BigDecimal.ONE));
        records.forEach(r -> taker.add(utf8(r), 0, utf8(r).length));
        return taker.census();
    }

    static Shredder.Outcome read(Shredder shredder, String record, long at) {
        shredder.file(URI, "etag");
        return readOn(shredder, record, at);
    }

    private static Shredder.Outcome readOn(Shredder shredder, String record, long at) {
        JsonTape tape = new JsonTape();
        byte[] bytes = utf8(record);
        assertThat(tape.parse(bytes, 0, bytes.length)).as(tape.error()).isTrue();
        return shredder.read(tape, at);
    }

    /** The rows of each table as plain Java values. */
    static List<List<Map<String, Object>>> shred(ShredPlan plan, List<String> records) {
        List<List<Map<String, Object>>> rows = new ArrayList<>();
        plan.tables().forEach(t -> rows.add(new ArrayList<>()));
        Shredder shredder = new Shredder(plan);
        for (int i = 0; i < records.size(); i++) {
            assertThat(read(shredder, records.get(i), i)).as(shredder.reason()).isEqualTo(Shredder.Outcome.ROWS);
            for (ShreddedRow row : shredder.rows()) {
                Map<String, Object> values = new LinkedHashMap<>();
                List<EntityColumn> columns =
                        plan.tables().get(row.table()).source().columns();
                for (int c = 0; c < columns.size(); c++) {
                    Object value = row.cells().value(c);
                    values.put(
                            columns.get(c).name(),
                            value instanceof UTF8String text
                                    ? text.toString()
                                    : value instanceof Decimal decimal ? decimal.toJavaBigDecimal() : value);
                }
                rows.get(row.table()).add(values);
            }
        }
        return rows;
    }
}
