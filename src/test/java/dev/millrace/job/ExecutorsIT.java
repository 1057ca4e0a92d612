package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.run.JobStore;
import dev.millrace.run.ReadCost;
import dev.millrace.run.RunStore;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.DynamoDbFront;
import dev.millrace.testing.DynamoDbFront.Charge;
import dev.millrace.testing.Processes;
import dev.millrace.testing.SparkSubmit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run on executors that are processes of their own: Spark starts them with its own distribution. */
class ExecutorsIT {
    private static final double UNITS_PER_SECOND = 20;

    @TempDir
    private Path folder;

    @Test
    void executorsShareTheRate() throws Exception {
        assumeTrue(SparkSubmit.isInstalled(), "scripts/install-test-tools was not run");
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            items.add("{\"id\": {\"S\": \"" + i + "\"}, \"text\": {\"S\": \"" + "x".repeat(1500 + i) + "\"}}");
        }
        Items.table("executors", List.of("id:S"), items);
        try (DynamoDbFront front = new DynamoDbFront()) {
            Files.writeString(folder.resolve("job.yaml"), """
                    job: executors
                    source: {dynamodb: {table: executors, region: eu-west-1, endpoint: "%s", segments: 8,
                      read-capacity: %.0f}}
                    staging: {at: staging}
                    """.formatted(front.uri(), UNITS_PER_SECOND));
            Processes.Ended ended = SparkSubmit.run(
                    folder,
                    List.of(
                            "--master",
                            "local-cluster[2,1,600]",
                            "--driver-memory",
                            "600m",
                            "--conf",
                            "spark.executor.memory=600m",
                            "--conf",
                            "spark.executor.cores=1",
                            "--class",
                            "dev.millrace.job.InferSchema",
                            SparkSubmit.jar().toString(),
                            "job.yaml"));
            assertThat(ended.exitCode()).as(ended.output()).isZero();

            Storage staging = Storages.open(folder.resolve("staging").toString(), StorageOptions.DEFAULT);
            JobStore store = new JobStore(staging, "executors", Clock.systemUTC(), new Random());
            RunStore run = store.run(store.runs().get(0));
            ReadCost cost = run.reads().cost().orElseThrow();
            assertThat(cost.units()).isEqualTo(front.units());
            assertThat(staging.list(run.path("reads/"))).as("an account each").hasSize(2);
            List<Charge> charges = front.charges();
            double seconds =
                    (charges.get(charges.size() - 1).nanos() - charges.get(0).nanos()) / 1e9;
            // The first page of each is paid for before it is asked for; half a second for slow starts.
            double first = 2 * charges.stream().mapToDouble(Charge::units).max().orElseThrow();
            assertThat(front.units() - first).isLessThanOrEqualTo(1.05 * UNITS_PER_SECOND * (seconds + 0.5));
        }
    }
}
