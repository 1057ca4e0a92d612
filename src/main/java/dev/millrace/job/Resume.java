package dev.millrace.job;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Goes on with a run by the job file that it began with. */
@Command(
        name = "resume",
        description = "Goes on with an unfinished run, by the job file that it began with.",
        mixinStandardHelpOptions = true)
final class Resume implements Callable<Integer> {
    @Mixin
    private RunArguments run = new RunArguments();

    @Override
    public Integer call() {
        Surroundings around = Surroundings.ofProcess();
        return RunReport.resume(run.find(around), around, System.out);
    }
}
