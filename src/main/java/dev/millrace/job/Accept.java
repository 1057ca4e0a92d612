package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.run.Acceptance;
import dev.millrace.run.Outcome;
import dev.millrace.run.RunEnd;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lets a run pass gates that refused it, once and on record, and goes on with it. */
@Command(
        name = "accept",
        description = "Lets a refused run pass a gate, this once and on record, and goes on with it.",
        mixinStandardHelpOptions = true)
final class Accept implements Callable<Integer> {
    @Mixin
    private RunArguments run = new RunArguments();

    @Option(
            names = "--gate",
            required = true,
            paramLabel = "RULE",
            description = "The rule that refused, for example max-shrink; repeat it where several did.")
    private List<String> gates = List.of();

    @Option(names = "--reason", required = true, paramLabel = "TEXT", description = "Why, for the record.")
    private String reason = "";

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        Surroundings around = Surroundings.ofProcess();
        StoredRun stored = run.find(around);
        accept(stored);
        return RunReport.resume(stored, around, System.out);
    }

    private void accept(StoredRun stored) {
        RunStore store = stored.store();
        if (reason.isBlank()) {
            throw Fault.user("Invalid --reason: it is empty: say why the run may pass");
        }
        Optional<RunEnd> end = store.end();
        if (end.isEmpty()) {
            throw Fault.user("Run " + store.id() + " was not refused: it has not ended: go on with it by "
                    + "scripts/millrace resume " + store.id());
        }
        requireCovered(store.id(), end.get());
        stored.open().store().laterDone(store.id()).ifPresent(later -> {
            throw Fault.user(
                    "Run " + store.id() + " cannot be accepted any more: run " + later + " began later and is done");
        });
        Acceptance accepted = store.accept(gates, reason, ThisProcess.user());
        command.commandLine()
                .getOut()
                .println("run " + store.id() + " may pass " + String.join(", ", accepted.rules()) + ": "
                        + accepted.reason());
        command.commandLine().getOut().flush();
    }

    private void requireCovered(RunId id, RunEnd end) {
        if (end.outcome() != Outcome.REFUSED) {
            throw Fault.user("Run " + id + " was not refused: it has ended: " + end.outcome());
        }
        List<String> rules = end.rules().orElse(List.of());
        if (rules.isEmpty()) {
            throw Fault.user("Run " + id + " cannot be accepted: " + end.reason());
        }
        for (String gate : gates) {
            if (!rules.contains(gate)) {
                throw Fault.user(
                        "Invalid --gate: " + gate + ": run " + id + " was refused by " + String.join(", ", rules));
            }
        }
        List<String> left = rules.stream().filter(rule -> !gates.contains(rule)).toList();
        if (!left.isEmpty()) {
            throw Fault.user("Run " + id + " was also refused by " + String.join(", ", left)
                    + ": accept all of its rules at once, or none");
        }
    }
}
