package dev.millrace.job;

import dev.millrace.fault.Fault;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command that only has others below it: alone it tells which. */
abstract class CommandGroup implements Callable<Integer> {
    @Spec
    private CommandSpec command;

    @Override
    public final Integer call() {
        command.commandLine().usage(command.commandLine().getErr());
        return Fault.Kind.USER.exitCode();
    }
}
