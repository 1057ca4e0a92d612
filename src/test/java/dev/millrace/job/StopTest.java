package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseState;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.SharedSpark;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
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
    private static final Duration LEASE = Duration.ofMinutes(3);

    private static final Clock MUCH_LATER = Clock.offset(Clock.systemUTC(), Duration.ofHours(2));

    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static Undisturbed undisturbed;

    @BeforeAll
    static void runUndisturbed() {
        // Spark would print the stack of every stop.
        SharedSpark.session().sparkContext().setLogLevel("OFF");
        ShopJob.fillSmall(TABLE);
        undisturbed = Undisturbed.run(job("undisturbed"));
    }

    @AfterAll
    static void logAgain() {
        SharedSpark.session().sparkContext().setLogLevel("WARN");
    }

    private static ShopJob job(String name) {
        return new ShopJob(folder.resolve(name), TABLE, SEGMENTS, "staging: spool: delete");
    }

    @Test
    void aFirstRunStoppedAfterAnyEffectEndsAsIfItWasNot() {
        List<Effects.Effect> stops = new ArrayList<>();
        boolean stopped = true;
        for (int k = 1; stopped; k++) {
            ShopJob job = job("first-" + k);
            stopped = stop(k, job, Clock.systemUTC(), stops);
            assertThat(undisturbed.differences(job)).as("%s", stops).isEmpty();
            assertThat(job.commits()).as("%s", stops).hasSize(1);
        }
        assertAllKinds(stops);
    }

    /** The schema is there, live and a previous version are; old runs and versions are removed at the end. */
    @Test
    void aLaterRunStoppedAfterAnyEffectEndsAsIfItWasNot() {
        List<Effects.Effect> stops = new ArrayList<>();
        boolean stopped = true;
        for (int k = 1; stopped; k++) {
            // A folder for every ten: with each run there is more to look at.
            int before = k % 10;
            ShopJob job =
                    new ShopJob(folder.resolve("later-" + k / 10), TABLE, SEGMENTS, "staging: spool: keep, keep: 90m");
            Clock clock = Clock.offset(Clock.systemUTC(), Duration.ofHours(before));
            if (before == 0 || k == 1) {
                assertThat(job.run(Clock.offset(clock, Duration.ofHours(-2)), Effects.unlimited())
                                .exitCode())
                        .isZero();
                assertThat(job.run(Clock.offset(clock, Duration.ofHours(-1)), Effects.unlimited())
                                .exitCode())
                        .isZero();
            }
            int commits = job.commits().size();
            stopped = stop(k, job, clock, stops);
            assertThat(undisturbed.differences(job)).as("%s", stops).isEmpty();
            assertThat(job.commits()).as("%s", stops).hasSize(commits + 1);
        }
        assertAllKinds(stops);
        assertThat(stops.toString()).contains("warehouse: version dropped", "storage: delete shop/orders/");
    }

    private static void assertAllKinds(List<Effects.Effect> stops) {
        assertThat(stops.stream().filter(stop -> stop.kind() == Effects.Kind.STORAGE))
                .hasSizeGreaterThan(30);
        assertThat(stops.stream().filter(stop -> stop.kind() == Effects.Kind.WAREHOUSE))
                .hasSizeGreaterThan(10);
        assertThat(stops).anyMatch(stop -> stop.kind() == Effects.Kind.DYNAMODB);
    }

    /**
     * Runs a job, stops it after its k-th effect and runs it again. Adds the last effect to those of earlier stops.
     *
     * @return false when the run was over before
     */
    private static boolean stop(int k, ShopJob job, Clock clock, List<Effects.Effect> stops) {
        int commits = job.commits().size();
        Effects stopping = Effects.stoppingAfter(k);
        StoredJob.Ended first = job.run(clock, stopping);
        if (!stopping.isDead()) {
            assertThat(first.exitCode()).as(first.output()).isZero();
            return false;
        }
        stops.add(stopping.done().get(k - 1));
        String stop = "stopped after effect " + k + ", " + stops.get(k - 1);
        if (isOver(job, commits)) {
            // All is done but the clean-up: a new run would begin.
            return true;
        }
        assertThat(first.exitCode()).as(stop).isEqualTo(1);
        Map<String, String> units = unitManifests(job);
        Effects second = Effects.unlimited();
        StoredJob.Ended again = job.run(Clock.offset(clock, LEASE), second);
        assertThat(again.exitCode()).as(stop + "\n" + again.output()).isZero();
        assertThat(unitManifests(job)).as(stop).containsAllEntriesOf(units);
        for (int segment = 0; segment < SEGMENTS; segment++) {
            String spooled = "units/spool/s%05d-of-%05d.json".formatted(segment + 1, SEGMENTS);
            String scan = "scan segment " + segment + " of " + SEGMENTS;
            if (units.keySet().stream().anyMatch(path -> path.endsWith(spooled))) {
                assertThat(second.done())
                        .as(stop)
                        .noneMatch(effect -> effect.what().equals(scan));
            }
        }
        return true;
    }

    private static boolean isOver(ShopJob job, int commitsBefore) {
        List<Commit> commits = job.commits();
        return commits.size() > commitsBefore
                && job.store().run(commits.get(commitsBefore).run()).end().isPresent();
    }

    /** The newest run's; none before it has one. */
    private static Map<String, String> unitManifests(ShopJob job) {
        return job.store().runs().isEmpty() ? Map.of() : job.unitManifests();
    }

    @Test
    void anUnfinishedRunPastItsTimeIsAbandonedAndCleaned() {
        ShopJob job = job("abandoned");
        job.run(Clock.systemUTC(), Effects.stoppingAtFirst("commits/"));
        RunId old = job.onlyRun().id();
        assertThat(job.record().orElseThrow().phase(Phase.EXTRACT).orElseThrow().state())
                .isEqualTo(PhaseState.RUNNING);

        StoredJob.Ended ended = job.run(MUCH_LATER, Effects.unlimited());

        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(job.store().runs()).hasSize(2).contains(old);
        assertThat(job.store().run(old).end().orElseThrow().outcome()).isEqualTo(Outcome.ABANDONED);
        assertThat(job.storage().list(""))
                .extracting(file -> file.path())
                .noneMatch(path -> path.contains("snapshot=" + old) || path.contains(old + "/spool/"));
        assertThat(job.commits()).extracting(Commit::run).hasSize(2).first().isEqualTo(old);
    }

    @Test
    void whatAKilledRunWasWritingIsRemovedByARunADayLater() {
        ShopJob job = job("was-writing");
        job.run(Clock.systemUTC(), Effects.stoppingAtFirst("/datalake/"));
        assertThat(job.storage().unfinished("shop/")).isNotEmpty();
        for (Duration later : List.of(Duration.ofHours(23), Duration.ofHours(25))) {
            Clock clock = Clock.offset(Clock.systemUTC(), later);
            assertThat(job.run(clock, Effects.unlimited()).exitCode()).isZero();
            boolean isOld = later.compareTo(Duration.ofDays(1)) > 0;
            assertThat(job.storage().unfinished("shop/").isEmpty()).isEqualTo(isOld);
        }
        assertThat(undisturbed.differences(job)).isEmpty();
    }

    @Test
    void aRunThatDidAllItsWorkIsDoneAlsoPastItsTime() {
        ShopJob job = job("done-late");
        job.run(Clock.systemUTC(), Effects.stoppingAtFirst("phases/replace.json"));
        RunId first = job.onlyRun().id();
        assertThat(job.onlyRun().end()).isEmpty();

        StoredJob.Ended ended = job.run(MUCH_LATER, Effects.unlimited());

        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(job.store().runs()).hasSize(2);
        assertThat(job.store().run(first).end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
    }

    @Test
    void aRunThatIsDoneKeepsItsRecord() {
        ShopJob job = job("keeps");
        assertThat(job.run().exitCode()).isZero();
        RunRecord record = job.record().orElseThrow();
        StoredJob.Ended ended = job.run("--run", job.onlyRun().id().value());
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(job.record()).contains(record);
    }

    @Test
    void aPhaseThatComesTooEarlyDoesNotEndTheRun() {
        ShopJob job = job("too-early");
        job.run(Clock.systemUTC(), Effects.stoppingAtFirst("phases/extract.json"));
        job.deleteLock();

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
        StoredJob.Ended ended = job.run();
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(undisturbed.differences(job)).isEmpty();
    }
}
