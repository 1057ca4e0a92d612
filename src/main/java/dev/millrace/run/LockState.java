package dev.millrace.run;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

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
    record Holder(String name, Instant since, Instant until) {
        /** Whether the lease has not ended, and may be one that a clock like ours gave: see {@link #isAhead}. */
        boolean holdsAt(Instant now, Duration lease) {
            return now.isBefore(until) && !isAhead(now, lease);
        }

        /** Whether the lease ends later than any that begins now, by more than clocks that work differ. */
        boolean isAhead(Instant now, Duration lease) {
            return until.isAfter(now.plus(lease).plus(lease));
        }
    }

    LockState {
        holders = Map.copyOf(holders);
    }

    /** Without the holders whose leases have ended, or end too late to be believed. */
    LockState at(Instant now, Duration lease) {
        return keeping(holder -> holder.holdsAt(now, lease));
    }

    /** Without the holders that are known to be dead, by name and since when they hold. */
    LockState without(BiPredicate<String, Instant> isDead) {
        return keeping(holder -> !isDead.test(holder.name(), holder.since()));
    }

    private LockState keeping(Predicate<Holder> wanted) {
        Map<String, Holder> kept = new TreeMap<>(holders);
        kept.values().removeIf(wanted.negate());
        return new LockState(format, kept.isEmpty() ? Optional.empty() : run, kept, stamp);
    }

    /** The one that has held it longest. */
    Optional<Holder> eldest() {
        return holders.values().stream().min(Comparator.comparing(Holder::since).thenComparing(Holder::name));
    }
}
