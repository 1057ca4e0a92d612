package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.WarehouseSettings;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseState;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.storage.Storages;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A run that brings just what is live leaves the warehouse as it is; whatever may have changed live ends that. */
class UnchangedRunTest {
    /** A process that is stopped in this JVM looks alive: its lease has to end. */
    private static final Duration LEASE = Duration.ofMinutes(3);

    private static final String LONG = "1234567890123456789012345";

    @TempDir(factory = InMemory.class)
    private Path folder;

    private static String item(String id, String text) {
        return "{\"id\": {\"N\": \"" + id + "\"}, \"text\": {\"S\": \"" + text
                + "\"}, \"tags\": {\"SS\": [\"a\", \"b\"]}}";
    }

    /** A job on a table of its own with some items. */
    private Path job(Trial trial, String name) {
        Items.table(
                "unchanged-" + name,
                List.of("id:N"),
                Stream.of("1", "2", "3").map(id -> item(id, "old")).toList());
        return trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: unchanged-%1$s, endpoint: $SERVER, segments: 2}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/%1$s.duckdb}, schema: w}
                """.formatted(name));
    }

    private static void put(String name, String text) {
        Items.put("unchanged-" + name, List.of(item("2", text)));
    }

    /** The run that an ended one has found live; none where it has replaced live itself. */
    private static List<RunId> unchangedSince(Trial trial, Path job) {
        RunStore run = trial.run(trial.open(job));
        assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        return run.record().orElseThrow().unchanged().stream().toList();
    }

    private static List<String> texts(Trial trial, Path job, String name) {
        return trial.query(trial.open(job), "SELECT text FROM w.\"unchanged_" + name + "\" ORDER BY id");
    }

    /** What changes with any statement that does something: files, when they were written, and which they are. */
    private static List<String> files(Path live) throws IOException {
        try (Stream<Path> files = Files.walk(live.getParent())) {
            return files.filter(
                            file -> file.toString().contains(live.getFileName().toString()))
                    .map(UnchangedRunTest::told)
                    .sorted()
                    .toList();
        }
    }

    private static String told(Path file) {
        try {
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            return file + " " + found.fileKey() + " " + found.size() + " " + found.lastModifiedTime();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void theWarehouseIsNotTouchedUntilARowChanges() throws IOException {
        Trial trial = new Trial(folder);
        Path job = job(trial, "plain");
        trial.succeed(job);
        RunId first = trial.run(trial.open(job)).id();
        assertThat(unchangedSince(trial, job)).isEmpty();
        List<String> before = files(folder.resolve("plain.duckdb"));

        for (int i = 0; i < 2; i++) {
            Trial.Ended same = trial.succeed(job);
            assertThat(same.out())
                    .contains("  nothing: unchanged since run " + first + ": the warehouse was not asked\n");
            assertThat(unchangedSince(trial, job)).containsExactly(first);
            assertThat(files(folder.resolve("plain.duckdb"))).isEqualTo(before);
        }
        RunStore run = trial.run(trial.open(job));
        for (Phase phase : List.of(Phase.PREPARE, Phase.UPLOAD, Phase.REPLACE)) {
            assertThat(run.record().orElseThrow().phase(phase).orElseThrow().state())
                    .isEqualTo(PhaseState.SKIPPED);
        }
        assertThat(Trial.command("status", job.toString()).out())
                .contains(
                        "live       run " + first + ", commit 1\n",
                        "  warehouse     unchanged since run " + first + ": the warehouse was not asked\n");
        // A run that had ended says the same again.
        assertThat(trial.succeed(job, "--run", run.id().value()).out()).contains("nothing: unchanged since");

        put("plain", "new");
        assertThat(trial.succeed(job).out()).contains("  run " + first + ", which rollback brings back");
        RunId second = trial.run(trial.open(job)).id();
        assertThat(texts(trial, job, "plain")).containsExactly("old", "new", "old");
        trial.succeed(job);
        assertThat(unchangedSince(trial, job)).containsExactly(second);
    }

    @Test
    void whateverMayHaveChangedLiveIsReplaced() throws IOException {
        Trial trial = new Trial(folder);
        Path job = job(trial, "other");
        Path live = folder.resolve("other.duckdb");
        trial.succeed(job);
        put("other", "new");
        trial.succeed(job);

        // A rollback.
        assertThat(Trial.command("rollback", job.toString()).code()).isZero();
        assertThat(texts(trial, job, "other")).containsExactly("old", "old", "old");
        trial.succeed(job);
        assertThat(unchangedSince(trial, job)).isEmpty();
        assertThat(texts(trial, job, "other")).containsExactly("old", "new", "old");

        // Somebody's wish, once.
        trial.succeed(job);
        assertThat(unchangedSince(trial, job)).hasSize(1);
        trial.succeed(job, "--again");
        assertThat(unchangedSince(trial, job)).isEmpty();
        trial.succeed(job);
        assertThat(unchangedSince(trial, job)).hasSize(1);

        // Another hand on the file, or none left.
        Files.setLastModifiedTime(live, FileTime.fromMillis(1_000_000_000_000L));
        trial.succeed(job);
        assertThat(unchangedSince(trial, job)).isEmpty();
        Files.delete(live);
        trial.succeed(job);
        assertThat(texts(trial, job, "other")).containsExactly("old", "new", "old");

        // Other settings.
        Files.writeString(
                job, Files.readString(job).replace("schema: w", "schema: w, gate: {min-rows: {unchanged_other: 3}}"));
        trial.succeed(job);
        assertThat(unchangedSince(trial, job)).isEmpty();
        Files.writeString(job, Files.readString(job).replace("schema: w", "schema: w, unchanged: replace"));
        for (int i = 0; i < 2; i++) {
            trial.succeed(job);
            assertThat(unchangedSince(trial, job)).isEmpty();
        }
    }

    @Test
    void aRunThatIsStoppedInBetweenLeavesTheTruth() {
        Trial trial = new Trial(folder);
        Path job = job(trial, "stopped");
        trial.succeed(job);
        RunId first = trial.run(trial.open(job)).id();
        // It has decided, and not yet told its phases; or told some.
        for (String effect :
                List.of("/live.json", "/phases/prepare.json", "/phases/upload.json", "/phases/replace.json")) {
            trial.through(Effects.stoppingAtFirst(effect).storages());
            assertThat(trial.run(job).code()).as(effect).isEqualTo(1);
            trial.through(Storages::open).later(LEASE);
            trial.succeed(job);
            assertThat(unchangedSince(trial, job)).as(effect).containsExactly(first);
        }

        // It is about to replace live: from then on nobody knows, also where the rows are the old ones again.
        put("stopped", "new");
        trial.through(Effects.stoppingAtFirst("/live.json").storages());
        assertThat(trial.run(job).code()).isEqualTo(1);
        put("stopped", "old");
        trial.through(Storages::open).later(Duration.ofHours(2));
        trial.succeed(job);
        assertThat(unchangedSince(trial, job)).isEmpty();
        assertThat(texts(trial, job, "stopped")).containsExactly("old", "old", "old");
        RunId last = trial.run(trial.open(job)).id();
        trial.succeed(job);
        assertThat(unchangedSince(trial, job)).containsExactly(last);
    }

    @Test
    @ExtendWith(SharedSpark.class)
    void aRunThatIsStoppedRightAfterItsReplacementNotesItLater() throws IOException {
        ShopJob.fillSmall("unchanged-shop");
        ShopJob job = new ShopJob(folder.resolve("shop"), "unchanged-shop", 2);
        Files.writeString(job.file(), Files.readString(job.file()).replace(", unchanged: replace", ""));
        Effects stopping = new Effects((number, effect) -> effect.what().equals("replaced"), effect -> {});
        assertThat(job.run(Clock.systemUTC(), stopping).exitCode()).isEqualTo(1);
        Clock later = Clock.offset(Clock.systemUTC(), LEASE);
        assertThat(job.run(later, Effects.unlimited()).exitCode()).isZero();
        RunId first = job.onlyRun().id();

        Effects same = Effects.unlimited();
        StoredJob.Ended ended = job.run(Clock.offset(later, LEASE), same);

        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(ended.output()).contains("unchanged since run " + first);
        assertThat(same.done()).noneMatch(effect -> effect.kind() == Effects.Kind.WAREHOUSE);
    }

    @Test
    void anEarlierRunDoesNotComeAfterOneThatFoundItsRowsLive() {
        Trial trial = new Trial(folder);
        Path job = job(trial, "late");
        trial.succeed(job);
        RunId first = trial.run(trial.open(job)).id();
        put("late", "new");
        assertThat(trial.run(List.of(Phase.INFER_SCHEMA), job).code()).isZero();
        RunId late = trial.run(trial.open(job)).id();
        assertThat(trial.run(List.of(Phase.EXTRACT), job).code()).isZero();
        put("late", "old");
        trial.succeed(job, "--run", "2099-01-01T00-00-00Z-aaaa");
        assertThat(unchangedSince(trial, job)).containsExactly(first);

        Trial.Ended ended = trial.run(job, "--run", late.value());

        assertThat(ended.code()).as(ended.err()).isEqualTo(3);
        assertThat(ended.err()).contains("Run " + late + ", commit 2, comes too late", "commit 3");
        assertThat(texts(trial, job, "late")).containsExactly("old", "old", "old");
    }

    @Test
    void aRunThatWasRolledBackBeforeItHadSaidThatItWasDoneEndsAndTheNextStartBeginsANewOne() {
        Trial trial = new Trial(folder);
        Path job = job(trial, "back");
        trial.succeed(job);
        RunId first = trial.run(trial.open(job)).id();
        put("back", "new");
        int[] notes = {2};
        trial.through(
                new Effects((number, effect) -> effect.what().contains("/live.json") && --notes[0] == 0, effect -> {})
                        .storages());
        assertThat(trial.run(job).code()).isEqualTo(1);
        trial.through(Storages::open).later(LEASE);
        assertThat(texts(trial, job, "back")).containsExactly("old", "new", "old");
        RunId back = trial.run(trial.open(job)).id();
        assertThat(Trial.command("rollback", job.toString()).code()).isZero();

        Trial.Ended refused = trial.run(job);

        assertThat(refused.code()).as(refused.err()).isEqualTo(3);
        assertThat(refused.err())
                .contains(
                        "Run " + back + ", commit 2, does not replace ",
                        " again: it was live and was rolled back; live stays run " + first + ", commit 1. Start the job"
                                + " again, without --run: a new run reads its data anew");
        assertThat(texts(trial, job, "back")).containsExactly("old", "old", "old");
        assertThat(trial.run(trial.open(job)).end().orElseThrow().outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(trial.run(job, "--run", back.value()).code()).isEqualTo(2);

        trial.succeed(job);
        assertThat(trial.run(trial.open(job)).id()).isNotEqualTo(back);
        assertThat(texts(trial, job, "back")).containsExactly("old", "new", "old");
    }

    @Test
    void theGateStillCountsTheQuarantine() {
        Trial trial = new Trial(folder);
        Path job = job(trial, "gate");
        trial.succeed(job);
        RunId first = trial.run(trial.open(job)).id();
        Items.put("unchanged-gate", List.of("{\"id\": {\"N\": \"" + LONG + "\"}}"));
        Trial.Ended refused = trial.run(job);
        assertThat(refused.code()).as(refused.err()).isEqualTo(3);
        assertThat(refused.err()).contains("max-quarantine: expected at most 0.1 % of 4 rows, found 1 (25 %)");

        Trial.Ended accepted = Trial.command(
                "accept",
                trial.run(trial.open(job)).id().value(),
                "--job",
                job.toString(),
                "--gate",
                "max-quarantine",
                "--reason",
                "known");

        assertThat(accepted.code()).as(accepted.err()).isZero();
        assertThat(unchangedSince(trial, job)).containsExactly(first);
        assertThat(trial.run(job).code()).isEqualTo(3);
    }

    @Test
    void rowsThatAPersonLetPassMeetTheGateAgain() throws IOException {
        Trial trial = new Trial(folder);
        Path job = job(trial, "again");
        Files.writeString(
                job, Files.readString(job).replace("schema: w", "schema: w, gate: {min-rows: {unchanged_again: 4}}"));
        for (int i = 0; i < 2; i++) {
            assertThat(trial.run(job).code()).isEqualTo(3);
            Trial.Ended accepted = Trial.command(
                    "accept",
                    trial.run(trial.open(job)).id().value(),
                    "--job",
                    job.toString(),
                    "--gate",
                    "min-rows",
                    "--reason",
                    "few");
            assertThat(accepted.code()).as(accepted.err()).isZero();
            assertThat(unchangedSince(trial, job)).isEmpty();
        }
        assertThat(trial.open(job).warehouse().unchanged()).isEqualTo(WarehouseSettings.Unchanged.SKIP);
    }
}
