package dev.millrace.job;

import dev.millrace.config.Durations;
import dev.millrace.config.DynamoDbSource;
import dev.millrace.config.FileSource;
import dev.millrace.config.SchemaSettings;
import dev.millrace.config.SnapshotSource;
import dev.millrace.dynamodb.ReadBudget;
import dev.millrace.dynamodb.Spool;
import dev.millrace.dynamodb.TableDescription;
import dev.millrace.files.Arrival;
import dev.millrace.files.Arrivals;
import dev.millrace.files.SnapshotFile;
import dev.millrace.files.SnapshotGroups;
import dev.millrace.run.Phase;
import dev.millrace.run.RunEnd;
import dev.millrace.run.RunStore;
import dev.millrace.schema.SchemaCache;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Tells what a run of a job would do and cost. Asks for the table's description and reads nothing else of it. */
@Command(
        name = "plan",
        description = "Tells what a run would do and what reading the table would cost; reads and changes nothing.",
        mixinStandardHelpOptions = true)
final class Forecast implements Callable<Integer> {
    @Mixin
    private Arguments arguments = new Arguments();

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        PrintWriter out = command.commandLine().getOut();
        Surroundings around = Surroundings.ofProcess();
        OpenJob open = OpenJob.load(arguments, around);
        out.println("job        " + open.job().name() + " (" + open.file() + ")");
        Optional<RunStore> run = arguments
                .run()
                .map(open.store()::run)
                .filter(named -> named.findPlan().isPresent())
                .or(() -> arguments.run().isPresent()
                        ? Optional.empty()
                        : open.store().toTakeUp(open.job().resumeWithin()));
        if (!(open.job().source() instanceof DynamoDbSource)) {
            if (open.job().source() instanceof FileSource files) {
                printFiles(out, open, files, around);
            }
            if (open.job().source() instanceof SnapshotSource snapshot) {
                printSnapshot(out, open, ListedSource.open(open, snapshot, around), snapshot);
            }
            out.println("phases     " + phases(open));
            out.println("run        "
                    + run.map(found -> state(found, Optional.empty())).orElse("a new one"));
            out.flush();
            return 0;
        }
        Optional<TableSource> table = TableSource.look(open.job(), around);
        table.ifPresentOrElse(
                source -> print(out, open, source, run),
                () -> out.println(
                        "table      " + TableSource.dynamoDb(open.job()).table()
                                + " is not there yet: a run starts DynamoDB Local and fills it with the sample"));
        out.println("schema     " + schema(open, around));
        out.println("phases     " + phases(open));
        out.println("run        " + run.map(found -> state(found, table)).orElse("a new one"));
        out.flush();
        return 0;
    }

    private static String phases(OpenJob open) {
        return PipelineRunner.phases(open.job()).stream().map(Phase::label).collect(Collectors.joining(", "));
    }

    private void printFiles(PrintWriter out, OpenJob open, FileSource files, Surroundings around) {
        FolderSource source = FolderSource.open(open, files, arguments.selection(), around);
        Arrivals arrivals = source.arrivals();
        out.println("files      " + source.folder());
        out.println("listed     " + Figures.count(arrivals.listed()) + " files, "
                + (arrivals.isWhole() ? "in all folders" : "within " + Durations.text(files.lookback())));
        List<String> taken = new ArrayList<>();
        for (Arrival.Reason reason : Arrival.Reason.values()) {
            if (arrivals.count(reason) > 0) {
                taken.add(Figures.count(arrivals.count(reason)) + " "
                        + reason.name().toLowerCase(Locale.ROOT));
            }
        }
        out.println("to read    " + (taken.isEmpty() ? "nothing new" : String.join(", ", taken))
                + (arrivals.isEmpty() ? "" : ": " + Figures.bytes(arrivals.bytes()))
                + (arrivals.late() > 0 ? ", " + Figures.count(arrivals.late()) + " of them late" : ""));
        if (!arrivals.isEmpty()) {
            printWorkers(
                    out,
                    open,
                    Workers.of(
                            arrivals.bytes(),
                            rate(files.format()),
                            arrivals.files().size(),
                            Duration.ZERO));
        }
    }

    private static void printSnapshot(PrintWriter out, OpenJob open, ListedSource source, SnapshotSource settings) {
        out.println("snapshot   " + source.name());
        if (source.isRequested()) {
            out.println(
                    "files      are told once a run has requested the export; it costs none of the table's capacity");
            return;
        }
        List<SnapshotFile> files = source.snapshot().files();
        out.println("files      " + Figures.count(files.size()) + ", "
                + Figures.bytes(source.snapshot().bytes()));
        long most = source.groupBytes(files);
        LongSummaryStatistics groups =
                SnapshotGroups.sizes(source.snapshot().storage(), files, settings.fileFormat(), most).stream()
                        .mapToLong(Long::longValue)
                        .summaryStatistics();
        out.println("groups     " + Figures.count(groups.getCount()) + ", of " + Figures.bytes(groups.getMin()) + " to "
                + Figures.bytes(groups.getMax()) + "; at most " + Figures.bytes(most) + ", "
                + (settings.groupBytes().isPresent()
                        ? "as group-size says"
                        : source.throughput()
                                .bytesPerSecond()
                                .map(rate -> "by the sizes of the files and " + Figures.bytes(rate.longValue())
                                        + " a second, which a task has read in the last runs")
                                .orElse("by the sizes of the files")));
        printWorkers(
                out,
                open,
                Workers.of(source.snapshot().bytes(), rate(settings.fileFormat()), groups.getCount(), Duration.ZERO));
    }

    private static Workers.Rate rate(FileSource.Format format) {
        return format instanceof FileSource.Parquet ? Workers.Rate.PARQUET : Workers.Rate.TEXT;
    }

    /** A job that no platform could run needs none. */
    private static void printWorkers(PrintWriter out, OpenJob open, Workers workers) {
        if (open.job().staging().at().uri().startsWith("s3://")) {
            out.println("workers    " + workers);
        }
    }

    private static void print(PrintWriter out, OpenJob open, TableSource source, Optional<RunStore> run) {
        TableDescription table = source.description();
        ReadLimits limits = ReadLimits.of(source);
        int segments = run.map(found -> found.plan().units().size())
                .orElseGet(() -> source.units().size());
        int missing = segments - run.map(Forecast::spooled).orElse(0);
        boolean consistent = source.access().consistent();
        double units = table.readUnits(consistent) * missing / segments;
        out.println("table      " + source.access());
        out.println("size       " + Figures.bytes(table.bytes()) + " in " + Figures.count(table.items())
                + " items, as DynamoDB counted them within the last six hours");
        out.println("read cost  about " + Figures.units(units) + " capacity units in "
                + Figures.count(requests(limits, table, consistent, segments) * missing / segments)
                + " requests or more (" + (consistent ? "strongly" : "eventually") + " consistent)");
        out.println("budget     " + limits.why()
                + (Double.isInfinite(limits.unitsPerSecond())
                        ? ""
                        : ": at least "
                                + Figures.duration(
                                        Duration.ofMillis((long) (1000 * units / limits.unitsPerSecond())))));
        limits.mostUnits().ifPresent(most -> {
            double used = run.map(found -> found.reads().claimed()).orElse(0.0);
            out.println("limit      " + ReadBudget.RULE + ": " + Figures.count(most)
                    + (used > 0 ? ", of which " + Figures.units(used) + " are used" : "")
                    + (used + units > most ? ": the run is refused or stopped" : ""));
        });
        out.println("units      " + Figures.count(segments) + " segments"
                + (missing < segments ? ", " + Figures.count(missing) + " of them still to be read" : ""));
        Duration atLeast = Double.isInfinite(limits.unitsPerSecond())
                ? Duration.ZERO
                : Duration.ofMillis((long) (1000 * units / limits.unitsPerSecond()));
        printWorkers(out, open, Workers.of(table.bytes() * missing / segments, Workers.Rate.TABLE, missing, atLeast));
    }

    private static long requests(ReadLimits limits, TableDescription table, boolean consistent, int segments) {
        ReadBudget budget = limits.budget(table, consistent, segments, Arguments.Share.ALL);
        return Math.max(table.pages(segments), budget.pages(table.readUnits(consistent)));
    }

    private static int spooled(RunStore run) {
        return run.units().units(Spool.PHASE).size();
    }

    private static String schema(OpenJob open, Surroundings around) {
        SchemaSettings settings = open.job().schema();
        Optional<SchemaCache.Entry> latest = open.schemas().latest();
        if (latest.isEmpty()) {
            return "none yet: inferred from all items";
        }
        Instant written = latest.get().written();
        String version = "version " + latest.get().schema().version() + " of " + written + ", ";
        if (settings.contract() != SchemaSettings.Contract.EVOLVE) {
            return version + "which only schema pin changes";
        }
        String refresh = "schema.refresh (" + Durations.text(settings.refresh()) + "): ";
        boolean isYoung =
                written.plus(settings.refresh()).isAfter(around.clock().instant());
        return version
                + (isYoung
                        ? "younger than " + refresh + "used as it is"
                        : "older than " + refresh
                                + "inferred anew from what the last run counted; nothing is read for it");
    }

    private static String state(RunStore run, Optional<TableSource> table) {
        Optional<RunEnd> end = run.end();
        if (end.isPresent()) {
            return run.id() + " has ended: " + end.get().outcome();
        }
        Optional<String> difference = table.filter(
                        source -> spooled(run) < run.plan().units().size())
                .flatMap(source -> source.difference(run.plan().units().get(0)));
        return run.id()
                + difference
                        .map(why -> " would be abandoned, and a new one begin: " + why)
                        .orElseGet(() -> " is taken up: " + next(run) + " is next");
    }

    private static String next(RunStore run) {
        return run.plan().phases().stream()
                .filter(phase -> run.phase(phase).isEmpty())
                .map(Phase::label)
                .findFirst()
                .orElse("its end");
    }
}
