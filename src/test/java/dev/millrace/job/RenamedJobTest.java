package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.RunId;
import dev.millrace.testing.InMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A job whose warehouse holds versions of another ledger's numbers: it had another name or place, or is another job. */
class RenamedJobTest {
    @TempDir(factory = InMemory.class)
    private Path folder;

    @BeforeAll
    static void makeTable() {
        Items.table("renamed-job", List.of("id:N"), List.of());
    }

    private static Path job(Trial trial, String name, String staging, String more) {
        return trial.job(name, """
                job: %s
                source: {dynamodb: {table: renamed-job, endpoint: $SERVER, segments: 1}}
                staging: {at: $HERE/%s}
                warehouse: {duckdb: {path: $HERE/w.duckdb}, schema: w%s}
                """.formatted(name, staging, more));
    }

    private static void put(String text) {
        Items.put("renamed-job", List.of("{\"id\": {\"N\": \"1\"}, \"text\": {\"S\": \"" + text + "\"}}"));
    }

    private static List<String> texts(Trial trial, Path job) {
        return trial.query(trial.open(job), "SELECT text FROM w.renamed_job");
    }

    @Test
    void whoseVersionsTheyAreIsToldBeforeAnythingIsReadAndHowToGoOn() throws IOException {
        Trial trial = new Trial(folder);
        Path former = job(trial, "former", "staging", "");
        for (String text : List.of("one", "two")) {
            put(text);
            trial.succeed(former);
        }
        RunId live = trial.run(trial.open(former)).id();
        String where = folder + "/w.duckdb (DuckDB, schema w)";

        put("three");
        Trial.Ended other = trial.run(job(trial, "present", "staging", ""));
        assertThat(other.code()).isEqualTo(2);
        // Nor is it rolled back.
        Trial.Ended rollback =
                Trial.command("rollback", job(trial, "present", "staging", "").toString());
        assertThat(rollback.code()).isEqualTo(2);
        assertThat(rollback.err()).contains("is loaded by job former");
        assertThat(texts(trial, former)).containsExactly("two");
        assertThat(other.err())
                .contains("Invalid warehouse: " + where + " is loaded by job former: its run " + live
                        + ", commit 2, is live there, and this is job present: load another schema (of DuckDB, another"
                        + " file), or, where former is the name that this job had before, write takes-over: former below"
                        + " warehouse:, and schema: as former had it, by default the job's name");
        assertThat(folder.resolve("staging/present/runs")).doesNotExist();

        Path moved = job(trial, "former", "elsewhere", "");
        Trial.Ended unknown = trial.run(moved);
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err())
                .contains("Invalid warehouse: run " + live + ", commit 2, of a job former is live in " + where
                        + ", and the ledger of this one, file://" + folder
                        + "/elsewhere/former/commits/, does not know it. If"
                        + " staging.at was moved, bring the folder former/ of the former place there; if another job of that name"
                        + " loads it, load another schema (of DuckDB, another file); if the former staging is lost, write"
                        + " takes-over: former below warehouse:, and what this ledger does not know is replaced");
        assertThat(folder.resolve("elsewhere/former/runs")).doesNotExist();
        assertThat(Trial.command("rollback", moved.toString()).code()).isEqualTo(2);
        assertThat(texts(trial, moved)).containsExactly("two");

        Files.createDirectories(folder.resolve("elsewhere"));
        Files.move(folder.resolve("staging/former"), folder.resolve("elsewhere/former"));
        trial.succeed(moved);
        assertThat(texts(trial, moved)).containsExactly("three");

        put("four");
        Path present = job(trial, "present", "staging", ", takes-over: former");
        trial.succeed(present);
        assertThat(texts(trial, present)).containsExactly("four");
        // The version before is still the former job's.
        assertThat(Trial.command("rollback", present.toString()).code()).isZero();
        assertThat(texts(trial, present)).containsExactly("three");
        trial.succeed(present);
        put("five");
        trial.succeed(job(trial, "present", "staging", ""));
        assertThat(texts(trial, present)).containsExactly("five");
        assertThat(trial.run(moved).code()).isEqualTo(2);
    }

    @Test
    void aJobWhoseStagingIsLostTakesOverItsOwnName() throws IOException {
        Trial trial = new Trial(folder);
        Path job = job(trial, "former", "lost", "");
        for (String text : List.of("one", "two", "three")) {
            put(text);
            trial.succeed(job);
        }
        put("four");
        assertThat(trial.run(job(trial, "former", "staging", "")).code()).isEqualTo(2);
        job = job(trial, "former", "staging", ", takes-over: former");
        trial.succeed(job);
        assertThat(texts(trial, job)).containsExactly("four");
        // The version before is of the lost ledger, and of a higher number.
        assertThat(Trial.command("rollback", job.toString()).code()).isZero();
        assertThat(texts(trial, job)).containsExactly("three");
        put("five");
        trial.succeed(job);
        assertThat(texts(trial, job)).containsExactly("five");
        put("six");
        job = job(trial, "former", "staging", "");
        trial.succeed(job);
        assertThat(texts(trial, job)).containsExactly("six");
    }
}
