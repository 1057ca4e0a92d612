package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.files.TimeRange;
import java.util.List;

/**
 * What of its source a new run takes.
 *
 * @param range of time that files must be of
 * @param again whether files are taken that an earlier run has taken
 * @param named paths of the only files that are taken, read before or not; none: whatever there is
 */
record Selection(TimeRange range, boolean again, List<String> named) {
    /** Whatever is new. */
    static final Selection NEW = new Selection(TimeRange.ALL, false, List.of());

    /** All there is, read before or not. */
    static final Selection AGAIN = new Selection(TimeRange.ALL, true, List.of());

    Selection {
        named = List.copyOf(named);
    }

    static Selection of(TimeRange range, boolean again) {
        return new Selection(range, again, List.of());
    }

    static Selection ofFiles(List<String> named) {
        return new Selection(TimeRange.ALL, true, named);
    }

    /** Refuses what holds for a new run only. */
    void requireNone(String why) {
        if (!named.isEmpty()) {
            throw Fault.user("Cannot retry: " + why);
        }
        if (!equals(NEW)) {
            String option = again ? "--again" : range.since().isPresent() ? "--since" : "--until";
            throw Fault.user("Invalid " + option + ": " + why);
        }
    }
}
