package dev.millrace.job;

import dev.millrace.run.Phase;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Entry point of phase {@code replace}. */
@Command(
        name = "replace",
        description = "Checks the staging and makes it live in one act.",
        mixinStandardHelpOptions = true)
public final class Replace implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    public static void main(String[] arguments) {
        Millrace.enter(new Replace(), arguments);
    }

    @Override
    public Integer call() {
        return RunReport.run(arguments, List.of(Phase.REPLACE));
    }
}
