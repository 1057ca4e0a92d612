package dev.millrace.job;

import dev.millrace.config.Nearest;
import dev.millrace.config.SchemaSettings.Contract;
import dev.millrace.fault.Fault;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.SchemaCache;
import dev.millrace.schema.SchemaDiff;
import dev.millrace.schema.SchemaView;
import java.io.PrintWriter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A job's data-schema: what it is, what its items would make of it, what a person makes of it. */
@Command(
        name = "schema",
        description = "A job's data-schema: show it, compare it with what was met since, take that over.",
        synopsisSubcommandLabel = "show | diff | refresh | pin",
        subcommands = {Schema.Show.class, Schema.Diff.class, Schema.Refresh.class, Schema.Pin.class},
        mixinStandardHelpOptions = true)
final class Schema extends CommandGroup {
    private static final String LAUNCHER = "scripts/millrace ";

    @Command(
            name = "show",
            description = "Shows tables and columns, with what the last run met in them.",
            mixinStandardHelpOptions = true)
    static final class Show implements Callable<Integer> {
        private static final List<String> TITLES =
                List.of("column", "type", "attribute", "holds", "in", "other types", "notes");

        @Mixin
        private Arguments arguments = new Arguments();

        @Parameters(index = "1..*", paramLabel = "TABLE", description = "Only these tables.")
        private List<String> only = List.of();

        @Spec
        private CommandSpec command;

        @Override
        public Integer call() {
            PrintWriter out = command.commandLine().getOut();
            NewestSchema schema = NewestSchema.load(OpenJob.load(arguments, Surroundings.ofProcess()));
            List<SchemaView> tables = SchemaView.of(schema.version().schema(), schema.counted(), schema.settings());
            requireTables(tables.stream().map(SchemaView::name).toList());
            out.println(heading(schema));
            for (SchemaView table : tables) {
                if (only.isEmpty() || only.contains(table.name())) {
                    print(table, out);
                }
            }
            out.println();
            out.println((schema.isGiven()
                            ? "What was met that has no column: "
                            : "Values of other types, and what has no column, are in _rest. What has changed since: ")
                    + LAUNCHER + "schema diff " + arguments.job());
            out.flush();
            return 0;
        }

        private void requireTables(List<String> tables) {
            for (String name : only) {
                if (!tables.contains(name)) {
                    throw Fault.user("Unknown table: " + name + ": "
                            + Nearest.to(name, tables)
                                    .map(near -> "did you mean " + near + "?")
                                    .orElse("there are " + String.join(", ", tables)));
                }
            }
        }

        private static void print(SchemaView table, PrintWriter out) {
            out.println();
            out.println(table.name() + ": " + table.described());
            List<List<String>> lines = new ArrayList<>(List.of(TITLES));
            table.columns()
                    .forEach(c -> lines.add(
                            List.of(c.name(), c.type(), c.attribute(), c.holds(), c.share(), c.others(), c.notes())));
            // Most tables have neither other types nor notes.
            List<Integer> used = IntStream.range(0, TITLES.size())
                    .filter(i ->
                            lines.stream().skip(1).anyMatch(line -> !line.get(i).isEmpty()))
                    .boxed()
                    .toList();
            TextTable.print(
                    lines.stream()
                            .map(line -> used.stream().map(line::get).toList())
                            .toList(),
                    "  ",
                    out);
        }
    }

    @Command(
            name = "diff",
            description =
                    "Shows what the last run met that the newest version does not hold; or how two versions differ.",
            mixinStandardHelpOptions = true)
    static final class Diff implements Callable<Integer> {
        @Mixin
        private Arguments arguments = new Arguments();

        @Parameters(index = "1", arity = "0..1", paramLabel = "A", description = "The earlier version.")
        private Optional<Integer> earlier = Optional.empty();

        @Parameters(index = "2", arity = "0..1", paramLabel = "B", description = "The later version.")
        private Optional<Integer> later = Optional.empty();

        @Spec
        private CommandSpec command;

        @Override
        public Integer call() {
            PrintWriter out = command.commandLine().getOut();
            OpenJob open = OpenJob.load(arguments, Surroundings.ofProcess());
            NewestSchema schema = NewestSchema.load(open);
            if (earlier.isPresent() != later.isPresent()) {
                throw Fault.user("Invalid versions: " + earlier.get() + ": give two, or none");
            }
            if (earlier.isPresent()) {
                schema.requireVersions("There are no versions to compare");
                SchemaDiff diff = SchemaDiff.between(
                        version(schema, earlier.get()), version(schema, later.get()), schema.settings());
                out.println("job " + open.job().name() + ": data-schema version " + earlier.get() + " and version "
                        + later.get());
                print(diff, out);
            } else {
                SchemaDiff diff = schema.diff();
                out.println(heading(schema));
                print(diff, out);
                next(schema, diff).forEach(out::println);
            }
            out.flush();
            return 0;
        }

        private static SchemaCache.Entry version(NewestSchema schema, int version) {
            int newest = schema.version().schema().version();
            if (version < 1 || version > newest) {
                throw Fault.user("Unknown version: " + version + ": there are 1 to " + newest);
            }
            return schema.open().schemas().load(version);
        }

        private List<String> next(NewestSchema schema, SchemaDiff diff) {
            boolean takes =
                    diff.signs().contains(SchemaDiff.Sign.NEW) || diff.signs().contains(SchemaDiff.Sign.CHANGED);
            if (!takes) {
                return List.of();
            }
            String pin = LAUNCHER + "schema pin " + arguments.job();
            String self = schema.open().job().schema().contract() == Contract.EVOLVE
                    ? "By itself a run takes over what is new or wider, from "
                            + schema.version()
                                    .written()
                                    .plus(schema.open().job().schema().refresh())
                                    .truncatedTo(ChronoUnit.SECONDS)
                            + " on (schema.refresh)."
                    : "Nothing is taken over by itself (schema.contract: "
                            + schema.open().job().schema().contract().name().toLowerCase(Locale.ROOT) + ").";
            return List.of("", self, "All + and ~ now: " + pin, "One column: " + pin + " TABLE.COLUMN=TYPE");
        }
    }

    @Command(
            name = "pin",
            description = "Gives columns a type for good, or takes over all that diff shows; the next run has it.",
            mixinStandardHelpOptions = true)
    static final class Pin implements Callable<Integer> {
        @Mixin
        private Arguments arguments = new Arguments();

        @Parameters(
                index = "1..*",
                paramLabel = "TABLE.COLUMN=TYPE",
                description =
                        "A column and its type, as in tables.<kind>.types, or a type of DynamoDB such as S; none: "
                                + "all that diff shows.")
        private List<String> pins = List.of();

        @Spec
        private CommandSpec command;

        @Override
        public Integer call() {
            PrintWriter out = command.commandLine().getOut();
            OpenJob open = OpenJob.load(arguments, Surroundings.ofProcess());
            NewestSchema schema = NewestSchema.load(open);
            schema.requireVersions("Nothing can be pinned");
            DataSchema next = (pins.isEmpty()
                            ? schema.pins().all()
                            : schema.pins().with(pins))
                    .orElseThrow(() -> Fault.user(
                            pins.isEmpty()
                                    ? "Nothing to pin: version "
                                            + schema.version().schema().version()
                                            + " holds all that can have a column of what " + schema.countedBy()
                                            + " met; look at " + LAUNCHER + "schema diff " + arguments.job()
                                    : "Nothing to pin: " + String.join(", ", pins) + " is so in version "
                                            + schema.version().schema().version() + " already"));
            schema.write(next);
            out.println("job " + open.job().name() + ": data-schema version " + next.version()
                    + " is written, from version " + schema.version().schema().version());
            print(SchemaDiff.between(schema.version(), open.schemas().load(next.version()), schema.settings()), out);
            out.println();
            out.println("The next run has it: " + LAUNCHER + "local " + arguments.job());
            out.flush();
            return 0;
        }
    }

    @Command(
            name = "refresh",
            description =
                    "Infers it anew from what the last run counted, however young it is; reads nothing, begins no run.",
            mixinStandardHelpOptions = true)
    static final class Refresh implements Callable<Integer> {
        @Mixin
        private Arguments arguments = new Arguments();

        @Spec
        private CommandSpec command;

        @Override
        public Integer call() {
            return refresh(
                    OpenJob.load(arguments, Surroundings.ofProcess()),
                    command.commandLine().getOut());
        }
    }

    /** As often as somebody likes: where there is nothing to infer, that is no mistake. */
    static int refresh(OpenJob open, PrintWriter out) {
        String job = "job " + open.job().name() + ": ";
        Optional<SchemaCache.Entry> latest = open.schemas().latest();
        if (RecordsSource.given(open.job()).isPresent()) {
            out.println(job + "nothing to infer: the job file gives the columns of all tables");
        } else if (latest.isEmpty()) {
            out.println(job + "nothing to infer from: there is no data-schema yet, its first run infers one");
        } else if (!SchemaRefresh.isEvolving(open)) {
            out.println(job + "nothing is inferred: schema.contract: "
                    + open.job().schema().contract().name().toLowerCase(Locale.ROOT)
                    + " keeps the data-schema as it is");
        } else {
            Optional<SchemaCache.Entry> next = SchemaRefresh.next(open, latest.get());
            int version = latest.get().schema().version();
            out.println(next.map(entry -> job + "data-schema version "
                            + entry.schema().version() + " is written, from version " + version)
                    .orElse(job + "data-schema version " + version + " holds all that the last run met"));
            next.ifPresent(entry ->
                    print(SchemaDiff.between(latest.get(), entry, open.job().tables()), out));
        }
        out.flush();
        return 0;
    }

    private static String heading(NewestSchema schema) {
        String job = "job " + schema.open().job().name() + ": ";
        if (schema.isGiven()) {
            return job + "the job file gives the columns; counted by " + schema.countedBy();
        }
        return job + "data-schema version "
                + schema.version().schema().version() + " of "
                + schema.version().written().truncatedTo(ChronoUnit.SECONDS) + "; counted by " + schema.countedBy();
    }

    private static void print(SchemaDiff diff, PrintWriter out) {
        if (diff.tables().isEmpty()) {
            out.println("no difference");
            return;
        }
        for (SchemaDiff.Table table : diff.tables()) {
            out.println();
            out.println(table.name() + ": " + table.described());
            table.lines().forEach(line -> out.println("  " + line.sign() + " " + line.text()));
        }
        out.println();
        out.println(diff.signs().stream().map(Schema::legend).collect(Collectors.joining(", ")));
    }

    private static String legend(SchemaDiff.Sign sign) {
        return sign
                + switch (sign) {
                    case NEW -> " new";
                    case CHANGED -> " changed";
                    case REST -> " stays in _rest";
                    case UNNAMED -> " has no column in the job file";
                    case GONE -> " not met any more, and kept";
                };
    }
}
