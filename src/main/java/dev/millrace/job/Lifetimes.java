package dev.millrace.job;

import dev.millrace.run.JobStore;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import java.time.Clock;
import java.time.Duration;

/** Removes what runs staged once its lifetime is over. Plans, commits and records stay. */
final class Lifetimes {
    private Lifetimes() {}

    /**
     * Removes the spool and landing of runs that have ended and began before {@code keep} ago.
     *
     * @param current is left alone
     */
    static void enforce(JobStore store, Duration keep, RunId current, Clock clock) {
        for (RunId id : store.runs()) {
            RunStore run = store.run(id);
            boolean over = id.start().isBefore(clock.instant().minus(keep));
            if (over && !id.equals(current) && run.end().isPresent()) {
                store.clear(run);
            }
        }
    }
}
