package dev.millrace.job;

import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.util.concurrent.Callable;
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
    @Mixin
    private Arguments arguments = new Arguments();

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        OpenJob open = OpenJob.load(arguments, Surroundings.ofProcess());
        try (Warehouse warehouse = open.openWarehouse()) {
            Version live = warehouse.rollback();
            command.commandLine()
                    .getOut()
                    .println("live is run " + live.run() + " again (commit " + live.commit() + ") in "
                            + open.warehouseName());
        }
        return 0;
    }
}
