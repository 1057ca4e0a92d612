package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.WrongClock;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
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

    @TempDir(factory = InMemory.class)
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
        private final CompletableFuture<StoredJob.Ended> ended;

        Halted(ShopJob job, String path, ExecutorService thread, String... options) throws InterruptedException {
            this(job, Clock.systemUTC(), path, thread, options);
        }

        Halted(ShopJob job, Clock clock, String path, ExecutorService thread, String... options)
                throws InterruptedException {
            AtomicBoolean first = new AtomicBoolean(true);
            Effects effects = new Effects((number, effect) -> false, effect -> {
                if (effect.isOn(path) && first.compareAndSet(true, false)) {
                    halted.countDown();
                    await(mayGoOn);
                }
            });
            ended = CompletableFuture.supplyAsync(() -> job.run(clock, effects, options), thread);
            assertThat(halted.await(DEADLINE_SECONDS, TimeUnit.SECONDS))
                    .as("halted after %s", path)
                    .isTrue();
        }

        StoredJob.Ended goOn() {
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

    /** Also before the first has written its record: the second finds its plan, and leaves it alone. */
    @ParameterizedTest
    @ValueSource(strings = {"lock.json", "phases/infer-schema.json"})
    void theSecondIsToldWhoHoldsTheJob(String path) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            ShopJob job = job("held-" + path.replace('/', '-'));
            Halted first = new Halted(job, path, thread);
            StoredJob.Ended second = job.run();
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
            StoredJob.Ended second = job.run();
            assertThat(second.exitCode()).as(second.output()).isZero();
            StoredJob.Ended late = first.goOn();

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
            CompletableFuture<StoredJob.Ended> second = CompletableFuture.supplyAsync(job::run, threads);
            StoredJob.Ended one = first.goOn();
            StoredJob.Ended other =
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

    /** Live is the later run's, whole; the one that began before it ends superseded, wherever it finds that out. */
    @ParameterizedTest
    @ValueSource(strings = {"phases/infer-schema.json", "commits/0000000001.json", "phases/upload.json"})
    void withoutALockTheRunThatBeganFirstDoesNotReplaceALaterOne(String path) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            ShopJob job = job("two-runs-" + path.replace('/', '-'));
            Halted first = new Halted(job, path, thread);
            RunStore early = job.onlyRun();
            job.deleteLock();
            RunId later = RunId.startingAt(Clock.systemUTC().instant().plusSeconds(1), new Random());
            StoredJob.Ended second = job.run("--run", later.value());
            assertThat(second.exitCode()).as(second.output()).isZero();
            StoredJob.Ended late = first.goOn();

            boolean committed = !path.equals("phases/infer-schema.json");
            String ofEarly = "Run " + early.id() + (committed ? ", commit 1, " : " ");
            assertThat(late.exitCode()).as(late.output()).isEqualTo(3);
            assertThat(late.output())
                    .isEqualTo(ofEarly
                            + switch (path) {
                                case "phases/infer-schema.json" ->
                                    "comes too late: run " + later
                                            + ", which began after it, has committed already, as number 1";
                                case "commits/0000000001.json" ->
                                    "does not replace " + job.database() + ": a later run is live: " + later
                                            + ", commit 2";
                                default -> "comes too late: run " + later + ", commit 2, is live";
                            }
                            + ". Nothing is lost: that run's data is newer\n");
            assertThat(early.end().orElseThrow().outcome()).isEqualTo(Outcome.SUPERSEDED);
            assertThat(early.record().orElseThrow().outcome()).contains(Outcome.SUPERSEDED);
            assertThat(job.commits())
                    .extracting(Commit::run)
                    .containsExactlyElementsOf(committed ? List.of(early.id(), later) : List.of(later));
            assertThat(undisturbed.differences(job)).isEmpty();
            StoredJob.Ended again = job.run("--run", early.id().value());
            assertThat(again.exitCode()).isEqualTo(2);
            assertThat(again.output()).startsWith("Run " + early.id() + " has ended: superseded: Run " + early.id());
        } finally {
            thread.shutdownNow();
        }
    }

    /** What the gate compared with live is compared again when live has changed since. */
    @Test
    void aLaterRunReplacesAnEarlierOneThatWentLiveWhileItLoaded() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            ShopJob job = job("went-live-between");
            Halted first = new Halted(job, "commits/0000000001.json", threads);
            RunId early = job.onlyRun().id();
            job.deleteLock();
            RunId later = RunId.startingAt(Clock.systemUTC().instant().plusSeconds(1), new Random());
            Halted second = new Halted(job, "phases/prepare.json", threads, "--run", later.value());
            assertThat(first.goOn().exitCode()).isZero();
            StoredJob.Ended last = second.goOn();

            assertThat(last.exitCode()).as(last.output()).isZero();
            assertThat(job.commits()).extracting(Commit::run).containsExactly(early, later);
            assertThat(undisturbed.differences(job)).isEmpty();
        } finally {
            threads.shutdownNow();
        }
    }

    /** Another process may take up the run, or begin a new one; either way the first has nothing to do any more. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aProcessThatLostTheLockLeavesTheWorkToTheOneThatHasIt(boolean isAnotherRun) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            ShopJob job = job("lost-lock-" + isAnotherRun);
            WrongClock clock = new WrongClock();
            Halted first = new Halted(job, clock, "phases/infer-schema.json", threads);
            RunId run = job.onlyRun().id();
            clock.jump(Duration.ofMinutes(3));
            RunId own = RunId.startingAt(clock.instant(), new Random());
            String[] options = isAnotherRun ? new String[] {"--run", own.value()} : new String[0];
            Halted second = new Halted(job, clock, "units/extract/s00001-of-00002.json", threads, options);
            StoredJob.Ended left = first.goOn();

            assertThat(left.exitCode()).as(left.output()).isEqualTo(4);
            assertThat(left.output())
                    .startsWith("Run " + run + " is left to others: this process held the job until ")
                    .contains(
                            " and could not renew that in time. Job shop is held by " + ThisProcess.name() + " since ")
                    .contains(", run " + (isAnotherRun ? own : run) + " (");
            assertThat(second.goOn().exitCode()).isZero();
            assertThat(undisturbed.differences(job)).isEmpty();
            assertThat(job.commits()).hasSize(1);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aProcessWhoseLeaseEndedTakesTheLockAgainWhenNobodyElseDid() throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            ShopJob job = job("regained-lock");
            WrongClock clock = new WrongClock();
            Halted first = new Halted(job, clock, "phases/infer-schema.json", thread);
            clock.jump(Duration.ofMinutes(3));
            StoredJob.Ended ended = first.goOn();
            assertThat(ended.exitCode()).as(ended.output()).isZero();
            assertThat(undisturbed.differences(job)).isEmpty();
        } finally {
            thread.shutdownNow();
        }
    }
}
