package dev.millrace.job;

import dev.millrace.run.Phase;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Entry point of phase {@code prepare}. */
@Command(name = "prepare", description = "Makes a pristine staging in the warehouse.", mixinStandardHelpOptions = true)
public final class Prepare implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    public static void main(String[] arguments) {
        Millrace.enter(new Prepare(), arguments);
    }

    @Override
    public Integer call() {
        return RunReport.run(arguments, List.of(Phase.PREPARE));
    }
}
