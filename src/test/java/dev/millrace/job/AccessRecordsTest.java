package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.TableSettings;
import dev.millrace.config.TableSettings.GivenColumn;
import dev.millrace.landing.ComputedColumn;
import dev.millrace.landing.ComputedColumns;
import dev.millrace.landing.LandingTable;
import dev.millrace.landing.WideRows;
import dev.millrace.sample.AccessRecordFiles;
import dev.millrace.table.Column;
import dev.millrace.table.TableDefinition;
import dev.millrace.testing.SharedSpark;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The columns of {@code jobs/access-records.yaml}, on generated records, beside two other ways to work them out. */
@ExtendWith(SharedSpark.class)
class AccessRecordsTest {
    private static final String KIND = AccessRecordRun.KIND;

    @TempDir
    private Path folder;

    @Test
    void columnsAreThoseOfAnIndependentReckoning(SparkSession spark) throws Exception {
        AccessRecordFiles files =
                new AccessRecordFiles(AccessRecordFiles.SEED, LocalDate.parse("2026-11-20"), 2, 10_000, false);
        List<String> records = files.files().flatMap(f -> f.records().stream()).toList();
        List<Map<String, Object>> expected =
                records.stream().map(AccessRecordOracle::inJava).toList();

        assertThat(AccessRecordOracle.inDuckDb(records, folder)).isEqualTo(expected);
        assertThat(inSpark(spark, expected, List.of())).isEqualTo(expected);
        requireVariety(expected);
    }

    @Test
    void filesLandAsAnIndependentReckoningSays(SparkSession spark) throws Exception {
        AccessRecordFiles files =
                new AccessRecordFiles(AccessRecordFiles.SEED, LocalDate.parse("2026-11-20"), 2, 5_000, false);
        Path in = folder.resolve("in");
        AccessRecordFiles.Written written = AccessRecordFiles.write(in, files.files(), file -> {});
        AccessRecordRun run = new AccessRecordRun(in, folder.resolve("staging"));

        run.land(spark);

        List<Map<String, Object>> expected = files.files()
                .flatMap(file -> file.records().stream())
                .map(AccessRecordOracle::inJava)
                .toList();
        // No folder is named by a year of five digits.
        expected.forEach(row -> row.replaceAll((column, value) ->
                column.equals("record_date") && value instanceof Long day && day > 1_000_000 ? null : value));
        assertThat(AccessRecordOracle.landed(folder.resolve("staging/landing/access_record")))
                .containsExactlyInAnyOrderElementsOf(expected);
        assertThat(run.counts().in()).isEqualTo(written.records() + written.broken());
        assertThat(run.counts().out()).isEqualTo(written.records());
        assertThat(run.counts().quarantined()).isEqualTo(written.broken());
    }

    /** What is never there is never computed: each rule has records that it is for. */
    private static void requireVariety(List<Map<String, Object>> rows) {
        Map<String, Set<Object>> values = new HashMap<>();
        rows.forEach(row -> row.forEach((column, value) ->
                values.computeIfAbsent(column, c -> new HashSet<>()).add(value)));
        assertThat(values)
                .allSatisfy((column, found) -> assertThat(found).as(column).hasSizeGreaterThan(1));
        assertThat(values.get("client"))
                .containsExactlyInAnyOrder(
                        "WEB",
                        "JAVA",
                        "SYNAPSER",
                        "R",
                        "COMMAND_LINE",
                        "PYTHON",
                        "ELB_HEALTHCHECKER",
                        "STACK",
                        "UNKNOWN");
        assertThat(values.get("record_date")).contains(null, -1L, 17_542_963L).hasSizeBetween(5, 6);
        assertThat(values.get("entity_id")).contains(null, Long.MAX_VALUE);
        assertThat(values.get("instance")).contains("440", "0", "", "a7").doesNotContain("000440");
        assertThat(values.get("client_version")).contains(null, "5.0", "2.0(Java;");
        assertThat(values.get("normalized_method_signature"))
                .contains(
                        null,
                        "GET INVALID URL",
                        "GET /entity/#",
                        "GET /entity/md5/#",
                        "GET /entity/alias/#",
                        "GET /evaluation/name/#",
                        "POST /2fa/token",
                        "GET /user/bundle",
                        "DELETE /objects/#/access/#",
                        "PUT /schema/type/registered/#",
                        "GET /query/#/ab",
                        "GET /filehandle/#/url")
                .anyMatch(signature -> String.valueOf(signature).startsWith("GET /wiki/übersicht/太郎_"));
    }

    @Test
    void yearMonthAndDayAreOfTheUtcDate(SparkSession spark) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String time : List.of("2026-02-28T23:59:59.999Z", "2026-03-01T00:00:00Z", "1969-12-31T23:59:59.999Z")) {
            Map<String, Object> row = AccessRecordOracle.inJava("{}");
            row.put("timestamp", Instant.parse(time).toEpochMilli());
            rows.add(row);
        }
        List<ComputedColumn> more = List.of(
                new ComputedColumn("year", "year(record_date)", "here"),
                new ComputedColumn("month", "month(record_date)", "here"),
                new ComputedColumn("day", "day(record_date)", "here"));

        Dataset<Row> computed = computed(spark, rows, more);

        assertThat(computed.select("t0.year", "t0.month", "t0.day").collectAsList())
                .containsExactly(
                        RowFactory.create(2026L, 2L, 28L),
                        RowFactory.create(2026L, 3L, 1L),
                        RowFactory.create(1969L, 12L, 31L));
    }

    @Test
    void noUserAgentAndNoUrlFailsARun(SparkSession spark) throws Exception {
        Random random = new Random(7);
        List<String> pieces = List.of(
                "/v1",
                "/entity/",
                "syn",
                "fh",
                "12",
                "29223372036854775808",
                "%",
                "%4",
                "%41",
                "%zz",
                "%C3%9C",
                "%FF",
                ";",
                "/",
                "?",
                " ",
                "+",
                "/access/",
                "/2fa",
                "É",
                "\uD83D\uDE00",
                "٣",
                "_",
                "-",
                "Synapse-Web-Client",
                "Mozilla",
                "synapser",
                "synapseRClient",
                "Synpase-Java-Client",
                "Synapse-Java-Client",
                "ELB-HealthChecker",
                "Opera/",
                "x");
        List<String> records = new ArrayList<>();
        for (int i = 0; i < 4_000; i++) {
            records.add("{\"payload\":{\"method\":\"M\",\"requestURL\":\"%s\",\"userAgent\":\"%s\"}}"
                    .formatted(joined(pieces, random), joined(pieces, random)));
        }
        List<Map<String, Object>> expected =
                records.stream().map(AccessRecordOracle::inJava).toList();

        assertThat(AccessRecordOracle.inDuckDb(records, folder)).isEqualTo(expected);
        assertThat(inSpark(spark, expected, List.of())).isEqualTo(expected);
    }

    private static String joined(List<String> pieces, Random random) {
        StringBuilder joined = new StringBuilder();
        int count = random.nextInt(9);
        for (int i = 0; i < count; i++) {
            joined.append(pieces.get(random.nextInt(pieces.size())));
        }
        return joined.toString();
    }

    private List<Map<String, Object>> inSpark(
            SparkSession spark, List<Map<String, Object>> given, List<ComputedColumn> more) {
        Dataset<Row> computed = computed(spark, given, more);
        List<String> selected = AccessRecordOracle.COLUMNS.stream()
                .map(column -> switch (column) {
                    case "timestamp" -> "unix_millis(t0.timestamp) as timestamp";
                    case "record_date" -> "cast(unix_date(t0.record_date) as bigint) as record_date";
                    default -> "t0." + column;
                })
                .toList();
        return computed.selectExpr(selected.toArray(String[]::new)).collectAsList().stream()
                .map(AccessRecordsTest::map)
                .toList();
    }

    private static Map<String, Object> map(Row row) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (String column : AccessRecordOracle.COLUMNS) {
            map.put(column, row.getAs(column));
        }
        return map;
    }

    /** Rows of the given columns, as a source would deliver them, through the job's expressions. */
    private Dataset<Row> computed(SparkSession spark, List<Map<String, Object>> given, List<ComputedColumn> more) {
        TableSettings settings = AccessRecordRun.open().job().table(KIND);
        List<Column> columns = new ArrayList<>();
        settings.given().forEach((name, column) -> columns.add(new Column(name, type(column), true)));
        List<ComputedColumn> computed = new ArrayList<>(OpenJob.computed(settings, KIND, AccessRecordRun.JOB));
        computed.addAll(more);
        TableDefinition definition = new TableDefinition(KIND, columns, List.of());
        List<LandingTable> tables =
                ComputedColumns.resolve(spark, List.of(LandingTable.main(definition, computed, "access/")));
        List<Row> rows = given.stream()
                .map(values -> RowFactory.create(
                        0,
                        0,
                        RowFactory.create(columns.stream()
                                .map(column -> value(column.name(), values))
                                .toArray())))
                .toList();
        Dataset<Row> wide = spark.createDataFrame(new ArrayList<>(rows), WideRows.schema(List.of(definition)));
        return ComputedColumns.withComputedColumns(wide, tables);
    }

    private static dev.millrace.table.ColumnType type(GivenColumn column) {
        return column.type().type();
    }

    private static Object value(String column, Map<String, Object> values) {
        Object value = values.get(column);
        if (column.equals("timestamp") && value instanceof Long millis) {
            return Timestamp.from(Instant.ofEpochMilli(millis));
        }
        // As it stood in the record.
        return column.equals("instance") && value instanceof String text && text.length() > 1 ? "00" + text : value;
    }
}
