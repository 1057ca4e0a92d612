package dev.millrace.job;

import dev.millrace.run.PhaseCommit;
import java.util.Optional;

/** What one phase does for a run. May be stopped at any instant and called again. */
interface PhaseWork {
    /** Does what is missing. Returns the phase's commit, or empty where units of other processes are still missing. */
    Optional<PhaseCommit> run(RunContext context);
}
