package dev.millrace.job;

import dev.millrace.run.Phase;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.Success$;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;

/** Shows a phase's units as Spark finishes their tasks: task i is unit i. */
final class UnitProgress extends SparkListener implements AutoCloseable {
    private final RunContext context;
    private final Phase phase;
    private final List<PlannedUnit> units;
    private final UnitCommits commits;
    private final ProgressLine line;
    private final Set<Integer> seen = new HashSet<>();
    private final Map<String, Duration> times = new HashMap<>();
    private Optional<SparkSession> watched = Optional.empty();

    UnitProgress(RunContext context, Phase phase, List<PlannedUnit> units) {
        this.context = context;
        this.phase = phase;
        this.units = units;
        this.commits = context.run().units();
        this.line = ProgressLine.start(phase.label(), context.plan().units().size());
        line.add(context.plan().units().size() - units.size(), 0, 0);
    }

    void watch(SparkSession spark) {
        watched = Optional.of(spark);
        spark.sparkContext().addSparkListener(this);
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd task) {
        if (task.reason() instanceof Success$ && task.taskInfo().index() < units.size()) {
            took(task.taskInfo().index(), Duration.ofMillis(task.taskInfo().duration()));
            finished(task.taskInfo().index());
        }
    }

    private synchronized void took(int index, Duration time) {
        times.putIfAbsent(units.get(index).id(), time);
    }

    /** How long the tasks took that Spark has told of, by their units' ids. */
    synchronized Map<String, Duration> times() {
        return Map.copyOf(times);
    }

    private synchronized void finished(int index) {
        Optional<UnitManifest> manifest =
                commits.find(phase.label(), units.get(index).id());
        if (manifest.isEmpty() || !seen.add(index)) {
            return;
        }
        long rows = manifest.get().files().stream().mapToLong(f -> f.rows()).sum();
        long bytes = manifest.get().files().stream().mapToLong(f -> f.bytes()).sum();
        line.add(1, rows, bytes);
        context.record(r -> r.unitsDone(phase, context.plan().units().size() - units.size() + seen.size()));
    }

    /** Spark tells of tasks a little late: what it has not told of by now is looked up. */
    @Override
    public void close() {
        watched.ifPresent(spark -> spark.sparkContext().removeSparkListener(this));
        for (int i = 0; i < units.size(); i++) {
            finished(i);
        }
        line.close();
    }
}
