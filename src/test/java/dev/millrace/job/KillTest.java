package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.dynamodb.Spool;
import dev.millrace.run.Commit;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.run.UnitManifest;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.InMemory;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * Processes of a job that kill themselves with SIGKILL, one in each phase: what a user has when it is run again is what
 * an undisturbed run would have made, and nothing was read or written twice. {@code scripts/prove-kills} does it at
 * every effect and thousands of times.
 */
class KillTest {
    private static final int ITEMS = 500;
    private static final int SEGMENTS = 4;

    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static Undisturbed undisturbed;
    private static JobProcesses processes;

    @BeforeAll
    static void runUndisturbed() {
        ShopJob.fill("kill-test", ITEMS);
        ShopJob job = new ShopJob(folder.resolve("undisturbed"), "kill-test", SEGMENTS);
        processes = JobProcesses.prepare(job);
        undisturbed = new Undisturbed(job);
    }

    /** @param percent how far in each phase the process comes */
    @ParameterizedTest
    @ValueSource(ints = {35, 60, 85})
    void aJobKilledInEveryPhaseEndsAsIfItWasNot(int percent) {
        String table = "kill-test-" + percent;
        ShopJob.fill(table, ITEMS);
        ShopJob job = new ShopJob(folder.resolve("killed-" + percent), table, SEGMENTS);
        Map<String, String> units = new HashMap<>();
        List<String> spooled = new ArrayList<>();
        for (Phase phase : ShopJob.PHASES) {
            int n = Math.max(1, processes.effects(phase) * percent / 100);
            JobProcesses.Started killed =
                    processes.start(job, JobProcess.Manner.UNDISTURBED.killed(new JobProcess.InPhase(phase, n)));
            assertThat(killed.exitCode()).as(killed.output()).isEqualTo(JobProcesses.SIGKILL);
            assertThat(job.isCommitted(phase)).as(killed.output()).isFalse();
            assertThat(job.unitManifests()).containsAllEntriesOf(units);
            units.putAll(job.unitManifests());
            spooled.addAll(spooledUnits(job, spooled));
            assertStatusShows(job, phase);
            if (spooled.size() == SEGMENTS) {
                // From here on nothing is read: what comes later is not seen.
                putLater(table);
            }
        }
        RunId run = job.onlyRun().id();
        StoredJob.Ended ended = job.run();

        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(undisturbed.differences(job)).isEmpty();
        assertThat(job.commits()).extracting(Commit::run).containsExactly(run);
        assertThat(job.unitManifests()).containsAllEntriesOf(units);
    }

    private static void putLater(String table) {
        Map<String, AttributeValue> item = new TreeMap<>();
        item.put("PK", AttributeValue.fromS("ORDER#later"));
        item.put("SK", AttributeValue.fromS("ORDER#later"));
        item.put("EntityType", AttributeValue.fromS("Order"));
        DynamoDbLocal.client().putItem(put -> put.tableName(table).item(item));
    }

    private static List<String> spooledUnits(ShopJob job, List<String> known) {
        return job.onlyRun().units().committed(Spool.PHASE).stream()
                .map(UnitManifest::unit)
                .filter(unit -> !known.contains(unit))
                .toList();
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
        for (Phase later : ShopJob.PHASES) {
            if (later.compareTo(phase) > 0) {
                assertThat(out.toString()).containsPattern("(?m)^  " + later.label() + " +waiting");
            }
        }
    }
}
