package dev.millrace.remote;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/** Lines of compressed files that a service writes whole, again and again while they grow. */
final class S3Tail implements LogTail {
    private static final int LAST = 20;

    private static final int BUFFER = 1 << 16;

    /** What is longer is nobody's to read in a terminal. */
    private static final long MOST_CHARACTERS = 1L << 30;

    private static final int MOST_OF_A_LINE = 10_000;

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
        return paths.stream().flatMap(path -> lines(path).stream()).toList();
    }

    private List<String> lines(String path) {
        StoredFile file = storage.stat(path).orElse(null);
        Read before = read.get(path);
        if (file == null || (before != null && before.etag().equals(file.etag()))) {
            return List.of();
        }
        try (Reader in =
                new InputStreamReader(new GZIPInputStream(storage.open(path), BUFFER), StandardCharsets.UTF_8)) {
            Tail tail = new Tail(before == null ? Optional.empty() : Optional.of(before.lines()));
            char[] buffer = new char[BUFFER];
            long characters = 0;
            for (int n = in.read(buffer); n >= 0 && characters < MOST_CHARACTERS; n = in.read(buffer)) {
                tail.take(buffer, n);
                characters += n;
            }
            read.put(path, new Read(file.etag(), tail.end()));
            return tail.lines();
        } catch (IOException e) {
            throw Fault.world("Cannot read " + storage.uri(path) + ": " + e.getMessage(), e);
        }
    }

    /** The lines that are new, of which no more is held than is shown. */
    private static final class Tail {
        private final Optional<Long> known;
        private final ArrayDeque<String> lines = new ArrayDeque<>();
        private final StringBuilder line = new StringBuilder();
        private long ended;

        /** @param known how many are not new; empty where none was shown, so that the last of them are enough */
        Tail(Optional<Long> known) {
            this.known = known;
        }

        void take(char[] buffer, int length) {
            for (int i = 0; i < length; i++) {
                if (buffer[i] == '\n') {
                    endLine();
                } else if (line.length() < MOST_OF_A_LINE && buffer[i] != '\r') {
                    line.append(buffer[i]);
                }
            }
        }

        private void endLine() {
            if (known.isEmpty() && lines.size() == LAST) {
                lines.removeFirst();
            }
            if (known.isEmpty() || ended >= known.get()) {
                lines.addLast(line.toString());
            }
            line.setLength(0);
            ended++;
        }

        /** How many lines there are. */
        long end() {
            if (!line.isEmpty()) {
                endLine();
            }
            return ended;
        }

        List<String> lines() {
            return List.copyOf(lines);
        }
    }
}
