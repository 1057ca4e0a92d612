package dev.millrace.job;

import dev.millrace.run.Phase;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Submits a job, or one phase of it, to a platform and follows it there. */
@Command(
        name = "remote",
        description = "Submits a job, or one phase of it, to Glue, EMR, Batch or Step Functions, and follows it.",
        synopsisSubcommandLabel = "[PHASE]")
final class Remote extends RemotePhase {
    Remote() {
        super(PIPELINE);
    }

    /** One phase alone. */
    @Command
    private static final class One extends RemotePhase {
        One(String label) {
            super(label);
        }
    }

    /** Adds the phases below the command. */
    static void addPhases(CommandLine remote) {
        add(remote, PIPELINE, "All phases that the job file needs, in order, as one job of the platform.");
        for (Phase phase : Phase.values()) {
            add(remote, phase.label(), "Phase " + phase.label() + " alone.");
        }
    }

    private static void add(CommandLine remote, String label, String description) {
        CommandLine phase = new CommandLine(new One(label));
        phase.getCommandSpec().usageMessage().description(description);
        remote.addSubcommand(label, phase);
    }
}
