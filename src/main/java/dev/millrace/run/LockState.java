package dev.millrace.run;

import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The lock file of a job.
 *
 * @param format version of this file's format, now 1
 * @param run that the holders work on; empty while nobody holds
 * @param holders by the random token of their lease
 * @param stamp random, so that no two versions of the file have the same bytes
 */
record LockState(int format, Optional<RunId> run, Map<String, Holder> holders, String stamp) {
    static final int FORMAT = 1;

    /**
     * A process that holds the lock.
     *
     * @param name for a person: host, process, user
     * @param since when it entered
     * @param until when its lease ends, unless it is renewed
     */
    record Holder(String name, Instant since, Instant until) {}

    LockState {
        holders = Map.copyOf(holders);
    }

    /** Without the holders whose leases have ended. */
    LockState at(Instant now) {
        Map<String, Holder> living = new TreeMap<>(holders);
        living.values().removeIf(holder -> !now.isBefore(holder.until()));
        return new LockState(format, living.isEmpty() ? Optional.empty() : run, living, stamp);
    }

    /** The one that has held it longest. */
    Optional<Holder> eldest() {
        return holders.values().stream().min(Comparator.comparing(Holder::since).thenComparing(Holder::name));
    }
}
