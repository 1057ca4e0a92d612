package dev.millrace.run;

import java.time.Instant;

/**
 * The end of a run; a run with such a file is never taken up again.
 *
 * @param format version of this file's format, now 1
 * @param outcome how it ended
 * @param reason for a person, may be empty
 * @param at when
 */
public record RunEnd(int format, Outcome outcome, String reason, Instant at) {
    public static final int FORMAT = 1;
}
