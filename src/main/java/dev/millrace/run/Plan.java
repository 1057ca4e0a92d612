package dev.millrace.run;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a run does, fixed by whoever starts it first and read by every other process of the run.
 *
 * @param format version of this file's format, now 1
 * @param run the run's id
 * @param job name of the job
 * @param jobJson the job file as resolved, as JSON: what differs from it is refused
 * @param phases in their order
 * @param units of the phases that read the source
 * @param input what is read in place of the source; most runs have none, nor have files of older versions
 * @param began when it was planned; the run's name may be later, where a clock was set back. Plans of older versions do
 *     not have it
 * @param after the ledger's last number when it was planned, 0 for none: whatever has a higher one is of another run at
 *     the same time, or of this one. Plans of older versions do not have it
 */
public record Plan(
        int format,
        RunId run,
        String job,
        String jobJson,
        List<Phase> phases,
        List<PlannedUnit> units,
        Optional<SpooledInput> input,
        Optional<Instant> began,
        Optional<Long> after) {
    public static final int FORMAT = 1;

    /** A plan that reads the source, as older versions wrote it. */
    public Plan(int format, RunId run, String job, String jobJson, List<Phase> phases, List<PlannedUnit> units) {
        this(format, run, job, jobJson, phases, units, Optional.empty(), Optional.empty(), Optional.empty());
    }

    public Plan {
        phases = List.copyOf(phases);
        units = List.copyOf(units);
    }
}
