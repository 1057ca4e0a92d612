package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.files.TimeRange;

/**
 * What of its source a new run takes.
 *
 * @param range of time that files must be of
 * @param again whether files are taken that an earlier run has taken
 */
record Selection(TimeRange range, boolean again) {
    /** Whatever is new. */
    static final Selection NEW = new Selection(TimeRange.ALL, false);

    /** Refuses what holds for a new run only. */
    void requireNone(String why) {
        if (!equals(NEW)) {
            throw Fault.user(
                    "Invalid " + (again ? "--again" : range.since().isPresent() ? "--since" : "--until") + ": " + why);
        }
    }
}
