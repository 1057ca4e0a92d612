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
     * Removes the spool and landing of runs that began before {@code keep} ago and have ended, or never will: who looks
     * for an unfinished run does not look behind one that is done.
     *
     * @param current is done, and left alone
     */
    static void enforce(JobStore store, Duration keep, RunId current, Clock clock) {
        for (RunId id : store.runs()) {
            RunStore run = store.run(id);
            boolean over = id.start().isBefore(clock.instant().minus(keep));
            if (over && run.end().isEmpty() && id.compareTo(current) < 0) {
                store.abandon(run, "unfinished when run " + current + " was done");
            } else if (over && !id.equals(current) && run.end().isPresent()) {
                store.clear(run);
            }
        }
    }
}
