package dev.millrace.run;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The end of a run. A run that has ended is never taken up again, unless a gate refused it and a person accepted that.
 *
 * @param format version of this file's format, now 1
 * @param outcome how it ended
 * @param reason for a person, may be empty
 * @param at when
 * @param rules of the gate that refused it, where a person may accept that; files of older versions do not have them
 */
public record RunEnd(int format, Outcome outcome, String reason, Instant at, Optional<List<String>> rules) {
    public static final int FORMAT = 1;

    public RunEnd {
        rules = rules.map(List::copyOf);
    }
}
