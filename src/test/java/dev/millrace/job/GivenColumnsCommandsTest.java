package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code schema} and {@code status} tell of jobs over files whose columns the job file gives, all or some. */
class GivenColumnsCommandsTest {
    private static final String GIVEN = """
            job: given
            source: {json: {at: $HERE/in}}
            tables:
              access:
                columns:
                  id: {from: id, type: bigint}
                  at: {from: time.ms, type: epoch-millis}
                  host: {from: host, type: string, sql: lower(host)}
                  day: {sql: to_date(at)}
            staging: {at: $HERE/staging}
            """;

    private static final String MIXED = """
            job: mixed
            source: {json: {at: $HERE/in}}
            schema: {kind: type}
            tables:
              A: {name: first, columns: {id: {from: id, type: bigint}}}
              B: {name: second}
            staging: {at: $HERE/staging}
            """;

    @TempDir
    private Path folder;

    @BeforeEach
    void put() throws IOException {
        Files.createDirectories(folder.resolve("in"));
        Files.writeString(folder.resolve("in/1.json"), """
                {"type":"A","id":1,"time":{"ms":1793000000000,"zone":"UTC"},"host":"H"}
                {"type":"A","id":2,"extra":[1]}
                {"type":"B","id":"three"}
                """);
    }

    private static String out(String... command) {
        Trial.Ended ended = Trial.command(command);
        assertThat(ended.code()).as(ended.err()).isZero();
        return ended.out();
    }

    private static String refused(String... command) {
        Trial.Ended ended = Trial.command(command);
        assertThat(ended.code()).as(ended.out()).isEqualTo(2);
        return ended.err();
    }

    @Test
    void whereAllColumnsAreGivenTheyAreShownAndWhatHasNone() {
        Trial trial = new Trial(folder);
        String job = trial.job("given", GIVEN).toString();
        assertThat(out("status", job)).contains("schema     columns given by the job file\n");
        assertThat(out("schema", "show", job)).contains("the job file gives the columns; counted by no run yet");
        trial.succeed(Path.of(job));

        String run = trial.run(trial.open(Path.of(job))).id().value();
        assertThat(out("schema", "show", job).lines())
                .containsExactly(
                        "job given: the job file gives the columns; counted by run " + run + ", commit 1",
                        "",
                        "access: kind access, 3 items",
                        "  column  type       attribute  notes",
                        "  ------  ---------  ---------  ------------------------",
                        "  id      bigint     id         given",
                        "  at      timestamp  time.ms    given, from epoch-millis",
                        "  host    string     host       given, sql",
                        "",
                        "What was met that has no column: scripts/millrace schema diff " + job);
        assertThat(out("schema", "diff", job).lines())
                .containsExactly(
                        "job given: the job file gives the columns; counted by run " + run + ", commit 1",
                        "",
                        "access: kind access, 3 items",
                        "  ? attribute extra: met 1 value of type L",
                        "  ? attribute time.zone: met 1 value of type S",
                        "  ? attribute type: met 3 values of type S",
                        "",
                        "? has no column in the job file");
        assertThat(refused("schema", "pin", job))
                .startsWith("Nothing can be pinned: " + job + " gives the columns of all tables, under");
        assertThat(refused("schema", "diff", job, "1", "2"))
                .startsWith("There are no versions to compare: " + job + " gives the columns of all tables");
    }

    @Test
    void whereSomeAreGivenTheOthersAreInferred() throws IOException {
        Trial trial = new Trial(folder);
        String job = trial.job("mixed", MIXED).toString();
        assertThat(out("status", job)).contains("schema     none yet; columns of A given by the job file\n");
        assertThat(refused("schema", "show", job)).startsWith("Job mixed has no data-schema yet: run it first");
        trial.succeed(Path.of(job));
        assertThat(out("status", job))
                .containsPattern("schema     version 1 of \\S+; columns of A given by the job file\n");
        Files.writeString(
                folder.resolve("in/2.json"),
                "{\"type\":\"B\",\"id\":\"four\",\"more\":true}{\"type\":\"A\",\"id\":5,\"extra\":\"x\"}");
        trial.succeed(Path.of(job));

        assertThat(out("schema", "show", job).lines())
                .contains(
                        "first: kind A, 1 item",
                        "  column  type    attribute  notes",
                        "  id      bigint  id         given",
                        "second: kind B, 1 item");
        assertThat(out("schema", "diff", job).lines())
                .contains(
                        "second: kind B, 1 item",
                        "  + more boolean: attribute more, of type BOOL in 1 row (100 %)",
                        "first: kind A, 1 item",
                        "  ? attribute extra: met 1 value of type S",
                        "+ new, ? has no column in the job file");
        assertThat(refused("schema", "pin", job, "first.id=string"))
                .startsWith("Invalid pin: first.id=string: the job file gives the columns of table first: change"
                        + " tables.A.columns there");
        assertThat(out("schema", "pin", job).lines())
                .contains("job mixed: data-schema version 2 is written, from version 1")
                .noneMatch(line -> line.contains("extra"));
        assertThat(out("schema", "diff", job, "1", "2").lines()).contains("second: kind B, 1 item");
    }
}
