package dev.millrace.job;

import dev.millrace.config.Nearest;
import dev.millrace.fault.Fault;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line, {@code scripts/millrace}, and the way every entry point is run: usage, messages and exit codes are
 * the same for a command and for a phase that {@code spark-submit} starts.
 */
@Command(
        name = "millrace",
        synopsisSubcommandLabel = "COMMAND",
        description = "Lands operational data in a lake and a warehouse.",
        mixinStandardHelpOptions = true,
        versionProvider = Millrace.Version.class,
        footer = {"", "millrace COMMAND --help tells about a command."})
public final class Millrace {
    /**
     * A heading of the help with its commands.
     *
     * @param title as the help shows it
     * @param commands classes with {@link Command} that are {@code Callable<Integer>} or {@code Runnable}
     */
    record Group(String title, List<Class<?>> commands) {
        Group {
            commands = List.copyOf(commands);
        }
    }

    /** All commands. A new one is a class with {@code @Command} and its name here. */
    private static final List<Group> GROUPS = List.of(
            new Group("Run a job", List.of(Local.class, Remote.class, Rollback.class)),
            new Group("Decide about a run", List.of(Resume.class, Abandon.class, Accept.class)),
            new Group("Tell others of its tables", List.of(Register.class)),
            new Group("Tidy up", List.of(CompactFolder.class, Clean.class)),
            new Group("Look at a job", List.of(Check.class, Resolve.class, Forecast.class, Status.class, Sql.class)),
            new Group("Look after its schema and its quarantine", List.of(Schema.class, Quarantine.class)),
            new Group("Start it elsewhere", List.of(Airflow.class, StepFunctions.class)),
            new Group("Try it without a cloud", List.of(Sample.class)));

    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private Millrace() {}

    /** Runs one command; ends the process with its exit code unless that is 0. */
    public static void main(String[] arguments) {
        exit(execute(commandLine(), arguments));
    }

    /**
     * The {@code main} of a phase: {@code Millrace.enter(new Extract(), arguments)}. Options that a platform adds are
     * left out.
     */
    static void enter(Object command, String... arguments) {
        exit(execute(new CommandLine(command), Arguments.withoutPlatformOptions(arguments)));
    }

    private static void exit(int code) {
        // Some platforms take any System.exit, even with 0, for a failure.
        if (code != 0) {
            System.exit(code);
        }
    }

    static CommandLine commandLine() {
        return commandLine(GROUPS);
    }

    static CommandLine commandLine(List<Group> groups) {
        CommandLine line = new CommandLine(new Millrace());
        groups.forEach(group -> group.commands().forEach(line::addSubcommand));
        Optional.ofNullable(line.getSubcommands().get("remote")).ifPresent(Remote::addPhases);
        line.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING, help -> "");
        line.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, help -> commandList(help, groups));
        return line;
    }

    /** Runs a command line and tells what went wrong, if anything did. Returns the process's exit code. */
    static int execute(CommandLine line, String... arguments) {
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionStrategy(Millrace::runChecked);
        line.setParameterExceptionHandler((mistake, given) -> tell(mistake));
        line.setExecutionExceptionHandler((failure, failed, parsed) -> tell(failure, failed.getErr()));
        return line.execute(arguments);
    }

    private static int runChecked(ParseResult parsed) {
        Optional<Integer> help = Optional.ofNullable(CommandLine.executeHelpRequest(parsed));
        if (help.isPresent()) {
            return help.get();
        }
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        CommandSpec command = last.commandSpec();
        if (command.userObject() instanceof Millrace) {
            command.commandLine().usage(command.commandLine().getErr());
            return USAGE;
        }
        for (CommandSpec mixin : command.mixins().values()) {
            if (mixin.userObject() instanceof Arguments shared) {
                shared.check();
            }
        }
        return new RunLast().execute(parsed);
    }

    private static int tell(ParameterException mistake) {
        CommandLine line = mistake.getCommandLine();
        String name = line.getCommandSpec().qualifiedName();
        line.getErr().println(name + ": " + message(mistake) + "; see " + name + " --help");
        line.getErr().flush();
        return USAGE;
    }

    private static String message(ParameterException mistake) {
        String message = mistake.getMessage();
        if (mistake.getCause() instanceof CommandLine.TypeConversionException conversion) {
            message = conversion.getMessage();
        }
        if (mistake instanceof UnmatchedArgumentException unmatched) {
            message = unmatched.isUnknownOption()
                    ? "Unknown option: " + unmatched.getUnmatched().get(0)
                    : "Unknown argument: " + unmatched.getUnmatched().get(0);
            message += Nearest.to(unmatched.getUnmatched().get(0), unmatched.getSuggestions())
                    .map(near -> ": did you mean " + near + "?")
                    .orElse("");
        }
        return message.lines().findFirst().orElse("");
    }

    private static int tell(Exception failure, PrintWriter err) {
        Optional<Fault> fault = Fault.in(failure);
        if (fault.isPresent()) {
            err.println(fault.get().getMessage());
        } else {
            err.println("millrace: this is a defect of Millrace, not of your job; please report it with these lines:");
            failure.printStackTrace(err);
        }
        err.flush();
        return fault.map(Fault::exitCode).orElse(FAILED);
    }

    private static String commandList(Help help, List<Group> groups) {
        StringBuilder text = new StringBuilder();
        Map<String, Help> commands = help.subcommands();
        int width = commands.keySet().stream().mapToInt(String::length).max().orElse(0);
        for (Group group : groups) {
            text.append(String.format("%n%s:%n", group.title()));
            for (Class<?> type : group.commands()) {
                String name = type.getAnnotation(Command.class).name();
                String[] description = type.getAnnotation(Command.class).description();
                text.append(
                        String.format("  %-" + width + "s  %s%n", name, description.length == 0 ? "" : description[0]));
            }
        }
        return text.toString();
    }

    /** The version of the jar that runs. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Millrace.class.getPackage().getImplementationVersion();
            return new String[] {"millrace " + (version == null ? "(built from source)" : version)};
        }
    }
}
