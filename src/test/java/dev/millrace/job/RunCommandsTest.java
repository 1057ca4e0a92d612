package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.GateResult;
import dev.millrace.run.Lease;
import dev.millrace.run.Outcome;
import dev.millrace.run.Overlap;
import dev.millrace.run.Phase;
import dev.millrace.run.RunStore;
import dev.millrace.testing.DynamoDbLocal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** What a person decides about one run: to go on with it, to give it up, to let it pass a gate. */
class RunCommandsTest {
    @TempDir
    private Path folder;

    private Path job(Trial trial, String name, String gate) {
        return trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: commands-%1$s, endpoint: $SERVER, segments: 2}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/%1$s.duckdb}, schema: w, gate: {%2$s}}
                """.formatted(name, gate));
    }

    private static void fill(String name) {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            items.add("{\"id\": {\"S\": \"" + i + "\"}, \"n\": {\"N\": \"" + i % 9 + "\"}}");
        }
        Items.table("commands-" + name, List.of("id:S"), items);
    }

    private static void shrink(String name) {
        for (int i = 4; i < 10; i++) {
            String id = Integer.toString(i);
            DynamoDbLocal.client()
                    .deleteItem(r -> r.tableName("commands-" + name).key(Map.of("id", AttributeValue.fromS(id))));
        }
    }

    @Test
    void aRefusedRunPassesWhatAPersonAcceptsOnceAndOnRecord() {
        fill("accepted");
        Trial trial = new Trial(folder);
        Path job = job(trial, "accepted", "max-shrink: 20%, min-rows: {commands_accepted: 5}");
        trial.succeed(job);
        shrink("accepted");
        assertThat(trial.run(job).code()).isEqualTo(3);
        OpenJob open = trial.open(job);
        RunStore run = trial.run(open);
        String id = run.id().value();
        assertThat(run.end().orElseThrow().rules()).contains(List.of("max-shrink", "min-rows"));

        // A run that was refused is over: only a person brings it back.
        assertThat(trial.run(job, "--run", id).err())
                .contains("scripts/millrace accept " + id + " --gate max-shrink --gate min-rows --reason TEXT");
        Trial.Ended other = accept(id, job, "--gate", "unique", "--reason", "so be it");
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err())
                .startsWith("Invalid --gate: unique: run " + id + " was refused by max-shrink, min-rows");
        Trial.Ended half = accept(id, job, "--gate", "max-shrink", "--reason", "so be it");
        assertThat(half.code()).isEqualTo(2);
        assertThat(half.err()).startsWith("Run " + id + " was also refused by min-rows");
        assertThat(accept(id, job, "--gate", "max-shrink", "--gate", "min-rows", "--reason", " ")
                        .err())
                .startsWith("Invalid --reason: it is empty");
        assertThat(trial.query(open, "SELECT count(*) FROM w.commands_accepted"))
                .containsExactly("10");

        String reason = "the old customers were removed";
        Trial.Ended accepted = accept(id, job, "--gate", "max-shrink", "--gate", "min-rows", "--reason", reason);
        assertThat(accepted.code()).as(accepted.err()).isZero();
        assertThat(accepted.out()).startsWith("run " + id + " may pass max-shrink, min-rows: " + reason);
        assertThat(trial.query(open, "SELECT count(*) FROM w.commands_accepted"))
                .containsExactly("4");
        assertThat(trial.query(open, "SELECT run FROM _millrace.version")).containsExactly(id);
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(run.record().orElseThrow().outcome()).contains(Outcome.DONE);
        assertThat(run.record().orElseThrow().gate().stream().filter(check -> !check.passed()))
                .hasSize(2)
                .extracting(GateResult::accepted)
                .containsOnly(Optional.of(reason));

        Trial.Ended again = accept(id, job, "--gate", "max-shrink", "--reason", "again");
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).startsWith("Run " + id + " was not refused: it has ended: done");

        // Once: the next run meets the gate again.
        Trial.Ended next = trial.run(job);
        assertThat(next.code()).isEqualTo(3);
        assertThat(next.err()).contains("min-rows: expected at least 5, found 4");
    }

    @Test
    void aRefusedRunIsNotAcceptedOnceALaterOneIsDone() {
        fill("late");
        Trial trial = new Trial(folder);
        Path job = job(trial, "late", "unique: {commands_late: [n]}");
        assertThat(trial.run(job).code()).isEqualTo(3);
        RunStore refused = trial.run(trial.open(job));
        trial.succeed(job(trial, "late", ""));

        Trial.Ended ended = accept(refused.id().value(), job, "--gate", "unique", "--reason", "why not");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .startsWith("Run " + refused.id() + " cannot be accepted any more: run "
                        + trial.run(trial.open(job)).id() + " began later and is done");
        assertThat(refused.end().orElseThrow().outcome()).isEqualTo(Outcome.REFUSED);
    }

    @Test
    void anAcceptedRunThatIsStoppedIsTakenUpByTheNextStart() {
        fill("stopped");
        Trial trial = new Trial(folder);
        Path job = job(trial, "stopped", "unique: {commands_stopped: [n]}");
        assertThat(trial.run(job).code()).isEqualTo(3);
        OpenJob open = trial.open(job);
        RunStore run = trial.run(open);
        // What accept writes first; its process goes no further.
        run.accept(List.of("unique"), "known", "me@here");
        assertThat(run.end()).isEmpty();
        assertThat(trial.succeed(job).out()).contains("run        " + run.id() + "\n");
        assertThat(trial.query(open, "SELECT run FROM _millrace.version"))
                .containsExactly(run.id().value());
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
    }

    @Test
    void anUnfinishedRunGoesOnByTheJobFileThatItBeganWith() throws IOException {
        fill("resumed");
        Trial trial = new Trial(folder);
        Path job = job(trial, "resumed", "");
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT), job).code())
                .isZero();
        OpenJob open = trial.open(job);
        RunStore run = trial.run(open);
        job(trial, "resumed", "min-rows: {commands_resumed: 5}");
        assertThat(trial.run(job).err())
                .startsWith("Run " + run.id() + " was started with another job file: warehouse.gate.min-rows");

        Trial.Ended ended = Trial.command("resume", run.id().value(), "--job", job.toString());
        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        assertThat(trial.query(open, "SELECT count(*) FROM w.commands_resumed")).containsExactly("10");

        // The job file is not needed where the run's folder is named, nor where its plan stands for it.
        Path second = job(trial, "resumed", "min-rows: {commands_resumed: 6}");
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA), second).code()).isZero();
        RunStore next = trial.run(open);
        Files.delete(second);
        for (String location : List.of(
                folder + "/staging/resumed/runs/" + next.id() + "/",
                "file://" + folder + "/staging/resumed/runs/" + next.id() + "/record.json")) {
            assertThat(Trial.command("resume", location).code()).isZero();
            assertThat(next.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        }
        String plan = "file://" + folder + "/staging/resumed/runs/" + next.id() + "/plan.json";
        assertThat(Trial.command("sql", plan, "select count(*) from commands_resumed")
                        .out())
                .contains("10");
        assertThat(Trial.command("status", plan).out()).contains(next.id().value());
        assertThat(Trial.command("check", plan)).isEqualTo(new Trial.Ended(0, plan + ": no mistakes\n", ""));
        assertThat(Trial.command("rollback", plan).out()).contains(run.id().value());
        assertThat(Trial.command("status", plan, "--set", "name=other").err())
                .startsWith("Invalid job file: " + plan + ": a run's plan is the job as it was resolved");
    }

    @Test
    @SuppressWarnings("try") // the lease is held, not used
    void aRunThatIsGivenUpLeavesNothingBehind() {
        fill("abandoned");
        Trial trial = new Trial(folder);
        Path job = job(trial, "abandoned", "");
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT), job).code())
                .isZero();
        OpenJob open = trial.open(job);
        RunStore run = trial.run(open);
        String[] abandon = {"abandon", run.id().value(), "--job", job.toString(), "--reason", "wrong table"};
        try (Lease lease = open.store().lock().acquire(run.id(), "busy@elsewhere", Overlap.SKIP, false)) {
            Trial.Ended held = Trial.command(abandon);
            assertThat(held.code()).isEqualTo(4);
            assertThat(held.err()).startsWith("Job abandoned is held by busy@elsewhere");
        }
        assertThat(Trial.command(abandon).out()).startsWith("run " + run.id() + " is abandoned");
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.ABANDONED);
        assertThat(run.record().orElseThrow().message()).isEqualTo("wrong table");
        assertThat(open.staging().list("abandoned/"))
                .extracting(file -> file.path())
                .noneMatch(path ->
                        path.contains("/spool/data") || path.contains("/snapshot=") || path.contains("/census/"));
        // Stopped before it had cleaned, it may be given up again.
        assertThat(Trial.command(abandon).code()).isZero();
        trial.succeed(job);
        assertThat(trial.query(open, "SELECT count(*) FROM w.commands_abandoned"))
                .containsExactly("10");
        String done = trial.run(open).id().value();
        assertThat(Trial.command("abandon", done, "--job", job.toString()).err())
                .startsWith("Run " + done + " has ended: done: there is nothing to give up");
    }

    @Test
    void aRunWhoseStagingIsGoneIsGivenUpAsTheMessageSays() throws IOException {
        fill("unstaged");
        Trial trial = new Trial(folder);
        Path job = job(trial, "unstaged", "");
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA, Phase.EXTRACT, Phase.PREPARE), job)
                        .code())
                .isZero();
        OpenJob open = trial.open(job);
        String run = trial.run(open).id().value();
        Files.delete(folder.resolve("unstaged.duckdb.versions/" + run + ".duckdb"));
        Trial.Ended ended = trial.run(job, "--run", run);
        assertThat(ended.code()).isEqualTo(1);
        String remedy = "give the run up by scripts/millrace abandon " + run + ", and start the job again";
        assertThat(ended.err()).contains("Run " + run + " has no staging in ").contains(remedy);
        assertThat(Trial.command("abandon", run, "--job", job.toString()).code())
                .isZero();
        trial.succeed(job);
        assertThat(trial.query(open, "SELECT count(*) FROM w.commands_unstaged"))
                .containsExactly("10");
    }

    @Test
    void aRunThatIsNotThereIsNamed() {
        String id = "2026-11-21T07-00-00Z-k3f9";
        Trial trial = new Trial(folder);
        Path job = job(trial, "missing", "");
        assertThat(Trial.command("resume", id, "--job", job.toString()))
                .isEqualTo(new Trial.Ended(
                        2,
                        "",
                        "Unknown run: " + id + ": job missing has none of that name below file://" + folder
                                + "/staging/missing/runs/\n"));
        assertThat(Trial.command("resume", "yesterday's").err())
                .startsWith("Invalid run: yesterday's: must be a run's name like 2026-11-21T07-00-00Z-k3f9");
        assertThat(Trial.command("resume", folder + "/staging/missing/runs/" + id)
                        .err())
                .startsWith("Unknown run: " + id + ": there is no file://" + folder + "/staging/missing/runs/" + id
                        + "/plan.json");
        // Without a job file those in jobs/ are asked.
        assertThat(Trial.command("accept", id, "--gate", "unique", "--reason", "x")
                        .err())
                .startsWith("Unknown run: " + id + ": none of jobs/access-records.yaml, jobs/orders-snapshot.yaml, "
                        + "jobs/shop.yaml: ");
    }

    private static Trial.Ended accept(String run, Path job, String... options) {
        List<String> arguments = new ArrayList<>(List.of("accept", run, "--job", job.toString()));
        arguments.addAll(List.of(options));
        return Trial.command(arguments.toArray(String[]::new));
    }
}
