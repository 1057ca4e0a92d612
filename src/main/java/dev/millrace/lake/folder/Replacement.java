package dev.millrace.lake.folder;

import dev.millrace.run.Json;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.util.List;
import java.util.Optional;

/**
 * What is to be replaced by what, in partitions whose new files are all written and verified. From the moment that the
 * journal names it, whoever holds the journal brings it to its end; before that it means nothing.
 *
 * @param format version of this file's format, now 1
 * @param compaction that wrote the new files
 * @param partitions in the order in which they are replaced
 */
record Replacement(int format, String compaction, List<Partition> partitions) {
    static final int FORMAT = 1;

    private static final String NAME = "replacement-";

    /**
     * One partition.
     *
     * @param path of its folder
     * @param written files that come
     * @param sources files that go
     */
    record Partition(String path, List<Written> written, List<Source> sources) {
        Partition {
            written = List.copyOf(written);
            sources = List.copyOf(sources);
        }
    }

    /**
     * A file that comes.
     *
     * @param unseen where it lies, as {@link UnseenStorage} names it
     * @param path where it goes
     */
    record Written(String unseen, String path, long bytes) {}

    /** A file that goes, as its rows were read. */
    record Source(String path, long bytes, String etag) {}

    Replacement {
        partitions = List.copyOf(partitions);
    }

    /** Where the n-th of a compaction lies, from 1. */
    static String path(RunId compaction, int n) {
        return Place.work(compaction.value()) + NAME + "%05d.json".formatted(n);
    }

    /** All that there are. */
    static List<String> paths(Storage storage) {
        return storage.list(Place.WORK).stream()
                .map(StoredFile::path)
                .filter(path -> path.substring(path.lastIndexOf('/') + 1).startsWith(NAME))
                .toList();
    }

    static Optional<Replacement> find(Storage storage, String path) {
        return Json.find(storage, path, Replacement.class, FORMAT);
    }

    void put(Storage storage, String path) {
        storage.putIfAbsent(path, Json.write(this));
    }
}
