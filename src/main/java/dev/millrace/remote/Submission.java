package dev.millrace.remote;

import dev.millrace.run.RunId;
import java.time.Instant;
import java.util.Optional;

/**
 * That a run, or a phase of it, is asked for at a platform: written before it is asked for, and again once its id is known
 * and once it has ended there.
 *
 * @param format version of this file's format, now 1
 * @param run the run's id
 * @param phase its label, or {@code pipeline}
 * @param n counts the submissions of this phase of the run, from 1: there is a next one only once this one has ended
 * @param platform the kind, as {@code --on} takes it
 * @param place the platform as a person names it
 * @param by the process that asked last
 * @param asked when it last began to ask
 * @param id that the platform gave; empty while that is not known
 * @param ended how it ended at the platform, in its words; empty while that is not known
 */
public record Submission(
        int format,
        RunId run,
        String phase,
        int n,
        String platform,
        String place,
        String by,
        Instant asked,
        Optional<String> id,
        Optional<String> ended) {
    public static final int FORMAT = 1;

    /** Whether it may still run. */
    public boolean isOpen() {
        return ended.isEmpty();
    }

    Submission askedBy(String other, Instant now) {
        return new Submission(format, run, phase, n, platform, place, other, now, id, ended);
    }

    Submission knownAs(String found) {
        return new Submission(format, run, phase, n, platform, place, by, asked, Optional.of(found), ended);
    }

    Submission endedAs(String end) {
        return new Submission(format, run, phase, n, platform, place, by, asked, id, Optional.of(end));
    }
}
