package dev.millrace.job;

import dev.millrace.run.Phase;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * Entry point of all phases that a job file needs, in order, or of some of them: for platforms that start one class for
 * all, as Glue does.
 */
@Command(
        name = "pipeline",
        description = "All phases that the job file needs, in order.",
        mixinStandardHelpOptions = true)
public final class Pipeline implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    @Option(
            names = "--phases",
            split = ",",
            paramLabel = "PHASE",
            converter = PhaseConverter.class,
            description = "Only these of them, for example prepare,upload,replace; extract pins the schema first.")
    private List<Phase> phases = List.of();

    @Option(
            names = "--refresh-schema",
            arity = "0..1", // Glue gives every argument a value.
            fallbackValue = "true",
            description = "Begins no run: infers the data-schema anew, as schema refresh does.")
    private boolean refreshSchema;

    @Spec
    private CommandSpec command;

    public static void main(String[] arguments) {
        Millrace.enter(new Pipeline(), arguments);
    }

    @Override
    public Integer call() {
        if (refreshSchema) {
            return Schema.refresh(
                    OpenJob.load(arguments, Surroundings.ofProcess()),
                    command.commandLine().getOut());
        }
        return RunReport.run(arguments, wanted(phases));
    }

    /** Without its data-schemas nothing can be extracted. */
    private static List<Phase> wanted(List<Phase> named) {
        Set<Phase> wanted = EnumSet.noneOf(Phase.class);
        wanted.addAll(named);
        if (wanted.contains(Phase.EXTRACT)) {
            wanted.add(Phase.INFER_SCHEMA);
        }
        return List.copyOf(wanted);
    }

    private static final class PhaseConverter implements ITypeConverter<Phase> {
        @Override
        public Phase convert(String value) {
            return Phase.named(value)
                    .orElseThrow(() -> new TypeConversionException("Invalid phase: " + value + ": must be one of "
                            + Arrays.stream(Phase.values()).map(Phase::label).collect(Collectors.joining(", "))));
        }
    }
}
