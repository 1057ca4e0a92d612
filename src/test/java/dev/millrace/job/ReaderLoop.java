package dev.millrace.job;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Reads a table again and again in a thread of its own, and notes each change of what it sees. */
final class ReaderLoop implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final Supplier<Optional<String>> reader;
    private final List<String> seen = new ArrayList<>();
    private final Thread thread;
    private long reads;
    private volatile boolean closed;

    /** @param reader tells what there is in one text; empty before there is a table */
    ReaderLoop(Supplier<Optional<String>> reader) {
        this.reader = reader;
        this.thread = new Thread(this::read, "reader");
        thread.setDaemon(true);
        thread.start();
    }

    private void read() {
        while (!closed) {
            note(seen());
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    private Optional<String> seen() {
        try {
            return reader.get();
        } catch (RuntimeException e) {
            return Optional.of("a reader failed: " + e);
        }
    }

    private synchronized void note(Optional<String> now) {
        if (now.isEmpty()) {
            return;
        }
        reads++;
        if (seen.isEmpty() || !seen.get(seen.size() - 1).equals(now.get())) {
            seen.add(now.get());
        }
    }

    /** How often there was a table. */
    synchronized long reads() {
        return reads;
    }

    /** Looks for the last time, and tells what was seen, each only where it was another than before. */
    List<String> changes() {
        close();
        note(seen());
        synchronized (this) {
            return List.copyOf(seen);
        }
    }

    /** What was seen that is none of these, or was seen after a later one of them. */
    List<String> oddities(List<String> versions) {
        List<String> odd = new ArrayList<>();
        int last = 0;
        for (String one : changes()) {
            int at = versions.subList(last, versions.size()).indexOf(one);
            if (at < 0) {
                odd.add(one);
            } else {
                last += at;
            }
        }
        return odd;
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
