package dev.millrace.warehouse.duckdb;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * The sole use of a file, until closed or until the process ends.
 *
 * <p>The operating system's locks are per process: two engines in one process would not see each other's, and closing
 * one's file drops the other's lock. So a file is claimed within the process first.
 */
final class Claim implements AutoCloseable {
    private static final Set<Path> CLAIMED = ConcurrentHashMap.newKeySet();
    private static final Duration POLL = Duration.ofMillis(10);

    private final Path file;
    private final FileChannel channel;

    private Claim(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Within this process, which is enough for a file that DuckDB opens to write: it locks it against others. */
    static Optional<Claim> inProcess(Path file) {
        return CLAIMED.add(file) ? Optional.of(new Claim(file, null)) : Optional.empty();
    }

    /** Against every process of this machine; waits for others. */
    static Claim await(Path lockFile, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            Optional<Claim> claim = tryClaim(lockFile);
            if (claim.isPresent()) {
                return claim.get();
            }
            if (System.nanoTime() > deadline) {
                throw Fault.world("Another process has been changing the warehouse for " + patience.toSeconds()
                        + " s: it holds " + lockFile + ": run again when it has ended");
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    /** Against every process of this machine; empty when the file is in use. */
    static Optional<Claim> tryClaim(Path lockFile) {
        if (!CLAIMED.add(lockFile)) {
            return Optional.empty();
        }
        FileChannel channel = null;
        FileLock lock = null;
        try {
            channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock = channel.tryLock();
            return lock == null ? Optional.empty() : Optional.of(new Claim(lockFile, channel));
        } catch (IOException e) {
            throw Fault.world("Cannot lock " + lockFile + ": " + e, e);
        } finally {
            if (lock == null) {
                release(lockFile, channel);
            }
        }
    }

    private static void release(Path file, FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            throw Fault.world("Cannot unlock " + file + ": " + e, e);
        } finally {
            CLAIMED.remove(file);
        }
    }

    @Override
    public void close() {
        release(file, channel);
    }
}
