package dev.millrace.job;

import dev.millrace.catalog.AthenaDdl;
import dev.millrace.catalog.CatalogTable;
import dev.millrace.config.CatalogSettings;
import dev.millrace.fault.Fault;
import dev.millrace.run.RunStore;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Registers a job's tables in the Glue Data Catalog; also an entry point of its own. */
@Command(
        name = "register",
        description = "Registers the lake's tables in the Glue Data Catalog, for Athena and others.",
        mixinStandardHelpOptions = true)
public final class Register implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    @Option(
            names = "--database",
            paramLabel = "NAME",
            description = "The catalog's database; left out, that of lake.catalog.")
    private Optional<String> database = Optional.empty();

    @Option(names = "--dry-run", description = "Shows what would be done and changes nothing.")
    private boolean isDry;

    @Option(names = "--ddl", description = "Prints the statements that Athena does the same by, and asks no catalog.")
    private boolean isDdl;

    @Option(
            names = "--replace",
            description =
                    "With --ddl: also for tables that are there, which are dropped first; no file goes with them.")
    private boolean replaces;

    @Spec
    private CommandSpec command;

    public static void main(String[] arguments) {
        Millrace.enter(new Register(), arguments);
    }

    @Override
    public Integer call() {
        return call(Surroundings.ofProcess());
    }

    Integer call(Surroundings around) {
        OpenJob open = OpenJob.load(arguments, around);
        CatalogSettings settings = settings(open);
        if (!isDdl) {
            requireOnS3(open);
        }
        PrintWriter out = command.commandLine().getOut();
        try (Sparks spark = new Sparks(open.job().name(), open::reachLake)) {
            CatalogTables tables = new CatalogTables(open, spark);
            RunStore run = arguments.run().map(open.store()::run).orElseGet(tables::lastPublished);
            if (isDdl) {
                print(out, settings.database(), tables.of(run));
            } else {
                Registering.register(open, settings, run, spark, isDry, line -> {
                    out.println(line);
                    out.flush();
                });
            }
        }
        out.flush();
        return 0;
    }

    private static void requireOnS3(OpenJob open) {
        String at = open.lake().at().uri();
        if (!at.startsWith("s3://")) {
            throw Fault.user("Cannot register the tables of " + open.file() + ": lake.at: " + at
                    + ": is on this machine, and readers of the catalog read S3: put the lake there");
        }
    }

    private CatalogSettings settings(OpenJob open) {
        if (replaces && !isDdl) {
            throw Fault.user("Invalid --replace: it is for --ddl; in the catalog itself tables are changed in place");
        }
        Optional<CatalogSettings> configured = open.lake().catalog();
        if (configured.isEmpty() && database.isEmpty()) {
            throw Fault.user(open.file() + ": lake.catalog: is missing: name a database by --database NAME, or add, for"
                    + " example, catalog: {database: " + open.job().name().replace('-', '_') + "}");
        }
        CatalogSettings settings =
                configured.orElseGet(() -> new CatalogSettings(database.get(), Optional.empty(), Optional.empty()));
        String name = database.orElse(settings.database());
        if (!name.matches("[a-z0-9_]{1,128}")) {
            throw Fault.user("Invalid --database: " + name + ": must be at most 128 of a-z, 0-9 and underscore");
        }
        return settings.with(name);
    }

    private void print(PrintWriter out, String name, List<CatalogTable> tables) {
        out.print(AthenaDdl.createDatabase(name));
        for (CatalogTable table : tables) {
            out.println();
            if (replaces) {
                out.print(AthenaDdl.drop(name, table.name()));
            }
            out.print(AthenaDdl.create(name, table));
        }
    }
}
