package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.millrace.dynamodb.Spool;
import dev.millrace.run.Commit;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseRecord;
import dev.millrace.run.PhaseState;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.testing.DynamoDbLocal;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * Kills a process of a job with SIGKILL in the middle of each phase and runs the job again: what a user has then is
 * what an undisturbed run would have made, and nothing was read or written twice.
 */
class KillTest {
    private static final String TABLE = "kill-test";
    private static final int ITEMS = 2_000;
    private static final int SEGMENTS = 6;
    private static final Duration DEADLINE = Duration.ofSeconds(90);

    /** A phase may be over before the signal arrives; then the kill is repeated. */
    private static final int TRIES = 5;

    @TempDir
    private static Path folder;

    private static Undisturbed undisturbed;

    @BeforeAll
    static void runUndisturbed() {
        ShopJob.fill(TABLE, ITEMS);
        undisturbed = Undisturbed.run(new ShopJob(folder.resolve("undisturbed"), TABLE, SEGMENTS));
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void aJobKilledInAPhaseEndsAsIfItWasNot(Phase phase) throws Exception {
        ShopJob job = killedIn(phase);
        RunId run = job.onlyRun().id();
        Map<String, String> units = job.unitManifests();
        List<String> spooled = spooledUnits(job);
        assertStatusShows(job, phase);

        // Units that are in the spool are not read again: they know nothing of this.
        boolean isSpooled = spooled.size() == SEGMENTS;
        assertThat(isSpooled || phase == Phase.INFER_SCHEMA).isTrue();
        ShopJob.Ended ended = isSpooled ? runOnChangedTable(job) : job.run();

        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(job.onlyRun().id()).isEqualTo(run);
        assertThat(undisturbed.differences(job)).isEmpty();
        assertThat(job.unitManifests()).containsAllEntriesOf(units);
        assertSpooledOnce(job, spooled);
        assertThat(job.commits()).extracting(Commit::run).containsExactly(run);
        assertDone(job);
    }

    private ShopJob killedIn(Phase phase) throws IOException, InterruptedException {
        for (int i = 1; i <= TRIES; i++) {
            ShopJob job = new ShopJob(folder.resolve(phase.label() + "-" + i), TABLE, SEGMENTS);
            Path log = folder.resolve(phase.label() + "-" + i + ".log");
            Process process = start(job, log);
            try {
                awaitMiddle(job, phase, process, log);
            } finally {
                process.destroyForcibly().waitFor();
            }
            if (!job.isCommitted(phase)) {
                return job;
            }
        }
        return fail("Phase " + phase.label() + " was over before it was killed, " + TRIES + " times");
    }

    private static void awaitMiddle(ShopJob job, Phase phase, Process process, Path log) throws IOException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!isInMiddle(job, phase)) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                fail("Phase " + phase.label() + " was not seen at work:\n" + Files.readString(log));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    /** At work; phases of many units with some of them done. */
    private static boolean isInMiddle(ShopJob job, Phase phase) {
        Optional<PhaseRecord> record = job.record().flatMap(r -> r.phase(phase));
        boolean atWork = record.filter(r -> r.state() == PhaseState.RUNNING).isPresent();
        return switch (phase) {
            case INFER_SCHEMA ->
                atWork && !job.onlyRun().units().committed(Spool.PHASE).isEmpty();
            case EXTRACT ->
                atWork && !job.onlyRun().units().committed(phase.label()).isEmpty();
            case PREPARE, UPLOAD, REPLACE -> atWork;
        };
    }

    private static Process start(ShopJob job, Path log) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens="))
                .forEach(command::add);
        command.addAll(List.of(
                "-Xmx1g",
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
                job.file().toString()));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .redirectInput(new File("/dev/null"))
                .start();
    }

    private static ShopJob.Ended runOnChangedTable(ShopJob job) {
        Map<String, AttributeValue> key = Map.of(
                "PK", AttributeValue.fromS("ORDER#later"),
                "SK", AttributeValue.fromS("ORDER#later"));
        Map<String, AttributeValue> item = new java.util.TreeMap<>(key);
        item.put("EntityType", AttributeValue.fromS("Order"));
        DynamoDbLocal.client().putItem(put -> put.tableName(TABLE).item(item));
        try {
            return job.run();
        } finally {
            DynamoDbLocal.client().deleteItem(delete -> delete.tableName(TABLE).key(key));
        }
    }

    private static List<String> spooledUnits(ShopJob job) {
        return job.onlyRun().units().committed(Spool.PHASE).stream()
                .map(UnitManifest::unit)
                .toList();
    }

    /** Of a unit that was read once there is one file; whoever reads it again leaves or removes another. */
    private static void assertSpooledOnce(ShopJob job, List<String> units) {
        Storage storage = job.storage();
        List<String> named = job.onlyRun().units().committed(Spool.PHASE).stream()
                .filter(unit -> units.contains(unit.unit()))
                .map(unit -> unit.files().get(0).path())
                .toList();
        List<String> stored = storage.list(job.onlyRun().path("spool/")).stream()
                .map(file -> file.path())
                .filter(path -> units.stream().anyMatch(unit -> path.contains("/data/" + unit)))
                .toList();
        assertThat(stored).containsExactlyInAnyOrderElementsOf(named);
    }

    private static void assertStatusShows(ShopJob job, Phase phase) {
        StringWriter out = new StringWriter();
        int exitCode = Millrace.execute(
                Millrace.commandLine().setOut(new PrintWriter(out, true)),
                "status",
                job.file().toString());
        assertThat(exitCode).isZero();
        assertThat(out.toString())
                .contains("run " + job.onlyRun().id() + "  unfinished")
                .containsPattern("(?m)^  " + phase.label() + " +running");
        for (Phase later : Phase.values()) {
            if (later.compareTo(phase) > 0) {
                assertThat(out.toString()).containsPattern("(?m)^  " + later.label() + " +waiting");
            }
        }
    }

    private static void assertDone(ShopJob job) {
        RunRecord record = job.onlyRun().record().orElseThrow();
        assertThat(record.outcome()).contains(Outcome.DONE);
        assertThat(record.phases()).extracting(PhaseRecord::phase).containsExactlyElementsOf(List.of(Phase.values()));
        assertThat(record.phases()).extracting(PhaseRecord::state).containsOnly(PhaseState.DONE);
        assertThat(record.tables()).containsKeys("orders", "customers");
        assertThat(record.warehouse()).contains(job.database().toString());
        assertThat(job.onlyRun().end().orElseThrow().outcome()).isEqualTo(Outcome.DONE);
    }
}
