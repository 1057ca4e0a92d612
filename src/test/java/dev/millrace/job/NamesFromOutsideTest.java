package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Values and names in data that would be paths: none of them leads out of the folder that its rows belong to. */
class NamesFromOutsideTest {
    private static final List<String> HOSTILE = List.of(
            "../../../evil",
            "..",
            ".",
            "/etc/evil",
            "%2e%2e%2f%2e%2e%2fevil",
            "a\0b",
            "\\\\host\\evil",
            "C:\\evil",
            "~/evil",
            "$(touch evil)",
            "_hidden",
            ".~hidden",
            "a/../b",
            "a//b",
            "line\nend",
            "é=ü",
            "x".repeat(200));

    @TempDir
    private Path outside;

    private Path inside;
    private Trial trial;

    @BeforeEach
    void open() throws IOException {
        inside = Files.createDirectories(outside.resolve("a/b/c"));
        trial = new Trial(inside);
    }

    private static String record(int id, String value) {
        ObjectNode record = new ObjectMapper().createObjectNode();
        record.put("id", id).put("v", value).put("kind", value);
        return record.toString();
    }

    private Path lakeJob(List<String> values) throws IOException {
        Files.createDirectories(inside.resolve("in"));
        Files.writeString(
                inside.resolve("in/r.json"),
                IntStream.range(0, values.size())
                        .mapToObj(i -> record(i, values.get(i)))
                        .collect(Collectors.joining("\n")));
        return trial.job("names", """
                job: names
                source: {json: {at: $HERE/in/}}
                lake: {at: $HERE/lake/, publish: folders, partition-by: [v]}
                """);
    }

    @Test
    void partitionValuesStayInTheirTablesFolder() throws IOException, SQLException {
        trial.succeed(lakeJob(HOSTILE));

        assertNothingOutside("in", "lake", "names.yaml");
        try (Stream<Path> folders = Files.list(inside.resolve("lake/names"))) {
            assertThat(folders.map(folder -> folder.getFileName().toString())
                            .filter(name -> !name.startsWith("_") && !name.startsWith(".")))
                    .hasSize(HOSTILE.size())
                    .allMatch(name -> name.startsWith("v="));
        }
        // Any reader of Hive's folders gets the values back.
        String rows = "SELECT id, v FROM read_parquet('" + inside
                + "/lake/names/v=*/*.parquet', hive_partitioning = true, hive_types_autocast = false) ORDER BY id";
        List<String> read = new ArrayList<>();
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement();
                ResultSet result = statement.executeQuery(rows)) {
            while (result.next()) {
                read.add(result.getString(2));
            }
        }
        assertThat(read).isEqualTo(HOSTILE);
    }

    @Test
    void aPartitionValueThatNoFolderCanHoldIsToldAndNothingIsPublished() throws IOException {
        Trial.Ended ended = trial.run(lakeJob(List.of("good", "x".repeat(1000))));
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .contains("Invalid partition: v=xxx")
                .contains("the name of a folder has at most 255 bytes; partition by a column with short values");
        assertThat(inside.resolve("lake/names"))
                .satisfiesAnyOf(
                        table -> assertThat(table).doesNotExist(),
                        table -> assertThat(table).isEmptyDirectory());
    }

    @Test
    void kindsAndAttributesStayTablesAndColumnsOfTheirOwn() throws IOException {
        Items.table(
                "hostile-names",
                List.of("PK:S"),
                IntStream.range(0, HOSTILE.size())
                        .mapToObj(i -> {
                            ObjectNode item = new ObjectMapper().createObjectNode();
                            item.putObject("PK").put("S", "p" + i);
                            item.putObject("kind").put("S", HOSTILE.get(i));
                            item.putObject(HOSTILE.get(i)).put("S", "value " + i);
                            item.putObject("list of " + HOSTILE.get(i))
                                    .putArray("SS")
                                    .add("member " + i);
                            return item.toString();
                        })
                        .toList());
        Path job = trial.job("kinds", """
                job: kinds
                source: {dynamodb: {table: hostile-names, endpoint: $SERVER, segments: 2}}
                schema: {kind: kind}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/w.duckdb}, schema: w}
                """);
        trial.succeed(job);

        assertNothingOutside("kinds.yaml", "staging", "w.duckdb", "w.duckdb.versions");
        assertThat(trial.itemsOfLive(trial.open(job))).hasSize(HOSTILE.size());
        try (Stream<Path> tables = Files.list(inside.resolve("staging/kinds"))) {
            assertThat(tables.filter(Files::isDirectory)
                            .map(table -> table.getFileName().toString()))
                    .allMatch(name -> name.matches("[a-z0-9_]+"));
        }
    }

    @Test
    void tablesMayBeNamedAsTheFoldersBesideThem() throws IOException {
        List<String> kinds = List.of("runs", "schema", "commits", "quarantine", "inputs", "submissions", "reads");
        Items.table(
                "folder-names",
                List.of("PK:S"),
                kinds.stream()
                        .map(kind -> "{\"PK\":{\"S\":\"" + kind + "\"},\"kind\":{\"S\":\"" + kind + "\"}}")
                        .toList());
        Path job = trial.job("folders", """
                job: folders
                source: {dynamodb: {table: folder-names, endpoint: $SERVER, segments: 2}}
                schema: {kind: kind}
                staging: {at: $HERE/staging, keep: 1h}
                warehouse: {duckdb: {path: $HERE/w.duckdb}, schema: w}
                """);
        trial.succeed(job);
        Trial.Ended second = trial.later(Duration.ofDays(2)).succeed(job, "--again");
        assertThat(second.err()).isEmpty();
        assertThat(trial.itemsOfLive(trial.open(job))).hasSize(kinds.size());
        for (String command : List.of("status", "clean")) {
            Trial.Ended ended = Trial.command(command, job.toString());
            assertThat(ended.code()).as(command + ": " + ended.err()).isZero();
        }
        trial.succeed(job, "--again");
        assertThat(trial.itemsOfLive(trial.open(job))).hasSize(kinds.size());
        assertThat(trial.open(job).store().runs()).isNotEmpty();
    }

    private void assertNothingOutside(String... expected) throws IOException {
        TreeSet<String> found = new TreeSet<>();
        try (Stream<Path> all = Files.walk(outside)) {
            all.map(path -> outside.relativize(path).toString())
                    .filter(path -> !path.startsWith("a/b/c/"))
                    .forEach(found::add);
        }
        assertThat(found).containsExactly("", "a", "a/b", "a/b/c");
        try (Stream<Path> own = Files.list(inside)) {
            assertThat(own.map(path -> path.getFileName().toString())).containsExactlyInAnyOrder(expected);
        }
    }
}
