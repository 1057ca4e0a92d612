package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.run.Lease;
import dev.millrace.run.Outcome;
import dev.millrace.run.Overlap;
import dev.millrace.run.RunEnd;
import dev.millrace.run.RunStore;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Gives an unfinished run up and removes what it staged. */
@Command(
        name = "abandon",
        description = "Gives an unfinished run up and removes what it staged.",
        mixinStandardHelpOptions = true)
final class Abandon implements Callable<Integer> {
    @Mixin
    private RunArguments run = new RunArguments();

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why, for the record.")
    private String reason = "by hand";

    @Spec
    private CommandSpec command;

    @Override
    @SuppressWarnings("try") // the lease is held, not used
    public Integer call() {
        StoredRun stored = run.find(Surroundings.ofProcess());
        RunStore store = stored.store();
        // A run that is at work is not given up behind its back.
        try (Lease lease = stored.open()
                .store()
                .lock()
                .acquire(store.id(), ThisProcess.name(), Overlap.SKIP, false, ThisProcess::isDead)) {
            requireUnfinished(store);
            RunEnd end = stored.open().store().abandon(store, reason);
            store.record()
                    .ifPresent(record ->
                            store.recorder(record.job(), store.plan().phases()).ended(end.outcome(), end.reason()));
        }
        command.commandLine().getOut().println("run " + store.id() + " is abandoned; what it staged is removed");
        return 0;
    }

    private static void requireUnfinished(RunStore store) {
        Optional<RunEnd> end = store.end().filter(e -> e.outcome() != Outcome.ABANDONED);
        if (end.isPresent()) {
            throw Fault.user(
                    "Run " + store.id() + " has ended: " + end.get().outcome() + ": there is nothing to give up");
        }
    }
}
