package dev.millrace.job;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The arguments of commands on one run, a picocli mixin. */
final class RunArguments {
    @Parameters(index = "0", paramLabel = "RUN", description = "The run's name, its folder, or the record in it.")
    private String run = "";

    @Option(
            names = "--job",
            paramLabel = "JOB",
            description = "The job file whose run it is; left out, those in jobs/ are asked for a run of that name.")
    private Optional<String> job = Optional.empty();

    @Option(
            names = "--env",
            paramLabel = "NAME",
            converter = EnvConverter.class,
            description = "Lays conf/NAME.yaml under the job file.")
    private Optional<String> env = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Sets $${arg:KEY} of the job file; may be repeated.")
    private List<String> settings = List.of();

    /** The run; throws a USER fault where there is none. */
    StoredRun find(Surroundings around) {
        return StoredRun.find(run, job, env, Arguments.settings(settings), around);
    }
}
