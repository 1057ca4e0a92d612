package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.RunEnd;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.SharedSpark;
import dev.millrace.testing.WrongClock;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A clock that is set back or forward between runs and in the middle of one: nothing is lost, doubled or blocked. */
class WrongClockTest {
    private static final String TABLE = "wrong-clock-test";
    private static final int SEGMENTS = 2;

    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static Undisturbed undisturbed;
    private final WrongClock clock = new WrongClock();

    @BeforeAll
    static void runUndisturbed() {
        SharedSpark.session().sparkContext().setLogLevel("OFF");
        ShopJob.fillSmall(TABLE);
        undisturbed = Undisturbed.run(job("undisturbed"));
    }

    @AfterAll
    static void logAgain() {
        SharedSpark.session().sparkContext().setLogLevel("WARN");
    }

    private static ShopJob job(String name) {
        return new ShopJob(folder.resolve(name), TABLE, SEGMENTS);
    }

    private void succeed(ShopJob job) {
        StoredJob.Ended ended = job.run(clock, Effects.unlimited());
        assertThat(ended.exitCode()).as(ended.output()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT-1H", "P-1D"})
    void runsAfterAClockThatWasSetBackFollowTheOneBefore(Duration back) {
        ShopJob job = job("between" + back);
        succeed(job);
        clock.jump(back);
        succeed(job);
        clock.jump(Duration.ofMinutes(10));
        succeed(job);
        assertThat(job.commits())
                .extracting(Commit::run)
                .containsExactlyElementsOf(job.store().runs())
                .hasSize(3);
        assertThat(undisturbed.differences(job)).isEmpty();
    }

    /** Also one whose lease ends, by the new clock, in an hour or a day. */
    @ParameterizedTest
    @ValueSource(strings = {"PT-1H", "P-1D"})
    void aRunThatWasStoppedBeforeTheClockWasSetBackIsTakenUp(Duration back) {
        ShopJob job = job("taken-up" + back);
        succeed(job);
        clock.jump(Duration.ofMinutes(5));
        job.run(clock, Effects.stoppingAtFirst("units/extract/"));
        RunStore stopped = job.newestRun();
        Map<String, String> units = job.unitManifests();
        assertThat(stopped.end()).isEmpty();
        clock.jump(back);
        Effects second = new Effects((number, effect) -> false, effect -> {});
        StoredJob.Ended ended = job.run(clock, second);

        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(job.newestRun().id()).isEqualTo(stopped.id());
        assertThat(job.unitManifests()).containsAllEntriesOf(units);
        assertThat(job.commits()).hasSize(2);
        assertThat(undisturbed.differences(job)).isEmpty();
    }

    /** And the run that was stopped began after the clock was set back. */
    @ParameterizedTest
    @ValueSource(strings = {"PT-1H", "P-1D"})
    void aRunThatWasStoppedAfterTheClockWasSetBackIsTakenUpOrGivenUp(Duration back) {
        ShopJob job = job("given-up" + back);
        succeed(job);
        clock.jump(back);
        job.run(clock, Effects.stoppingAtFirst("units/extract/"));
        RunId stopped = job.newestRun().id();
        clock.jump(Duration.ofMinutes(3));
        succeed(job);
        assertThat(job.newestRun().id()).isEqualTo(stopped);

        job.run(clock, Effects.stoppingAtFirst("units/extract/"));
        RunStore old = job.newestRun();
        clock.jump(Duration.ofHours(2));
        succeed(job);
        assertThat(old.end()).map(RunEnd::outcome).contains(Outcome.ABANDONED);
        assertThat(job.storage().list("shop/orders/snapshot=" + old.id() + "/")).isEmpty();
        assertThat(job.commits()).hasSize(3);
        assertThat(undisturbed.differences(job)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT-1H", "P-1D", "PT1H", "P1D"})
    void aClockThatJumpsInTheMiddleOfARunChangesNothing(Duration jump) {
        ShopJob job = job("within" + jump);
        succeed(job);
        Effects effects = new Effects((number, effect) -> false, effect -> {
            if (effect.isOn("units/extract/s00001-of-00002.json")) {
                clock.jump(jump);
            } else if (effect.isOn("phases/prepare.json")) {
                clock.jump(Duration.ofHours(-1));
            }
        });
        StoredJob.Ended ended = job.run(clock, effects);
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        succeed(job);
        assertThat(job.commits())
                .extracting(Commit::run)
                .containsExactlyElementsOf(job.store().runs());
        assertThat(undisturbed.differences(job)).isEmpty();
    }

    /** What has expired is told by the clock, not by the run's name, which follows the run before. */
    @Test
    void itemsThatHaveNotExpiredAreNotLeftOut() {
        long noon = Instant.now().minus(Duration.ofHours(12)).getEpochSecond();
        Items.table(
                "wrong-clock-expiry",
                List.of("id:S"),
                List.of("{\"id\": {\"S\": \"a\"}, \"until\": {\"N\": \"" + noon + "\"}}", "{\"id\": {\"S\": \"b\"}}"));
        Trial trial = new Trial(folder);
        Path job = trial.job("expiry", """
                job: expiry
                source: {dynamodb: {table: wrong-clock-expiry, endpoint: $SERVER, segments: 1, expire: until}}
                staging: {at: $HERE/expiry}
                warehouse: {duckdb: {path: $HERE/expiry.duckdb}, schema: w}
                """);
        trial.succeed(job);
        assertThat(trial.liveRows(trial.open(job))).containsExactly("wrong_clock_expiry|1");
        trial.later(Duration.ofDays(-1)).succeed(job);
        assertThat(trial.liveRows(trial.open(job))).containsExactly("wrong_clock_expiry|2");
    }
}
