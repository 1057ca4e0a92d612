package dev.millrace.run;

import java.time.Instant;
import java.util.Optional;

/**
 * A phase in a run's record.
 *
 * @param phase which
 * @param state how far it is
 * @param start when it began first
 * @param end when it was done or failed
 * @param unitsDone units committed, or other steps of the phase
 * @param unitsAll of how many; 0 while that is not known
 * @param message why it failed, else empty
 */
public record PhaseRecord(
        Phase phase,
        PhaseState state,
        Optional<Instant> start,
        Optional<Instant> end,
        long unitsDone,
        long unitsAll,
        String message) {
    static PhaseRecord waiting(Phase phase) {
        return new PhaseRecord(phase, PhaseState.WAITING, Optional.empty(), Optional.empty(), 0, 0, "");
    }

    PhaseRecord started(Instant now, long all) {
        return new PhaseRecord(
                phase, PhaseState.RUNNING, Optional.of(start.orElse(now)), Optional.empty(), unitsDone, all, "");
    }

    PhaseRecord with(long done) {
        return new PhaseRecord(phase, state, start, end, done, Math.max(unitsAll, done), message);
    }

    PhaseRecord ended(PhaseState as, Instant now, String why) {
        long done = as == PhaseState.DONE ? unitsAll : unitsDone;
        return new PhaseRecord(phase, as, start, Optional.of(now), done, unitsAll, why);
    }
}
