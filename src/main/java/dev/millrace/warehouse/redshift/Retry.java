package dev.millrace.warehouse.redshift;

import dev.millrace.fault.Fault;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** How often something is tried that others were in the way of: with pauses, until patience ends. */
final class Retry {
    private static final long SHORTEST_PAUSE = 50;
    private static final long LONGEST_PAUSE = 500;

    private final long deadline;

    Retry(Duration patience) {
        deadline = System.nanoTime() + patience.toNanos();
    }

    /** Waits; false where patience has ended. */
    boolean again() {
        if (System.nanoTime() > deadline) {
            return false;
        }
        LockSupport.parkNanos(
                TimeUnit.MILLISECONDS.toNanos(ThreadLocalRandom.current().nextLong(SHORTEST_PAUSE, LONGEST_PAUSE)));
        if (Thread.currentThread().isInterrupted()) {
            throw Fault.world("Interrupted; live is as it was: run again");
        }
        return true;
    }
}
