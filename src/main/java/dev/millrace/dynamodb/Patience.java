package dev.millrace.dynamodb;

import java.io.Serializable;
import java.time.Duration;

/**
 * How often a request that failed is made again.
 *
 * @param inner attempts that the AWS SDK makes by itself, for what it knows to pass soon
 * @param outer attempts at one page of a scan, each with its inner ones
 * @param longestPause between outer attempts; the pauses grow up to it. Zero: nobody waits, the SDK neither
 */
record Patience(int inner, int outer, Duration longestPause) implements Serializable {
    static final Patience USUAL = new Patience(5, 10, Duration.ofSeconds(10));

    Patience {
        if (inner < 1 || outer < 1 || longestPause.isNegative()) {
            throw new IllegalArgumentException(
                    "Invalid patience: " + inner + " × " + outer + " attempts, pauses up to " + longestPause);
        }
    }

    boolean waits() {
        return !longestPause.isZero();
    }
}
