package dev.millrace.run;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The numbered commits of a job, at {@code <job>/commits/<n>.json}. The number is padded, so names sort; a commit is
 * written by put-if-absent and never changed or removed, so each number belongs to one run for ever.
 */
public final class Ledger {
    private static final Pattern NAME = Pattern.compile("(\\d{10})\\.json");

    /** No machine's clock is further off than this. */
    private static final Duration CLOCK_ERROR = Duration.ofDays(3);

    private final Storage storage;
    private final String folder;
    private final Function<RunId, RunStore> runs;
    private final Clock clock;

    /** @param runs the runs that have committed */
    Ledger(Storage storage, String folder, Function<RunId, RunStore> runs, Clock clock) {
        this.storage = storage;
        this.folder = folder;
        this.runs = runs;
        this.clock = clock;
    }

    /** The newest commit, or empty before the first. */
    public Optional<Commit> last() {
        List<Long> numbers = numbers();
        return numbers.isEmpty() ? Optional.empty() : Optional.of(read(numbers.get(numbers.size() - 1)));
    }

    /** A commit by its number, or empty. */
    public Optional<Commit> find(long n) {
        return Json.find(storage, path(n), Commit.class, Commit.FORMAT);
    }

    /** All commits, oldest first; reads each. */
    public List<Commit> commits() {
        return numbers().stream().map(this::read).toList();
    }

    /** The commits with higher numbers than one, oldest first; reads each. */
    public List<Commit> after(long n) {
        return numbers().stream().filter(number -> number > n).map(this::read).toList();
    }

    /** Whether a commit's run was given up after it: nobody waits for what it has read, which is read again. */
    public boolean isGivenUp(Commit commit) {
        return runs.apply(commit.run())
                .end()
                .filter(end -> end.outcome() == Outcome.ABANDONED)
                .isPresent();
    }

    /** The last commit up to a number whose run was not given up. */
    public Optional<Commit> standing(long n) {
        Optional<Commit> commit = find(n);
        while (commit.filter(this::isGivenUp).isPresent()) {
            commit = find(commit.get().n() - 1);
        }
        return commit;
    }

    /** Whether a commit's run has not ended: it may still be given up. */
    public boolean isOpen(Commit commit) {
        RunStore run = runs.apply(commit.run());
        return run.end().isEmpty() && run.findPlan().isPresent();
    }

    /** Whether a run may commit after others. */
    public interface Admission {
        /**
         * Asked before each attempt to commit.
         *
         * @param since the commits since the run was planned, newest first
         * @param last number of the last commit, 0 for none
         * @throws Fault of kind SUPERSEDED when it may not
         */
        void require(List<Commit> since, long last);
    }

    /**
     * Commits a run under the next number, or finds that it has committed before. Of several runs at once each gets a
     * number of its own; of several processes of one run all get the same commit.
     *
     * <p>A run brings a whole new version of what it reads. So one that comes after a run that began later would bring
     * old data back.
     *
     * @throws Fault of kind SUPERSEDED when a run that began later than this one has committed since this was planned;
     *     for a run that takes the input of an earlier one, when any has
     */
    public Commit append(Plan plan, Map<String, TableCounts> counts, Map<String, String> facts) {
        return append(plan, counts, facts, (since, last) -> requireNotSuperseded(plan, since, last));
    }

    /**
     * As {@link #append(Plan, Map, Map)}, for a run that does not bring a whole new version: others tell whether it
     * may.
     */
    public Commit append(Plan plan, Map<String, TableCounts> counts, Map<String, String> facts, Admission admission) {
        while (true) {
            List<Long> numbers = numbers();
            List<Commit> since = since(plan, numbers);
            Optional<Commit> earlier =
                    since.stream().filter(c -> c.run().equals(plan.run())).findFirst();
            if (earlier.isPresent()) {
                return earlier.get();
            }
            long last = numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1);
            admission.require(since, last);
            long n = last + 1;
            // Whoever commits after the listing above takes this number, and we find it taken and read again.
            Commit mine = new Commit(Commit.FORMAT, n, plan.run(), clock.instant(), counts, facts);
            if (storage.putIfAbsent(path(n), Json.write(mine))) {
                return mine;
            }
        }
    }

    /** Commits that may be of the run or of others at the same time, newest first. */
    private List<Commit> since(Plan plan, List<Long> numbers) {
        List<Commit> since = new ArrayList<>();
        for (int i = numbers.size() - 1; i >= 0 && numbers.get(i) > plan.after().orElse(0L); i--) {
            Commit commit = read(numbers.get(i));
            since.add(commit);
            // A plan of an older version does not say how far back to look.
            if (plan.after().isEmpty()
                    && commit.at().isBefore(plan.run().start().minus(CLOCK_ERROR))) {
                return since;
            }
        }
        return since;
    }

    private static void requireNotSuperseded(Plan plan, List<Commit> since, long last) {
        RunId run = plan.run();
        plan.input().filter(input -> input.commit() != last).ifPresent(input -> {
            throw Fault.superseded("Run " + run + " comes too late: it makes rows of the items of commit "
                    + input.commit() + ", and there is a later one: nothing was changed");
        });
        if (plan.after().isEmpty()) {
            return;
        }
        since.stream().filter(c -> c.run().compareTo(run) > 0).findFirst().ifPresent(later -> {
            throw Fault.superseded("Run " + run + " comes too late: run " + later.run()
                    + ", which began after it, has committed already, as number " + later.n()
                    + ". Nothing is lost: that run's data is newer");
        });
    }

    private List<Long> numbers() {
        List<Long> numbers = new ArrayList<>();
        for (String name : storage.names(folder)) {
            Matcher matcher = NAME.matcher(name);
            if (matcher.matches()) {
                numbers.add(Long.parseLong(matcher.group(1)));
            }
        }
        return numbers;
    }

    private Commit read(long n) {
        return find(n).orElseThrow(() -> JobStore.vanished(storage, path(n)));
    }

    private String path(long n) {
        return folder + "%010d.json".formatted(n);
    }
}
