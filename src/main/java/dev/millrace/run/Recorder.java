package dev.millrace.run;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Keeps a run's record while it goes: written whole at each event, and every two seconds while units are done, so a run
 * that is killed can be read too. A run that is taken up again continues its record. One process of a run records: its
 * shares ({@code --units}) do not. May be called from several threads.
 */
public final class Recorder {
    private static final Duration EVERY = Duration.ofSeconds(2);

    private final RunStore run;
    private final Clock clock;
    private RunRecord record;
    private Instant written = Instant.MIN;

    Recorder(RunStore run, String job, List<Phase> phases, Clock clock) {
        this.run = run;
        this.clock = clock;
        Optional<RunRecord> earlier = run.record();
        List<PhaseRecord> all = new ArrayList<>();
        for (Phase phase : phases) {
            all.add(earlier.flatMap(found -> found.phase(phase)).orElse(PhaseRecord.waiting(phase)));
        }
        this.record = new RunRecord(
                RunRecord.FORMAT,
                job,
                run.id(),
                Optional.empty(),
                earlier.map(RunRecord::started).orElseGet(clock::instant),
                Optional.empty(),
                "",
                all,
                earlier.map(RunRecord::tables).orElse(Map.of()),
                earlier.map(RunRecord::gate).orElse(List.of()),
                earlier.map(RunRecord::warehouse).orElse(""));
        write();
    }

    /** The record as it stands. */
    public synchronized RunRecord record() {
        return record;
    }

    /** A phase began, or began again. {@code unitsAll} counts its units or other steps, 0 when it has none. */
    public synchronized void phaseStarted(Phase phase, long unitsAll) {
        change(phase, found -> found.started(clock.instant(), unitsAll));
        write();
    }

    /** So many units of a phase are done by now, all together. */
    public synchronized void unitsDone(Phase phase, long done) {
        change(phase, found -> found.with(done));
        Instant now = clock.instant();
        // A clock that was set back would keep it from being written.
        if (now.isBefore(written) || !now.isBefore(written.plus(EVERY))) {
            write();
        }
    }

    public synchronized void phaseDone(Phase phase) {
        change(phase, found -> found.ended(PhaseState.DONE, clock.instant(), ""));
        write();
    }

    public synchronized void phaseFailed(Phase phase, String message) {
        change(phase, found -> found.ended(PhaseState.FAILED, clock.instant(), message));
        write();
    }

    /** A phase that this run does not need. */
    public synchronized void phaseSkipped(Phase phase) {
        change(phase, found -> found.ended(PhaseState.SKIPPED, clock.instant(), ""));
        write();
    }

    /** Sets a table's part. It is written with the next event. */
    public synchronized void table(String name, TableRecord table) {
        Map<String, TableRecord> tables = new TreeMap<>(record.tables());
        tables.put(name, table);
        record = copy(record.outcome(), record.ended(), record.message(), tables, record.gate(), record.warehouse());
    }

    /** Sets what the gate found. */
    public synchronized void gate(List<GateResult> results) {
        record = copy(record.outcome(), record.ended(), record.message(), record.tables(), results, record.warehouse());
        write();
    }

    /** Says where the tables went. It is written with the next event. */
    public synchronized void warehouse(String description) {
        record = copy(record.outcome(), record.ended(), record.message(), record.tables(), record.gate(), description);
    }

    /** Ends the record, after a failure too. */
    public synchronized void ended(Outcome outcome, String message) {
        record = copy(
                Optional.of(outcome),
                Optional.of(clock.instant()),
                message,
                record.tables(),
                record.gate(),
                record.warehouse());
        write();
    }

    private void change(Phase phase, UnaryOperator<PhaseRecord> change) {
        if (record.phase(phase).isEmpty()) {
            throw new IllegalArgumentException("Not a phase of run " + run.id() + ": " + phase.label());
        }
        List<PhaseRecord> phases = new ArrayList<>(record.phases());
        phases.replaceAll(found -> found.phase() == phase ? change.apply(found) : found);
        record = new RunRecord(
                record.format(),
                record.job(),
                record.run(),
                record.outcome(),
                record.started(),
                record.ended(),
                record.message(),
                phases,
                record.tables(),
                record.gate(),
                record.warehouse());
    }

    private RunRecord copy(
            Optional<Outcome> outcome,
            Optional<Instant> ended,
            String message,
            Map<String, TableRecord> tables,
            List<GateResult> gate,
            String warehouse) {
        return new RunRecord(
                record.format(),
                record.job(),
                record.run(),
                outcome,
                record.started(),
                ended,
                message,
                record.phases(),
                tables,
                gate,
                warehouse);
    }

    private void write() {
        run.write(record);
        written = clock.instant();
    }
}
