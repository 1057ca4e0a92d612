package dev.millrace.job;

import dev.millrace.config.FileSource;
import dev.millrace.fault.Fault;
import dev.millrace.run.Commit;
import dev.millrace.run.JobStore;
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

/**
 * Gives an unfinished run up and removes what it staged. What a run of files has committed, and could not bring to its
 * end, is read again by the next one.
 */
@Command(
        name = "abandon",
        description = "Gives an unfinished run up and removes what it staged; files that it has read are new again.",
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
        Surroundings around = Surroundings.ofProcess();
        StoredRun stored = run.find(around);
        RunStore store = stored.store();
        boolean givesBack;
        // A run that is at work is not given up behind its back.
        try (Lease lease = stored.open()
                .store()
                .lock()
                .acquire(store.id(), ThisProcess.name(), Overlap.SKIP, false, ThisProcess::isDead)) {
            requireUnfinished(store);
            Optional<Commit> commit = store.end().isPresent()
                    ? Optional.empty()
                    : stored.open().store().committed(store);
            commit.ifPresent(c -> giveBack(stored, c, around));
            givesBack = commit.isPresent();
            RunEnd end = stored.open().store().abandonCommitted(store, reason);
            store.record()
                    .ifPresent(record ->
                            store.recorder(record.job(), store.plan().phases()).ended(end.outcome(), end.reason()));
            requireUnfinished(store);
        }
        command.commandLine()
                .getOut()
                .println("run " + store.id() + " is abandoned; what it staged is removed"
                        + (givesBack ? ", and the next run reads again what it has read" : ""));
        return 0;
    }

    private static void giveBack(StoredRun stored, Commit commit, Surroundings around) {
        OpenJob open = stored.open();
        String resume = "scripts/millrace resume " + commit.run();
        if (JobStore.isWholeWork(stored.store())) {
            throw Fault.user(
                    "Run " + commit.run() + " has done all its phases and only lacks its end: there is nothing to"
                            + " give up; end it by " + resume);
        }
        FileSource source = (FileSource) open.job().source();
        if (open.job().lake().isPresent() && !source.fileColumn()) {
            throw Fault.user(
                    "Run " + commit.run() + " cannot be given up: by file-column: false its rows do not tell which"
                            + " files they are of, so what it may have published could not give way to what the next run reads."
                            + " Finish it by " + resume);
        }
        FolderSource.ledger(open)
                .giveBack(
                        commit,
                        FolderSource.folder(open, source, around),
                        source.onChange() == FileSource.OnChange.QUARANTINE);
    }

    private static void requireUnfinished(RunStore store) {
        Optional<RunEnd> end = store.end().filter(e -> e.outcome() != Outcome.ABANDONED);
        if (end.isPresent()) {
            throw Fault.user(
                    "Run " + store.id() + " has ended: " + end.get().outcome() + ": there is nothing to give up");
        }
    }
}
