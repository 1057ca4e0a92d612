package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.millrace.run.Outcome;
import dev.millrace.run.RunStore;
import dev.millrace.testing.DynamoDbFront;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run may cost holds for all its processes together, those too that are killed. */
class ReadUnitsTest {
    private static final String TABLE = "read-units";
    private static final String RUN = "2026-11-21T07-00-00Z-k3f9";
    private static final int PROCESSES = 3;
    private static final int MOST = 50;

    /** Units of a page beyond what is expected of it where the table is told to be smaller than it is. */
    private static final int OVERDRAWN = 2;

    private static final Duration DEADLINE = Duration.ofMinutes(2);

    @TempDir
    private Path folder;

    @Test
    void processesThatShareARunCostNoMoreThanItMay() throws Exception {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            items.add("{\"id\": {\"S\": \"" + i + "\"}, \"text\": {\"S\": \"" + "x".repeat(1500 + i) + "\"}}");
        }
        Items.table(TABLE, List.of("id:S"), items);
        Trial trial = new Trial(folder);
        try (DynamoDbFront front = new DynamoDbFront()) {
            // What DynamoDB says of a table's size is up to six hours old.
            front.describe(TABLE, table -> table.put("TableSizeBytes", 200_000));
            Path job = trial.job("units", """
                    job: units
                    source: {dynamodb: {table: read-units, region: eu-west-1, endpoint: "%s", segments: 6,
                      read-capacity: 60, max-read-units: %d}}
                    staging: {at: $HERE/staging}
                    warehouse: {duckdb: {path: $HERE/units.duckdb}, schema: w}
                    """.formatted(front.uri(), MOST));
            List<Process> processes = new ArrayList<>();
            try {
                for (int i = 1; i <= PROCESSES; i++) {
                    processes.add(start(job, i));
                }
                await(() -> front.charges().size() >= 5);
                processes.get(0).destroyForcibly();
                for (Process process : processes) {
                    assertThat(process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS))
                            .isTrue();
                }
            } finally {
                processes.forEach(Process::destroyForcibly);
            }
            assertThat(processes.stream().skip(1).map(Process::exitValue))
                    .as(logs())
                    .contains(3);
            RunStore run = trial.run(trial.open(job));
            assertThat(run.end().orElseThrow().rules()).contains(List.of("max-read-units"));
            // Of two requests of the killed process nobody knows that they cost more than was set aside for them.
            assertThat(front.units()).as(logs()).isBetween(MOST * 0.6, MOST + 2.0 * OVERDRAWN);

            Trial.Ended accepted = Trial.command(
                    "accept", RUN, "--job", job.toString(), "--gate", "max-read-units", "--reason", "all of it");
            assertThat(accepted.code()).as(accepted.err()).isZero();
            Items.assertEqual(trial.itemsOfLive(trial.open(job)), Items.scan(TABLE), List.of("id"));
            assertThat(run.end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
            // A killed process tells what it knew five seconds before.
            double known = run.record().orElseThrow().read().orElseThrow().units();
            assertThat(known).isBetween(front.units() - 50, front.units());
        }
    }

    private Process start(Path job, int share) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens="))
                .forEach(command::add);
        command.addAll(List.of(
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djdk.reflect.useDirectMethodHandle=false",
                "-Dspark.master=local[2]",
                "-Dspark.driver.host=127.0.0.1",
                "-Dspark.driver.bindAddress=127.0.0.1",
                "-Dspark.ui.enabled=false",
                "-cp",
                System.getProperty("java.class.path"),
                Millrace.class.getName(),
                "local",
                "infer-schema",
                job.toString(),
                "--run",
                RUN,
                "--units",
                share + "/" + PROCESSES));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log(share).toFile())
                .redirectInput(new File("/dev/null"))
                .start();
    }

    private Path log(int share) {
        return folder.resolve("process-" + share + ".log");
    }

    private String logs() throws IOException {
        StringBuilder logs = new StringBuilder();
        for (int i = 1; i <= PROCESSES; i++) {
            logs.append(Files.readString(log(i)));
        }
        return logs.toString();
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds();
    }

    private void await(Condition condition) throws IOException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() > deadline) {
                fail("Nothing is read:\n" + logs());
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
