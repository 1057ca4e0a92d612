package dev.millrace.job;

import dev.millrace.fault.Fault;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Checks a job file and touches nothing else. */
@Command(
        name = "check",
        description = "Checks a job file: all mistakes at once, with file, line, key, value and remedy.",
        mixinStandardHelpOptions = true)
final class Check implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        List<String> mistakes = OpenJob.mistakes(arguments, Surroundings.ofProcess());
        if (mistakes.isEmpty()) {
            command.commandLine().getOut().println(arguments.job() + ": no mistakes");
            return 0;
        }
        mistakes.forEach(command.commandLine().getErr()::println);
        return Fault.Kind.USER.exitCode();
    }
}
