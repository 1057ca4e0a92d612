package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.run.LiveNotes;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Brings the warehouse's previous version back. */
@Command(
        name = "rollback",
        description = "Makes the warehouse's previous version live again, in one act.",
        mixinStandardHelpOptions = true)
final class Rollback implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(Rollback.class);

    @Mixin
    private Arguments arguments = new Arguments();

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        OpenJob open = OpenJob.load(arguments, Surroundings.ofProcess());
        try (Warehouse warehouse = open.openWarehouse()) {
            warehouse.live().ifPresent(open::requireOwn);
            Version live = noted(open.store().live(), warehouse);
            command.commandLine()
                    .getOut()
                    .println("live is run " + live.run() + " again (commit " + live.commit() + ") in "
                            + open.warehouseName());
        }
        return 0;
    }

    /** Rolls back; before the first effect it is noted that what is live is not known any more. */
    private static Version noted(LiveNotes notes, Warehouse warehouse) {
        String token = notes.rollingBack(ThisProcess.name());
        Version live = rolledBack(notes, token, warehouse);
        try {
            notes.rolledBack(token);
        } catch (Fault failure) {
            // The note stays that a rollback is under way. Who tried again would roll back further.
            LOG.warn("The warehouse is rolled back, but that could not be noted: {}", failure.getMessage());
        }
        return live;
    }

    private static Version rolledBack(LiveNotes notes, String token, Warehouse warehouse) {
        try {
            return warehouse.rollback();
        } catch (Fault fault) {
            if (fault.kind() == Fault.Kind.USER || fault.kind() == Fault.Kind.GATE) {
                notRolledBack(notes, token, fault);
            }
            throw fault;
        }
    }

    private static void notRolledBack(LiveNotes notes, String token, Fault why) {
        try {
            notes.notRolledBack(token);
        } catch (Fault second) {
            why.addSuppressed(second);
        }
    }
}
