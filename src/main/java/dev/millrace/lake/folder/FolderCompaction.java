package dev.millrace.lake.folder;

import dev.millrace.fault.Fault;
import dev.millrace.lake.FileOutcome;
import dev.millrace.lake.PlannedFile;
import dev.millrace.lake.folder.FolderPlan.PlannedPartition;
import dev.millrace.lake.folder.FolderRecord.Figures;
import dev.millrace.lake.folder.FolderRecord.Outcome;
import dev.millrace.lake.folder.FolderRecord.Untouched;
import dev.millrace.run.RunId;
import dev.millrace.run.UnitCommits;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiPredicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes few files of the many in a folder of plain Parquet that others wrote, in place and never across its partitions.
 * New files are written where no reader looks, verified, and then take the place of the old ones. May be stopped
 * anywhere: the next one finishes what the journal says was begun, and drops what else there is. Of two at once one is
 * refused.
 */
public final class FolderCompaction {
    private static final Logger LOG = LoggerFactory.getLogger(FolderCompaction.class);

    private static final int MOST_FILES_A_PART = 1000;

    private final Storage storage;
    private final Optional<List<String>> partitionBy;
    private final NewFiles newFiles;
    private final Worker worker;
    private final Watch watch;
    private final Replacing replacing;

    /** What somebody else did to partitions while an earlier compaction replaced their files, by path. */
    private final Map<String, String> conflicts = new LinkedHashMap<>();

    /**
     * Who compacts.
     *
     * @param name for a person: process and host
     * @param isDead told the name of another and since when it is at work: whether it is known to have ended
     */
    public record Worker(String name, BiPredicate<String, Instant> isDead, Clock clock, Random random) {}

    /** Is told how far it is. */
    public interface Watch {
        /** New files are about to be written, so many in all. */
        void begun(int files);

        /** More of them are in their place. */
        void replaced(int files, long rows, long bytes);
    }

    /**
     * @param storage whose root is the folder
     * @param partitionBy names of its partition columns from the outermost, to be checked; empty: whatever folders there are
     */
    public FolderCompaction(
            Storage storage, Optional<List<String>> partitionBy, NewFiles newFiles, Worker worker, Watch watch) {
        this.storage = storage;
        this.partitionBy = partitionBy;
        this.newFiles = newFiles;
        this.worker = worker;
        this.watch = watch;
        this.replacing = new Replacing(storage);
    }

    /**
     * Looks at one folder, and not at what lies deeper in it.
     *
     * @throws Fault of kind USER where it is a table of another format
     */
    public static void requireNoTable(Storage folder) {
        OtherFormat.ofTable(folder).ifPresent(format -> {
            throw format.refusal(folder.root());
        });
    }

    /**
     * What would be done; writes nothing.
     *
     * @throws Fault of kind USER for a folder that is none of plain Parquet
     */
    public FolderRecord plan() {
        Instant now = worker.clock().instant();
        FolderPlan plan = planned();
        List<FolderRecord.Partition> partitions = new ArrayList<>(plan.failed());
        for (PlannedPartition partition : plan.planned()) {
            partitions.add(new FolderRecord.Partition(
                    partition.path(),
                    Outcome.PLANNED,
                    partition.before(),
                    partition.after(plan.target()),
                    partition.kept(),
                    List.of(),
                    ""));
        }
        return record(RunId.startingAt(now, worker.random()), now, partitions, plan.untouched());
    }

    /**
     * Compacts the folder. Where there is nothing to do, nothing is written.
     *
     * @return what was done, also where partitions failed
     * @throws Fault of kind HELD where another is at work
     */
    public FolderRecord run() {
        while (true) {
            Instant now = worker.clock().instant();
            Journal.Found found = Journal.find(storage);
            Journal.requireFree(storage, found, now, worker.isDead());
            RunId id = RunId.startingAt(now, worker.random());
            if (found.isUnfinished() || !storage.names(Place.WORK).isEmpty()) {
                take(found, id).ifPresent(this::recover);
                continue;
            }
            FolderPlan plan = planned();
            if (plan.planned().isEmpty()) {
                return record(id, now, plan.failed(), plan.untouched());
            }
            // Taken as it was found before the listing, the journal says that nobody has replaced a file since.
            Optional<Journal> journal = take(found, id);
            if (journal.isPresent()) {
                return compact(journal.get(), id, now, plan);
            }
        }
    }

    private Optional<Journal> take(Journal.Found found, RunId id) {
        return Journal.take(storage, found, id.value(), worker.name(), worker.clock(), worker.random());
    }

    private FolderPlan planned() {
        ParquetFolder folder = ParquetFolder.list(storage, partitionBy);
        if (folder.partitions().isEmpty()) {
            throw Fault.user(
                    "Cannot compact " + storage.root() + ": there is no such folder, or no file in it but hidden ones");
        }
        return newFiles.plan(folder);
    }

    /** Finishes what was begun and drops what was not. */
    private void recover(Journal journal) {
        try (journal) {
            Optional<String> begun = journal.replacing();
            if (begun.isPresent()) {
                Replacement replacement = Replacement.find(storage, begun.get())
                        .orElseThrow(() -> Fault.world("Cannot finish the compaction of " + storage.root() + ": "
                                + storage.uri(begun.get())
                                + " is gone, which says what it was about to replace; restore"
                                + " it"));
                finishLeft(journal, begun.get(), replacement);
            }
            for (String path : Replacement.paths(storage)) {
                // Somebody removed the journal, but not what it named.
                Optional<Replacement> shown = Replacement.find(storage, path).filter(replacing::isBegun);
                if (shown.isPresent()) {
                    journal.begin(path);
                    finishLeft(journal, path, shown.get());
                }
            }
            drop(Place.WORK);
        }
    }

    private void finishLeft(Journal journal, String path, Replacement replacement) {
        LOG.info(
                "{}: finishes what compaction {} had begun: {} partitions",
                storage.root(),
                replacement.compaction(),
                replacement.partitions().size());
        conflicts.putAll(finish(journal, path, replacement));
    }

    /** Also what was never finished: files of processes that were killed while they wrote. */
    private void drop(String work) {
        storage.delete(storage.list(work).stream().map(StoredFile::path).toList());
        storage.discard(storage.unfinished(work));
    }

    private FolderRecord compact(Journal journal, RunId id, Instant started, FolderPlan plan) {
        try (journal) {
            String work = Place.work(id.value());
            List<FolderRecord.Partition> ended = new ArrayList<>(plan.failed());
            try {
                watch.begun(plan.planned().stream()
                        .mapToInt(partition -> partition.outputs().size())
                        .sum());
                UnitCommits commits = UnitCommits.stored(storage, work + "units/");
                int number = 0;
                for (List<PlannedPartition> part :
                        plan.parts(newFiles.filesAtOnce(), newFiles.bytesAtOnce(), MOST_FILES_A_PART)) {
                    journal.requireHeld();
                    String path = Replacement.path(id, ++number);
                    ended.addAll(compact(journal, id, part, path, work + "files/", commits));
                }
            } finally {
                dropUnlessBegun(journal, work);
            }
            return record(id, started, ended, plan.untouched());
        }
    }

    private void dropUnlessBegun(Journal journal, String work) {
        if (journal.replacing().isEmpty()) {
            try {
                drop(work);
            } catch (Fault left) {
                LOG.warn("{}; the next compaction removes it", left.getMessage());
            }
        }
    }

    private List<FolderRecord.Partition> compact(
            Journal journal, RunId id, List<PlannedPartition> part, String path, String folder, UnitCommits commits) {
        List<PlannedFile> outputs =
                part.stream().flatMap(partition -> partition.outputs().stream()).toList();
        Iterator<FileOutcome> results = newFiles.write(outputs, folder, commits).iterator();
        Map<String, FolderRecord.Partition> ended = new LinkedHashMap<>();
        List<Replacement.Partition> replaced = new ArrayList<>();
        for (PlannedPartition partition : part) {
            List<FileOutcome> own = Stream.generate(results::next)
                    .limit(partition.outputs().size())
                    .toList();
            Ending ending = Ending.of(partition, own);
            Optional<Replacement.Partition> replacement = ending.replacement();
            Optional<String> changed = replacement.flatMap(replacing::changed);
            if (replacement.isPresent() && changed.isEmpty()) {
                replaced.add(replacement.get());
            }
            ended.put(
                    partition.path(),
                    changed.map(why -> Ending.ended(partition, Outcome.FAILED, why))
                            .orElse(ending.record()));
        }
        if (!replaced.isEmpty()) {
            Replacement replacement = new Replacement(Replacement.FORMAT, id.value(), replaced);
            replacement.put(storage, path);
            journal.begin(path);
            finish(journal, path, replacement)
                    .forEach((conflicting, why) ->
                            ended.computeIfPresent(conflicting, (unused, done) -> Ending.conflict(done, why)));
        }
        for (FolderRecord.Partition partition : ended.values()) {
            Figures after = partition.after();
            watch.replaced(after.files(), after.rows(), after.bytes());
        }
        return List.copyOf(ended.values());
    }

    private Map<String, String> finish(Journal journal, String path, Replacement replacement) {
        Map<String, String> found;
        try {
            found = replacing.finish(replacement);
        } catch (Fault failure) {
            // Whoever has taken over has done it by now, and what is missed here is not missing.
            journal.requireHeld();
            throw failure;
        }
        journal.end();
        storage.delete(List.of(path));
        return found;
    }

    private FolderRecord record(
            RunId id, Instant started, List<FolderRecord.Partition> partitions, Untouched untouched) {
        List<FolderRecord.Partition> all = new ArrayList<>(partitions);
        conflicts.forEach((path, why) -> all.add(
                new FolderRecord.Partition(path, Outcome.CONFLICT, Figures.NONE, Figures.NONE, 0, List.of(), why)));
        return new FolderRecord(
                FolderRecord.FORMAT,
                id.value(),
                storage.root(),
                started,
                worker.clock().instant(),
                all,
                untouched);
    }
}
