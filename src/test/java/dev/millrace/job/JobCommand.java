package dev.millrace.job;

import dev.millrace.run.Phase;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs phases of a job, as {@code local} does, with surroundings of the test's choice. */
@Command(name = "local")
final class JobCommand implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    private final List<Phase> phases;
    private final Surroundings around;
    private final PrintStream out;

    /** @param phases none for all */
    JobCommand(List<Phase> phases, Surroundings around, PrintStream out) {
        this.phases = List.copyOf(phases);
        this.around = around;
        this.out = out;
    }

    Arguments arguments() {
        return arguments;
    }

    @Override
    public Integer call() {
        return RunReport.run(arguments, phases, around, out);
    }
}
