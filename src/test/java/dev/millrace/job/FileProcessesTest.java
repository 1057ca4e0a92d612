package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.RunEnd;
import dev.millrace.run.RunId;
import dev.millrace.testing.InMemory;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes of one job over files at once: with the lock, without it, one that stands still, and many while files arrive. */
class FileProcessesTest {
    private static final JobProcess.Manner NORMAL = JobProcess.Manner.UNDISTURBED;

    /** In the middle of reading and landing. */
    private static final JobProcess.Halt IN_EXTRACT = new JobProcess.InPhase(Phase.EXTRACT, 6);

    private static final String NOTHING_NEW = "nothing new: job access has read all there is\n";

    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static JobProcesses processes;
    private static AccessJob delta;

    @BeforeAll
    static void runUndisturbed() {
        delta = run(job("undisturbed", "delta").deliver());
        processes = JobProcesses.prepare(delta.deliverMore());
    }

    private static AccessJob job(String name, String publish) {
        return new AccessJob(folder.resolve(name), publish);
    }

    private static AccessJob run(AccessJob job) {
        StoredJob.Ended ended = job.run();
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        return job;
    }

    /** One stands still in the middle of its second run; of the two that come one meets the lock, one does the run. */
    @Test
    void ofProcessesAtOnceOneDoesTheRunWithTheLockAndTheOtherFindsItDoneWithoutIt() {
        AccessJob job = run(job("at-once", "delta").deliver()).deliverMore();
        JobProcesses.Started frozen = processes.start(job, NORMAL.frozen(IN_EXTRACT));
        frozen.awaitFrozen();
        RunId run = job.newestRun().id();
        JobProcesses.Started locked = processes.start(job, NORMAL);
        JobProcesses.Started free = processes.start(job, NORMAL.withOwnLock());

        assertThat(locked.exitCode()).as(locked.output()).isEqualTo(4);
        assertThat(locked.output())
                .contains("Job access is held by " + frozen.process().pid() + "@")
                .contains(", run " + run + " (its lease ends at ");
        assertThat(free.exitCode()).as(free.output()).isZero();
        frozen.goOn();

        assertThat(frozen.exitCode()).as(frozen.output()).isZero();
        assertThat(new Undisturbed(delta).differences(job)).isEmpty();
        assertThat(job.commits()).extracting(Commit::run).hasSize(2).last().isEqualTo(run);
        assertThat(job.run().output()).isEqualTo(NOTHING_NEW);
    }

    /**
     * Frozen with one file of several in the table; another publishes the commit, and the next one replaces rows of files
     * that the first has yet to bring, of some all.
     */
    @ParameterizedTest
    @ValueSource(strings = {"delta", "folders"})
    void aProcessThatWasFrozenWhileItPublishedBringsNothingBack(String publish) {
        AccessJob undisturbed = publish.equals("delta")
                ? delta
                : run(run(job("undisturbed-folders", publish).deliver()).deliverMore());
        AccessJob job = job("frozen-" + publish, publish).deliver();
        JobProcesses.Started frozen =
                processes.start(job, NORMAL.frozen(new JobProcess.AtFirst("create " + AccessJob.TABLE + "/")));
        frozen.awaitFrozen();
        RunId run = job.onlyRun().id();
        // By a clock that says that the lease is over.
        StoredJob.Ended other = job.run(Clock.offset(Clock.systemUTC(), Duration.ofMinutes(3)), Effects.unlimited());
        assertThat(other.exitCode()).as(other.output()).isZero();
        assertThat(job.onlyRun().id()).isEqualTo(run);
        run(job.deliverMore());
        frozen.goOn();

        assertThat(frozen.exitCode()).as(frozen.output()).isZero();
        assertThat(new Undisturbed(undisturbed).differences(job)).isEmpty();
    }

    /** Each has a lock of its own, so that nothing keeps them apart, and begins when the first files are there. */
    @Test
    void tenRunsAtOnceReadTheFilesOfTenHoursOnceThoughTheyArriveMeanwhile() throws Exception {
        AccessJob job =
                AccessJob.ofEveryRecord(folder.resolve("ten-hours"), "delta").deliver(0);
        ExecutorService threads = Executors.newFixedThreadPool(10);
        CountDownLatch begun = new CountDownLatch(10);
        List<Future<StoredJob.Ended>> runs = new ArrayList<>();
        try {
            for (int i = 0; i < 10; i++) {
                Effects own = new Effects((number, effect) -> false, effect -> {}, "lock-" + i + ".json");
                runs.add(threads.submit(() -> {
                    begun.countDown();
                    begun.await();
                    return job.run(Clock.systemUTC(), own);
                }));
            }
            begun.await();
            for (int hour = 1; hour < 10; hour++) {
                job.deliver(hour);
            }
            for (Future<StoredJob.Ended> one : runs) {
                // Its start is to be repeated where it has committed after another, which is not published yet, or was
                // taken up and ended by another meanwhile.
                assertThat(one.get().exitCode()).as(one.get().output()).isIn(0, 1, 3);
                if (one.get().exitCode() == 1) {
                    assertThat(one.get().output()).containsAnyOf(" has to wait: run ", "was ended by another process");
                }
            }
        } finally {
            threads.shutdownNow();
        }
        assertEveryRecordOnce(job);
    }

    @Test
    void fourProcessesWithTheLockReadTheFilesOfTenHoursOnceThoughTheyArriveMeanwhile() {
        AccessJob job =
                AccessJob.ofEveryRecord(folder.resolve("ten-locked"), "folders").deliver(0);
        List<JobProcesses.Started> started = new ArrayList<>();
        for (int hour = 1; hour < 10; hour++) {
            if (started.size() < 4) {
                started.add(processes.start(job, NORMAL));
            }
            job.deliver(hour);
        }
        started.forEach(
                process -> assertThat(process.exitCode()).as(process.output()).isIn(0, 4));
        assertEveryRecordOnce(job);
    }

    private static void assertEveryRecordOnce(AccessJob job) {
        while (!run(job).run().output().equals(NOTHING_NEW)) {
            assertThat(job.commits()).hasSizeLessThan(12);
        }
        assertThat(job.rows()).isEqualTo(AccessJob.expected(0, 10));
        List<Commit> commits = job.commits();
        for (int i = 0; i < commits.size(); i++) {
            assertThat(commits.get(i).n()).isEqualTo(i + 1);
        }
        assertThat(commits).extracting(Commit::run).doesNotHaveDuplicates();
        for (RunId id : job.store().runs()) {
            boolean isCommitted =
                    commits.stream().anyMatch(commit -> commit.run().equals(id));
            assertThat(job.store().run(id).end().map(RunEnd::outcome))
                    .as("%s", id)
                    .get()
                    .isIn(isCommitted ? List.of(Outcome.DONE) : List.of(Outcome.SUPERSEDED, Outcome.ABANDONED));
        }
    }
}
