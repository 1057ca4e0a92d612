package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.RunId;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two starts of one job at once. */
class OverlapTest {
    private static final String TABLE = "overlap-test";
    private static final int SEGMENTS = 2;
    private static final int DEADLINE_SECONDS = 60;

    @TempDir
    private static Path folder;

    private static Undisturbed undisturbed;

    @BeforeAll
    static void runUndisturbed() {
        ShopJob.fillSmall(TABLE);
        undisturbed = Undisturbed.run(job("undisturbed"));
    }

    private static ShopJob job(String name) {
        return new ShopJob(folder.resolve(name), TABLE, SEGMENTS);
    }

    /** A start of the job that stands still after its first effect on a file, until it may go on. */
    private static final class Halted {
        private final CountDownLatch halted = new CountDownLatch(1);
        private final CountDownLatch mayGoOn = new CountDownLatch(1);
        private final CompletableFuture<ShopJob.Ended> ended;

        Halted(ShopJob job, String path, ExecutorService thread) throws InterruptedException {
            AtomicBoolean first = new AtomicBoolean(true);
            Effects effects = new Effects((number, effect) -> false, effect -> {
                if (effect.isOn(path) && first.compareAndSet(true, false)) {
                    halted.countDown();
                    await(mayGoOn);
                }
            });
            ended = CompletableFuture.supplyAsync(() -> job.run(Clock.systemUTC(), effects), thread);
            assertThat(halted.await(DEADLINE_SECONDS, TimeUnit.SECONDS))
                    .as("halted after %s", path)
                    .isTrue();
        }

        ShopJob.Ended goOn() {
            mayGoOn.countDown();
            return ended.orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS).join();
        }

        private static void await(CountDownLatch latch) {
            try {
                if (!latch.await(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                    throw new AssertionError("Nobody let it go on");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void theSecondIsToldWhoHoldsTheJob() throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            ShopJob job = job("held");
            Halted first = new Halted(job, "phases/infer-schema.json", thread);
            ShopJob.Ended second = job.run();
            assertThat(second.exitCode()).isEqualTo(4);
            assertThat(second.output())
                    .startsWith("Job shop is held by " + ThisProcess.name() + " since ")
                    .contains(", run " + job.onlyRun().id());
            assertThat(first.goOn().exitCode()).isZero();
            assertThat(undisturbed.differences(job)).isEmpty();
            assertThat(job.commits()).hasSize(1);
        } finally {
            thread.shutdownNow();
        }
    }

    /** The second takes up the run of the first and ends it; the first finds that. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "plan.json",
                "units/spool/s00001-of-00002.json",
                "phases/infer-schema.json",
                "units/extract/s00002-of-00002.json",
                "commits/0000000001.json",
                "phases/extract.json",
                "phases/prepare.json",
                "phases/upload.json",
                "phases/replace.json"
            })
    void withoutALockTwoDoOneRun(String path) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            ShopJob job = job("one-run-" + path.replace('/', '-'));
            Halted first = new Halted(job, path, thread);
            RunId run = job.onlyRun().id();
            if (!path.equals("plan.json")) {
                job.deleteLock();
            }
            ShopJob.Ended second = job.run();
            assertThat(second.exitCode()).as(second.output()).isZero();
            ShopJob.Ended late = first.goOn();

            assertThat(late.exitCode()).as(late.output()).isZero();
            boolean beganAnother = job.store().runs().size() == 2;
            assertThat(beganAnother).isEqualTo(path.equals("plan.json"));
            assertThat(undisturbed.differences(job)).isEmpty();
            assertThat(job.commits())
                    .hasSize(beganAnother ? 2 : 1)
                    .first()
                    .extracting(Commit::run)
                    .isEqualTo(run);
            assertThat(job.record().orElseThrow().outcome()).contains(Outcome.DONE);
        } finally {
            thread.shutdownNow();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"phases/infer-schema.json", "phases/extract.json"})
    void withoutALockTwoAtOnceDoOneRun(String path) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            ShopJob job = job("at-once-" + path.replace('/', '-'));
            Halted first = new Halted(job, path, threads);
            job.deleteLock();
            CompletableFuture<ShopJob.Ended> second = CompletableFuture.supplyAsync(job::run, threads);
            ShopJob.Ended one = first.goOn();
            ShopJob.Ended other =
                    second.orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS).join();

            // One may find the staging in use by the other: a failure of the world, and the command may be run again.
            assertThat(one.exitCode() + other.exitCode())
                    .as(one.output() + other.output())
                    .isLessThan(2);
            assertThat(undisturbed.differences(job)).isEmpty();
            assertThat(job.commits()).hasSize(1);
            assertThat(job.onlyRun().end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Live is the last commit's, whole; a run that comes late does not take it back. */
    @ParameterizedTest
    @ValueSource(strings = {"phases/infer-schema.json", "commits/0000000001.json", "phases/upload.json"})
    void withoutALockTwoRunsCommitOneAfterTheOther(String path) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            ShopJob job = job("two-runs-" + path.replace('/', '-'));
            Halted first = new Halted(job, path, thread);
            RunId run = job.onlyRun().id();
            job.deleteLock();
            RunId own = RunId.startingAt(Clock.systemUTC().instant().plusSeconds(1), new Random());
            ShopJob.Ended second = job.run("--run", own.value());
            assertThat(second.exitCode()).as(second.output()).isZero();
            ShopJob.Ended late = first.goOn();

            boolean committedFirst = job.commits().get(0).run().equals(run);
            assertThat(late.exitCode()).as(late.output()).isEqualTo(committedFirst ? 3 : 0);
            assertThat(job.commits()).extracting(Commit::run).containsExactlyInAnyOrder(run, own);
            assertThat(undisturbed.differences(job)).isEmpty();
        } finally {
            thread.shutdownNow();
        }
    }
}
