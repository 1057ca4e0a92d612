package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.dynamodb.Spool;
import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseRecord;
import dev.millrace.run.PhaseState;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.run.RunStore;
import dev.millrace.run.UnitManifest;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stops a job after its k-th effect on storage, for every k, and runs it again: the result is that of one run. */
class StopTest {
    private static final String TABLE = "stop-test";
    private static final int SEGMENTS = 2;

    /** A process that is stopped in this JVM looks alive: its lease has to end. */
    private static final Clock LATER = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(3));

    private static final Clock MUCH_LATER = Clock.offset(Clock.systemUTC(), Duration.ofHours(2));

    @TempDir
    private static Path folder;

    private static ShopJob undisturbed;

    private static List<String> effects;

    @BeforeAll
    static void runUndisturbed() {
        // Spark would print the stack of every stop.
        SharedSpark.session().sparkContext().setLogLevel("OFF");
        ShopJob.fillSmall(TABLE);
        undisturbed = job("undisturbed", true);
        WatchedStorage.Effects watched = WatchedStorage.Effects.unlimited();
        ShopJob.Ended ended = undisturbed.run(Clock.systemUTC(), watched.storages());
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        effects = watched.done();
    }

    @AfterAll
    static void logAgain() {
        SharedSpark.session().sparkContext().setLogLevel("WARN");
    }

    private static ShopJob job(String name, boolean hasWarehouse) {
        Path own = folder.resolve(name);
        return new ShopJob(
                own, TABLE, SEGMENTS, hasWarehouse, "staging: {at: " + own.resolve("staging") + ", spool: delete}");
    }

    @Test
    void aRunStoppedAfterAnyEffectOnStorageEndsAsIfItWasNot() {
        int k = 1;
        while (isStoppedAfter(k, job("stopped-" + k, false))) {
            k++;
        }
        assertThat(k).as("effects of a run").isGreaterThan(30);
    }

    @Test
    void aRunStoppedAfterItsExtractReplacesTheWarehouseOnce() {
        int k = effectsUntil("phases/extract.json");
        int first = k;
        while (isStoppedAfter(k, job("stopped-warehouse-" + k, true))) {
            k++;
        }
        assertThat(k - first).as("effects after extract").isGreaterThan(10);
    }

    /** The number of the effect that writes a file. */
    private static int effectsUntil(String path) {
        for (int i = 0; i < effects.size(); i++) {
            if (effects.get(i).endsWith(path)) {
                return i + 1;
            }
        }
        throw new AssertionError("No effect on " + path + ": " + effects);
    }

    /** False when the run was over before the k-th effect. */
    private static boolean isStoppedAfter(int k, ShopJob job) {
        WatchedStorage.Effects stopping = WatchedStorage.Effects.stoppingAfter(k);
        ShopJob.Ended first = job.run(Clock.systemUTC(), stopping.storages());
        if (!stopping.isDead()) {
            assertThat(first.exitCode()).as(first.output()).isZero();
            return false;
        }
        String stop = "stopped after effect " + k + ": " + stopping.done().get(k - 1);
        RunStore run = job.onlyRun();
        if (run.end().isEmpty()) {
            assertThat(first.exitCode()).as(stop).isEqualTo(1);
            Map<String, String> units = job.unitManifests();
            List<String> spooled = run.units().committed(Spool.PHASE).stream()
                    .map(UnitManifest::unit)
                    .toList();
            WatchedStorage.Effects second = WatchedStorage.Effects.unlimited();
            ShopJob.Ended again = job.run(LATER, second.storages());
            assertThat(again.exitCode()).as(stop + "\n" + again.output()).isZero();
            assertThat(job.unitManifests()).as(stop).containsAllEntriesOf(units);
            assertThat(second.done())
                    .as(stop)
                    .noneMatch(effect -> effect.startsWith("create ")
                            && spooled.stream().anyMatch(unit -> effect.contains("/spool/") && effect.contains(unit)));
        }
        assertSameResult(stop, job);
        return true;
    }

    private static void assertSameResult(String stop, ShopJob job) {
        RunStore run = job.onlyRun();
        assertThat(job.differences(undisturbed)).as(stop).isEmpty();
        assertThat(job.commits()).as(stop).extracting(Commit::run).containsExactly(run.id());
        assertThat(job.commits().get(0).counts())
                .as(stop)
                .isEqualTo(undisturbed.commits().get(0).counts());
        assertThat(run.end().orElseThrow().outcome()).as(stop).isEqualTo(Outcome.DONE);
        RunRecord record = run.record().orElseThrow();
        assertThat(record.outcome()).as(stop).contains(Outcome.DONE);
        assertThat(record.phases()).as(stop).extracting(PhaseRecord::state).containsOnly(PhaseState.DONE);
        assertThat(record.tables().keySet())
                .as(stop)
                .isEqualTo(undisturbed.record().orElseThrow().tables().keySet());
        assertThat(job.storage().list(run.path("spool/"))).as(stop).isEmpty();
        assertThat(job.storage().names("shop/schema/")).as(stop).containsExactly("1.json", "census.json");
        // Units that were tried twice are counted once.
        assertThat(job.census().census().toJson())
                .as(stop)
                .isEqualTo(undisturbed.census().census().toJson());
        assertThat(job.census().run()).as(stop).isEqualTo(run.id().value());
    }

    @Test
    void anUnfinishedRunPastItsTimeIsAbandonedAndCleaned() {
        ShopJob job = job("abandoned", true);
        int landed = effectsUntil("phases/extract.json");
        job.run(
                Clock.systemUTC(),
                WatchedStorage.Effects.stoppingAfter(landed - 1).storages());
        RunId old = job.onlyRun().id();
        assertThat(job.record().orElseThrow().phase(Phase.EXTRACT).orElseThrow().state())
                .isEqualTo(PhaseState.RUNNING);

        ShopJob.Ended ended =
                job.run(MUCH_LATER, WatchedStorage.Effects.unlimited().storages());

        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(job.store().runs()).hasSize(2).contains(old);
        assertThat(job.store().run(old).end().orElseThrow().outcome()).isEqualTo(Outcome.ABANDONED);
        assertThat(job.storage().list(""))
                .extracting(file -> file.path())
                .noneMatch(path -> path.contains("snapshot=" + old) || path.contains(old + "/spool/"));
        assertThat(job.commits()).extracting(Commit::run).hasSize(2).first().isEqualTo(old);
    }

    @Test
    void aRunThatDidAllItsWorkIsDoneAlsoPastItsTime() {
        ShopJob job = job("done-late", true);
        int replaced = effectsUntil("phases/replace.json");
        job.run(
                Clock.systemUTC(),
                WatchedStorage.Effects.stoppingAfter(replaced).storages());
        RunId first = job.onlyRun().id();
        assertThat(job.onlyRun().end()).isEmpty();

        ShopJob.Ended ended =
                job.run(MUCH_LATER, WatchedStorage.Effects.unlimited().storages());

        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(job.store().runs()).hasSize(2);
        assertThat(job.store().run(first).end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
    }

    @Test
    void aRunThatIsDoneKeepsItsRecord() {
        RunRecord record = undisturbed.record().orElseThrow();
        ShopJob.Ended ended =
                undisturbed.run("--run", undisturbed.onlyRun().id().value());
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(undisturbed.record()).contains(record);
    }

    @Test
    void aPhaseThatComesTooEarlyDoesNotEndTheRun() throws IOException {
        ShopJob job = job("too-early", true);
        int extracted = effectsUntil("phases/extract.json");
        job.run(
                Clock.systemUTC(),
                WatchedStorage.Effects.stoppingAfter(extracted).storages());
        Files.delete(job.staging().resolve("shop/lock.json"));

        StringWriter errors = new StringWriter();
        int exitCode = Millrace.execute(
                Millrace.commandLine().setErr(new PrintWriter(errors, true)),
                "local",
                "replace",
                job.file().toString());

        assertThat(exitCode).isEqualTo(2);
        assertThat(errors.toString())
                .startsWith("Phase prepare of run " + job.onlyRun().id() + " is not done: run it first");
        assertThat(job.onlyRun().end()).isEmpty();
        ShopJob.Ended ended = job.run();
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertSameResult("too early", job);
    }
}
