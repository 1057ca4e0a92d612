package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.testing.InMemory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes of one job at once: with the lock, without it, with shares, and one that stands still in the middle. */
class ProcessesTest {
    private static final String TABLE = "processes-test";
    private static final int SEGMENTS = 6;
    private static final JobProcess.Manner NORMAL = JobProcess.Manner.UNDISTURBED;

    /** In the middle of reading and landing. */
    private static final JobProcess.Halt IN_EXTRACT = new JobProcess.InPhase(Phase.EXTRACT, 12);

    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static JobProcesses processes;
    private static Undisturbed undisturbed;

    @BeforeAll
    static void runUndisturbed() {
        ShopJob.fillSmall(TABLE);
        ShopJob job = job("undisturbed");
        processes = JobProcesses.prepare(job);
        undisturbed = new Undisturbed(job);
    }

    private static ShopJob job(String name) {
        return new ShopJob(folder.resolve(name), TABLE, SEGMENTS);
    }

    private static void assertEnded(JobProcesses.Started process, Integer... codes) {
        assertThat(process.exitCode()).as(process.output()).isIn((Object[]) codes);
        assertThat(process.output()).doesNotContain("this is a defect");
    }

    @Test
    void ofThreeProcessesWithTheLockOneDoesTheWork() {
        ShopJob job = job("lock");
        JobProcesses.Started first = processes.start(job, NORMAL.frozen(IN_EXTRACT));
        first.awaitFrozen();
        List<JobProcesses.Started> others = List.of(processes.start(job, NORMAL), processes.start(job, NORMAL));
        for (JobProcesses.Started other : others) {
            assertEnded(other, 4);
            assertThat(other.output())
                    .contains("Job shop is held by " + first.process().pid() + "@")
                    .contains(", run " + job.onlyRun().id() + " (its lease ends at ");
        }
        first.goOn();
        assertEnded(first, 0);
        assertThat(undisturbed.differences(job)).isEmpty();
        assertThat(job.commits()).hasSize(1);
    }

    /**
     * One may find a file of the warehouse in use by another: then its command may be run again. One that comes when the
     * run is done begins another, and of two such one may be superseded.
     */
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void processesWithoutTheLockDoOneRun(int count) {
        ShopJob job = job("no-lock-" + count);
        List<JobProcesses.Started> started = new ArrayList<>();
        started.add(processes.start(job, NORMAL.withOwnLock().frozen(IN_EXTRACT)));
        started.get(0).awaitFrozen();
        RunId run = job.onlyRun().id();
        while (started.size() < count) {
            started.add(processes.start(job, NORMAL.withOwnLock()));
        }
        started.get(0).goOn();
        started.forEach(process -> assertEnded(process, 0, 1, 3));
        if (job.newestRun().end().isEmpty()) {
            assertThat(job.run().exitCode()).isZero();
        }
        assertThat(undisturbed.differences(job)).isEmpty();
        assertThat(job.commits().get(0).run()).isEqualTo(run);
    }

    @Test
    void theUnitsOfAShareThatWasKilledAreTakenOver() {
        ShopJob job = job("shares");
        String run = RunId.startingAt(Instant.now(), new Random()).value();
        List<Phase> phases = List.of(Phase.INFER_SCHEMA, Phase.EXTRACT);
        JobProcess.Halt early = new JobProcess.AfterEffect(4);
        List<JobProcesses.Started> shares = List.of(
                processes.start(job, NORMAL.killed(early), phases, "--run", run, "--units", "1/3"),
                processes.start(job, NORMAL, phases, "--run", run, "--units", "2/3"),
                processes.start(job, NORMAL, phases, "--run", run, "--units", "3/3"));
        assertEnded(shares.get(0), JobProcesses.SIGKILL);
        assertEnded(shares.get(1), 0);
        assertEnded(shares.get(2), 0);
        assertThat(shares.get(2).output()).contains("units of other processes are still to do");
        assertThat(job.isCommitted(Phase.INFER_SCHEMA)).isFalse();
        Map<String, String> units = job.unitManifests();
        assertThat(units).hasSizeGreaterThanOrEqualTo(8);

        JobProcesses.Started later = processes.start(job, NORMAL, "--run", run);
        assertEnded(later, 0);
        assertThat(job.unitManifests()).containsAllEntriesOf(units);
        assertThat(undisturbed.differences(job)).isEmpty();
    }

    /** The other, whose clock says that the lease has ended, takes the run up and ends it. */
    @Test
    void aFrozenProcessWhoseRunWasTakenUpFindsItDone() {
        ShopJob job = job("frozen-taken-up");
        JobProcesses.Started frozen = processes.start(job, NORMAL.frozen(IN_EXTRACT));
        frozen.awaitFrozen();
        RunId run = job.onlyRun().id();
        JobProcesses.Started other = processes.start(job, NORMAL.ahead(Duration.ofMinutes(3)));
        assertEnded(other, 0);
        frozen.goOn();
        assertEnded(frozen, 0);
        assertThat(job.onlyRun().id()).isEqualTo(run);
        assertThat(job.commits()).hasSize(1);
        assertThat(undisturbed.differences(job)).isEmpty();
    }

    /** Frozen before its commit, after it, and after the gate has let it pass. */
    @ParameterizedTest
    @ValueSource(strings = {"extract:12", "prepare:1", "replace:2"})
    void aFrozenProcessDoesNotReplaceANewerRun(String halt) {
        ShopJob job = job("frozen-" + halt.replace(':', '-'));
        JobProcesses.Started frozen = processes.start(job, NORMAL.frozen(JobProcess.Manner.parseHalt(halt)));
        frozen.awaitFrozen();
        RunStore early = job.onlyRun();
        RunId later = RunId.startingAt(Instant.now().plusSeconds(180), new Random());
        JobProcesses.Started newer = processes.start(job, NORMAL.ahead(Duration.ofMinutes(3)), "--run", later.value());
        assertEnded(newer, 0);
        assertThat(undisturbed.differences(job)).isEmpty();
        frozen.goOn();

        assertEnded(frozen, 3);
        assertThat(frozen.output()).contains("Run " + early.id()).contains("Nothing is lost: that run's data is newer");
        assertThat(early.end().orElseThrow().outcome()).isEqualTo(Outcome.SUPERSEDED);
        assertThat(early.record().orElseThrow().outcome()).contains(Outcome.SUPERSEDED);
        assertThat(job.commits().get(job.commits().size() - 1))
                .extracting(Commit::run)
                .isEqualTo(later);
        assertThat(undisturbed.differences(job)).isEmpty();
    }
}
