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
    private final String job;
    private final Instant started;
    private final Map<String, TableRecord> tables = new TreeMap<>();
    private final List<PhaseRecord> phases = new ArrayList<>();
    private List<GateResult> gate;
    private String warehouse;
    private Optional<ReadCost> read;
    private Optional<RunId> unchanged;
    private Optional<Outcome> outcome = Optional.empty();
    private Optional<Instant> ended = Optional.empty();
    private String message = "";
    private Instant written = Instant.MIN;
    private Optional<String> etag = Optional.empty();

    Recorder(RunStore run, String job, List<Phase> phases, Clock clock) {
        this.run = run;
        this.clock = clock;
        this.job = job;
        Optional<RunRecord> earlier = run.record();
        for (Phase phase : phases) {
            this.phases.add(earlier.flatMap(found -> found.phase(phase)).orElse(PhaseRecord.waiting(phase)));
        }
        this.started = earlier.map(RunRecord::started).orElseGet(clock::instant);
        this.tables.putAll(earlier.map(RunRecord::tables).orElse(Map.of()));
        this.gate = earlier.map(RunRecord::gate).orElse(List.of());
        this.warehouse = earlier.map(RunRecord::warehouse).orElse("");
        this.read = earlier.flatMap(RunRecord::read);
        this.unchanged = earlier.flatMap(RunRecord::unchanged);
        write();
    }

    /** The record as it stands. */
    public synchronized RunRecord record() {
        return new RunRecord(
                RunRecord.FORMAT,
                job,
                run.id(),
                outcome,
                started,
                ended,
                message,
                phases,
                tables,
                gate,
                warehouse,
                read,
                unchanged);
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

    /** Sets a table's part, but for what compaction did. It is written with the next event. */
    public synchronized void table(String name, TableRecord table) {
        Optional<CompactionRecord> compaction =
                Optional.ofNullable(tables.get(name)).flatMap(TableRecord::compaction);
        tables.put(name, compaction.map(table::compacted).orElse(table));
    }

    /** Says what compaction did to a table that is recorded. It is written with the next event. */
    public synchronized void compacted(String name, CompactionRecord compaction) {
        tables.computeIfPresent(name, (same, table) -> table.compacted(compaction));
    }

    /** Sets what the gate found. */
    public synchronized void gate(List<GateResult> results) {
        gate = List.copyOf(results);
        write();
    }

    /** Says where the tables went. It is written with the next event. */
    public synchronized void warehouse(String description) {
        warehouse = description;
    }

    /** Says which run has made live what this one brings too. It is written with the next event. */
    public synchronized void unchanged(RunId since) {
        unchanged = Optional.of(since);
    }

    /** Says what reading has cost so far. It is written with the next event. */
    public synchronized void read(ReadCost cost) {
        read = Optional.of(cost);
    }

    /** Ends the record, after a failure too. */
    public synchronized void ended(Outcome as, String why) {
        outcome = Optional.of(as);
        ended = Optional.of(clock.instant());
        message = why;
        write();
    }

    private void change(Phase phase, UnaryOperator<PhaseRecord> change) {
        if (phases.stream().noneMatch(found -> found.phase() == phase)) {
            throw new IllegalArgumentException("Not a phase of run " + run.id() + ": " + phase.label());
        }
        phases.replaceAll(found -> found.phase() == phase ? change.apply(found) : found);
    }

    private void write() {
        etag = run.write(record(), etag);
        written = clock.instant();
    }
}
