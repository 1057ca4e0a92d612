package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.sample.AccessRecordFiles;
import dev.millrace.sample.EmbeddedDynamoDb;
import dev.millrace.sample.OrdersSnapshot;
import dev.millrace.sample.WorkbenchModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The embedded server and what it is filled with; sample files. */
@Command(
        name = "sample",
        description =
                "Sample data: the embedded DynamoDB Local, a NoSQL Workbench model in it, files of access records, a"
                        + " snapshot of orders.",
        synopsisSubcommandLabel = "start | stop | workbench FILE | access-records | snapshot",
        subcommands = {
            Sample.Start.class,
            Sample.Stop.class,
            Sample.Workbench.class,
            Sample.Access.class,
            Sample.Snapshot.class
        },
        mixinStandardHelpOptions = true)
final class Sample extends CommandGroup {
    @Command(
            name = "start",
            description = "Starts the server, or finds that it is up.",
            mixinStandardHelpOptions = true)
    static final class Start implements Callable<Integer> {
        @Spec
        private CommandSpec command;

        @Override
        public Integer call() {
            EmbeddedDynamoDb.Server server =
                    SampleServer.open(Surroundings.ofProcess()).start();
            command.commandLine()
                    .getOut()
                    .println("DynamoDB Local is up at " + server.endpoint() + " since " + server.started()
                            + "; it stops by itself after 30 idle minutes");
            return 0;
        }
    }

    @Command(name = "stop", description = "Stops the server; its tables are gone.", mixinStandardHelpOptions = true)
    static final class Stop implements Callable<Integer> {
        @Spec
        private CommandSpec command;

        @Override
        public Integer call() {
            boolean stopped = SampleServer.open(Surroundings.ofProcess()).stop();
            command.commandLine().getOut().println(stopped ? "DynamoDB Local is stopped" : "DynamoDB Local was not up");
            return 0;
        }
    }

    @Command(
            name = "workbench",
            description = "Loads a NoSQL Workbench model into the server and takes each of its tables to a warehouse.",
            mixinStandardHelpOptions = true)
    static final class Workbench implements Callable<Integer> {
        @Parameters(paramLabel = "FILE", description = "The model, a JSON file.")
        private Path file;

        @Spec
        private CommandSpec command;

        @Override
        @SuppressWarnings("try") // the server is kept alive, not used
        public Integer call() {
            Surroundings around = Surroundings.ofProcess();
            PrintWriter out = command.commandLine().getOut();
            WorkbenchModel model = WorkbenchModel.read(around.base().resolve(file));
            EmbeddedDynamoDb embedded = SampleServer.open(around);
            EmbeddedDynamoDb.Server server = embedded.start();
            try (EmbeddedDynamoDb.KeepAlive alive = embedded.keepAlive();
                    var client = EmbeddedDynamoDb.client(server.endpoint());
                    // One session for all tables: the runs find it and leave it up.
                    Sparks spark = new Sparks("workbench")) {
                model.load(client);
                spark.get();
                for (WorkbenchModel.Table table : model.tables()) {
                    Path job = write(around, model, table);
                    out.println(table.name() + ": " + job);
                    out.flush();
                    Arguments arguments = new Arguments();
                    new CommandLine(arguments).parseArgs(job.toString());
                    RunReport.run(arguments, List.of(), around, System.out);
                }
            }
            return 0;
        }

        private static Path write(Surroundings around, WorkbenchModel model, WorkbenchModel.Table table) {
            Path job = Path.of("data", "workbench", model.jobName(table) + ".yaml");
            Path target = around.base().resolve(job);
            try {
                Files.createDirectories(Optional.ofNullable(target.getParent()).orElse(target));
                Files.write(target, model.jobFile(table).getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw Fault.world("Cannot write " + target + ": " + e.getMessage(), e);
            }
            return job;
        }
    }

    @Command(
            name = "access-records",
            description =
                    "Writes access records as a delivery stream leaves them: gzip files of JSON in folders by hour.",
            mixinStandardHelpOptions = true)
    static final class Access implements Callable<Integer> {
        @Option(
                names = "--days",
                paramLabel = "N",
                description = "Days of records; ${DEFAULT-VALUE}.",
                defaultValue = "3")
        private int days;

        @Option(
                names = "--per-day",
                paramLabel = "N",
                description = "Records of a day; ${DEFAULT-VALUE}.",
                defaultValue = "50000")
        private int perDay;

        @Option(
                names = "--first",
                paramLabel = "DAY",
                description = "The first day, for example 2026-11-20; left out, the last one is yesterday.")
        private Optional<LocalDate> first = Optional.empty();

        @Option(names = "--seed", paramLabel = "N", description = "Another seed gives other records.")
        private long seed = AccessRecordFiles.SEED;

        @Option(
                names = "--to",
                paramLabel = "FOLDER",
                description = "Where they go; ${DEFAULT-VALUE}.",
                defaultValue = "data/access-records/records")
        private Path to;

        @Option(
                names = "--tidy",
                description = "Only lines of records as they should be, each once; without it there is some dirt.")
        private boolean tidy;

        @Option(
                names = "--late",
                paramLabel = "N",
                description = "Instead of all files: N that came later, with records of the hours before.")
        private Optional<Integer> late = Optional.empty();

        @Option(
                names = "--rewrite",
                paramLabel = "N",
                description = "Instead of all files: the last N, with other records.")
        private Optional<Integer> rewrite = Optional.empty();

        @Spec
        private CommandSpec command;

        @Override
        public Integer call() {
            Surroundings around = Surroundings.ofProcess();
            LocalDate today = LocalDate.ofInstant(around.clock().instant(), ZoneOffset.UTC);
            AccessRecordFiles files =
                    new AccessRecordFiles(seed, first.orElse(today.minusDays(days)), days, perDay, tidy);
            Stream<AccessRecordFiles.SampleFile> chosen = late.map(files::late)
                    .or(() -> rewrite.map(files::rewritten))
                    .orElseGet(files::files);
            if (late.isPresent() && rewrite.isPresent()) {
                throw Fault.user("Invalid --rewrite: --late is given too: one after the other");
            }
            AccessRecordFiles.Written written =
                    AccessRecordFiles.write(around.base().resolve(to), chosen, file -> {});
            command.commandLine()
                    .getOut()
                    .println(Figures.count(written.records()) + " records, " + Figures.count(written.repeated())
                            + " of them twice, and " + Figures.count(written.broken()) + " pieces that are none, in "
                            + Figures.count(written.files()) + " files (" + Figures.bytes(written.bytes()) + "): "
                            + to);
            return 0;
        }
    }

    @Command(
            name = "snapshot",
            description =
                    "Writes a table of orders as the export of a database leaves it: Parquet files whose sizes, days"
                            + " and columns differ.",
            mixinStandardHelpOptions = true)
    static final class Snapshot implements Callable<Integer> {
        @Option(names = "--rows", paramLabel = "N", description = "Orders; ${DEFAULT-VALUE}.", defaultValue = "100000")
        private long rows;

        @Option(names = "--files", paramLabel = "N", description = "Files; ${DEFAULT-VALUE}.", defaultValue = "100")
        private int files;

        @Option(names = "--seed", paramLabel = "N", description = "Another seed gives other orders.")
        private long seed = OrdersSnapshot.SEED;

        @Option(
                names = "--to",
                paramLabel = "FOLDER",
                description = "Where they go; ${DEFAULT-VALUE}.",
                defaultValue = "data/orders-snapshot/export")
        private Path to;

        @Spec
        private CommandSpec command;

        @Override
        public Integer call() {
            Surroundings around = Surroundings.ofProcess();
            long bytes =
                    new OrdersSnapshot(seed, rows, files).write(around.base().resolve(to));
            command.commandLine()
                    .getOut()
                    .println(Figures.count(rows) + " orders in " + Figures.count(files) + " files ("
                            + Figures.bytes(bytes) + "): " + to);
            return 0;
        }
    }
}
