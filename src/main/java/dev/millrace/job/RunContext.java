package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.run.Outcome;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.Plan;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.Recorder;
import dev.millrace.run.RunStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;

/**
 * What the phases of a run work with.
 *
 * @param open the job
 * @param run the run's state
 * @param plan the run's plan
 * @param share of the units that this process takes
 * @param spark starts a session when it is first asked
 * @param recorder of the run; none for a share of its units, since one process records
 */
record RunContext(
        OpenJob open,
        RunStore run,
        Plan plan,
        Arguments.Share share,
        Supplier<SparkSession> spark,
        Optional<Recorder> recorder) {
    /** The commit of a phase that must have been done before. */
    PhaseCommit require(Phase phase) {
        return run.phase(phase)
                .orElseThrow(() -> Fault.user("Phase " + phase.label() + " of run " + run.id()
                        + " is not done: run it first, or run without a phase to run all in order"));
    }

    /** This process's units that are not among those done. */
    List<PlannedUnit> missing(Set<String> done) {
        List<PlannedUnit> missing = new ArrayList<>();
        for (int i = 0; i < plan.units().size(); i++) {
            if (share.includes(i) && !done.contains(plan.units().get(i).id())) {
                missing.add(plan.units().get(i));
            }
        }
        return missing;
    }

    /** Whether all units of the run, of whatever process, are among those done. */
    boolean isComplete(Set<String> done) {
        return done.size() == plan.units().size();
    }

    /** Ids of the units that are committed in a phase. */
    Set<String> done(Phase phase) {
        return new TreeSet<>(run.units().units(phase.label()));
    }

    /** Refuses to go on with a run that another process gave up meanwhile, and perhaps cleaned. */
    void requireNotGivenUp() {
        run.end().filter(end -> end.outcome() != Outcome.DONE).ifPresent(end -> {
            throw Fault.world("Run " + run.id() + " was ended by another process at " + end.at() + ": "
                    + end.outcome()
                    + (end.reason().isEmpty() ? "" : ", " + end.reason()) + ": start a new run");
        });
    }

    void record(Consumer<Recorder> event) {
        recorder.ifPresent(event);
    }

    /** Does units of a phase and shows how far they are. Returns what the tasks took, by the ids of their units. */
    Map<String, Duration> work(Phase phase, List<PlannedUnit> units, Runnable job) {
        record(r -> r.phaseStarted(phase, plan.units().size()));
        record(r -> r.unitsDone(phase, plan.units().size() - units.size()));
        try (UnitProgress progress = new UnitProgress(this, phase, units)) {
            if (!units.isEmpty()) {
                progress.watch(spark.get());
                job.run();
            }
            return progress.times();
        }
    }

    /** Commits a phase that has no counts of its own. */
    PhaseCommit commit(Phase phase, Map<String, String> facts) {
        return run.commitPhase(new PhaseCommit(PhaseCommit.FORMAT, phase.label(), new TreeMap<>(facts), Map.of()));
    }
}
