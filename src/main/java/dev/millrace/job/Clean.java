package dev.millrace.job;

import dev.millrace.config.Durations;
import dev.millrace.run.Leftover;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Shows, and on request removes, what runs left behind. */
@Command(
        name = "clean",
        description = "Lists the files of a job that nothing needs any more, and removes them with --apply.",
        mixinStandardHelpOptions = true)
final class Clean implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    @Option(names = "--apply", description = "Removes the files; without it they are only listed.")
    private boolean apply;

    @Option(
            names = "--grace",
            paramLabel = "TIME",
            converter = GraceConverter.class,
            description = "Files younger than this are left out: somebody may be at work on them (default: 24h).")
    private Duration grace = Duration.ofHours(24);

    @Spec
    private CommandSpec command;

    private static final class GraceConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String value) {
            return Durations.parse(value)
                    .orElseThrow(
                            () -> new TypeConversionException("Invalid --grace: " + value + ": " + Durations.RULE));
        }
    }

    @Override
    public Integer call() {
        PrintWriter out = command.commandLine().getOut();
        OpenJob open = OpenJob.load(arguments, Surroundings.ofProcess());
        List<Leftover> leftovers = open.store().leftovers(open.job().staging().keep(), grace);
        for (Leftover leftover : leftovers) {
            out.println(open.staging().uri(leftover.file().path()) + "  "
                    + Figures.bytes(leftover.file().bytes()) + "  " + leftover.reason());
        }
        long bytes = leftovers.stream().mapToLong(l -> l.file().bytes()).sum();
        String all = leftovers.size() == 1 ? "1 file" : Figures.count(leftovers.size()) + " files";
        if (leftovers.isEmpty()) {
            out.println("nothing to clean");
        } else if (apply) {
            open.store().remove(leftovers);
            out.println(all + ", " + Figures.bytes(bytes) + ": removed");
        } else {
            out.println(all + ", " + Figures.bytes(bytes) + ": not removed; add --apply to remove them");
        }
        out.flush();
        return 0;
    }
}
