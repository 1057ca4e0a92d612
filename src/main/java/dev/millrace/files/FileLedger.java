package dev.millrace.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.fault.Fault;
import dev.millrace.files.Coverage.Gap;
import dev.millrace.files.FileUnits.Planned;
import dev.millrace.run.Commit;
import dev.millrace.run.Ledger;
import dev.millrace.run.Plan;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.TableCounts;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files that a job has taken, below {@code <job>/inputs/} of the staging storage.
 *
 * <p>A run writes the list of its files before it commits; the commit names it among its facts, and only what a commit
 * names counts. Now and then all lists up to a commit are merged into one, {@code snapshot-<n>.jsonl.zst}. Lists are
 * sorted by path, so they are merged and compared with a listing while few lines are held.
 */
public final class FileLedger {
    private static final Logger LOG = LoggerFactory.getLogger(FileLedger.class);

    /** The commit's fact that names its list. */
    static final String INPUTS = "inputs";

    /** Lists that are merged into a snapshot. Each costs a later run three requests. */
    private static final int MOST_LISTS = 8;

    /** No run is at work for that long. */
    private static final Duration UNFINISHED = Duration.ofDays(30);

    private static final Pattern SNAPSHOT = Pattern.compile("snapshot-(\\d{10})\\.jsonl\\.zst");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Storage staging;
    private final Ledger ledger;
    private final String folder;
    private final String listed;

    /**
     * @param staging the staging storage
     * @param job the job's name
     * @param ledger of the job
     */
    public FileLedger(Storage staging, String job, Ledger ledger) {
        this.staging = staging;
        this.ledger = ledger;
        this.folder = job + "/inputs/";
        this.listed = job + "/listed.json";
    }

    /** All files that the job has taken. */
    KnownFiles known() {
        long snapshot = snapshots().stream().reduce((earlier, later) -> later).orElse(0L);
        return KnownFiles.open(lists(snapshot, Long.MAX_VALUE));
    }

    /** A snapshot, where there is one, and the lists of the commits after it up to another. */
    private List<Supplier<KnownFileLines.Reader>> lists(long snapshot, long through) {
        List<Supplier<KnownFileLines.Reader>> lists = new ArrayList<>();
        if (snapshot > 0) {
            lists.add(() -> open(snapshotPath(snapshot), 0, false));
        }
        for (Commit commit : ledger.after(snapshot)) {
            String list = commit.facts().get(INPUTS);
            if (list != null && commit.n() <= through) {
                boolean isGivenUp = ledger.isGivenUp(commit);
                lists.add(() -> open(folder + list, commit.n(), isGivenUp));
            }
        }
        return lists;
    }

    private KnownFileLines.Reader open(String path, long commit, boolean isGivenUp) {
        return new KnownFileLines.Reader(staging.uri(path), staging.open(path), commit, isGivenUp);
    }

    /** Numbers of the commits that there are snapshots of, lowest first. */
    private List<Long> snapshots() {
        List<Long> snapshots = new ArrayList<>();
        for (String name : staging.names(folder)) {
            Matcher matcher = SNAPSHOT.matcher(name);
            if (matcher.matches()) {
                snapshots.add(Long.parseLong(matcher.group(1)));
            }
        }
        return snapshots;
    }

    private String snapshotPath(long n) {
        return folder + "snapshot-%010d".formatted(n) + KnownFileLines.SUFFIX;
    }

    /** When the job committed last. */
    Optional<Instant> lastCommit() {
        return ledger.last().map(Commit::at);
    }

    /**
     * When all folders were listed last by a run that came to its end. Nothing but the next time depends on it: where
     * it is lost, all are listed once more.
     */
    public Optional<Instant> listedWhole() {
        return staging.find(listed).flatMap(file -> {
            try {
                JsonNode at = JSON.readTree(file.utf8()).path("at");
                return at.isTextual() ? Optional.of(Instant.parse(at.textValue())) : Optional.empty();
            } catch (JsonProcessingException | DateTimeException damaged) {
                LOG.warn("{} is damaged and left aside: {}", staging.uri(listed), damaged.getMessage());
                return Optional.empty();
            }
        });
    }

    /**
     * Remembers when all folders were listed. To be called with the time of {@link Arrivals} that are {@code isWhole},
     * once what they hold is committed, or at once where they are empty.
     */
    public void rememberListing(Instant at) {
        if (listedWhole().filter(known -> !known.isBefore(at)).isEmpty()) {
            staging.put(listed, ("{\"format\":1,\"at\":\"" + at + "\"}\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * Commits a run with all the files of its units. May be repeated.
     *
     * @param units where the units' lists stand
     * @param rows that were read from files, by path, where they were counted
     * @return the run's commit, this one or an earlier one
     * @throws Fault of kind SUPERSEDED when a run has committed one of the files since this one was planned
     */
    public Commit commit(
            Plan plan,
            FileUnits units,
            Map<String, Long> rows,
            Map<String, TableCounts> counts,
            Map<String, String> facts) {
        List<KnownFile> files = files(plan.units(), units, rows);
        String name = plan.run() + KnownFileLines.SUFFIX;
        if (!files.isEmpty()) {
            staging.put(folder + name, lines(files));
        }
        Map<String, String> all = new HashMap<>(facts);
        if (!files.isEmpty()) {
            all.put(INPUTS, name);
        }
        return ledger.append(plan, counts, all, (since, last) -> requireOwn(plan, files, last));
    }

    private static List<KnownFile> files(List<PlannedUnit> planned, FileUnits units, Map<String, Long> rows) {
        Map<String, KnownFile> files = new TreeMap<>();
        for (PlannedUnit unit : planned) {
            for (Planned entry : units.entries(unit)) {
                FilePart part = entry.part();
                long count = rows.getOrDefault(part.path(), KnownFile.NOT_COUNTED);
                files.put(
                        part.path(),
                        new KnownFile(
                                part.path(),
                                part.bytes(),
                                part.etag(),
                                entry.modified(),
                                count,
                                entry.reason().isRefused(),
                                0,
                                false));
            }
        }
        return List.copyOf(files.values());
    }

    private static byte[] lines(List<KnownFile> files) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (KnownFileLines.Writer writer = new KnownFileLines.Writer(bytes)) {
            for (KnownFile file : files) {
                writer.write(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** Refuses a run whose files another one has taken since it was planned: its rows would be there twice. */
    private void requireOwn(Plan plan, List<KnownFile> files, long last) {
        long after = plan.after().orElse(0L);
        try (KnownFiles known = known()) {
            for (KnownFile file : files) {
                // What committed after the last one that was looked at may be this very run, in another process. It
                // takes
                // the number that this one is about to, so all is looked at again.
                Optional<KnownFile> taken =
                        known.find(file.path()).filter(other -> other.commit() > after && other.commit() <= last);
                taken.ifPresent(other -> {
                    throw Fault.superseded("Run " + plan.run() + " comes too late: commit " + other.commit()
                            + " has taken file " + file.path() + " since this run was planned"
                            + ". Nothing is lost: what only this run has read is new to the next one");
                });
            }
        }
    }

    /**
     * Sees to it that the files of a commit, whose run is about to be given up, are found by the next run: they are
     * read again, and take the place of what was published of them.
     *
     * @param asRead whether they must be as they were read, since the rows that were read first are those that stay
     * @throws Fault of kind USER where one of them is gone from the source: then only that run has its rows
     */
    public void giveBack(Commit commit, SourceFolder source, boolean asRead) {
        Optional.ofNullable(commit.facts().get(INPUTS)).ifPresent(list -> requireThere(commit, list, source, asRead));
        List<Long> merged = snapshots().stream().filter(n -> n >= commit.n()).toList();
        if (!merged.isEmpty()) {
            // An earlier version did not wait for the end of a run before it merged its list.
            requireUnmerged(commit);
            staging.delete(merged.stream().map(this::snapshotPath).toList());
        }
        // They may lie in folders that are not listed each time.
        staging.delete(List.of(listed));
    }

    private void requireThere(Commit commit, String list, SourceFolder source, boolean asRead) {
        Map<String, String> missing = new TreeMap<>();
        try (KnownFileLines.Reader files = open(folder + list, commit.n(), false)) {
            for (Optional<KnownFile> file = files.next(); file.isPresent(); file = files.next()) {
                missing.put(file.get().path(), file.get().etag());
            }
        }
        source.list(Optional.empty(), file -> {
            if (!asRead || file.etag().equals(missing.get(file.path()))) {
                missing.remove(file.path());
            }
        });
        if (!missing.isEmpty()) {
            throw Fault.user("Run " + commit.run() + " cannot be given up: " + missing.size()
                    + " of the files that it has read are gone from " + source
                    + (asRead ? ", or are others than those that were read first" : "") + ", the first is "
                    + missing.keySet().iterator().next()
                    + ", and no other run could read them. Bring them back, or finish the run by"
                    + " scripts/millrace resume " + commit.run());
        }
    }

    private void requireUnmerged(Commit commit) {
        long before = snapshots().stream()
                .filter(n -> n < commit.n())
                .reduce((earlier, later) -> later)
                .orElse(0L);
        for (Commit other : ledger.after(before)) {
            Optional<String> list = Optional.ofNullable(other.facts().get(INPUTS));
            if (list.filter(name -> staging.stat(folder + name).isEmpty()).isPresent()) {
                throw Fault.user(
                        "Run " + commit.run() + " cannot be given up any more: the lists of what it and others have"
                                + " read are merged. Finish it by scripts/millrace resume " + commit.run());
            }
        }
    }

    /**
     * Merges the lists of commits into one when there are many, and removes what the one before it had made needless.
     * May be stopped anywhere, repeated, and done by several at once. Nothing depends on it, so a failure is only
     * logged.
     */
    public void compact() {
        try {
            compactLists();
        } catch (Fault fault) {
            LOG.warn("The lists of files are not merged this time: {}", fault.getMessage());
        }
    }

    private void compactLists() {
        List<Long> snapshots = snapshots();
        long newest = snapshots.isEmpty() ? 0 : snapshots.get(snapshots.size() - 1);
        List<Commit> after = ledger.after(newest);
        if (lists(after) < MOST_LISTS) {
            return;
        }
        // While a run may be given up, its list has to stand for itself.
        List<Commit> ended =
                after.stream().takeWhile(commit -> !ledger.isOpen(commit)).toList();
        if (lists(ended) < MOST_LISTS) {
            return;
        }
        write(ended.get(ended.size() - 1).n(), newest);
        // Who began to read before goes on with the last snapshot and the lists after it; nobody needs what is older.
        removeBefore(newest, snapshots);
    }

    private static long lists(List<Commit> commits) {
        return commits.stream()
                .filter(commit -> commit.facts().containsKey(INPUTS))
                .count();
    }

    private void write(long through, long before) {
        String path = snapshotPath(through);
        try (KnownFiles known = KnownFiles.open(lists(before, through));
                Upload upload = staging.create(path)) {
            KnownFileLines.Writer writer = new KnownFileLines.Writer(upload.stream());
            for (Optional<KnownFile> file = known.next(); file.isPresent(); file = known.next()) {
                writer.write(file.get());
            }
            writer.close();
            upload.commit();
        } catch (IOException e) {
            throw Fault.world("Cannot write " + staging.uri(path) + ": " + e.getMessage(), e);
        }
    }

    /** Removes what a snapshot has made needless, and lists of runs that never committed. */
    private void removeBefore(long snapshot, List<Long> snapshots) {
        long earlier =
                snapshots.stream().filter(n -> n < snapshot).reduce((a, b) -> b).orElse(0L);
        Set<String> merged = new HashSet<>();
        snapshots.stream().filter(n -> n < snapshot).forEach(n -> merged.add(snapshotPath(n)));
        Set<String> needed = new HashSet<>();
        for (Commit commit : ledger.after(earlier)) {
            Optional.ofNullable(commit.facts().get(INPUTS))
                    .ifPresent(list -> (commit.n() <= snapshot ? merged : needed).add(folder + list));
        }
        Instant old = ledger.last().map(Commit::at).orElse(Instant.EPOCH).minus(UNFINISHED);
        staging.list(folder).stream()
                .filter(file -> file.modified().isBefore(old))
                .map(StoredFile::path)
                .filter(path ->
                        !SNAPSHOT.matcher(path.substring(folder.length())).matches())
                .filter(path -> !needed.contains(path))
                .forEach(merged::add);
        staging.delete(merged);
    }

    /** What of the source has been read; reads the lists of all files, one line after another. */
    public Coverage coverage(SourceFolder source) {
        Totals totals = new Totals(source);
        try (KnownFiles known = known()) {
            for (Optional<KnownFile> file = known.next(); file.isPresent(); file = known.next()) {
                totals.add(file.get());
            }
        }
        return totals.coverage(listedWhole());
    }

    /** Adds up what is known. Periods of time are as many as there are hours or days, not files. */
    private static final class Totals {
        private final SourceFolder source;
        private final TreeMap<Instant, Instant> periods = new TreeMap<>();
        private Optional<Instant> firstWrite = Optional.empty();
        private Optional<Instant> lastWrite = Optional.empty();
        private long files;
        private long bytes;
        private long rows;
        private long refused;

        Totals(SourceFolder source) {
            this.source = source;
        }

        void add(KnownFile file) {
            if (file.isGivenUp()) {
                return;
            }
            files++;
            bytes += file.bytes();
            rows += Math.max(0, file.rows());
            refused += file.isRefused() ? 1 : 0;
            Instant written = file.modified();
            firstWrite = firstWrite.filter(first -> first.isBefore(written)).or(() -> Optional.of(written));
            lastWrite = lastWrite.filter(last -> last.isAfter(written)).or(() -> Optional.of(written));
            source.time().of(file.path()).ifPresent(period -> periods.put(period.from(), period.to()));
        }

        Coverage coverage(Optional<Instant> listedWhole) {
            boolean hasTime = source.hasTime();
            return new Coverage(
                    files,
                    bytes,
                    rows,
                    refused,
                    hasTime ? Optional.ofNullable(periods.firstEntry()).map(Map.Entry::getKey) : firstWrite,
                    hasTime ? Optional.ofNullable(periods.lastEntry()).map(Map.Entry::getValue) : lastWrite,
                    gaps(),
                    listedWhole);
        }

        private List<Gap> gaps() {
            List<Gap> gaps = new ArrayList<>();
            Optional<Instant> end = Optional.empty();
            for (Map.Entry<Instant, Instant> period : periods.entrySet()) {
                end.filter(to -> to.isBefore(period.getKey())).ifPresent(to -> gaps.add(new Gap(to, period.getKey())));
                end = Optional.of(period.getValue());
            }
            return gaps;
        }
    }
}
