package dev.millrace.job;

import dev.millrace.config.Durations;
import dev.millrace.fault.Fault;
import dev.millrace.remote.Pace;
import dev.millrace.run.RunId;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Submits all phases of a job, or one. */
@Command(mixinStandardHelpOptions = true)
abstract class RemotePhase implements Callable<Integer> {
    /** All phases that a job file needs, as one label. */
    static final String PIPELINE = "pipeline";

    static final String ATTACH = "--attach";

    /** Where a job can be submitted to. */
    enum On {
        GLUE,
        EMR,
        EMR_SERVERLESS,
        BATCH,
        STEP_FUNCTIONS;

        /** As the command line and storage write it. */
        String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        static Optional<On> named(String label) {
            return Arrays.stream(values())
                    .filter(on -> on.label().equals(label))
                    .findFirst();
        }
    }

    private final String phase;

    @Mixin
    private Arguments arguments = new Arguments();

    @Option(
            names = "--on",
            paramLabel = "PLATFORM",
            converter = OnConverter.class,
            description = "Where it runs: glue, emr, emr-serverless, batch or step-functions.")
    private Optional<On> on = Optional.empty();

    @Option(names = ATTACH, paramLabel = "RUN", description = "Submits nothing, and follows a run that was submitted.")
    private Optional<String> attach = Optional.empty();

    @Option(
            names = "--poll",
            paramLabel = "TIME",
            converter = TimeConverter.class,
            description = "How often the platform is asked (default: 5s).")
    private Duration poll = Duration.ofSeconds(5);

    @Option(
            names = "--patience",
            paramLabel = "TIME",
            converter = TimeConverter.class,
            description = "How long to go on when the platform cannot be reached (default: 15m).")
    private Duration patience = Duration.ofMinutes(15);

    @Spec
    private CommandSpec command;

    RemotePhase(String phase) {
        this.phase = phase;
    }

    @Override
    public Integer call() {
        if (arguments.units().count() > 1) {
            throw mistake("Invalid --units: " + arguments.units()
                    + ": a run is submitted whole; on Batch remote.batch.units" + " shares the units of a phase");
        }
        Surroundings around = Surroundings.ofProcess();
        PrintWriter out = command.commandLine().getOut();
        try {
            RemoteRun remote = new RemoteRun(arguments, around, new Pace(poll, patience), line -> {
                out.println(line);
                out.flush();
            });
            if (attach.isPresent()) {
                if (!RunId.isRunId(attach.get())) {
                    throw mistake("Invalid --attach: " + attach.get()
                            + ": must be a run's name like 2026-11-21T07-00-00Z-k3f9");
                }
                return remote.attach(new RunId(attach.get()), on);
            }
            return remote.submit(phase, on.orElseThrow(() -> mistake("Missing --on: name a platform: --on glue")));
        } catch (NoClassDefFoundError missing) {
            if (!String.valueOf(missing.getMessage()).contains("amazon")) {
                throw missing;
            }
            throw Fault.user("remote is a command of scripts/millrace: the jar runs on platforms and submits nothing");
        }
    }

    private ParameterException mistake(String message) {
        return new ParameterException(command.commandLine(), message);
    }

    private static final class OnConverter implements ITypeConverter<On> {
        @Override
        public On convert(String value) {
            return On.named(value)
                    .orElseThrow(() -> new TypeConversionException("Invalid --on: " + value + ": must be "
                            + Arrays.stream(On.values()).map(On::label).collect(Collectors.joining(", "))));
        }
    }

    private static final class TimeConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String value) {
            if (value.matches("[1-9]\\d{0,5}ms")) {
                return Duration.ofMillis(Long.parseLong(value.substring(0, value.length() - 2)));
            }
            return Durations.parse(value)
                    .orElseThrow(() -> new TypeConversionException("Invalid time: " + value + ": " + Durations.RULE));
        }
    }
}
