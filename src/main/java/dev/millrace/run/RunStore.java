package dev.millrace.run;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One run's state below {@code <job>/runs/<run>/} of the staging storage. */
public final class RunStore {
    private static final String PLAN = "plan.json";
    private static final String END = "end.json";

    private final Storage storage;
    private final RunId id;
    private final String folder;
    private final Clock clock;

    RunStore(Storage storage, String runs, RunId id, Clock clock) {
        this.storage = storage;
        this.id = id;
        this.folder = runs + id + "/";
        this.clock = clock;
    }

    public RunId id() {
        return id;
    }

    /** The staging storage that the run's paths are relative to. */
    public Storage storage() {
        return storage;
    }

    /** A path of the run: {@code <job>/runs/<run>/} and what is given. */
    public String path(String below) {
        return folder + below;
    }

    /**
     * The plan as its first starter wrote it.
     *
     * @throws Fault of kind USER when nobody has started such a run
     */
    public Plan plan() {
        return findPlan()
                .orElseThrow(() -> Fault.user("Unknown run: " + id + ": there is no " + storage.uri(path(PLAN))));
    }

    Optional<Plan> findPlan() {
        return Json.find(storage, path(PLAN), Plan.class, Plan.FORMAT);
    }

    /** Writes the plan, or finds that another process did. Returns the one that stands. */
    Plan start(Plan mine) {
        return storage.putIfAbsent(path(PLAN), Json.write(mine)) ? mine : plan();
    }

    /** The commits of the run's units; serializable, for tasks. */
    public UnitCommits units() {
        return new StoredUnitCommits(storage, path("units/"));
    }

    /** A phase's commit, or empty while it is not done. */
    public Optional<PhaseCommit> phase(Phase phase) {
        return Json.find(storage, phasePath(phase.label()), PhaseCommit.class, PhaseCommit.FORMAT);
    }

    /** Commits a phase, or finds that another process did. Returns the one that stands. */
    public PhaseCommit commitPhase(PhaseCommit mine) {
        String path = phasePath(mine.phase());
        if (storage.putIfAbsent(path, Json.write(mine))) {
            return mine;
        }
        return Json.find(storage, path, PhaseCommit.class, PhaseCommit.FORMAT)
                .orElseThrow(() -> JobStore.vanished(storage, path));
    }

    private String phasePath(String label) {
        return path("phases/" + label + ".json");
    }

    /** The run's end, or empty while it may be taken up. */
    public Optional<RunEnd> end() {
        return Json.find(storage, path(END), RunEnd.class, RunEnd.FORMAT);
    }

    /** Ends the run, or finds that it has ended. Returns the end that stands. */
    public RunEnd finish(Outcome outcome, String reason) {
        RunEnd mine = new RunEnd(RunEnd.FORMAT, outcome, reason, clock.instant());
        if (storage.putIfAbsent(path(END), Json.write(mine))) {
            return mine;
        }
        return end().orElseThrow(() -> JobStore.vanished(storage, path(END)));
    }

    /** Removes all files of the run below these folders (with trailing slash). */
    public void clear(List<String> folders) {
        for (String below : folders) {
            List<String> paths = new ArrayList<>();
            storage.list(path(below)).forEach(file -> paths.add(file.path()));
            storage.delete(paths);
        }
    }
}
