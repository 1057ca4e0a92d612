package dev.millrace.schema;

import static dev.millrace.schema.PlainRecordsTest.read;
import static dev.millrace.schema.PlainRecordsTest.shred;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.config.AttributePath;
import dev.millrace.config.DeclaredType;
import dev.millrace.config.TableSettings;
import dev.millrace.fault.Fault;
import dev.millrace.table.ColumnType;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Columns that a job file gives: each from one path, of a declared type. */
class GivenColumnsTest {
    private static final KindRule ONE = new KindRule.Single("access_record");
    private static final String RECORD =
            "{\"timestamp\":1764150000123,\"stack\":\"prod\",\"instance\":\"007\",\"payload\":"
                    + "{\"userId\":273950,\"sessionId\":\"s-1\",\"success\":true,\"via\":null,\"elapseMS\":12,\"extra\":{\"x\":1}}}";

    @Test
    void takesNamedPathsAndKeepsTheRest() {
        ShredPlan plan = plan(settings(true, accessColumns()));
        assertThat(plan.schemaVersion()).isZero();
        assertThat(plan.tables()).hasSize(1);
        assertThat(plan.tables().get(0).definition().columns())
                .extracting(c -> c.name() + " " + c.type())
                .containsExactly(
                        "_file string",
                        "_row_id string",
                        "session_id string",
                        "user_id bigint",
                        "timestamp timestamp",
                        "success boolean",
                        "via string",
                        "_rest json");
        Map<String, Object> row = shred(plan, List.of(RECORD)).get(0).get(0);
        assertThat(row)
                .containsEntry("session_id", "s-1")
                .containsEntry("user_id", 273_950L)
                .containsEntry("timestamp", 1_764_150_000_123_000L)
                .containsEntry("success", true)
                .containsEntry("via", null)
                .containsEntry(
                        "_rest",
                        "{\"/stack\":\"prod\",\"/instance\":\"007\",\"/payload/elapseMS\":12,\"/payload/extra\":{\"x\":1}}");
    }

    @Test
    void leavesOutTheRestButNeverWhatDoesNotFit() {
        ShredPlan plan = plan(settings(false, accessColumns()));
        List<String> records = List.of(
                RECORD,
                "{\"timestamp\":\"soon\",\"payload\":{\"userId\":1.5,\"sessionId\":[1],\"success\":\"yes\",\"x\":1}}",
                "{\"payload\":\"lost\",\"stack\":1}");
        List<Map<String, Object>> rows = shred(plan, records).get(0);
        assertThat(rows)
                .extracting(r -> r.get("_rest"))
                .containsExactly(
                        null,
                        "{\"/timestamp\":\"soon\",\"/payload/userId\":1.5,\"/payload/success\":\"yes\"}",
                        "{\"/payload\":\"lost\"}");
        assertThat(rows.get(1)).containsEntry("session_id", "[1]").containsEntry("user_id", null);
    }

    @Test
    void countsAsRescuedWhatDoesNotFitAndNotWhatHasNoColumn() {
        ShredPlan plan = plan(settings(true, accessColumns()));
        Shredder shredder = new Shredder(plan, taker());
        read(shredder, RECORD, 0);
        assertThat(shredder.rows().get(0).rescued()).isZero();
        assertThat(shredder.counted().drift().isEmpty()).isTrue();
        read(shredder, "{\"payload\":{\"userId\":\"me\"},\"new\":[1]}", 1);
        assertThat(shredder.rows().get(0).rescued()).isEqualTo(1);
        assertThat(shredder.counted().drift().lines(plan))
                .containsExactly("access_record: column user_id is bigint: met 1 value of type S that it cannot hold");
    }

    @Test
    void tellsWhichPathsHaveNoColumn() {
        ShredPlan plan = plan(settings(false, accessColumns()));
        Shredder shredder = new Shredder(plan, taker());
        read(shredder, RECORD, 0);
        read(shredder, RECORD, 1);
        read(shredder, "{\"payload\":{\"extra\":null},\"stack\":7}", 2);
        SchemaDiff diff = SchemaDiff.against(
                UnitCensus.fromJson(shredder.counted().toJson()).census(),
                new SchemaCache.Entry(DataSchema.ofRecords(), new Census(), Instant.EPOCH),
                Map.of("access_record", settings(false, accessColumns())),
                false);
        assertThat(diff.tables()).hasSize(1);
        assertThat(diff.tables().get(0).name()).isEqualTo("access_record");
        assertThat(diff.tables().get(0).lines())
                .extracting(SchemaDiff.Line::text)
                .containsExactly(
                        "attribute instance: met 2 values of type S",
                        "attribute payload.elapseMS: met 2 values of type N",
                        "attribute payload.extra: met 1 value of type NULL, 2 values of type M",
                        "attribute stack: met 2 values of type S, 1 value of type N");
    }

    @Test
    void givesOnePathToSeveralColumnsAndAMapBesideWhatIsInIt() {
        Map<String, TableSettings.Column> columns = new LinkedHashMap<>();
        columns.put("at", given("t", "epoch-seconds"));
        columns.put("at_text", given("t", "string"));
        columns.put("payload", given("p", "json"));
        columns.put("x", given("p.x", "bigint"));
        columns.put("deep", given("p.y.z", "double"));
        ShredPlan plan = plan(settings(true, columns));
        Map<String, Object> row = shred(
                        plan, List.of("{\"t\":1.50,\"p\":{ \"x\":1,\"y\":{\"z\":0.1,\"u\":2} },\"v\":0}"))
                .get(0)
                .get(0);
        assertThat(row)
                .containsEntry("at", 1_500_000L)
                .containsEntry("at_text", "1.50")
                .containsEntry("payload", "{ \"x\":1,\"y\":{\"z\":0.1,\"u\":2} }")
                .containsEntry("x", 1L)
                .containsEntry("deep", 0.1)
                .containsEntry("_rest", "{\"/v\":0}");
    }

    /** A value that is in the column, or null in it and in {@code _rest} as it stands. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "string | \"\\u00e4b\\/\" | äb/",
                "string | 7.10 | 7.10",
                "string | false | false",
                "string | {\"a\": [1]} | {\"a\": [1]}",
                "string | [] | []",
                "string | \"\\ud800\" |",
                "bigint | 9223372036854775807 | 9223372036854775807",
                "bigint | 1e3 | 1000",
                "bigint | \"-12\" | -12",
                "bigint | \"007\" |",
                "bigint | 9223372036854775808 |",
                "bigint | 1.5 |",
                "bigint | true |",
                "bigint | [1] |",
                "double | 0.1 | 0.1",
                "double | 1e22 | 1.0E22",
                "double | -12345.678 | -12345.678",
                "double | 1.7976931348623157e308 | 1.7976931348623157E308",
                "double | 0.12345678901234568 | 0.12345678901234568",
                "double | 0.123456789012345678 |",
                "double | 1e400 |",
                "double | 1e5000 |",
                "double | \"2.5\" | 2.5",
                "boolean | true | true",
                "boolean | \"false\" | false",
                "boolean | 1 |",
                "decimal(5,2) | 123.45 | 123.45",
                "decimal(5,2) | \"1\" | 1.00",
                "decimal(5,2) | 1.005 |",
                "json | \"a\" | \"a\"",
                "json | \"\\ud800\" | \"\\ud800\"",
                "json | {\"a\" : 1} | {\"a\" : 1}",
                "json | 1e5000 | 1e5000",
                "json | true | true",
            })
    void convertsWhatItCanHoldAndKeepsTheOthers(String type, String value, String expected) {
        Map<String, Object> row = row(given("v", type), value);
        if (expected == null) {
            assertThat(row).containsEntry("v", null).containsEntry("_rest", "{\"/v\":" + value + "}");
        } else {
            assertThat(row.get("v")).hasToString(expected);
            assertThat(row).containsEntry("_rest", null);
        }
    }

    @Test
    void readsBinariesFromBase64() {
        assertThat((byte[]) row(given("v", "binary"), "\"AAEC\"").get("v")).containsExactly(0, 1, 2);
        assertThat(row(given("v", "binary"), "\"no base64\"")).containsEntry("v", null);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "epoch-millis | 1764150000123 | 2025-11-26T09:40:00.123Z",
                "epoch-millis | \"1764150000123\" | 2025-11-26T09:40:00.123Z",
                "epoch-millis | -1 | 1969-12-31T23:59:59.999Z",
                "epoch-millis | 0.001 | 1970-01-01T00:00:00.000001Z",
                "epoch-millis | 0.0001 |",
                "epoch-millis | 1e30 |",
                "epoch-millis | 1e3000 |",
                "epoch-millis | \"today\" |",
                "epoch-millis | 1511581564800000 | +49870-02-11T00:00:00Z",
                "epoch-seconds | 1764150000 | 2025-11-26T09:40:00Z",
                "epoch-seconds | 1764150000.25 | 2025-11-26T09:40:00.250Z",
                "iso | \"2025-11-26T09:40:00Z\" | 2025-11-26T09:40:00Z",
                "iso | \"2025-11-26T09:40:00\" | 2025-11-26T09:40:00Z",
                "iso | \"2025-11-26 09:40\" | 2025-11-26T09:40:00Z",
                "iso | \"2025-11-26T09:40:00.123456+02:00\" | 2025-11-26T07:40:00.123456Z",
                "iso | \"2025-11-26T09:40:00.123456000Z\" | 2025-11-26T09:40:00.123456Z",
                "iso | \"2025-11-26T09:40:00.1234567Z\" |",
                "iso | \"2024-02-29T00:00:00-18:00\" | 2024-02-29T18:00:00Z",
                "iso | \"2025-02-29T00:00:00Z\" |",
                "iso | \"2025-11-26T24:00:00Z\" |",
                "iso | \"2025-11-26\" |",
                "iso | \"2025-11-26T09:40.5Z\" |",
                "iso | 1764150000123 |",
                "timestamp | \"2025-11-26T09:40:00Z\" | 2025-11-26T09:40:00Z",
            })
    void readsTimesInUtc(String type, String value, Instant expected) {
        assertTime(row(given("v", type), value), value, expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dd/MMM/yyyy:HH:mm:ss Z | \"26/Nov/2025:09:40:00 +0100\" | 2025-11-26T08:40:00Z",
                "dd/MMM/yyyy:HH:mm:ss Z | \"31/Feb/2025:09:40:00 +0100\" |",
                "yyyy-MM-dd HH:mm:ss,SSS | \"2025-11-26 09:40:00,123\" | 2025-11-26T09:40:00.123Z",
                "yyyy-MM-dd HH:mm:ss.SSSSSSSSS | \"2025-11-26 09:40:00.123456789\" |",
                "yyyyMMdd | 20251126 | 2025-11-26T00:00:00Z",
                "uuuu/M/d h:mm a | \"2025/1/2 3:04 pm\" | 2025-01-02T15:04:00Z",
                "yyyy-MM-dd'T'HH | \"2025-11-26T09\" | 2025-11-26T09:00:00Z",
                "yyyy-MM-dd HH:mm VV | \"2025-07-01 12:00 Europe/Berlin\" | 2025-07-01T10:00:00Z",
                "HH:mm | \"12:00\" |",
                "yyyy-MM-dd mm:ss | \"2025-11-26 09:40\" |",
                "yyyy-MM-dd[ HH:mm] | \"2025-11-26\" | 2025-11-26T00:00:00Z",
                "yyyy-MM-dd[ HH:mm] | \"2025-11-26 09:40\" | 2025-11-26T09:40:00Z",
            })
    void readsTimesByPattern(String pattern, String value, Instant expected) {
        assertTime(row(given("v", DeclaredType.ofPattern(ColumnType.TIMESTAMP, pattern)), value), value, expected);
    }

    private static void assertTime(Map<String, Object> row, String value, Instant expected) {
        if (expected == null) {
            assertThat(row).containsEntry("v", null).containsEntry("_rest", "{\"/v\":" + value + "}");
        } else {
            assertThat(row).containsEntry("v", expected.getEpochSecond() * 1_000_000 + expected.getNano() / 1_000);
        }
    }

    @Test
    void readsDatesByPattern() {
        DeclaredType german = DeclaredType.ofPattern(ColumnType.DATE, "dd.MM.yyyy");
        assertThat(row(given("v", german), "\"26.11.2025\""))
                .containsEntry("v", (int) LocalDate.of(2025, 11, 26).toEpochDay());
        assertThat(row(given("v", german), "\"2025-11-26\"")).containsEntry("v", null);
        assertThat(row(given("v", "date"), "\"2025-11-26\""))
                .containsEntry("v", (int) LocalDate.of(2025, 11, 26).toEpochDay());
    }

    @Test
    void hidesGivenColumnsToo() {
        TableSettings settings = new TableSettings(
                Optional.empty(),
                Map.of(),
                Map.of(),
                List.of(path("payload.sessionId"), path("stack")),
                List.of(path("payload.userId")),
                accessColumns());
        ShredPlan plan = plan(settings);
        Map<String, Object> row = shred(plan, List.of(RECORD)).get(0).get(0);
        assertThat(row).containsEntry("user_id", Names.sha256("273950")).doesNotContainKey("session_id");
        assertThat(row.get("_rest").toString()).doesNotContain("prod").contains("007");
    }

    @Test
    void standsBesideInferredKinds() {
        KindRule rule = new KindRule.ByAttribute("type");
        CensusTaker taker = new CensusTaker(CensusTaker.Settings.ofRecords(rule, Map.of(), BigDecimal.ONE));
        byte[] other = "{\"type\":\"b\",\"n\":1}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        taker.add(other, 0, other.length);
        DataSchema schema = Inference.infer(taker.census(), DataSchema.ofRecords(), false);
        Map<String, TableSettings.Column> columns = Map.of("x", given("x", "bigint"));
        ShredPlan plan = ShredPlan.ofRecords(schema, rule, Map.of("a", settings(true, columns)), true);
        assertThat(plan.tables()).extracting(ShredPlan.Table::kind).containsExactly("a", "b", "_unknown");
        assertThat(plan.tables()).extracting(ShredPlan.Table::isGiven).containsExactly(true, false, false);
    }

    @Test
    void refusesTypesForGivenColumns() {
        TableSettings settings = new TableSettings(
                Optional.empty(),
                Map.of("user_id", DeclaredType.parse("string").orElseThrow()),
                Map.of(),
                List.of(),
                List.of(),
                accessColumns());
        assertThatThrownBy(() -> plan(settings))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("tables.access_record.types: user_id: this column's type is fixed");
    }

    private static Map<String, Object> row(TableSettings.Column column, String value) {
        ShredPlan plan = plan(settings(true, Map.of("v", column)));
        return shred(plan, List.of("{\"v\":" + value + "}")).get(0).get(0);
    }

    private static CensusTaker taker() {
        return new CensusTaker(CensusTaker.Settings.ofRecords(ONE, Map.of(), BigDecimal.ONE));
    }

    private static ShredPlan plan(TableSettings settings) {
        return ShredPlan.ofRecords(DataSchema.ofRecords(), ONE, Map.of("access_record", settings), true);
    }

    private static TableSettings settings(boolean keepRest, Map<String, TableSettings.Column> columns) {
        return new TableSettings(
                Optional.empty(), Map.of(), Map.of(), List.of(), List.of(), columns, keepRest, Optional.empty());
    }

    private static Map<String, TableSettings.Column> accessColumns() {
        Map<String, TableSettings.Column> columns = new LinkedHashMap<>();
        columns.put("session_id", given("payload.sessionId", "string"));
        columns.put("user_id", given("payload.userId", "bigint"));
        columns.put("timestamp", given("timestamp", "epoch-millis"));
        columns.put("record_date", new TableSettings.ComputedColumn("to_date(timestamp)"));
        columns.put("success", given("payload.success", "boolean"));
        columns.put("via", given("payload.via", "string"));
        return columns;
    }

    private static TableSettings.GivenColumn given(String from, String type) {
        return given(from, DeclaredType.parse(type).orElseThrow());
    }

    private static TableSettings.GivenColumn given(String from, DeclaredType type) {
        return new TableSettings.GivenColumn(path(from), type);
    }

    private static AttributePath path(String text) {
        return new AttributePath(new ArrayList<>(Arrays.asList(text.split("\\.", -1))));
    }
}
