package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong is told in one line each, with an exit code, before it costs anything. */
class MistakesTest {
    private static final String TABLE = "mistakes";

    @TempDir
    private Path folder;

    @BeforeAll
    static void fill() {
        Items.table(
                TABLE,
                List.of("id:S"),
                List.of("{\"id\": {\"S\": \"1\"}, \"n\": {\"N\": \"1\"}, \"t\": {\"S\": \"x\"}}"));
    }

    private Path job(Trial trial, String tables) {
        return trial.job("job", """
                job: mistakes
                source: {dynamodb: {table: mistakes, endpoint: $SERVER, segments: 1}}
                %s
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/live.duckdb}, schema: w}
                """.formatted(tables));
    }

    /** Runs a job that must fail without a Spark session and without a trace on storage. */
    private Trial.Ended failEarly(Trial trial, Path job) {
        SparkSession.clearDefaultSession();
        try {
            Trial.Ended ended = trial.run(job);
            assertThat(SparkSession.getDefaultSession().isEmpty())
                    .as("no session")
                    .isTrue();
            assertThat(folder.resolve("staging/mistakes/runs")).doesNotExist();
            assertThat(ended.out()).isEmpty();
            assertThat(ended.err()).doesNotContain("\tat ", "Exception");
            return ended;
        } finally {
            SparkSession.setDefaultSession(SharedSpark.session());
        }
    }

    @Test
    void allMistakesOfAJobFileAreToldAtOnce() {
        Trial trial = new Trial(folder);
        Path job = trial.job("job", """
                job: mistakes
                source:
                  dynamodb:
                    table: mistakes
                    segmnts: 3
                    consistent: perhaps
                staging: {at: $HERE/staging, keep: 2 fortnights}
                warehous: {}
                """);
        Trial.Ended ended = failEarly(trial, job);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err().lines())
                .hasSize(4)
                .anyMatch(line -> line.contains(job + ":5") && line.contains("segmnts") && line.contains("segments"))
                .anyMatch(line -> line.contains(job + ":6") && line.contains("perhaps"))
                .anyMatch(line -> line.contains(job + ":7") && line.contains("2 fortnights"))
                .anyMatch(line -> line.contains(job + ":8") && line.contains("warehous"));

        Trial.Ended checked = Trial.command("check", job.toString());
        assertThat(checked.code()).isEqualTo(2);
        assertThat(checked.err()).isEqualTo(ended.err());
    }

    @Test
    void aMissingJobFileIsNamed() {
        Trial trial = new Trial(folder);
        Trial.Ended ended = failEarly(trial, folder.resolve("shup.yaml"));
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err().lines()).hasSize(1).allMatch(line -> line.contains(folder.resolve("shup.yaml") + ""));
    }

    @Test
    void expressionsAreCheckedBeforeAnythingStarts() {
        Trial trial = new Trial(folder);
        Path job = job(
                trial,
                "tables: {mistakes: {columns: {a: {sql: \"upper(t\"}, b: {sql: uper(t)}, c: {sql: rand()}, d: {sql: t}}}}");
        Trial.Ended ended = failEarly(trial, job);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err().lines())
                .hasSize(3)
                .allMatch(line -> line.contains(job + ":3: tables.mistakes.columns."));
        assertThat(ended.err()).contains("upper(t", "uper(t)", "rand()");
        assertThat(Trial.command("check", job.toString()).err()).isEqualTo(ended.err());
        assertThat(Trial.command("check", job(trial, "").toString()).out())
                .isEqualTo(job + ": no mistakes" + System.lineSeparator());
    }

    @Test
    void functionsAreCheckedBeforeAnythingStarts() {
        Trial trial = new Trial(folder);
        Path job = job(
                trial,
                "functions: {masked: com.acme.Missing}\n"
                        + "tables: {mistakes: {columns: {a: {sql: masked(t)}, b: {sql: maskd(t)}}}}");
        Trial.Ended ended = failEarly(trial, job);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err().lines())
                .containsExactly(
                        job
                                + ":3: functions.masked: com.acme.Missing: class com.acme.Missing is not there: start with its jar,"
                                + " spark-submit --jars functions.jar or MILLRACE_JARS=functions.jar scripts/millrace",
                        job + ":4: tables.mistakes.columns.b.sql: maskd(t): no function maskd; the nearest is mask");
        assertThat(Trial.command("check", job.toString()).err()).isEqualTo(ended.err());
    }

    @Test
    void aWarehouseFileOfOthersIsLeftAloneAndToldBeforeTheTableIsRead() throws IOException, SQLException {
        Trial trial = new Trial(folder);
        Path job = job(trial, "");
        Path live = folder.resolve("live.duckdb");
        Files.writeString(live, "my diary");
        Trial.Ended text = failEarly(trial, job);
        assertThat(text.code()).isEqualTo(2);
        assertThat(text.err())
                .isEqualTo("Invalid warehouse " + live + ": the file is there, but Millrace did not make it, and it is "
                        + "left as it is: choose another path, or move it away" + System.lineSeparator());
        assertThat(live).hasContent("my diary");

        Files.delete(live);
        try (Connection theirs = DriverManager.getConnection("jdbc:duckdb:" + live);
                Statement statement = theirs.createStatement()) {
            statement.execute("CREATE TABLE t AS SELECT 42 AS n");
        }
        byte[] before = Files.readAllBytes(live);
        assertThat(failEarly(trial, job).err()).isEqualTo(text.err());
        assertThat(Files.readAllBytes(live)).isEqualTo(before);
        assertThat(folder.resolve("live.duckdb.versions")).doesNotExist();
    }

    @Test
    void aTableThatIsMissingIsNamedWithRegionAndEndpoint() {
        Trial trial = new Trial(folder);
        String endpoint = dev.millrace.testing.DynamoDbLocal.endpoint().toString();
        Path job = trial.job("job", """
                job: mistakes
                source: {dynamodb: {table: no-such-table, region: eu-west-3, endpoint: $SERVER}}
                staging: {at: $HERE/staging}
                """);
        Trial.Ended ended = failEarly(trial, job);
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err().lines())
                .hasSize(1)
                .allMatch(line ->
                        line.contains("no-such-table") && line.contains("eu-west-3") && line.contains(endpoint));
    }

    @Test
    void aServerThatIsNotThereIsNamed() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        Trial trial = new Trial(folder);
        Path job = trial.job("job", """
                job: mistakes
                source: {dynamodb: {table: mistakes, endpoint: "http://127.0.0.1:%d"}}
                staging: {at: $HERE/staging}
                """.formatted(port));
        Trial.Ended ended = failEarly(trial, job);
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err().lines())
                .hasSize(1)
                .allMatch(line -> line.contains("127.0.0.1:" + port)
                        && line.contains("cannot be reached")
                        && line.contains("refused"));
    }

    @Test
    void aDamagedSchemaIsNamedAndNotInferredOver() throws IOException {
        Trial trial = new Trial(folder);
        Path job = job(trial, "");
        trial.succeed(job);
        Path schema = folder.resolve("staging/mistakes/schema/1.json");
        String damaged =
                Files.readString(schema).replace("\"BIGINT\"", "\"STRING\"").replace("bigint", "string");
        assertThat(damaged).isNotEqualTo(Files.readString(schema));
        Files.writeString(schema, damaged);
        Trial.Ended ended = trial.run(job);
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err())
                .startsWith("Schema version 1 cannot be read: ")
                .contains(schema.toString())
                .contains("its checksum does not fit its content");
        assertThat(schema).hasContent(damaged);
        assertThat(folder.resolve("staging/mistakes/schema/2.json")).doesNotExist();
        Files.writeString(schema, "");
        assertThat(trial.run(job).err()).startsWith("Schema version 1 cannot be read: ");
        assertThat(schema).isEmptyFile();
    }

    @Test
    void columnsThatAreNotThereAreNamedTogether() {
        Trial trial = new Trial(folder);
        Path job = job(trial, "tables: {mistakes: {types: {m: bigint, _rest: bigint}, rename: {u: v}}}");
        Trial.Ended ended = trial.run(job);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err().lines())
                .containsExactlyInAnyOrder(
                        job + ": tables.mistakes.types: m: kind mistakes has no such column: it has _rest, id, n, t",
                        job + ": tables.mistakes.types: _rest: this column's type is fixed",
                        job + ": tables.mistakes.rename: u: kind mistakes has no such column: it has _rest, id, n, t");
        // That run was bound to its job file and has ended: the mended one starts another.
        job(trial, "tables: {mistakes: {types: {n: \"decimal(9,2)\"}}}");
        trial.succeed(job);
        assertThat(trial.query(trial.open(job), "SELECT n FROM w.mistakes")).containsExactly("1.00");
    }

    @Test
    void aKindThatCannotBeIsNamed() {
        Trial trial = new Trial(folder);
        Path job = job(trial, "tables: {Order: {name: orders}}");
        Trial.Ended ended = trial.run(job);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .isEqualTo(job + ": tables.Order: the table has one kind, mistakes: name that, or set schema.kind"
                        + System.lineSeparator());
    }
}
