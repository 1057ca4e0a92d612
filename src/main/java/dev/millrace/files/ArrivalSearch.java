package dev.millrace.files;

import dev.millrace.config.FileSource;
import dev.millrace.config.FileSource.OnChange;
import dev.millrace.fault.Fault;
import dev.millrace.files.FolderTime.Period;
import dev.millrace.storage.StoredFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Finds the files that no run has taken, or that are others than those that were taken.
 *
 * <p>A file is told by its path and its etag, never by a time: what comes late, or in the second in which a run listed
 * its folder, is found like any other. Times only bound what is listed, and once per {@code relist} nothing does.
 *
 * @param folder of the source
 * @param lookback folders of an earlier time are not listed
 * @param relist how often they are all the same
 * @param onChange what becomes of files that changed
 */
public record ArrivalSearch(SourceFolder folder, Duration lookback, Duration relist, OnChange onChange) {
    /** Of a job's source. */
    public static ArrivalSearch of(FileSource source, SourceFolder folder) {
        return new ArrivalSearch(folder, source.lookback(), source.relist(), source.onChange());
    }

    /**
     * Lists the source's files and compares them with those that are known.
     *
     * @param now the present time
     * @param range files of other times are left out. A file's time is that of its folders; where they tell none, it is
     *     when the file was last written
     * @param again whether files of the range are taken that are known and did not change
     * @throws Fault of kind USER where there is no such folder on the local disk; of kind WORLD where it is gone or
     *     cannot be listed
     */
    public Arrivals find(FileLedger ledger, Instant now, TimeRange range, boolean again) {
        Optional<Instant> first = range.isAll() && !again ? firstListed(ledger, now) : range.since();
        try (KnownFiles known = ledger.known()) {
            requireFolder(known.peek().isPresent());
            Comparison comparison = new Comparison(known, range, again, ledger.lastCommit());
            folder.list(folder.hasTime() ? first : Optional.empty(), comparison::add);
            boolean isWhole = range.isAll() && first.isEmpty();
            return new Arrivals(comparison.taken, comparison.listed, isWhole, comparison.late, now);
        }
    }

    /**
     * Takes files that are named, whether they are known or not; those that are gone are left out.
     *
     * @param paths relative to the source's base
     */
    public Arrivals named(Collection<String> paths, Instant now) {
        List<Arrival> taken = new TreeSet<>(paths)
                .stream()
                        .flatMap(path -> folder.storage().stat(path).stream())
                        .map(file -> new Arrival(file, Arrival.Reason.AGAIN))
                        .toList();
        return new Arrivals(taken, paths.size(), false, 0, now);
    }

    /** From when on folders are listed; empty when all are. */
    private Optional<Instant> firstListed(FileLedger ledger, Instant now) {
        boolean isRecent = ledger.listedWhole()
                // A time ahead of the clock was written when that was wrong; it must not put off the next one for
                // years.
                .filter(last -> !last.isAfter(now) && last.plus(relist).isAfter(now))
                .isPresent();
        return isRecent && folder.hasTime() ? Optional.of(now.minus(lookback)) : Optional.empty();
    }

    /** A folder without files is no mistake, one that is not there is: its name may be wrong. */
    private void requireFolder(boolean hasKnown) {
        Optional<Path> local = folder.storage().localPath("any").map(Path::getParent);
        if (local.filter(path -> !Files.isDirectory(path)).isEmpty()) {
            return;
        }
        if (hasKnown) {
            throw Fault.world("Cannot list " + folder + ": the folder " + local.get()
                    + " is gone; files of it have been read before. Is its disk mounted?");
        }
        throw Fault.user("No such folder: " + local.get() + ": make it, or name another by the source's at");
    }

    /** Takes listed files one by one, in the order of their paths. */
    private final class Comparison {
        private final KnownFiles known;
        private final TimeRange range;
        private final boolean again;
        private final Optional<Instant> lastCommit;
        private final List<Arrival> taken = new ArrayList<>();
        private long listed;
        private long late;

        Comparison(KnownFiles known, TimeRange range, boolean again, Optional<Instant> lastCommit) {
            this.known = known;
            this.range = range;
            this.again = again;
            this.lastCommit = lastCommit;
        }

        void add(StoredFile file) {
            listed++;
            Optional<Period> time = folder.time().of(file.path());
            if (!isInRange(file, time)) {
                return;
            }
            Optional<KnownFile> before = known.find(file.path());
            Optional<Arrival.Reason> reason = reason(file, before);
            reason.ifPresent(why -> taken.add(new Arrival(file, why)));
            boolean isNew = reason.filter(why -> why == Arrival.Reason.NEW).isPresent();
            if (isNew
                    && time.isPresent()
                    && lastCommit.filter(time.get().to()::isBefore).isPresent()) {
                late++;
            }
        }

        private boolean isInRange(StoredFile file, Optional<Period> time) {
            if (range.isAll()) {
                return true;
            }
            return folder.hasTime()
                    ? time.filter(period -> range.touches(period.from(), period.to()))
                            .isPresent()
                    : range.holds(file.modified());
        }

        private Optional<Arrival.Reason> reason(StoredFile file, Optional<KnownFile> before) {
            if (SourceFolder.isUnreadable(file.path())) {
                return before.filter(known -> !known.isGivenUp()).isPresent()
                        ? Optional.empty()
                        : Optional.of(Arrival.Reason.UNREADABLE);
            }
            if (before.isEmpty()) {
                return Optional.of(Arrival.Reason.NEW);
            }
            if (again) {
                return Optional.of(Arrival.Reason.AGAIN);
            }
            if (before.get().isGivenUp()) {
                // What its run may have published before it was given up gives way.
                return Optional.of(before.get().isRefused() ? Arrival.Reason.REFUSED : Arrival.Reason.AGAIN);
            }
            if (before.get().etag().equals(file.etag())) {
                return Optional.empty();
            }
            return switch (onChange) {
                case REPROCESS -> Optional.of(Arrival.Reason.CHANGED);
                case QUARANTINE -> Optional.of(Arrival.Reason.REFUSED);
            };
        }
    }
}
