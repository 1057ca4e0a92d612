package dev.millrace.lake.folder;

import dev.millrace.fault.Fault;
import dev.millrace.lake.folder.Replacement.Partition;
import dev.millrace.lake.folder.Replacement.Source;
import dev.millrace.lake.folder.Replacement.Written;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Brings a replacement to its end: in each partition first all new files come, then the old ones go. So no row is ever
 * missing; between the first that comes and the last that goes, whoever lists the partition sees rows twice. May be
 * stopped anywhere and repeated, and done twice at once: new files have names of their own, and are taken from where they
 * were written only when all is done.
 */
final class Replacing {
    private static final int MOST_COPIES = 16;

    private final Storage storage;
    private final UnseenStorage unseen;

    Replacing(Storage storage) {
        this.storage = storage;
        this.unseen = new UnseenStorage(storage);
    }

    /** Why a partition must not be replaced: one of its files is gone or another since it was listed. */
    Optional<String> changed(Partition partition) {
        Map<String, StoredFile> now = ParquetFolder.filesOf(storage, partition.path());
        return partition.sources().stream()
                .filter(source -> !isUnchanged(source, now))
                .findFirst()
                .map(source -> storage.uri(source.path())
                        + (now.containsKey(source.path()) ? " was changed" : " is gone")
                        + " since it was listed; the partition is left as it is");
    }

    private static boolean isUnchanged(Source source, Map<String, StoredFile> now) {
        return Optional.ofNullable(now.get(source.path()))
                .filter(file -> file.etag().equals(source.etag()) && file.bytes() == source.bytes())
                .isPresent();
    }

    /**
     * Replaces all partitions.
     *
     * @return for partitions where somebody else changed a file at that very moment what is to be known of it, by path
     */
    Map<String, String> finish(Replacement replacement) {
        Map<String, String> conflicts = new LinkedHashMap<>();
        for (Partition partition : replacement.partitions()) {
            replace(partition).ifPresent(conflict -> conflicts.put(partition.path(), conflict));
        }
        unseen.delete(replacement.partitions().stream()
                .flatMap(partition -> partition.written().stream())
                .map(Written::unseen)
                .toList());
        return conflicts;
    }

    /** Whether any of its new files is to be seen. */
    boolean isBegun(Replacement replacement) {
        return replacement.partitions().stream()
                .flatMap(partition -> partition.written().stream())
                .anyMatch(written -> storage.stat(written.path()).isPresent());
    }

    private Optional<String> replace(Partition partition) {
        Map<String, StoredFile> before = ParquetFolder.filesOf(storage, partition.path());
        bring(partition.written().stream()
                .filter(written -> !isThere(written, before))
                .toList());
        Map<String, StoredFile> now = ParquetFolder.filesOf(storage, partition.path());
        partition.written().stream()
                .filter(written -> !isThere(written, now))
                .findFirst()
                .ifPresent(missing -> {
                    throw Fault.world("Cannot replace files of " + storage.uri(partition.path()) + ": "
                            + storage.uri(missing.path()) + " is gone or another by now");
                });
        List<String> gone = new ArrayList<>();
        Optional<String> conflict = Optional.empty();
        for (Source source : partition.sources()) {
            if (isUnchanged(source, now)) {
                gone.add(source.path());
            } else if (now.containsKey(source.path())) {
                conflict = Optional.of(storage.uri(source.path())
                        + " was changed while its partition was replaced, and stays; the rows that it had before are in "
                        + storage.uri(partition.written().get(0).path())
                        + " or those beside it: remove one of the two");
            }
        }
        storage.delete(gone);
        return conflict;
    }

    /** Side by side, where each takes its time: the shorter are rows there twice. */
    private void bring(List<Written> files) {
        if (files.size() < 2 || storage.localPath(files.get(0).path()).isPresent()) {
            files.forEach(this::bring);
            return;
        }
        ExecutorService copiers = Executors.newFixedThreadPool(Math.min(MOST_COPIES, files.size()));
        try {
            List<Future<?>> copies = new ArrayList<>();
            files.forEach(file -> copies.add(copiers.submit(() -> bring(file))));
            for (Future<?> copy : copies) {
                copy.get();
            }
        } catch (ExecutionException e) {
            throw Fault.in(e).orElseThrow(() -> new IllegalStateException(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Interrupted while files of " + storage.root() + " were replaced", e);
        } finally {
            copiers.shutdownNow();
        }
    }

    private void bring(Written written) {
        storage.bring(unseen, written.unseen(), written.path());
    }

    private static boolean isThere(Written written, Map<String, StoredFile> files) {
        return Optional.ofNullable(files.get(written.path()))
                .filter(file -> file.bytes() == written.bytes())
                .isPresent();
    }
}
