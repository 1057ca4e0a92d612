package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.schedule.StateMachine;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints a job file as a state machine. */
@Command(
        name = "step-functions",
        description = "Prints a job as a state machine of Step Functions that chains its phases on one run.",
        mixinStandardHelpOptions = true)
final class StepFunctions implements Callable<Integer> {
    private static final int MOST_UNITS = 1000;

    @Parameters(index = "0", paramLabel = "JOB", description = "The job file, for example jobs/shop.yaml.")
    private String file = "";

    @Option(names = "--on", paramLabel = "PLATFORM", required = true, description = "glue or emr-serverless.")
    private String on = "";

    @Option(names = "--at", paramLabel = "URI", required = true, description = "Where the job file lies in S3.")
    private String uri = "";

    @Option(
            names = "--env",
            paramLabel = "NAME",
            converter = EnvConverter.class,
            description = "Lays conf/NAME.yaml under the job file.")
    private Optional<String> env = Optional.empty();

    @Option(
            names = "--units",
            paramLabel = "N",
            description = "Extracts by N tasks side by side, each a share of the units; ${DEFAULT-VALUE} if left out.")
    private int units = 1;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        OpenJob open = OpenJob.load(file, env, Map.of(), Surroundings.ofProcess());
        PlatformJob.requireElsewhere(open);
        String staging = open.job().staging().at().uri();
        if (!staging.startsWith("s3://")) {
            throw Fault.user(file + ": staging.at: " + staging
                    + ": must lie in S3, where the platform and the state machine find a run's state");
        }
        if (!uri.startsWith("s3://")) {
            throw Fault.user("Invalid --at: " + uri
                    + ": must be the job file's place in S3, for example s3://acme/millrace/jobs/"
                    + Path.of(file).getFileName());
        }
        if (units < 1 || units > MOST_UNITS) {
            throw Fault.user("Invalid --units: " + units + ": must be a whole number from 1 to " + MOST_UNITS);
        }
        command.commandLine()
                .getOut()
                .println(
                        new StateMachine(open.job(), PipelineRunner.phases(open.job()), platform(), uri, units).json());
        return 0;
    }

    private StateMachine.Platform platform() {
        return switch (on) {
            case "glue" -> StateMachine.Platform.GLUE;
            case "emr-serverless" -> StateMachine.Platform.EMR_SERVERLESS;
            default -> throw Fault.user("Invalid --on: " + on + ": must be glue or emr-serverless");
        };
    }
}
