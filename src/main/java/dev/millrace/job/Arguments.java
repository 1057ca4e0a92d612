package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.files.TimeRange;
import dev.millrace.run.RunId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import picocli.CommandLine.TypeConversionException;

/**
 * The arguments that every phase takes, a picocli mixin. {@link Millrace} calls {@link #check} before the command that
 * has it runs, so the accessors hold.
 */
final class Arguments {
    /**
     * A share of a phase's units, for several processes that work on one run.
     *
     * @param index of this share, from 1
     * @param count of all shares
     */
    record Share(int index, int count) {
        private static final Pattern FORM = Pattern.compile("([0-9]{1,6})/([0-9]{1,6})");

        static final Share ALL = new Share(1, 1);

        private static final String ARRAY = "array/";
        private static final String ARRAY_INDEX = "AWS_BATCH_JOB_ARRAY_INDEX";

        Share {
            if (index < 1 || index > count) {
                throw Fault.user(
                        "Invalid units: " + index + "/" + count + ": must be i/n with 1 <= i <= n, for example 3/16");
            }
        }

        /** As {@link #parse(String)}, also {@code array/16}: the share of this child of an AWS Batch array job. */
        static Share parse(String text, UnaryOperator<String> environment) {
            if (!text.startsWith(ARRAY)) {
                return parse(text);
            }
            String index = environment.apply(ARRAY_INDEX);
            if (index == null || !index.matches("\\d{1,6}")) {
                throw Fault.user("Invalid units: " + text + ": " + ARRAY_INDEX + " is "
                        + (index == null ? "not set" : index) + ": only children of an AWS Batch array job have it");
            }
            return parse((Integer.parseInt(index) + 1) + text.substring(ARRAY.length() - 1));
        }

        static Share parse(String text) {
            Matcher form = FORM.matcher(text);
            if (!form.matches()) {
                throw Fault.user("Invalid units: " + text + ": must be i/n with 1 <= i <= n, for example 3/16");
            }
            return new Share(Integer.parseInt(form.group(1)), Integer.parseInt(form.group(2)));
        }

        /** Whether the unit at a position of the plan, from 0, belongs to this share. */
        boolean includes(int position) {
            return position % count == index - 1;
        }

        @Override
        public String toString() {
            return index + "/" + count;
        }
    }

    // What Glue passes on to the job beside the job's own arguments; each is followed by a value.
    private static final Set<String> GLUE_OPTIONS = Set.of(
            "--JOB_NAME",
            "--JOB_ID",
            "--JOB_RUN_ID",
            "--SECURITY_CONFIGURATION",
            "--RedshiftTempDir",
            "--TempDir",
            "--additional-python-modules",
            // Of Airflow's GlueJobOperator, which finds its run again by it.
            "--airflow_task_uuid",
            "--auto-scale-within-microbatch",
            "--class",
            "--conf",
            "--continuous-log-conversionPattern",
            "--continuous-log-logGroup",
            "--continuous-log-logStreamPrefix",
            "--custom-logGroup-prefix",
            "--custom-logStream-prefix",
            "--customer-driver-env-vars",
            "--customer-executor-env-vars",
            "--datalake-formats",
            "--disable-proxy-v2",
            "--encryption-type",
            "--executor-cores",
            "--extra-files",
            "--extra-jars",
            "--extra-py-files",
            "--job-bookmark-from",
            "--job-bookmark-option",
            "--job-bookmark-to",
            "--job-language",
            "--python-modules-installer-option",
            "--scriptLocation",
            "--spark-event-logs-path",
            "--use-postgres-driver",
            "--user-jars-first",
            "--write-shuffle-files-to-s3",
            "--write-shuffle-spills-to-s3");

    // Switches, often without a value: only these words are taken for one.
    private static final String GLUE_SWITCH = "--enable-";
    private static final Set<String> SWITCH_VALUES = Set.of("true", "false", "");

    @Spec(Target.MIXEE)
    private CommandSpec command;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "JOB",
            description = "The job file, for example jobs/shop.yaml; local or on S3.")
    private Optional<String> job = Optional.empty();

    @Option(
            names = "--job",
            paramLabel = "JOB",
            description = "The job file, for platforms that pass named arguments only.")
    private Optional<String> namedJob = Optional.empty();

    @Option(
            names = "--job-file",
            paramLabel = "JOB",
            hidden = true,
            description = "As --job, in whose place it is taken: a platform's job may have a --job of its own.")
    private Optional<String> submittedJob = Optional.empty();

    @Option(
            names = "--run",
            paramLabel = "ID",
            converter = RunConverter.class,
            description = "The run to work on; without it the job's unfinished run, else a new one.")
    private Optional<RunId> run = Optional.empty();

    @Option(
            names = "--units",
            paramLabel = "i/n",
            converter = ShareConverter.class,
            description = {
                "Only share i of n of the run's units; needs --run.",
                "array/n takes i from the index of an AWS Batch array job."
            })
    private Optional<Share> units = Optional.empty();

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "Only files of this UTC time and later, for example 2026-11-21 or 2026-11-21T07.")
    private Optional<String> since = Optional.empty();

    @Option(names = "--until", paramLabel = "TIME", description = "Only files of before this UTC time.")
    private Optional<String> until = Optional.empty();

    @Option(
            names = "--again",
            arity = "0..1", // Glue gives every argument a value.
            fallbackValue = "true",
            description = "Also files that were read before: their new rows take the place of the old ones. With a"
                    + " warehouse: it is replaced even by the same rows.")
    private boolean again;

    @Option(
            names = "--env",
            paramLabel = "NAME",
            converter = EnvConverter.class,
            description = "Lays conf/NAME.yaml under the job file.")
    private Optional<String> env = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Sets a key of the job file, such as staging.keep, or $${arg:KEY}; may be repeated.")
    private List<String> settings = List.of();

    @Option(
            names = "--submission",
            paramLabel = "NAME",
            hidden = true,
            description = "What submitted this process; its exit code is written beside the job file under that name.")
    private Optional<String> submission = Optional.empty();

    /** The job file as it was given: a path, relative to the working directory, or a uri. */
    String job() {
        return submittedJob
                .or(() -> job)
                .or(() -> namedJob)
                .orElseThrow(() -> mistake("Missing JOB: name a job file, for example jobs/shop.yaml"));
    }

    /** Whether a job file was given at all. */
    boolean hasJob() {
        return submittedJob.isPresent() || job.isPresent() || namedJob.isPresent();
    }

    Optional<RunId> run() {
        return run;
    }

    /** The name of the submission that this process is, if {@code remote} started it. */
    Optional<String> submission() {
        return submission;
    }

    /** What of its source a new run takes, as options that another process is given. */
    Map<String, String> selectionOptions() {
        Map<String, String> options = new LinkedHashMap<>();
        since.ifPresent(time -> options.put("--since", time));
        until.ifPresent(time -> options.put("--until", time));
        if (again) {
            options.put("--again", "true");
        }
        return options;
    }

    /** The units to work on: all, or a share of those of {@link #run}. */
    Share units() {
        return units.orElse(Share.ALL);
    }

    /** What of its source a new run takes. */
    Selection selection() {
        return Selection.of(TimeRange.parse(since, until), again);
    }

    Optional<String> env() {
        return env;
    }

    /** What {@code ${arg:KEY}} stands for in the job file. */
    Map<String, String> settings() {
        return settings(settings);
    }

    /** Pairs as {@code --set} takes them. */
    static Map<String, String> settings(List<String> settings) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String pair : settings) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw Fault.user("Invalid --set: " + pair + ": must be KEY=VALUE, for example --set day=2026-11-21");
            }
            String key = pair.substring(0, equals);
            if (values.putIfAbsent(key, pair.substring(equals + 1)) != null) {
                throw Fault.user("Invalid --set: " + key + " is set twice");
            }
        }
        return values;
    }

    /** Refuses what no single option can tell. */
    void check() {
        if (job.isPresent() && namedJob.isPresent()) {
            throw mistake("JOB is given twice: " + job.get() + " and --job " + namedJob.get());
        }
        if (!command.commandLine().getParseResult().hasMatchedOption(RemotePhase.ATTACH)) {
            job();
        }
        try {
            settings();
            selection();
        } catch (Fault invalid) {
            throw mistake(invalid.getMessage());
        }
        if (units.isPresent() && run.isEmpty()) {
            throw mistake("Invalid --units: " + units.get() + " needs --run: shares are of one run's units");
        }
    }

    private ParameterException mistake(String message) {
        return new ParameterException(command.commandLine(), message);
    }

    /** The arguments without those that are the platform's own: Glue adds its parameters to the job's. */
    static String[] withoutPlatformOptions(String... arguments) {
        List<String> ours = new ArrayList<>();
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            int equals = argument.indexOf('=');
            String name = equals < 0 ? argument : argument.substring(0, equals);
            if (GLUE_OPTIONS.contains(name)) {
                i += equals < 0 ? 1 : 0;
            } else if (name.startsWith(GLUE_SWITCH)) {
                i += equals < 0 && i + 1 < arguments.length && SWITCH_VALUES.contains(arguments[i + 1]) ? 1 : 0;
            } else {
                ours.add(argument);
            }
        }
        return ours.toArray(String[]::new);
    }

    private static final class RunConverter implements ITypeConverter<RunId> {
        @Override
        public RunId convert(String value) {
            try {
                return new RunId(value);
            } catch (Fault e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private static final class ShareConverter implements ITypeConverter<Share> {
        @Override
        public Share convert(String value) {
            try {
                return Share.parse(value, System::getenv);
            } catch (Fault e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
