package dev.millrace.remote;

import java.time.Duration;

/**
 * How often a platform is asked, and how long one goes on asking.
 *
 * @param poll between two looks at a run
 * @param patience with a platform that cannot be reached or that throttles
 */
public record Pace(Duration poll, Duration patience) {
    /** The longest pause between two tries, as a multiple of {@link #poll}. */
    private static final int SLOWEST = 6;

    public Pace {
        if (poll.isNegative() || poll.isZero() || patience.isNegative()) {
            throw new IllegalArgumentException("Invalid pace: " + poll + ", " + patience);
        }
    }

    /** The pause after tries that failed, so many in a row: longer with each. */
    Duration after(int failures) {
        return poll.multipliedBy(Math.min(1L << Math.min(failures, 10), SLOWEST));
    }
}
