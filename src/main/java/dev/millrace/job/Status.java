package dev.millrace.job;

import dev.millrace.config.FileSource;
import dev.millrace.files.Coverage;
import dev.millrace.run.PhaseRecord;
import dev.millrace.run.PhaseState;
import dev.millrace.run.ReadCost;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.run.RunStore;
import dev.millrace.schema.GivenColumns;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tells how a job stands: what is live, its schema, its runs. */
@Command(
        name = "status",
        description = "Tells what is live, the schema's version and how the last runs went.",
        mixinStandardHelpOptions = true)
final class Status implements Callable<Integer> {
    /** How many gaps are shown, the last ones. */
    private static final int GAPS = 10;

    @Mixin
    private Arguments arguments = new Arguments();

    @Option(names = "--last", paramLabel = "N", description = "How many runs to list (default: ${DEFAULT-VALUE}).")
    private int last = 5;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        PrintWriter out = command.commandLine().getOut();
        OpenJob open = OpenJob.load(arguments, Surroundings.ofProcess());
        out.println("job        " + open.job().name() + " (" + arguments.job() + ")");
        out.println("state      " + open.staging().uri(open.job().name() + "/"));
        out.println("schema     " + schema(open));
        if (open.job().source() instanceof FileSource files) {
            print(out, FolderSource.ledger(open).coverage(FolderSource.folder(open, files, Surroundings.ofProcess())));
        }
        if (open.job().warehouse().isPresent()) {
            try (Warehouse warehouse = open.openWarehouse()) {
                out.println("warehouse  " + open.warehouseName());
                out.println("live       " + version(warehouse.live()));
                out.println("previous   " + version(warehouse.previous()));
            }
        }
        List<RunId> runs = open.store().runs();
        if (runs.isEmpty()) {
            out.println("runs       none yet");
        }
        for (RunId id : runs.subList(Math.max(0, runs.size() - last), runs.size())) {
            print(out, open.store().run(id));
        }
        out.flush();
        return 0;
    }

    private static String schema(OpenJob open) {
        if (RecordsSource.given(open.job()).isPresent()) {
            return "columns given by the job file";
        }
        Set<String> given = GivenColumns.kinds(open.job().tables());
        return open.schemas()
                        .latest()
                        .map(s -> "version " + s.schema().version() + " of " + s.written())
                        .orElse("none yet")
                + (given.isEmpty()
                        ? ""
                        : "; columns of " + String.join(", ", new TreeSet<>(given)) + " given by the job file");
    }

    private static void print(PrintWriter out, Coverage covered) {
        out.println("read       " + Figures.count(covered.files()) + " files, " + Figures.bytes(covered.bytes()) + ", "
                + Figures.count(covered.rows()) + " records"
                + (covered.refused() > 0
                        ? "; " + Figures.count(covered.refused()) + " files in quarantine whole"
                        : ""));
        if (covered.first().isPresent() && covered.until().isPresent()) {
            out.println("covered    " + covered.first().get() + " to "
                    + covered.until().get());
        }
        List<Coverage.Gap> gaps = covered.gaps();
        for (Coverage.Gap gap : gaps.subList(Math.max(0, gaps.size() - GAPS), gaps.size())) {
            out.println("no files   " + gap.from() + " to " + gap.to());
        }
        covered.listedWhole().ifPresent(at -> out.println("listed     all folders at " + at));
    }

    private static String version(Optional<Version> version) {
        return version.map(v -> "run " + v.run() + ", commit " + v.commit()).orElse("none");
    }

    private static void print(PrintWriter out, RunStore run) {
        Optional<RunRecord> record = run.record();
        String outcome =
                run.end().map(e -> e.outcome().name().toLowerCase(Locale.ROOT)).orElse("unfinished");
        out.println();
        out.println("run " + run.id() + "  " + outcome);
        run.end().filter(e -> !e.reason().isEmpty()).ifPresent(e -> out.println("  " + indented(e.reason())));
        if (record.isEmpty()) {
            return;
        }
        for (PhaseRecord phase : record.get().phases()) {
            out.println("  " + phase(phase));
        }
        record.get().unchanged().ifPresent(live -> out.println("  warehouse     " + SameAsLive.told(live)));
        Optional<ReadCost> recorded = record.get().read();
        run.reads().cost().or(() -> recorded).ifPresent(cost -> out.println("  read cost     " + Figures.cost(cost)));
        recorded.map(ReadCost::budget)
                .filter(budget -> !budget.isEmpty())
                .ifPresent(budget -> out.println("  budget        " + budget));
        RunReport.compacted(record.get()).forEach((name, told) -> out.println(String.format("  %-14s%s", name, told)));
        List<Summary.Table> tables = new ArrayList<>();
        new TreeMap<>(record.get().tables()).forEach((name, t) -> tables.add(RunReport.table(name, t)));
        if (!tables.isEmpty()) {
            out.print(new Summary(tables, List.<Map.Entry<String, String>>of(), List.of()).text(Terminal.detect()));
        }
    }

    private static String phase(PhaseRecord phase) {
        StringBuilder line = new StringBuilder(String.format(
                "%-14s%-8s", phase.phase().label(), phase.state().name().toLowerCase(Locale.ROOT)));
        if (phase.state() != PhaseState.WAITING && phase.unitsAll() > 0) {
            line.append("  ").append(phase.unitsDone()).append('/').append(phase.unitsAll());
        }
        if (phase.start().isPresent() && phase.end().isPresent()) {
            line.append("  ")
                    .append(Figures.duration(java.time.Duration.between(
                            phase.start().get(), phase.end().get())));
        }
        if (!phase.message().isEmpty()) {
            line.append("  ").append(indented(phase.message()));
        }
        return line.toString();
    }

    private static String indented(String message) {
        return message.replace("\n", "\n    ");
    }
}
