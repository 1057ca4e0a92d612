package dev.millrace.run;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The thread that renews a lease. */
public final class Renewal {
    private Renewal() {}

    /**
     * Renews three times in a lease, by a daemon thread, until it is shut down.
     *
     * @param thread its name
     * @param renew handles its failures; should another end it, the lease ends by itself
     */
    public static ScheduledExecutorService start(String thread, Duration lease, Runnable renew) {
        ScheduledExecutorService renewal = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread daemon = new Thread(task, thread);
            daemon.setDaemon(true);
            return daemon;
        });
        long every = lease.toMillis() / 3;
        Future<?> unused = renewal.scheduleWithFixedDelay(renew, every, every, TimeUnit.MILLISECONDS);
        return renewal;
    }
}
