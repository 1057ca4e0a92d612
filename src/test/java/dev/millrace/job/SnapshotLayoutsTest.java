package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.ForwardingStorage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots in folders by several columns, and in two layouts; and files that are cut into several units. */
class SnapshotLayoutsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What people have in columns, and paths do not bear: null stands for none. */
    private static final List<String> VALUES = List.of(
            "plain",
            "a=b",
            "a/b",
            "/",
            "=",
            "..",
            ".",
            "\u00fc\u00f1\u65e5\u672c \ud83d\ude80",
            "%41",
            "100%",
            "a b",
            "_x",
            ".x",
            "a\nb",
            "a\"b'c\\",
            "#?*:",
            "__HIVE",
            "x".repeat(200),
            "null",
            "{}");

    @TempDir
    private Path folder;

    private static String json(String value) {
        try {
            return value == null ? "null" : JSON.writeValueAsString(value);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One row for each pair of values and for none. Returns the rows as readers see them. */
    private List<String> write(Path file, List<String> values) throws IOException {
        List<String> all = new ArrayList<>(values);
        all.add(null);
        StringBuilder lines = new StringBuilder();
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            String city = all.get(i);
            String region = all.get((i * 7 + 3) % all.size());
            lines.append("{\"id\":" + i + ",\"region\":" + json(region) + ",\"city\":" + json(city) + "}\n");
            rows.add(i + "|" + region + "|" + city);
        }
        Files.createDirectories(file.getParent());
        Files.writeString(file, lines);
        return rows.stream().sorted().toList();
    }

    private List<String> rows(String table, String types) throws SQLException {
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement();
                ResultSet result = statement.executeQuery("SELECT id, region, city FROM read_parquet('"
                        + folder.resolve("lake/" + table) + "/**/*.parquet', hive_partitioning = true,"
                        + " hive_types = " + types + ")")) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                rows.add(result.getString(1) + "|" + result.getString(2) + "|" + result.getString(3));
            }
            return rows.stream().sorted().toList();
        }
    }

    private static final String PLACES = """
            job: places
            source: {snapshot: {at: $HERE/export/, format: json}}
            tables: {places: {columns: {id: {from: id, type: bigint}, region: region, city: city}}}
            staging: {at: $HERE/staging}
            lake: {at: $HERE/lake, partition-by: [region, city], also: [{partition-by: [city]}]}
            """;

    private static Map<String, String> content(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            Map<String, String> content = new HashMap<>();
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                content.put(file.toString(), Files.readString(file) + Files.getLastModifiedTime(file));
            }
            return content;
        }
    }

    @Test
    void oddValuesNameFoldersThatReadersReadBack() throws Exception {
        List<String> expected = write(folder.resolve("export/a.json"), VALUES);
        Files.setLastModifiedTime(
                folder.resolve("export/a.json"), FileTime.from(Instant.parse("2026-11-01T00:00:00Z")));
        Map<String, String> source = content(folder.resolve("export"));
        Trial trial = new Trial(folder);
        Path job = trial.job("places", PLACES);
        trial.succeed(job);

        assertThat(rows("places", "{'region': VARCHAR, 'city': VARCHAR}")).isEqualTo(expected);
        assertThat(rows("places_by_city", "{'city': VARCHAR}")).isEqualTo(expected);
        assertThat(content(folder.resolve("export"))).isEqualTo(source);
        Path manifests = folder.resolve(
                "staging/places/places/snapshot=" + trial.run(trial.open(job)).id() + "/manifests");
        JsonNode own =
                JSON.readTree(manifests.resolve("validate-datalake-result.json").toFile());
        JsonNode other = JSON.readTree(
                manifests.resolve("validate-datalake-result_by_city.json").toFile());
        for (JsonNode result : List.of(own, other)) {
            assertThat(result.path("valid").booleanValue()).isTrue();
            assertThat(result.path("stages").findValuesAsText("rows")).containsOnly("" + expected.size());
            assertThat(result.path("partitions")).hasSize(expected.size());
        }
        assertThat(other.path("stages").findValuesAsText("stage")).containsExactly("source", "laid-out", "published");
        assertThat(other.path("table").textValue()).isEqualTo("places_by_city");

        write(folder.resolve("export/b.json"), List.of("x".repeat(300)));
        Trial.Ended ended = trial.run(job);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .contains("Invalid partition: ", "=" + "x".repeat(50), "the name of a folder has at most 255 bytes")
                .doesNotContain("\tat ");
        assertThat(rows("places", "{'region': VARCHAR, 'city': VARCHAR}")).isEqualTo(expected);
    }

    /** A lake that says it has taken a file of one layout, and has not. */
    private record Losing(Storage storage) implements ForwardingStorage {
        @Override
        public StoredFile bring(Storage source, String from, String path) {
            return path.startsWith("places_by_city") && path.contains("city=plain/")
                    ? source.stat(from).orElseThrow()
                    : ForwardingStorage.super.bring(source, from, path);
        }
    }

    @Test
    void whatIsMissingOfASecondLayoutKeepsItFromReaders() throws Exception {
        write(folder.resolve("export/a.json"), VALUES.subList(0, 3));
        Trial trial = new Trial(folder);
        Path job = trial.job("places", PLACES);
        trial.through((uri, options) ->
                uri.endsWith("/lake/") ? new Losing(Storages.open(uri, options)) : Storages.open(uri, options));
        Trial.Ended ended = trial.run(job);
        assertThat(ended.code()).isEqualTo(3);
        assertThat(ended.err())
                .contains("Table places_by_city of run ", "city=plain/: laid out 1 rows", ", published 0 rows");
        assertThat(folder.resolve("lake/places_by_city_current.json")).doesNotExist();
    }

    @Test
    void largeFilesBecomeSeveralUnitsAndEachRowIsThereOnce() throws Exception {
        Files.createDirectories(folder.resolve("parquet"));
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement()) {
            for (int file = 0; file < 2; file++) {
                statement.execute("COPY (SELECT i AS id, hash(i) AS h FROM range(" + file + ", 100000, 2) r(i)) TO '"
                        + folder.resolve("parquet/" + file + ".parquet") + "' (FORMAT parquet, ROW_GROUP_SIZE 2048)");
            }
        }
        Files.createDirectories(folder.resolve("json"));
        Files.writeString(
                folder.resolve("json/all.json"),
                IntStream.range(0, 30_000)
                        .mapToObj(i -> "{\"id\":" + i + ",\"h\":\"" + "y".repeat(i % 50) + "\"}\n")
                        .collect(Collectors.joining()),
                StandardCharsets.UTF_8);
        Trial trial = new Trial(folder);
        for (String format : List.of("parquet", "json")) {
            Path job = trial.job(format, """
                    job: $F
                    source: {snapshot: {at: $HERE/$F/, format: $F, group-size: 512KB}}
                    tables: {$F: {columns: {id: {from: id, type: bigint}}}}
                    staging: {at: $HERE/staging}
                    lake: {at: $HERE/lake}
                    """.replace("$F", format));
            trial.succeed(job);
            int rows = format.equals("json") ? 30_000 : 100_000;
            OpenJob open = trial.open(job);
            assertThat(trial.run(open).plan().units()).hasSizeBetween(3, 8);
            try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                    Statement statement = duck.createStatement();
                    ResultSet result = statement.executeQuery(
                            "SELECT count(*), count(DISTINCT id), min(id), max(id), count(DISTINCT _row_id) FROM"
                                    + " read_parquet('" + folder.resolve("lake/" + format) + "/*.parquet')")) {
                result.next();
                assertThat(List.of(
                                result.getLong(1),
                                result.getLong(2),
                                result.getLong(3),
                                result.getLong(4),
                                result.getLong(5)))
                        .containsExactly((long) rows, (long) rows, 0L, rows - 1L, (long) rows);
            }
            JsonNode stages = JSON.readTree(folder.resolve("staging/" + format + "/" + format + "/snapshot="
                                    + trial.run(open).id() + "/manifests/validate-datalake-result.json")
                            .toFile())
                    .path("stages");
            assertThat(stages.get(0).path("files").intValue()).isEqualTo(format.equals("json") ? 1 : 2);
            assertThat(stages.get(0).path("rows").intValue()).isEqualTo(rows);
            assertThat(Trial.command("plan", job.toString()).out()).contains("at most 524 KB, as group-size says");
            assertThat(folder.resolve("staging/" + format + "/throughput.json")).exists();
        }
    }
}
