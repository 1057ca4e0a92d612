package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Phase;
import dev.millrace.testing.InMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run of a job over a snapshot whose processes kill themselves with SIGKILL in each phase: the table is as of a run that
 * was left alone, and readers who look all the while see one snapshot or the next, whole.
 */
class SnapshotKillTest {
    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static void run(OrdersJob job) {
        StoredJob.Ended ended = job.run();
        assertThat(ended.exitCode()).as(ended.output()).isZero();
    }

    @Test
    void aRunKilledInEveryPhaseEndsAsIfItWasNotAndReadersSeeNoneOfIt() {
        OrdersJob undisturbed = new OrdersJob(folder.resolve("undisturbed"));
        JobProcesses processes = JobProcesses.prepare(undisturbed.deliver());
        List<String> versions =
                new ArrayList<>(undisturbed.readByPointer().stream().toList());
        run(undisturbed.deliverMore());
        versions.addAll(undisturbed.readByPointer().stream().toList());

        OrdersJob job = new OrdersJob(folder.resolve("killed"));
        run(job.deliver());
        job.deliverMore();
        try (ReaderLoop byPointer = new ReaderLoop(job::readByPointer);
                ReaderLoop byLink = new ReaderLoop(job::readByLink)) {
            for (Phase phase : List.of(Phase.EXTRACT, Phase.COMPACT, Phase.PUBLISH)) {
                JobProcess.InPhase at = new JobProcess.InPhase(phase, Math.max(1, processes.effects(phase) * 2 / 3));
                JobProcesses.Started process = processes.start(job, JobProcess.Manner.UNDISTURBED.killed(at));
                assertThat(process.exitCode()).as(process.output()).isEqualTo(JobProcesses.SIGKILL);
                assertThat(job.isCommitted(phase)).as(process.output()).isFalse();
            }
            run(job);
            for (ReaderLoop reader : List.of(byPointer, byLink)) {
                assertThat(reader.oddities(versions)).isEmpty();
                assertThat(reader.changes()).isEqualTo(versions);
                assertThat(reader.reads()).isGreaterThan(10);
            }
        }
        assertThat(versions).hasSize(2).allMatch(version -> version.startsWith("600 rows, "));
        assertThat(new Undisturbed(undisturbed).differences(job)).isEmpty();
        assertThat(job.commits()).hasSize(2);
    }
}
