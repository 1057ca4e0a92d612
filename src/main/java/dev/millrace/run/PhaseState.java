package dev.millrace.run;

import java.util.Locale;

/** How far a phase of a run is. */
public enum PhaseState {
    WAITING,
    RUNNING,
    DONE,
    FAILED,
    /** Not needed in this run. */
    SKIPPED;

    /** As the record writes it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
