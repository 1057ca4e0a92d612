package dev.millrace.run;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Versioned;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** One run's state below {@code <job>/runs/<run>/} of the staging storage. */
public final class RunStore {
    private static final String PLAN = "plan.json";
    private static final String END = "end";
    private static final String ACCEPTED = "accepted";
    private static final String RECORD = "record.json";
    private static final String REGISTERED = "registered.json";
    private static final String UNITS = "units/";
    private static final String PHASES = "phases/";
    private static final String READS = "reads/";

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

    /** The plan, or empty when nobody has started such a run. */
    public Optional<Plan> findPlan() {
        return Json.find(storage, path(PLAN), Plan.class, Plan.FORMAT);
    }

    /** Writes the plan, or finds that another process did. Returns the one that stands. */
    Plan start(Plan mine) {
        return storage.putIfAbsent(path(PLAN), Json.write(mine)) ? mine : plan();
    }

    /** The commits of the run's units; serializable, for tasks. */
    public UnitCommits units() {
        return new StoredUnitCommits(storage, path(UNITS));
    }

    /** Paths of all files that commits of the run's units name, in whatever phase. */
    List<String> filesOfUnits() {
        List<String> paths = new ArrayList<>();
        for (StoredFile file : storage.list(path(UNITS))) {
            Json.find(storage, file.path(), UnitManifest.class, UnitManifest.FORMAT)
                    .ifPresent(unit -> unit.files().forEach(named -> paths.add(named.path())));
        }
        return paths;
    }

    /** What reading the source has cost; serializable, for tasks. */
    public ReadAccounts reads() {
        return new ReadAccounts(storage, path(READS), id);
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
        return path(PHASES + label + ".json");
    }

    /** The run's end, or empty while it may be taken up. */
    public Optional<RunEnd> end() {
        Optional<RunEnd> end = findEnd(0);
        for (int n = 0; isRefused(end) && findAcceptance(n).isPresent(); ) {
            end = findEnd(++n);
        }
        return end;
    }

    private static boolean isRefused(Optional<RunEnd> end) {
        return end.filter(e -> e.outcome() == Outcome.REFUSED).isPresent();
    }

    /**
     * Ends the run, or finds that it has ended. Returns the end that stands.
     *
     * @throws IllegalArgumentException for FAILED: such a run has not ended, it is taken up again
     */
    public RunEnd finish(Outcome outcome, String reason) {
        return finish(outcome, reason, List.of());
    }

    /** As {@link #finish(Outcome, String)}, for a run that a gate refused by rules that a person may accept. */
    public RunEnd finish(Outcome outcome, String reason, List<String> rules) {
        if (outcome == Outcome.FAILED) {
            throw new IllegalArgumentException("A failed run has not ended: " + id + ": " + reason);
        }
        RunEnd mine = new RunEnd(RunEnd.FORMAT, outcome, reason, clock.instant(), Optional.of(rules));
        int before = acceptances().size();
        if (storage.putIfAbsent(numbered(END, before), Json.write(mine))) {
            return mine;
        }
        return findEnd(before).orElseThrow(() -> JobStore.vanished(storage, numbered(END, before)));
    }

    /** The end that came after so many acceptances. */
    private Optional<RunEnd> findEnd(int before) {
        return Json.find(storage, numbered(END, before), RunEnd.class, RunEnd.FORMAT);
    }

    /**
     * Lets a run that has ended refused go on past gates. Returns the acceptance that stands: ours, or that of another
     * who was first.
     */
    public Acceptance accept(List<String> rules, String reason, String by) {
        List<Acceptance> others = acceptances();
        int before = others.size();
        if (before > 0 && findEnd(before).isEmpty()) {
            return others.get(before - 1);
        }
        Acceptance mine = new Acceptance(Acceptance.FORMAT, rules, reason, by, clock.instant());
        if (storage.putIfAbsent(numbered(ACCEPTED, before), Json.write(mine))) {
            return mine;
        }
        return findAcceptance(before).orElseThrow(() -> JobStore.vanished(storage, numbered(ACCEPTED, before)));
    }

    /** The rules of gates that this run may pass, each with the reason that a person gave. */
    public Map<String, String> accepted() {
        Map<String, String> reasons = new TreeMap<>();
        acceptances().forEach(acceptance -> acceptance.rules().forEach(rule -> reasons.put(rule, acceptance.reason())));
        return reasons;
    }

    /** Whether this run may pass a rule of a gate although it refuses. */
    public boolean accepts(String rule) {
        return accepted().containsKey(rule);
    }

    /** Oldest first; of most runs none. Each came after an end and reopened the run. */
    List<Acceptance> acceptances() {
        List<Acceptance> found = new ArrayList<>();
        Optional<Acceptance> next = findAcceptance(0);
        while (next.isPresent()) {
            found.add(next.get());
            next = findAcceptance(found.size());
        }
        return found;
    }

    private Optional<Acceptance> findAcceptance(int before) {
        return Json.find(storage, numbered(ACCEPTED, before), Acceptance.class, Acceptance.FORMAT);
    }

    /** {@code end.json}, then {@code end-2.json}. */
    private String numbered(String name, int before) {
        return path(name + (before == 0 ? "" : "-" + (before + 1)) + ".json");
    }

    /** That all the run's tables are registered, or empty where that is not known. */
    public Optional<Registered> registered() {
        return Json.find(storage, path(REGISTERED), Registered.class, Registered.FORMAT);
    }

    /** Notes that all the run's tables are registered. */
    public void noteRegistered(long commit) {
        storage.putIfAbsent(path(REGISTERED), Json.write(new Registered(Registered.FORMAT, commit)));
    }

    /** When the run was planned. */
    public Instant began() {
        return findPlan().flatMap(Plan::began).orElseGet(id::start);
    }

    /** When the run began or, if later, when a person let it go on. */
    Instant since() {
        return acceptances().stream().map(Acceptance::at).reduce(began(), (a, b) -> a.isAfter(b) ? a : b);
    }

    /** What the run has done, or empty before it began. */
    public Optional<RunRecord> record() {
        return Json.find(storage, path(RECORD), RunRecord.class, RunRecord.FORMAT);
    }

    /** Begins the run's record, or continues it. Writes at once. */
    public Recorder recorder(String job, List<Phase> phases) {
        return new Recorder(this, job, phases, clock);
    }

    /**
     * Writes the record over what another process may have written meanwhile; but over one that says the run is done, only
     * another that says so: a process that comes late has nothing to tell.
     *
     * @param last etag of what this process wrote last; empty: it does not know
     * @return its etag; empty where it is not known, or where another's stands
     */
    Optional<String> write(RunRecord record, Optional<String> last) {
        byte[] content = Json.write(record);
        String path = path(RECORD);
        Optional<String> known = last;
        while (true) {
            Optional<String> written = known.flatMap(etag -> storage.compareAndPut(path, etag, content));
            if (written.isPresent()) {
                return written;
            }
            known = storage.find(path).map(Versioned::etag);
            if (known.isEmpty() && storage.putIfAbsent(path, content)) {
                return Optional.empty();
            }
            // Read after its etag: if it was done since, the etag is not that one's.
            if (!isDone(Optional.of(record)) && isDone(record())) {
                return Optional.empty();
            }
        }
    }

    private static boolean isDone(Optional<RunRecord> record) {
        return record.flatMap(RunRecord::outcome)
                .filter(outcome -> outcome == Outcome.DONE)
                .isPresent();
    }

    /** Removes what the run staged in its folder. Its plan, phases, ends, record and what it has cost stay. */
    void clear() {
        List<String> paths = new ArrayList<>();
        for (String below : storage.names(folder)) {
            if (below.endsWith("/") && !below.equals(PHASES) && !below.equals(READS)) {
                storage.list(path(below)).forEach(file -> paths.add(file.path()));
            }
        }
        storage.delete(paths);
    }
}
