package dev.millrace.run;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds what runs left behind: all that an abandoned or bygone run staged, in other runs the files of attempts that lost
 * or were killed, which no commit names, and files that were never finished.
 */
final class Leftovers {
    /** {@code runs/<run>/<folder>/…}; phases, reads and the files beside them stay for ever. */
    private static final Pattern OF_RUN = Pattern.compile("runs/(?<run>[^/]+)/(?<folder>(?!phases/|reads/)[^/]+)/.+");

    /** {@code <table>/snapshot=<run>/<folder>/…}. */
    private static final Pattern OF_TABLE = Pattern.compile("[^/]+/snapshot=(?<run>[^/]+)/(?<folder>[^/]+)/.+");

    /** {@code quarantine/<run>/<folder>/…}. */
    private static final Pattern OF_QUARANTINE = Pattern.compile("quarantine/(?<run>[^/]+)/(?<folder>[^/]+)/.+");

    private static final List<Pattern> PLACES = List.of(OF_RUN, OF_TABLE, OF_QUARANTINE);

    /** Folders whose files are named by the commits of units, each of them; those of landing have one for each partition. */
    private static final Pattern NAMED =
            Pattern.compile("(.*/)?((spool/.*/data|census)|datalake[^/]*(/[^/=]+=[^/]*)*)/[^/]+");

    private final JobStore store;
    private final Storage storage;
    private final String folder;

    /** @param folder of the job below the storage, with a trailing slash */
    Leftovers(JobStore store, Storage storage, String folder) {
        this.store = store;
        this.storage = storage;
        this.folder = folder;
    }

    /**
     * All leftovers, sorted by path.
     *
     * @param before files that are younger belong, for all one knows, to somebody at work
     * @param keep how long a run's files stay after its end
     */
    List<Leftover> find(Instant before, Duration keep, Instant now) {
        Map<RunId, List<StoredFile>> files = new TreeMap<>();
        for (StoredFile file : storage.list(folder)) {
            runOf(file.path().substring(folder.length()))
                    .ifPresent(run -> files.computeIfAbsent(run, none -> new ArrayList<>())
                            .add(file));
        }
        Optional<RunId> newest = store.lastDone();
        Optional<RunId> atWork = store.lock().heldBy();
        Set<RunId> inputs = store.inputsOf(store.runs());
        Map<RunId, String> bygone = new TreeMap<>();
        Set<String> named = new TreeSet<>();
        for (RunId id : files.keySet()) {
            boolean needed = atWork.equals(Optional.of(id)) || newest.equals(Optional.of(id)) || inputs.contains(id);
            Optional<String> reason = needed ? Optional.empty() : bygone(id, keep, now);
            reason.ifPresentOrElse(
                    why -> bygone.put(id, why), () -> named.addAll(store.run(id).filesOfUnits()));
        }
        List<Leftover> leftovers = new ArrayList<>();
        files.forEach((id, staged) -> {
            for (StoredFile file : staged) {
                boolean isOld = file.modified().isBefore(before) && !atWork.equals(Optional.of(id));
                boolean isNamed = named.contains(file.path());
                if (isOld && !isNamed && bygone.containsKey(id)) {
                    leftovers.add(new Leftover(file, bygone.get(id), true));
                } else if (isOld && !isNamed && NAMED.matcher(file.path()).matches()) {
                    leftovers.add(new Leftover(file, "no commit of run " + id + " names it", true));
                }
            }
        });
        storage.unfinished(folder).stream()
                .filter(file -> file.modified().isBefore(before))
                .forEach(file -> leftovers.add(new Leftover(file, "it was never finished", false)));
        leftovers.sort(Comparator.comparing(leftover -> leftover.file().path()));
        return leftovers;
    }

    private static Optional<RunId> runOf(String path) {
        return PLACES.stream()
                .map(place -> place.matcher(path))
                .filter(Matcher::matches)
                .map(place -> place.group("run"))
                .filter(RunId::isRunId)
                .map(RunId::new)
                .findFirst();
    }

    /** Why nothing of a run is needed; empty where what its commits name is. */
    private Optional<String> bygone(RunId id, Duration keep, Instant now) {
        RunStore run = store.run(id);
        Optional<RunEnd> end = run.end();
        if (end.isEmpty()) {
            return run.findPlan().isPresent() ? Optional.empty() : Optional.of("run " + id + " has no plan");
        }
        if (end.get().outcome() == Outcome.ABANDONED) {
            return Optional.of("run " + id + " was abandoned");
        }
        return end.get().at().plus(keep).isBefore(now)
                ? Optional.of("run " + id + " ended longer ago than staging.keep")
                : Optional.empty();
    }
}
