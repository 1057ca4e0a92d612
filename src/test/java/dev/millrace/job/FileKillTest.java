package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.run.Phase;
import dev.millrace.run.RunId;
import dev.millrace.testing.InMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run of a job over files, some of them late, rewritten or there already, whose processes kill themselves with SIGKILL
 * in each phase that does something: table, ledger, manifests and record are as of a run that was left alone.
 */
class FileKillTest {
    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static JobProcesses processes;
    private static AccessJob delta;

    /** What readers of the undisturbed table saw after each run. */
    private static final List<String> versions = new ArrayList<>();

    @BeforeAll
    static void prepare() {
        delta = new AccessJob(folder.resolve("undisturbed-delta"), "delta");
        run(delta.deliver());
        versions.add(delta.readDelta().orElseThrow());
        processes = JobProcesses.prepare(delta.deliverMore());
        versions.add(delta.readDelta().orElseThrow());
    }

    private static void run(AccessJob job) {
        StoredJob.Ended ended = job.run();
        assertThat(ended.exitCode()).as(ended.output()).isZero();
    }

    @Test
    void aRunKilledInEveryPhaseEndsAsIfItWasNot() {
        assertKilledRunsEndAs(delta, "delta", List.of(Phase.EXTRACT, Phase.COMPACT, Phase.PUBLISH));
    }

    /** Readers of its files may see a part of what it publishes for a while, never at the end. */
    @Test
    void aRunKilledWhileItReplacesFilesEndsAsIfItWasNot() {
        AccessJob folders = new AccessJob(folder.resolve("undisturbed-folders"), "folders");
        run(folders.deliver());
        run(folders.deliverMore());
        assertKilledRunsEndAs(folders, "folders", List.of(Phase.PUBLISH));
    }

    private static void assertKilledRunsEndAs(AccessJob undisturbed, String publish, List<Phase> phases) {
        AccessJob job = new AccessJob(folder.resolve("killed-" + publish), publish);
        run(job.deliver());
        job.deliverMore();
        Map<Phase, String> killed = new EnumMap<>(Phase.class);
        try (ReaderLoop reader = new ReaderLoop(job::readDelta)) {
            Map<String, String> units = killedIn(phases, job, killed);
            RunId run = job.newestRun().id();

            run(job);

            assertThat(new Undisturbed(undisturbed).differences(job))
                    .as("%s", killed)
                    .isEmpty();
            assertThat(job.commits()).extracting(Commit::run).hasSize(2).last().isEqualTo(run);
            assertThat(job.unitManifests()).containsAllEntriesOf(units);
            // Of Delta's readers each sees one version or the next.
            assertThat(reader.changes()).isEqualTo(publish.equals("delta") ? versions : List.of());
        }
        assertThat(job.run().output()).isEqualTo("nothing new: job access has read all there is\n");
    }

    private static Map<String, String> killedIn(List<Phase> phases, AccessJob job, Map<Phase, String> killed) {
        Map<String, String> units = new HashMap<>();
        for (Phase phase : phases) {
            // Of what publishing does the last things are seen: of folders, rows that are replaced.
            int n = processes.effects(phase) * 2 / 3;
            JobProcesses.Started process =
                    processes.start(job, JobProcess.Manner.UNDISTURBED.killed(new JobProcess.InPhase(phase, n)));
            assertThat(process.exitCode()).as(process.output()).isEqualTo(JobProcesses.SIGKILL);
            killed.put(phase, process.output());
            assertThat(job.isCommitted(phase)).as(process.output()).isFalse();
            assertThat(job.unitManifests()).containsAllEntriesOf(units);
            units.putAll(job.unitManifests());
        }
        return units;
    }
}
