package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.RunId;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.S3Front;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jobs that stage on an S3 server which answers 500 and 503, resets connections and loses answers, at random. */
class S3ChaosTest {
    private static final String TABLE = "s3-chaos-test";
    private static final int SEGMENTS = 2;

    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static Undisturbed undisturbed;
    private final S3Front front = S3Server.front();

    @BeforeAll
    static void runUndisturbed() {
        SharedSpark.session().sparkContext().setLogLevel("OFF");
        ShopJob.fillSmall(TABLE);
        undisturbed = Undisturbed.run(new ShopJob(folder.resolve("undisturbed"), TABLE, SEGMENTS));
    }

    @AfterAll
    static void logAgain() {
        SharedSpark.session().sparkContext().setLogLevel("WARN");
    }

    @AfterEach
    void calm() {
        front.calm();
    }

    /** @param runs most that may be needed; the last finds the server calm */
    @ParameterizedTest
    @CsvSource({"1, 0.05, 4", "2, 0.15, 6"})
    void aJobEndsRightOrFailsAndEndsRightWhenItIsRunAgain(long seed, double share, int runs) {
        String bucket = S3Server.newBucket();
        ShopJob job = new ShopJob(
                folder.resolve("job-" + seed), TABLE, SEGMENTS, "s3://" + bucket + "/staging", S3Server.options());
        front.rage(seed, share);
        StoredJob.Ended ended = job.run();
        for (int run = 2; ended.exitCode() != 0; run++) {
            assertThat(run).as(ended.output()).isLessThanOrEqualTo(runs);
            assertThat(ended.exitCode()).as(ended.output()).isEqualTo(1);
            assertThat(ended.output()).contains("s3://").doesNotContain("\tat ");
            front.calm();
            // This process is alive, and may not have been able to give the lock back.
            job.deleteLock();
            if (run < runs) {
                front.rage(seed + run, share);
            }
            ended = job.run();
        }
        front.calm();
        List<String> broken = front.broken().stream()
                .filter(request -> request.contains("/" + bucket + "/"))
                .toList();
        assertThat(broken).hasSizeGreaterThan((int) (share * 150));
        assertThat(undisturbed.differences(job)).isEmpty();
        // Of a run whose last answer is lost nobody knows that it is done: the next start is another.
        assertThat(job.commits()).extracting(Commit::run).allMatch(run -> isDone(job, run));
    }

    private static boolean isDone(ShopJob job, RunId run) {
        return job.store()
                .run(run)
                .end()
                .filter(end -> end.outcome() == Outcome.DONE)
                .isPresent();
    }

    /** Each is sent again by the client, and refused by its own first success. */
    @Test
    void aJobEndsRightWhenTheFirstAnswerToEveryWriteIsLost() {
        String bucket = S3Server.newBucket();
        ShopJob job = new ShopJob(
                folder.resolve("lost-answers"), TABLE, SEGMENTS, "s3://" + bucket + "/staging", S3Server.options());
        front.loseFirstAnswers(request -> request.startsWith("PUT /" + bucket + "/"));
        StoredJob.Ended ended = job.run();
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(front.broken())
                .filteredOn(request -> request.startsWith("LOSE_ANSWER PUT /" + bucket + "/"))
                .hasSizeGreaterThan(30);
        assertThat(undisturbed.differences(job)).isEmpty();
        assertThat(job.commits()).hasSize(1);
    }
}
