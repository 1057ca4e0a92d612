package dev.millrace.job;

import dev.millrace.config.SnapshotSource;
import dev.millrace.run.CompactionRecord;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.ReadCost;
import dev.millrace.run.RunId;
import dev.millrace.run.RunRecord;
import dev.millrace.run.TableCounts;
import dev.millrace.run.TableRecord;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Runs phases and tells what came of them. */
final class RunReport {
    private static final int SHOWN_REASONS = 3;

    private RunReport() {}

    /** Runs phases of a job, none for all, and prints the closing table. Returns the exit code. */
    static int run(Arguments arguments, List<Phase> wanted) {
        return run(arguments, wanted, Surroundings.ofProcess(), System.out);
    }

    static int run(Arguments arguments, List<Phase> wanted, Surroundings around, PrintStream out) {
        return new ExitReport(arguments, around).of(() -> {
            OpenJob open = OpenJob.load(arguments, around);
            PipelineRunner runner = new PipelineRunner(around, arguments.selection());
            return report(
                    open,
                    () -> {
                        if (arguments.run().isPresent() && arguments.units().count() == 1) {
                            new RollForward(open, around, out)
                                    .before(arguments.run().get(), wanted);
                        }
                        Optional<PipelineRunner.Ended> ended =
                                runner.run(open, arguments.run(), arguments.units(), wanted);
                        if (ended.isEmpty() && (wanted.isEmpty() || wanted.contains(Phase.PUBLISH))) {
                            Registering.catchUp(open);
                        }
                        return ended;
                    },
                    out);
        });
    }

    /** Runs all phases over what is selected of a job's source. */
    static int run(OpenJob open, Selection selection, Surroundings around, PrintStream out) {
        PipelineRunner runner = new PipelineRunner(around, selection);
        return report(open, () -> runner.run(open, Optional.empty(), Arguments.Share.ALL, List.of()), out);
    }

    /** Goes on with a run, by the job file that it began with. */
    static int resume(StoredRun run, Surroundings around, PrintStream out) {
        PipelineRunner runner = new PipelineRunner(around);
        return report(
                run.open(),
                () -> runner.run(run.open(), Optional.of(run.store().id()), Arguments.Share.ALL, List.of()),
                out);
    }

    /** Makes rows anew of what an earlier run has read, and tells how much of its quarantine that took back. */
    static int again(OpenJob open, Supplier<Handover> handover, Surroundings around, PrintStream out) {
        return report(open, () -> Optional.of(new PipelineRunner(around).again(open, handover)), out);
    }

    private static int report(OpenJob open, Supplier<Optional<PipelineRunner.Ended>> work, PrintStream out) {
        long start = System.nanoTime();
        open.requireUsablePlaces();
        Optional<PipelineRunner.Ended> found = work.get();
        if (found.isEmpty()) {
            out.println("nothing new: job " + open.job().name() + " has read all there is");
            out.flush();
            return 0;
        }
        PipelineRunner.Ended ended = found.get();
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        out.print(summary(ended, took).text(Terminal.detect()));
        out.flush();
        ended.unregistered().ifPresent(fault -> {
            throw fault;
        });
        return 0;
    }

    private static Summary summary(PipelineRunner.Ended ended, Duration took) {
        RunContext context = ended.context();
        Optional<PhaseCommit> extracted = context.run().phase(Phase.EXTRACT);
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("run", context.run().id() + state(ended));
        facts.put("took", Figures.duration(took));
        context.run()
                .phase(Phase.INFER_SCHEMA)
                .map(c -> c.facts().get(InferSchemaWork.VERSION))
                .ifPresent(version -> facts.put(
                        "schema",
                        version.equals(InferSchemaWork.GIVEN) ? "given by the job file" : "version " + version));
        cost(context, extracted).ifPresent(cost -> {
            facts.put("read cost", cost);
            context.run()
                    .record()
                    .flatMap(RunRecord::read)
                    .filter(read -> !read.budget().isEmpty())
                    .ifPresent(read -> facts.put("budget", read.budget()));
        });
        extracted.ifPresent(c -> {
            facts.put(
                    "files at",
                    context.run()
                            .storage()
                            .uri(context.plan().job() + "/<table>/snapshot="
                                    + context.run().id() + "/datalake/"));
            TableCounts quarantined = c.counts().getOrDefault(LandedRun.QUARANTINE, TableCounts.NONE);
            if (quarantined.out() > 0) {
                facts.put("quarantine", context.run().storage().uri(LandedRun.quarantineFolder(context)));
            }
            context.plan()
                    .input()
                    .flatMap(input -> context.open().store().ledger().find(input.commit()))
                    .ifPresent(before -> facts.put(
                            "taken back", takenBack(Handover.quarantined(before), quarantined.out(), before.run())));
        });
        context.run().record().ifPresent(record -> compacted(record).forEach(facts::put));
        context.run().phase(Phase.PUBLISH).ifPresent(published -> {
            facts.putAll(lake(context.open(), published, ended.unregistered().isEmpty()));
            if (context.open().job().source() instanceof SnapshotSource) {
                facts.put("validated", context.run().storage().uri(Validation.path(context, "<table>", "")));
            }
        });
        Optional<PhaseCommit> replaced = context.run().phase(Phase.REPLACE);
        Optional<RunId> same = replaced.flatMap(SameAsLive::in);
        same.ifPresent(live -> {
            facts.put("warehouse", context.open().warehouseName());
            facts.put("replaced", "nothing: " + SameAsLive.told(live));
        });
        Optional<Versions> versions = replaced.filter(c -> same.isEmpty()).map(c -> Versions.of(context));
        versions.ifPresent(v -> {
            facts.put("warehouse", context.open().warehouseName());
            facts.put("replaced", v.replacedBy(context.run().id()));
        });
        facts.put("record", context.run().storage().uri(context.run().path("record.json")));
        return new Summary(
                extracted.map(c -> tables(context, c)).orElse(List.of()),
                List.copyOf(facts.entrySet()),
                next(context, ended, versions));
    }

    /** Where what a run has published is, a line each, by what stands before it. */
    static Map<String, String> lake(OpenJob open, PhaseCommit published, boolean isRegistered) {
        Map<String, String> lines = new LinkedHashMap<>();
        lines.put("lake", open.lake().at().uri());
        PublishWork.places(published).forEach((table, at) -> lines.put("  " + table, at));
        open.lake()
                .catalog()
                .ifPresent(catalog -> lines.put(
                        "catalog", catalog.database() + (isRegistered ? "" : " (not all tables: see below)")));
        return lines;
    }

    /** What compaction did to tables, a line each, by what stands before it. */
    static Map<String, String> compacted(RunRecord record) {
        Map<String, String> lines = new LinkedHashMap<>();
        new TreeMap<>(record.tables())
                .forEach((name, table) -> table.compaction()
                        .filter(done -> done.merged() > 0 || !done.rewritten().isEmpty())
                        .ifPresent(done -> lines.put(
                                lines.isEmpty() ? "compacted" : " ".repeat(lines.size()), name + ": " + told(done))));
        return lines;
    }

    private static String told(CompactionRecord done) {
        StringBuilder told = new StringBuilder(Figures.count(done.filesBefore()) + " files, "
                + Figures.bytes(done.bytesBefore()) + ", to " + Figures.count(done.filesAfter()) + ", "
                + Figures.bytes(done.bytesAfter()));
        Map<String, Long> reasons = new TreeMap<>(done.rewritten());
        reasons.entrySet().stream()
                .limit(SHOWN_REASONS)
                .forEach(why -> told.append("; ")
                        .append(Figures.count(why.getValue()))
                        .append(" rewritten: ")
                        .append(why.getKey()));
        if (reasons.size() > SHOWN_REASONS) {
            told.append("; others for ").append(reasons.size() - SHOWN_REASONS).append(" more reasons, see the record");
        }
        return told.toString();
    }

    /** What reading has cost; of a run of an older version only what its units did. */
    private static Optional<String> cost(RunContext context, Optional<PhaseCommit> extracted) {
        Optional<Double> units = extracted
                .flatMap(c -> Optional.ofNullable(c.facts().get(TableReading.CONSUMED)))
                .map(Double::parseDouble);
        Optional<ReadCost> recorded = context.run().record().flatMap(RunRecord::read);
        return context.run()
                .reads()
                .cost()
                .or(() -> recorded)
                .map(cost -> Figures.cost(cost)
                        + units.filter(of -> of < cost.units())
                                .map(of -> "; " + Figures.units(cost.units() - of)
                                        + " of the units by attempts that failed")
                                .orElse(""))
                .or(() -> units.map(of -> Figures.units(of) + " capacity units"));
    }

    private static String takenBack(long before, long now, RunId run) {
        long taken = Math.max(0, before - now);
        return Figures.count(taken) + (taken == 1 ? " item: run " : " items: run ") + run + " had "
                + Figures.count(before) + " in quarantine, this one has " + Figures.count(now);
    }

    private static String state(PipelineRunner.Ended ended) {
        return switch (ended.result()) {
            case DONE -> "";
            case DONE_BEFORE -> " (had ended before: nothing was done)";
            case PHASES_DONE -> " (its other phases are still to do)";
            case UNITS_MISSING -> " (units of other processes are still to do)";
        };
    }

    /** What the warehouse holds at the end, looked at once. */
    private record Versions(Optional<Version> live, Optional<Version> previous) {
        static Versions of(RunContext context) {
            try (Warehouse warehouse = context.open().openWarehouse()) {
                return new Versions(warehouse.live(), warehouse.previous());
            }
        }

        String replacedBy(RunId run) {
            if (!live.map(Version::run).equals(Optional.of(run))) {
                return "live is another run by now";
            }
            return previous.map(v -> "run " + v.run() + ", which rollback brings back")
                    .orElse("nothing: this is the first version");
        }
    }

    private static List<Summary.Table> tables(RunContext context, PhaseCommit extracted) {
        Optional<RunRecord> record = context.run().record();
        List<Summary.Table> tables = new ArrayList<>();
        for (String name : ExtractWork.tables(extracted)) {
            TableRecord known = record.map(r -> r.tables().get(name))
                    .orElseGet(() -> new TableRecord(extracted.counts().getOrDefault(name, TableCounts.NONE), 0, 0, 0));
            tables.add(table(name, known));
        }
        return tables;
    }

    static Summary.Table table(String name, TableRecord record) {
        TableCounts counts = record.counts();
        return new Summary.Table(
                name,
                counts.in(),
                counts.out(),
                counts.quarantined(),
                counts.duplicates(),
                counts.expired(),
                counts.rescued(),
                record.files(),
                record.bytes());
    }

    private static List<String> next(RunContext context, PipelineRunner.Ended ended, Optional<Versions> versions) {
        String file = context.open().given();
        String launcher = "scripts/millrace ";
        if (ended.result() == PipelineRunner.Result.PHASES_DONE
                || ended.result() == PipelineRunner.Result.UNITS_MISSING) {
            List<String> open = context.plan().phases().stream()
                    .filter(p -> context.run().phase(p).isEmpty())
                    .map(Phase::label)
                    .collect(Collectors.toList());
            return open.isEmpty()
                    ? List.of()
                    : List.of(launcher + "local " + open.get(0) + " " + file + " --run "
                            + context.run().id());
        }
        List<String> next = new ArrayList<>();
        if (context.run().phase(Phase.REPLACE).isPresent()) {
            String table = context.run()
                    .phase(Phase.EXTRACT)
                    .flatMap(c -> ExtractWork.tables(c).stream().findFirst())
                    .orElse("");
            next.add(launcher + "sql " + file + " \"select * from " + table + " limit 5\"");
            if (versions.flatMap(Versions::previous).isPresent()) {
                next.add(launcher + "rollback " + file);
            }
        }
        TableCounts all = context.run()
                .phase(Phase.EXTRACT)
                .map(c -> c.counts().values().stream().reduce(TableCounts.NONE, TableCounts::plus))
                .orElse(TableCounts.NONE);
        if (all.quarantined() > 0) {
            next.add(launcher + "quarantine show " + file);
        }
        boolean isInferred = context.run()
                .phase(Phase.INFER_SCHEMA)
                .filter(c -> !c.facts().get(InferSchemaWork.VERSION).equals(InferSchemaWork.GIVEN))
                .isPresent();
        if (all.rescued() > 0 && isInferred) {
            next.add(launcher + "schema diff " + file);
        }
        next.add(launcher + "status " + file);
        return next;
    }
}
