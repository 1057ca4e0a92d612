package dev.millrace.job;

import dev.millrace.run.Phase;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Entry point of phase {@code compact}. */
@Command(
        name = "compact",
        description = "Makes few files of those that a run has landed, about as big as lake.file-size says.",
        mixinStandardHelpOptions = true)
public final class Compact implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    public static void main(String[] arguments) {
        Millrace.enter(new Compact(), arguments);
    }

    @Override
    public Integer call() {
        return RunReport.run(arguments, List.of(Phase.COMPACT));
    }
}
