package dev.millrace.run;

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
 */
public record Plan(
        int format,
        RunId run,
        String job,
        String jobJson,
        List<Phase> phases,
        List<PlannedUnit> units,
        Optional<SpooledInput> input) {
    public static final int FORMAT = 1;

    /** A plan that reads the source. */
    public Plan(int format, RunId run, String job, String jobJson, List<Phase> phases, List<PlannedUnit> units) {
        this(format, run, job, jobJson, phases, units, Optional.empty());
    }

    public Plan {
        phases = List.copyOf(phases);
        units = List.copyOf(units);
    }
}
