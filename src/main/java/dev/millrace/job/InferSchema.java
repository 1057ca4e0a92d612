package dev.millrace.job;

import dev.millrace.run.Phase;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Entry point of phase {@code infer-schema}. */
@Command(
        name = "infer-schema",
        description = "Pins the run's data-schemas; infers them when there are none or they are old.",
        mixinStandardHelpOptions = true)
public final class InferSchema implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    public static void main(String[] arguments) {
        Millrace.enter(new InferSchema(), arguments);
    }

    @Override
    public Integer call() {
        return RunReport.run(arguments, List.of(Phase.INFER_SCHEMA));
    }
}
