package dev.millrace.job;

import dev.millrace.run.Phase;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Entry point of phase {@code extract}. */
@Command(
        name = "extract",
        description = "Reads all segments and lands their items as files; pins the data-schemas first.",
        mixinStandardHelpOptions = true)
public final class Extract implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    public static void main(String[] arguments) {
        Millrace.enter(new Extract(), arguments);
    }

    @Override
    public Integer call() {
        return RunReport.run(arguments, List.of(Phase.INFER_SCHEMA, Phase.EXTRACT));
    }
}
