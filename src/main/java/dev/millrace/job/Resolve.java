package dev.millrace.job;

import dev.millrace.config.JobFile;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints a job file as it is resolved here: what lies under it and what it refers to, but for secrets, which stay references. */
@Command(
        name = "resolve",
        description = "Prints a job file with what conf/NAME.yaml lays under it, as a platform is given it.",
        mixinStandardHelpOptions = true)
final class Resolve implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    @Option(names = "--for-platform", description = "Refuses what is on this machine, which a platform's do not have.")
    private boolean forPlatform;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        OpenJob open = OpenJob.load(arguments, Surroundings.ofProcess());
        if (forPlatform) {
            PlatformJob.requireReachable(open);
        }
        command.commandLine().getOut().println(JobFile.toJson(open.job().withoutRemote()));
        return 0;
    }
}
