package dev.millrace.run;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Removes what bygone runs staged. Each is looked at once: {@code cleared.json} of the job says how far it got. */
final class Lifetimes {
    /** Nobody writes one file for that long. */
    private static final Duration WRITING = Duration.ofDays(1);

    private final JobStore store;
    private final Storage storage;
    private final String folder;
    private final String path;
    private final Clock clock;

    Lifetimes(JobStore store, Storage storage, String job, Clock clock) {
        this.store = store;
        this.storage = storage;
        this.folder = job + "/";
        this.path = folder + "cleared.json";
        this.clock = clock;
    }

    void enforce(Duration keep, RunId current) {
        Optional<RunId> through =
                Json.find(storage, path, Cleared.class, Cleared.FORMAT).map(Cleared::through);
        Optional<RunId> newest = store.lastDone();
        Instant least = clock.instant().minus(keep);
        List<RunId> runs = store.runs().stream()
                .filter(id -> through.filter(done -> id.compareTo(done) <= 0).isEmpty())
                .toList();
        Set<RunId> inputs = store.inputsOf(runs);
        Optional<RunId> last = Optional.empty();
        boolean unbroken = true;
        for (RunId id : runs) {
            boolean isKept = id.equals(current) || newest.equals(Optional.of(id)) || inputs.contains(id);
            unbroken &= !isKept && isOver(store.run(id), least, newest);
            last = unbroken ? Optional.of(id) : last;
        }
        last.ifPresent(id -> storage.put(path, Json.write(new Cleared(Cleared.FORMAT, id, clock.instant()))));
        discardUnfinished();
    }

    private void discardUnfinished() {
        Instant least = clock.instant().minus(WRITING);
        List<StoredFile> dead = storage.unfinished(folder).stream()
                .filter(file -> file.modified().isBefore(least))
                .toList();
        storage.discard(dead);
    }

    /** Whether a run's lifetime is over; then it has been cleared. */
    private boolean isOver(RunStore run, Instant least, Optional<RunId> newest) {
        Optional<RunEnd> end = run.end();
        if (end.isPresent() && end.get().at().isBefore(least)) {
            store.clear(run);
            return true;
        }
        // Who looks for an unfinished run does not look behind one that is done.
        boolean isLeftBehind =
                newest.filter(done -> run.id().compareTo(done) < 0).isPresent();
        if (end.isEmpty() && isLeftBehind && run.since().isBefore(least)) {
            store.giveUp(run, "unfinished when run " + newest.get() + " was done");
            return run.end()
                    .filter(given -> given.outcome() == Outcome.ABANDONED)
                    .isPresent();
        }
        return false;
    }
}
