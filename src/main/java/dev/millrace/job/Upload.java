package dev.millrace.job;

import dev.millrace.run.Phase;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Entry point of phase {@code upload}. */
@Command(name = "upload", description = "Loads the landing files into the staging.", mixinStandardHelpOptions = true)
public final class Upload implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    public static void main(String[] arguments) {
        Millrace.enter(new Upload(), arguments);
    }

    @Override
    public Integer call() {
        return RunReport.run(arguments, List.of(Phase.UPLOAD));
    }
}
