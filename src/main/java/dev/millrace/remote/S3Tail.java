package dev.millrace.remote;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Lines of compressed files that a service writes whole, again and again while they grow. */
final class S3Tail implements LogTail {
    private static final int LAST = 20;

    /** A log that is longer is nobody's to read in a terminal. */
    private static final long MOST_LINES = 1_000_000;

    /**
     * How much of a file is known.
     *
     * @param etag of the version that was read
     * @param lines in it
     */
    private record Read(String etag, long lines) {}

    private final Storage storage;
    private final List<String> paths;
    private final Map<String, Read> read = new HashMap<>();

    S3Tail(Storage storage, List<String> paths) {
        this.storage = storage;
        this.paths = List.copyOf(paths);
    }

    @Override
    public List<String> next() {
        return paths.stream().flatMap(path -> lines(path)).toList();
    }

    private Stream<String> lines(String path) {
        StoredFile file = storage.stat(path).orElse(null);
        Read before = read.get(path);
        if (file == null || (before != null && before.etag().equals(file.etag()))) {
            return Stream.empty();
        }
        try (BufferedReader in = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(storage.open(path)), StandardCharsets.UTF_8))) {
            List<String> all = in.lines().limit(MOST_LINES).toList();
            read.put(path, new Read(file.etag(), all.size()));
            long skipped = before == null ? Math.max(0, all.size() - LAST) : Math.min(before.lines(), all.size());
            return all.subList(Math.toIntExact(skipped), all.size()).stream();
        } catch (IOException e) {
            throw Fault.world("Cannot read " + storage.uri(path) + ": " + e.getMessage(), e);
        }
    }
}
