package dev.millrace.run;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a run did, for people and monitoring: {@code record.json} of the run, written as it goes. Nothing decides by it;
 * commits do.
 *
 * @param format version of this file's format, now 1
 * @param job name of the job
 * @param run the run's id
 * @param outcome empty while the run goes on, or when it was killed
 * @param started when it began first
 * @param ended when it ended, failed runs too
 * @param message why it ended so, else empty
 * @param phases in their order
 * @param tables by name
 * @param gate checks of the gate, in their order
 * @param warehouse where the tables went, as a person reads it; empty before
 * @param read what reading the source has cost; empty before, and in records of older versions
 * @param unchanged the run that has made live what this one brings too, so that the warehouse was not asked; mostly empty
 */
public record RunRecord(
        int format,
        String job,
        RunId run,
        Optional<Outcome> outcome,
        Instant started,
        Optional<Instant> ended,
        String message,
        List<PhaseRecord> phases,
        Map<String, TableRecord> tables,
        List<GateResult> gate,
        String warehouse,
        Optional<ReadCost> read,
        Optional<RunId> unchanged) {
    public static final int FORMAT = 1;

    public RunRecord {
        phases = List.copyOf(phases);
        tables = Map.copyOf(tables);
        gate = List.copyOf(gate);
    }

    /** A phase's part, or empty when the run does not have it. */
    public Optional<PhaseRecord> phase(Phase phase) {
        return phases.stream().filter(record -> record.phase() == phase).findFirst();
    }
}
