package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.millrace.testing.DynamoDbFront;
import dev.millrace.testing.DynamoDbFront.Reply;
import dev.millrace.testing.Processes;
import dev.millrace.testing.SparkCluster;
import dev.millrace.testing.SparkSubmit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spark runs a slow task a second time on another host while the first goes on: both do the unit, one wins. */
class SpeculationIT {
    private static final String TABLE = "speculation-it";
    private static final int SEGMENTS = 4;
    private static final int DEADLINE_SECONDS = 25;

    @TempDir
    private Path folder;

    @Test
    void ofTwoAttemptsAtAUnitOneWins() throws IOException {
        assumeThat(SparkSubmit.isInstalled())
                .as("needs the Spark that scripts/install-test-tools installs")
                .isTrue();
        assumeThat(SparkCluster.isPossible(2)).as("needs 127.0.0.2").isTrue();
        ShopJob.fillSmall(TABLE);
        Undisturbed undisturbed = Undisturbed.run(new ShopJob(folder.resolve("undisturbed"), TABLE, SEGMENTS));
        try (DynamoDbFront front = new DynamoDbFront();
                SparkCluster cluster = new SparkCluster(folder.resolve("cluster"), 2)) {
            ShopJob job = new ShopJob(folder.resolve("job"), TABLE, SEGMENTS).through(front.uri());
            // The first run reads while it infers the schema, the second while it extracts.
            for (int run = 1; run <= 2; run++) {
                CountDownLatch missing = new CountDownLatch(2);
                front.always(
                        asked -> asked.isOfSegment(0) && !asked.body().has("ExclusiveStartKey"),
                        (asked, real) -> answerTogether(missing, real));
                Processes.Ended ended = submit(job, cluster);
                assertThat(ended.exitCode()).as(ended.output()).isZero();
                assertThat(missing.getCount()).as("two attempts in run %s", run).isZero();
                front.heal();
                assertThat(undisturbed.differences(job)).isEmpty();
                assertThat(job.commits()).hasSize(run);
            }
        }
    }

    /** Holds an attempt's first answer back until another attempt has begun; not as long as a client waits for it. */
    private static Reply answerTogether(CountDownLatch missing, Supplier<Reply> real) {
        missing.countDown();
        try {
            boolean unused = missing.await(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return real.get();
    }

    private static Processes.Ended submit(ShopJob job, SparkCluster cluster) {
        List<String> arguments = new ArrayList<>(List.of("--master", cluster.master()));
        for (String setting : List.of(
                "spark.driver.host=127.0.0.1",
                "spark.driver.bindAddress=127.0.0.1",
                "spark.ui.enabled=false",
                "spark.executor.memory=512m",
                "spark.executor.extraJavaOptions=-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
                "spark.scheduler.minRegisteredResourcesRatio=1.0",
                "spark.scheduler.maxRegisteredResourcesWaitingTime=60s",
                "spark.speculation=true",
                "spark.speculation.interval=100ms",
                "spark.speculation.minTaskRuntime=100ms",
                "spark.speculation.multiplier=1",
                "spark.speculation.quantile=0.5")) {
            arguments.addAll(List.of("--conf", setting));
        }
        arguments.addAll(List.of(
                "--jars",
                SparkSubmit.duckDbJar(),
                "--class",
                "dev.millrace.job.Pipeline",
                SparkSubmit.jar().toString(),
                job.file().toString()));
        return SparkSubmit.run(job.folder(), arguments);
    }
}
