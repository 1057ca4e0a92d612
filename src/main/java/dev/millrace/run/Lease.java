package dev.millrace.run;

import dev.millrace.fault.Fault;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lock while this process holds it: renewed by a daemon thread until it is closed or lost. */
public final class Lease implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Lease.class);

    private final Lock lock;
    private final Lock.Entrant entrant;
    private final ScheduledExecutorService renewal;
    private Lock.Entry entry;
    private boolean lost;
    private boolean closed;

    Lease(Lock lock, Lock.Entrant entrant, Lock.Entry entry) {
        this.lock = lock;
        this.entrant = entrant;
        this.entry = entry;
        this.renewal = Renewal.start("millrace-lease", lock.lease(), this::renew);
    }

    /**
     * Whether the lock is no longer ours: another took it over, or it could not be renewed in time. Work may go on, as
     * the ledger keeps it safe; it may be for nothing.
     */
    public synchronized boolean isLost() {
        return lost || !lock.clock().instant().isBefore(entry.holder().until());
    }

    /**
     * Before more work is begun: takes the lock again if it was lost, as happens to a process that stood still for longer
     * than a lease or could not reach its storage.
     *
     * @throws Fault of kind HELD when another has it: this process's work would be for nothing
     */
    public synchronized void requireHeld() {
        if (!isLost()) {
            return;
        }
        try {
            entry = lock.enter(entrant, Overlap.SKIP);
            lost = false;
        } catch (Fault held) {
            if (held.kind() != Fault.Kind.HELD) {
                throw held;
            }
            throw Fault.held("Run " + entrant.run() + " is left to others: this process held the job until "
                    + entry.holder().until() + " and could not renew that in time. " + held.getMessage());
        }
    }

    /** Renews now. A failure is tried again with the next renewal; the lease ends by itself if that fails too. */
    synchronized void renew() {
        if (closed || lost) {
            return;
        }
        try {
            Optional<LockState.Holder> renewed = lock.renew(entry.token(), entry.holder());
            renewed.ifPresent(next -> entry = new Lock.Entry(entry.token(), next));
            if (renewed.isEmpty()) {
                lost = true;
                LOG.warn("Another run took over the lock {}", lock.uri());
            }
        } catch (Fault e) {
            if (!renewal.isShutdown()) {
                LOG.warn("Could not renew the lock {}: {}", lock.uri(), e.getMessage());
            }
        }
    }

    /** Gives the lock back, if it is still ours. Never throws: the lease ends by itself. */
    @Override
    public void close() {
        renewal.shutdownNow();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            try {
                lock.release(entry.token());
            } catch (Fault e) {
                LOG.warn("Could not give back the lock {}: {}", lock.uri(), e.getMessage());
            }
        }
    }
}
