package dev.millrace.dynamodb;

import java.io.Serializable;
import java.time.Duration;

/**
 * How long a scan that does not get on is kept at it.
 *
 * @param broken how often in a row a page may come broken: that is no chance after a while
 * @param attempts at one page, of which the server or the network fails each
 * @param longestPause between attempts; the pauses grow up to it. Zero: nobody waits
 * @param stalled how long a request is refused for its rate, and nothing else is read either, before a scan gives up
 */
record Patience(int broken, int attempts, Duration longestPause, Duration stalled) implements Serializable {
    static final Patience USUAL = new Patience(5, 12, Duration.ofSeconds(10), Duration.ofMinutes(10));

    private static final long FIRST_PAUSE_MILLIS = 100;

    Patience {
        if (broken < 1 || attempts < 1 || longestPause.isNegative() || stalled.isNegative()) {
            throw new IllegalArgumentException("Invalid patience: " + broken + " broken pages, " + attempts
                    + " attempts, pauses up to " + longestPause + ", stalled for " + stalled);
        }
    }

    /** The longest pause after so many failures. */
    Duration pause(int failures) {
        Duration pause = Duration.ofMillis(FIRST_PAUSE_MILLIS << Math.min(failures - 1, 20));
        return pause.compareTo(longestPause) < 0 ? pause : longestPause;
    }
}
