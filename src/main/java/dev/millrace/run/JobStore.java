package dev.millrace.run;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A job's state below {@code <job>/} of the staging storage: its runs, its ledger and its lock. */
public final class JobStore {
    private static final Logger LOG = LoggerFactory.getLogger(JobStore.class);

    /** Runs that follow each other at once are named ahead of the clock too. */
    private static final Duration UNNOTICED = Duration.ofSeconds(10);

    /** A clock may be set back by that much. A name further ahead was given by hand: runs do not follow it. */
    private static final Duration SET_BACK = Duration.ofDays(2);

    /** What the runs of a job bring. */
    public enum Runs {
        /** Each a whole new version: one that is overtaken is not needed any more. */
        REPLACING,
        /** Each what no earlier one has brought: once it is committed it has to come to its end, before later ones. */
        ADDING
    }

    private final Storage storage;
    private final String job;
    private final Runs bringing;
    private final Clock clock;
    private final Random random;

    /** The state of a job whose runs bring whole versions. */
    public JobStore(Storage staging, String job, Clock clock, Random random) {
        this(staging, job, Runs.REPLACING, clock, random);
    }

    public JobStore(Storage staging, String job, Runs bringing, Clock clock, Random random) {
        this.storage = staging;
        this.job = job;
        this.bringing = bringing;
        this.clock = clock;
        this.random = random;
    }

    /** All runs that storage knows, oldest first. */
    public List<RunId> runs() {
        return storage.names(runsFolder()).stream()
                .filter(name -> name.endsWith("/"))
                .map(name -> name.substring(0, name.length() - 1))
                .filter(RunId::isRunId)
                .map(RunId::new)
                .sorted()
                .toList();
    }

    public RunStore run(RunId id) {
        return new RunStore(storage, runsFolder(), id, clock);
    }

    /**
     * The newest run that was planned and has not ended. Runs that began before the last one that is done are not
     * looked at: what they would bring is older than what is there. Where runs add, one that has committed comes first,
     * whenever it began; of several the one with the lowest number.
     */
    public Optional<RunStore> unfinished() {
        return committedUnfinished().stream()
                .findFirst()
                .or(() -> sinceLastDone(runs()).stream()
                        .filter(run -> run.end().isEmpty() && run.findPlan().isPresent())
                        .findFirst());
    }

    /**
     * The runs that have committed what no other would bring, and have not ended; by the numbers of their commits,
     * lowest first. Commits come to their end in their order: behind one that has, and was not given up, nothing is
     * left to do.
     */
    public List<RunStore> committedUnfinished() {
        Deque<RunStore> found = new ArrayDeque<>();
        if (bringing == Runs.ADDING) {
            Ledger ledger = ledger();
            Optional<Commit> commit = ledger.last();
            while (commit.isPresent()) {
                RunStore run = run(commit.get().run());
                Optional<Outcome> outcome = run.end().map(RunEnd::outcome);
                if (outcome.isEmpty()) {
                    found.addFirst(run);
                } else if (outcome.get() != Outcome.ABANDONED) {
                    break;
                }
                commit = ledger.find(commit.get().n() - 1);
            }
        }
        return List.copyOf(found);
    }

    /** The commit of a run that no other would bring, so that it has to come to its end; of others empty. */
    public Optional<Commit> committed(RunStore run) {
        return switch (bringing) {
            case REPLACING -> Optional.empty();
            case ADDING ->
                run.findPlan()
                        .flatMap(plan -> ledger().after(plan.after().orElse(0L)).stream()
                                .filter(commit -> commit.run().equals(run.id()))
                                .findFirst());
        };
    }

    private boolean isCommitted(RunStore run) {
        return committed(run).isPresent();
    }

    /** The unfinished run that a start goes on with which names none: a young one, or one that is at work. */
    public Optional<RunStore> toTakeUp(Duration resumeWithin) {
        return unfinished().filter(run -> isTakenUp(run, resumeWithin));
    }

    private boolean isTakenUp(RunStore run, Duration resumeWithin) {
        return isCommitted(run)
                || run.since().isAfter(clock.instant().minus(resumeWithin))
                || lock().heldBy().equals(Optional.of(run.id()));
    }

    /**
     * A run that began after another and is done, so that the other comes too late; empty where runs add to each other.
     */
    public Optional<RunId> laterDone(RunId than) {
        return bringing == Runs.ADDING ? Optional.empty() : lastDone().filter(done -> done.compareTo(than) > 0);
    }

    /** The newest run that is done, or empty. */
    Optional<RunId> lastDone() {
        List<RunId> runs = runs();
        int last = runs.size() - 1 - sinceLastDone(runs).size();
        return last < 0 ? Optional.empty() : Optional.of(runs.get(last));
    }

    /** Runs that unfinished ones, of those given, take their input from. */
    Set<RunId> inputsOf(Collection<RunId> runs) {
        return runs.stream()
                .map(this::run)
                .filter(run -> run.end().isEmpty())
                .flatMap(run -> run.findPlan().flatMap(Plan::input).stream())
                .map(SpooledInput::run)
                .collect(Collectors.toSet());
    }

    /** The runs that began after the last one that is done, newest first. */
    private List<RunStore> sinceLastDone(List<RunId> runs) {
        Instant now = clock.instant();
        List<RunStore> since = new ArrayList<>();
        for (int i = runs.size() - 1; i >= 0; i--) {
            RunStore run = run(runs.get(i));
            boolean isDone =
                    run.end().filter(end -> end.outcome() == Outcome.DONE).isPresent();
            if (isDone && !isGivenByHand(run.id(), now)) {
                return since;
            }
            since.add(run);
        }
        return since;
    }

    /** Whoever abandons a run may be stopped before it has cleaned. */
    private void cleanAbandoned() {
        for (RunStore run : sinceLastDone(runs())) {
            if (run.end().filter(end -> end.outcome() == Outcome.ABANDONED).isPresent()) {
                clear(run);
            }
        }
    }

    /**
     * The run to work on: the one wanted; else the unfinished one, if it began within {@code resumeWithin}; else a new
     * one. An unfinished run that is older is abandoned and what it staged is removed, unless it holds the lock: then
     * it is at work, and the caller meets it there.
     *
     * @param planner called only for a run that has no plan yet
     * @throws Fault of kind USER, when the wanted run was abandoned, or the run began with another job file
     */
    public RunStore begin(
            Optional<RunId> wanted, Duration resumeWithin, ResolvedJob resolved, Function<RunId, Plan> planner) {
        if (wanted.isPresent()) {
            RunStore run = run(wanted.get());
            run.end().filter(end -> end.outcome() == Outcome.ABANDONED).ifPresent(end -> {
                throw Fault.user("Invalid run: " + run.id() + ": it was abandoned at " + end.at() + reason(end)
                        + "; start a new one, for example --run " + newId());
            });
            return started(run, resolved, planner);
        }
        Optional<RunStore> unfinished = unfinished();
        if (unfinished.isPresent()) {
            RunStore run = unfinished.get();
            if (isTakenUp(run, resumeWithin)) {
                return started(run, resolved, planner);
            }
            giveUp(run, "unfinished for more than " + resumeWithin);
        }
        cleanAbandoned();
        return started(run(newId()), resolved, planner);
    }

    /**
     * Ends a run that nobody goes on with: without a result, unless it only lacks its end. One that has committed
     * stays.
     */
    void giveUp(RunStore run, String reason) {
        if (isWholeWork(run)) {
            run.finish(Outcome.DONE, "");
        } else if (!isCommitted(run)) {
            abandon(run, reason);
        }
    }

    /** Whether all phases of a run are done. Whoever did the last may be stopped before it has said so. */
    public static boolean isWholeWork(RunStore run) {
        return run.findPlan().isPresent()
                && run.plan().phases().stream()
                        .allMatch(phase -> run.phase(phase).isPresent());
    }

    /**
     * Ends a run without a result and removes what it staged. Returns the end that stands.
     *
     * @throws Fault of kind USER for a run that has committed what no other would bring
     */
    public RunEnd abandon(RunStore run, String reason) {
        if (run.end().isEmpty() && isCommitted(run)) {
            throw Fault.user("Run " + run.id() + " cannot be given up by another: it has committed. "
                    + finishing(run, "the next run"));
        }
        return abandonCommitted(run, reason);
    }

    /**
     * As {@link #abandon}, also of a run that has committed: for whoever has seen to it that what it has read is read
     * again.
     */
    public RunEnd abandonCommitted(RunStore run, String reason) {
        RunEnd end = run.finish(Outcome.ABANDONED, reason);
        if (end.outcome() == Outcome.ABANDONED) {
            clear(run);
        }
        return end;
    }

    /** Removes what a run staged: spool, census, units, landing and quarantine. Phases, ends and record stay. */
    void clear(RunStore run) {
        run.clear();
        List<String> paths = new ArrayList<>();
        storage.list(job + "/quarantine/" + run.id() + "/").forEach(f -> paths.add(f.path()));
        for (String table : storage.names(job + "/")) {
            storage.list(job + "/" + table + "snapshot=" + run.id() + "/").forEach(f -> paths.add(f.path()));
        }
        storage.delete(paths);
    }

    /**
     * Removes what runs staged once its lifetime is over: of runs that ended {@code keep} ago, and of those that never
     * will, because they are older than that and a later one is done. What the last run that is done has staged stays,
     * and what an unfinished run takes for its input. Removes as well what processes that were killed had begun to
     * write a day ago and more.
     *
     * @param current has just ended, and is left alone
     */
    public void enforceLifetimes(Duration keep, RunId current) {
        new Lifetimes(this, storage, job, clock).enforce(keep, current);
    }

    /**
     * What nothing needs any more: files that no commit names, files that were never finished, and all that bygone and
     * abandoned runs staged. The run that holds the lock is left out.
     *
     * @param keep how long a run's files stay after its end
     * @param grace younger files are left out: somebody may be about to name them
     */
    public List<Leftover> leftovers(Duration keep, Duration grace) {
        Instant now = clock.instant();
        return new Leftovers(this, storage, job + "/").find(now.minus(grace), keep, now);
    }

    /** Removes what {@link #leftovers} found. */
    public void remove(List<Leftover> leftovers) {
        Map<Boolean, List<StoredFile>> byEnd = leftovers.stream()
                .collect(Collectors.partitioningBy(
                        Leftover::finished, Collectors.mapping(Leftover::file, Collectors.toList())));
        storage.delete(byEnd.get(true).stream().map(StoredFile::path).toList());
        storage.discard(byEnd.get(false));
    }

    private RunStore started(RunStore run, ResolvedJob resolved, Function<RunId, Plan> planner) {
        Plan plan = run.findPlan().orElseGet(() -> run.start(planner.apply(run.id())));
        resolved.differsFrom(plan).ifPresent(difference -> {
            throw Fault.user("Run " + run.id() + " was started with another job file: " + difference
                    + (run.end().isEmpty() && isCommitted(run)
                            ? ". It has committed, so it comes first. " + finishing(run, "this start")
                            : ". Finish it with that file, or start a new run, for example --run " + newId()));
        });
        return run;
    }

    /** What is done with a run that has committed. */
    private static String finishing(RunStore run, String next) {
        return "Finish it by scripts/millrace resume " + run.id()
                + ", which takes the job file that it began with; where"
                + " that cannot be, give it up by scripts/millrace abandon " + run.id() + " --reason TEXT, and " + next
                + " reads again what it has read";
    }

    /** The name of a run that is about to begin, for whoever has to name it before it does. */
    public RunId nextId() {
        return newId();
    }

    /**
     * Names sort by start, to the second. A run that follows another within its second, or after the clock was set
     * back, is named as if it began in the second after it.
     */
    private RunId newId() {
        Instant now = clock.instant();
        Optional<RunId> newest = runs().stream()
                .filter(run -> !isGivenByHand(run, now))
                .reduce((earlier, later) -> later)
                .filter(run -> !run.start().plusSeconds(1).isBefore(now));
        newest.filter(run -> run.start().isAfter(now.plus(UNNOTICED)))
                .ifPresent(run -> LOG.warn(
                        "The clock says {}, but run {} has begun already: was it set back? The new run's name follows that"
                                + " one's",
                        now,
                        run));
        return RunId.startingAt(newest.map(run -> run.start().plusSeconds(1)).orElse(now), random);
    }

    private static boolean isGivenByHand(RunId run, Instant now) {
        return run.start().isAfter(now.plus(SET_BACK));
    }

    private static String reason(RunEnd end) {
        return end.reason().isEmpty() ? "" : " (" + end.reason() + ")";
    }

    /** The job's commits. */
    public Ledger ledger() {
        return new Ledger(storage, job + "/commits/", this::run, clock);
    }

    /** What the job's runs know of its warehouse. */
    public LiveNotes live() {
        return new LiveNotes(storage, job, clock, random);
    }

    /** The job's lock. */
    public Lock lock() {
        return new Lock(storage, job, clock, random);
    }

    private String runsFolder() {
        return job + "/runs/";
    }

    static Fault vanished(Storage storage, String path) {
        return Fault.world("Cannot read " + storage.uri(path)
                + ": it was there and is gone. Is another process cleaning this run?");
    }
}
