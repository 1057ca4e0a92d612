package dev.millrace.job;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs a job on this machine, in one JVM and one Spark session. */
@Command(
        name = "local",
        description = "Runs a job, or one phase of it, on this machine.",
        synopsisSubcommandLabel = "[PHASE]",
        subcommands = {
            Pipeline.class,
            InferSchema.class,
            Extract.class,
            Compact.class,
            Publish.class,
            Prepare.class,
            Upload.class,
            Replace.class
        },
        mixinStandardHelpOptions = true)
final class Local implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    @Override
    public Integer call() {
        return RunReport.run(arguments, List.of());
    }
}
