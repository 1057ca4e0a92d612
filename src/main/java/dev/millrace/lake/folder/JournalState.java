package dev.millrace.lake.folder;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The journal of a folder as it is kept.
 *
 * @param format version of this file's format, now 1
 * @param holder the compaction at work
 * @param replacing path of the {@link Replacement} that was begun and has to be brought to its end
 * @param stamp random, so that no two versions of the file have the same bytes
 */
record JournalState(int format, Optional<Holder> holder, Optional<String> replacing, String stamp) {
    static final int FORMAT = 1;

    /**
     * A compaction at work.
     *
     * @param name of its process, for a person
     * @param compaction its id
     * @param since when it began
     * @param until when its lease ends, unless it is renewed
     */
    record Holder(String name, String compaction, Instant since, Instant until) {
        /** Whether the lease has not ended; one that ends later than any that begins now is not believed. */
        boolean holdsAt(Instant now, Duration lease) {
            return now.isBefore(until) && !until.isAfter(now.plus(lease).plus(lease));
        }
    }
}
