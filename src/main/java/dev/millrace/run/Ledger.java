package dev.millrace.run;

import dev.millrace.storage.Storage;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The numbered commits of a job, at {@code <job>/commits/<n>.json}. The number is padded, so names sort; a commit is
 * written by put-if-absent and never changed or removed, so each number belongs to one run for ever.
 */
public final class Ledger {
    private static final Pattern NAME = Pattern.compile("(\\d{10})\\.json");

    /** No machine's clock is further off than this. */
    private static final Duration CLOCK_ERROR = Duration.ofDays(1);

    private final Storage storage;
    private final String folder;
    private final Clock clock;

    Ledger(Storage storage, String folder, Clock clock) {
        this.storage = storage;
        this.folder = folder;
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

    /** The commit of a run, or empty. Reads only commits that may be later than the run's start. */
    public Optional<Commit> of(RunId run) {
        return of(run, numbers());
    }

    /**
     * Commits a run under the next number, or finds that it has committed before. Of several runs at once each gets a
     * number of its own; of several processes of one run all get the same commit.
     */
    public Commit append(RunId run, Map<String, TableCounts> counts, Map<String, String> facts) {
        while (true) {
            List<Long> numbers = numbers();
            Optional<Commit> earlier = of(run, numbers);
            if (earlier.isPresent()) {
                return earlier.get();
            }
            long n = numbers.isEmpty() ? 1 : numbers.get(numbers.size() - 1) + 1;
            // Whoever commits this run after the listing above takes this number, or finds it taken and reads again.
            Commit mine = new Commit(Commit.FORMAT, n, run, clock.instant(), counts, facts);
            if (storage.putIfAbsent(path(n), Json.write(mine))) {
                return mine;
            }
        }
    }

    /**
     * Commits a run right after another commit, or finds that it has committed before.
     *
     * @param after number of that commit
     * @return empty when another run has committed since
     */
    public Optional<Commit> appendAfter(
            long after, RunId run, Map<String, TableCounts> counts, Map<String, String> facts) {
        Optional<Commit> earlier = of(run);
        if (earlier.isPresent()) {
            return earlier;
        }
        Commit mine = new Commit(Commit.FORMAT, after + 1, run, clock.instant(), counts, facts);
        return storage.putIfAbsent(path(mine.n()), Json.write(mine)) ? Optional.of(mine) : of(run);
    }

    private Optional<Commit> of(RunId run, List<Long> numbers) {
        for (int i = numbers.size() - 1; i >= 0; i--) {
            Commit commit = read(numbers.get(i));
            if (commit.run().equals(run)) {
                return Optional.of(commit);
            }
            if (commit.at().isBefore(run.start().minus(CLOCK_ERROR))) {
                return Optional.empty();
            }
        }
        return Optional.empty();
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
