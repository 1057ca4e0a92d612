package dev.millrace.run;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is live in a job's warehouse as its runs have left it: {@code live.json} of the job.
 *
 * @param format version of this file's format, now 1
 * @param live what the last replacement made live; empty where a rollback has come after it
 * @param begun the highest commit of which a replacement has begun; 0 for none
 * @param rollbacks that have begun and not ended
 * @param epoch random, another one whenever what is live is forgotten
 */
record LiveState(int format, Optional<Live> live, long begun, List<Rollback> rollbacks, String epoch) {
    static final int FORMAT = 1;

    /** Nothing is known. */
    static final LiveState UNKNOWN = new LiveState(FORMAT, Optional.empty(), 0, List.of(), "");

    LiveState {
        rollbacks = List.copyOf(rollbacks);
    }

    /**
     * A rollback that may be under way.
     *
     * @param token random, of the process that makes it
     * @param by that process, for a person
     * @param since when it began
     */
    record Rollback(String token, String by, Instant since) {}

    /** What is live, where it is known: nobody has begun a change since. */
    Optional<Live> known() {
        return live.filter(found -> found.commit() >= begun && rollbacks.isEmpty());
    }

    LiveState with(Optional<Live> other) {
        return new LiveState(format, other, begun, rollbacks, epoch);
    }

    LiveState begun(long commit) {
        return new LiveState(format, live, Math.max(begun, commit), rollbacks, epoch);
    }

    LiveState with(List<Rollback> others) {
        return new LiveState(format, live, begun, others, epoch);
    }

    LiveState forgotten(String newEpoch) {
        return new LiveState(format, Optional.empty(), begun, rollbacks, newEpoch);
    }
}
