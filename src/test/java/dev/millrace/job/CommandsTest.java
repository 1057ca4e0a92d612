package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that look at a job, after runs of it. */
class CommandsTest {
    @TempDir
    private Path folder;

    @Test
    void aRunReplacesRollbackBringsBackAndSqlShows() {
        Items.table(
                "commands",
                List.of("id:N"),
                List.of(
                        "{\"id\": {\"N\": \"1\"}, \"text\": {\"S\": \"a,\\\"b\\\"\\nc\"}}",
                        "{\"id\": {\"N\": \"2\"}, \"price\": {\"N\": \"9.90\"}}"));
        Trial trial = new Trial(folder);
        Path job = trial.job("job", """
                job: commands
                source: {dynamodb: {table: commands, endpoint: $SERVER, segments: 2}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/live.duckdb}, schema: w}
                """);
        String file = job.toString();
        String line = System.lineSeparator();
        Trial.Ended none = Trial.command("sql", file, "select 1");
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err())
                .isEqualTo("Nothing to query: " + folder.resolve("live.duckdb")
                        + " does not exist yet: run the job first" + line);
        assertThat(Trial.command("rollback", file).code()).isEqualTo(2);
        assertThat(Trial.command("status", file).out())
                .contains("schema     none yet", "live       none", "runs       none yet");

        assertThat(trial.succeed(job).out()).contains("replaced   nothing: this is the first version\n");
        OpenJob open = trial.open(job);
        String first = trial.run(open).id().value();
        Trial.Ended only = Trial.command("rollback", file);
        assertThat(only.code()).isEqualTo(2);
        assertThat(only.err()).contains("no version before it is kept");

        Items.put("commands", List.of("{\"id\": {\"N\": \"3\"}, \"price\": {\"N\": \"1\"}}"));
        assertThat(trial.succeed(job).out()).contains("replaced   run " + first + ", which rollback brings back\n");

        String query = "select id, price, text from commands order by id";
        assertThat(Trial.command("sql", file, query).out())
                .isEqualTo(String.join(
                        line,
                        "id  price  text",
                        "--  -----  --------",
                        "1   NULL   a,\"b\"\\nc",
                        "2   9.9    NULL",
                        "3   1.0    NULL",
                        "(3 rows)",
                        ""));
        assertThat(Trial.command("sql", file, query + ";", "--csv").out())
                .isEqualTo(String.join(line, "id,price,text", "1,,\"a,\"\"b\"\"\nc\"", "2,9.9,", "3,1.0,", ""));
        Trial.Ended wrong = Trial.command("sql", file, "select prise from commands");
        assertThat(wrong.code()).isEqualTo(2);
        assertThat(wrong.out()).isEmpty();
        assertThat(wrong.err().lines())
                .hasSize(1)
                .allMatch(text -> text.startsWith("The query failed: ") && text.contains("prise"));
        for (String change :
                List.of("delete from commands", "drop table commands", "select 1); drop table commands; --")) {
            assertThat(Trial.command("sql", file, change).code()).as(change).isEqualTo(2);
        }
        assertThat(Trial.command("sql", file, "select count(*) as n from commands", "--csv")
                        .out())
                .isEqualTo(String.join(line, "n", "3", ""));

        Trial.Ended back = Trial.command("rollback", file);
        assertThat(back.code()).isZero();
        assertThat(back.out())
                .isEqualTo("live is run " + first + " again (commit 1) in " + folder.resolve("live.duckdb")
                        + " (DuckDB, schema w)" + line);
        assertThat(trial.liveRows(open)).containsExactly("commands|2");
        assertThat(Trial.command("status", file).out())
                .contains("live       run " + first + ", commit 1")
                .contains("previous   none");

        trial.succeed(job);
        assertThat(trial.liveRows(open)).containsExactly("commands|3");
        assertThat(trial.query(open, "SELECT \"commit\" FROM _millrace.version"))
                .containsExactly("3");
        assertThat(Trial.command("status", file, "--last", "1").out().lines().filter(text -> text.startsWith("run ")))
                .containsExactly("run " + trial.run(open).id() + "  done");
    }
}
