package dev.millrace.job;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Entry point of all phases that a job file needs, in order. */
@Command(
        name = "pipeline",
        description = "All phases that the job file needs, in order.",
        mixinStandardHelpOptions = true)
public final class Pipeline implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    public static void main(String[] arguments) {
        Millrace.enter(new Pipeline(), arguments);
    }

    @Override
    public Integer call() {
        return RunReport.run(arguments, List.of());
    }
}
