package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.sample.EmbeddedDynamoDb;
import dev.millrace.sample.WorkbenchModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The embedded server and what it is filled with. */
@Command(
        name = "sample",
        description = "The embedded DynamoDB Local: start, stop, or fill it from a NoSQL Workbench model.",
        synopsisSubcommandLabel = "start | stop | workbench FILE",
        subcommands = {Sample.Start.class, Sample.Stop.class, Sample.Workbench.class},
        mixinStandardHelpOptions = true)
final class Sample implements Callable<Integer> {
    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        command.commandLine().usage(command.commandLine().getErr());
        return Fault.Kind.USER.exitCode();
    }

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
}
