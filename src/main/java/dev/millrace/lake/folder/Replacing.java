package dev.millrace.lake.folder;

import dev.millrace.fault.Fault;
import dev.millrace.lake.folder.Replacement.Partition;
import dev.millrace.lake.folder.Replacement.Source;
import dev.millrace.lake.folder.Replacement.Written;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
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

    /** Files that are looked at right before they are removed. */
    private static final int LOOKED_AT_TOGETHER = 32;

    /** File systems allow no more. */
    private static final int MOST_NAME_BYTES = 255;

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
        boolean isLocal = storage.localPath(partition.written().get(0).path()).isPresent();
        // One request tells of all files, where each would take one.
        Map<String, StoredFile> listed = isLocal ? Map.of() : ParquetFolder.filesOf(storage, partition.path());
        int together = isLocal ? LOOKED_AT_TOGETHER : partition.sources().size();
        List<String> removed = new ArrayList<>();
        Optional<String> conflict = Optional.empty();
        for (int from = 0; from < partition.sources().size(); from += together) {
            List<Source> some = partition
                    .sources()
                    .subList(from, Math.min(from + together, partition.sources().size()));
            Map<String, StoredFile> now = isLocal ? looked(some) : listed;
            List<String> unchanged = some.stream()
                    .filter(source -> isUnchanged(source, now))
                    .map(Source::path)
                    .toList();
            storage.delete(unchanged);
            removed.addAll(unchanged);
            Optional<String> found = some.stream()
                    .filter(source -> now.containsKey(source.path()) && !isUnchanged(source, now))
                    .findFirst()
                    .map(source -> storage.uri(source.path())
                            + " was changed while its partition was replaced, and stays; the rows that it had before are"
                            + " in "
                            + storage.uri(partition.written().get(0).path())
                            + " or those beside it: remove one of the two");
            conflict = found.isPresent() ? found : conflict;
        }
        if (isLocal) {
            storage.delete(
                    removed.stream().flatMap(path -> checksums(path).stream()).toList());
        }
        return conflict;
    }

    private Map<String, StoredFile> looked(List<Source> sources) {
        Map<String, StoredFile> now = new HashMap<>();
        sources.forEach(source -> storage.stat(source.path()).ifPresent(file -> now.put(file.path(), file)));
        return now;
    }

    /** What Hadoop puts beside a file on a local disk; beside a file whose name has no room for that, nothing. */
    private static Optional<String> checksums(String path) {
        int from = path.lastIndexOf('/') + 1;
        String name = "." + path.substring(from) + ".crc";
        return name.getBytes(StandardCharsets.UTF_8).length > MOST_NAME_BYTES
                ? Optional.empty()
                : Optional.of(path.substring(0, from) + name);
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
