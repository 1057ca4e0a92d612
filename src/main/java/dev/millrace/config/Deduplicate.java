package dev.millrace.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Which rows of a table are the same, and which of them stays.
 *
 * @param key columns that tell rows apart; at least one
 * @param keep the row that stays
 * @param against where else the same row is looked for
 * @param within how far back in the table; empty: all of it
 */
public record Deduplicate(List<String> key, Keep keep, Against against, Optional<Duration> within) {
    /** The row that stays of those with one key. */
    public enum Keep {
        FIRST,
        LAST
    }

    /** Where the same row is looked for. */
    public enum Against {
        /** Among the rows of the same run. */
        BATCH,
        /** In the published table too. */
        TABLE
    }

    public Deduplicate {
        key = List.copyOf(key);
    }
}
