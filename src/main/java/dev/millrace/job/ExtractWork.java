package dev.millrace.job;

import dev.millrace.config.Job;
import dev.millrace.config.LakeSettings;
import dev.millrace.config.SchemaSettings;
import dev.millrace.config.TableSettings;
import dev.millrace.fault.Fault;
import dev.millrace.function.JavaFunctions;
import dev.millrace.lake.LakeTable;
import dev.millrace.landing.ComputedColumns;
import dev.millrace.landing.LandedContent;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.Landing;
import dev.millrace.landing.LandingManifests;
import dev.millrace.landing.LandingPlan;
import dev.millrace.landing.LandingTable;
import dev.millrace.run.Commit;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitManifest;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.LastCensus;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.UnitCensus;
import dev.millrace.storage.Storage;
import dev.millrace.table.Column;
import dev.millrace.warehouse.Gate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Reads the table's units, makes rows of their items and lands them; commits the run to the job's ledger. */
final class ExtractWork implements PhaseWork {
    /** Number of the run's commit in the ledger. */
    static final String COMMIT = "commit";

    /** Names of the tables that a warehouse loads or a lake has, in their order. */
    private static final String TABLES = "tables";

    /** Fingerprint of what was landed, for a warehouse. */
    static final String CONTENT = "content";

    /** Folder of what is counted of the run's units. */
    private static final String CENSUS = "census/extract/";

    /** What was counted of a run that its contract refused. */
    static final String REFUSED = "refused/census.json";

    /** The rule by which a run is refused, as {@code accept} takes it. */
    private static final String CONTRACT = "contract";

    private final JobSource source;

    ExtractWork(JobSource source) {
        this.source = source;
    }

    @Override
    public Optional<PhaseCommit> run(RunContext context) {
        ShredPlan shredding = plan(context, source.given().orElseGet(() -> pinned(context)));
        SourceReading reading = source.reading(context);
        LandingPlan landing = landing(context, shredding, reading.inputPhase());

        CensusFiles census =
                new CensusFiles(context.run().storage(), context.run().path(CENSUS), source.census(context.run()));

        List<PlannedUnit> units = context.missing(done(context, census));
        reading.extract(
                units,
                shredding,
                census,
                wide -> Landing.write(
                        ComputedColumns.withComputedColumns(wide, landing.tables()),
                        landing.withUnits(units.stream().map(PlannedUnit::id).toList())));
        if (!context.isComplete(done(context, census))) {
            return Optional.empty();
        }

        Map<String, String> facts = new TreeMap<>(reading.close());
        List<UnitManifest> committed = landing.commits().committed(landing.phase());
        List<LandedTable> landed = LandingManifests.write(
                landing, context.plan().units().stream().map(PlannedUnit::id).toList(), committed);
        LandedRun.requireBalance(landed);
        Map<String, TableCounts> counts = new TreeMap<>();
        landed.forEach(t -> counts.put(t.name(), t.counts()));
        UnitCensus counted = census.merged(
                context.plan().units().stream().map(PlannedUnit::id).toList());
        requireContract(context, counted, shredding);
        context.requireNotGivenUp();
        Commit commit = reading.commit(counts);
        context.open().schemas().keep(new LastCensus(context.run().id().value(), commit.n(), counted.census()));
        reading.committed();
        facts.put(COMMIT, Long.toString(commit.n()));
        if (context.open().job().warehouse().isPresent()) {
            LandedContent.fingerprint(committed).ifPresent(content -> facts.put(CONTENT, content));
        }
        facts.put(TABLES, String.join(",", forWarehouse(shredding, landed)));
        return Optional.of(
                context.run().commitPhase(new PhaseCommit(PhaseCommit.FORMAT, Phase.EXTRACT.label(), facts, counts)));
    }

    private static DataSchema pinned(RunContext context) {
        String version = context.require(Phase.INFER_SCHEMA).facts().get(InferSchemaWork.VERSION);
        return context.open().schemas().load(Integer.parseInt(version)).schema();
    }

    /** The tables that a run brings to a warehouse or a lake, in their order. */
    static List<String> tables(PhaseCommit extracted) {
        return Arrays.stream(extracted.facts().get(TABLES).split(",", -1))
                .filter(name -> !name.isEmpty())
                .toList();
    }

    /** Ids of the units that are landed and counted. */
    private static Set<String> done(RunContext context, CensusFiles census) {
        Set<String> done = context.done(Phase.EXTRACT);
        done.retainAll(census.units());
        return done;
    }

    /**
     * Under a frozen contract, refuses what the data-schema does not hold; what was counted stays for people to see.
     */
    private static void requireContract(RunContext context, UnitCensus counted, ShredPlan shredding) {
        boolean frozen = context.open().job().schema().contract() == SchemaSettings.Contract.FREEZE;
        if (!frozen || counted.drift().isEmpty() || context.run().accepts(CONTRACT)) {
            return;
        }
        RunStore run = context.run();
        run.storage().put(run.path(REFUSED), new LastCensus(run.id().value(), 0, counted.census()).toJson());
        List<String> lines = new ArrayList<>();
        lines.add("The contract refused run " + run.id() + "; nothing was committed. Its items hold what data-schema "
                + "version " + shredding.schemaVersion() + " does not (schema.contract: freeze):");
        lines.addAll(counted.drift().lines(shredding));
        String file = context.open().file();
        lines.add(
                "Mend the items; or take this over: scripts/millrace schema diff " + file + ", then schema pin " + file
                        + "; or let this run pass: scripts/millrace accept " + run.id() + " --gate " + CONTRACT
                        + " --reason TEXT");
        throw Fault.gate(List.of(CONTRACT), String.join(System.lineSeparator(), lines));
    }

    private ShredPlan plan(RunContext context, DataSchema schema) {
        List<String> mistakes = source.kindMistakes(context.open().file());
        if (!mistakes.isEmpty()) {
            throw Fault.user(mistakes);
        }
        try {
            return source.shredding(schema, context.run());
        } catch (Fault mistake) {
            String file = context.open().file();
            throw Fault.user(
                    mistake.getMessage().lines().map(line -> file + ": " + line).toList());
        }
    }

    private LandingPlan landing(RunContext context, ShredPlan shredding, String inputPhase) {
        Job job = context.open().job();
        String file = context.open().file();
        List<LandingTable> tables = new ArrayList<>();
        for (ShredPlan.Table table : shredding.tables()) {
            String folder = LandedRun.dataFolder(context, table.definition().name());
            if (table.isMain()) {
                TableSettings settings = table.inferred() ? job.table(table.kind()) : TableSettings.NONE;
                tables.add(
                        LandingTable.main(table.definition(), OpenJob.computed(settings, table.kind(), file), folder));
            } else {
                tables.add(LandingTable.child(table.definition(), List.of(), folder));
            }
        }
        tables.add(LandingTable.quarantine(source.quarantine(), LandedRun.quarantineFolder(context)));
        boolean computes = tables.stream().anyMatch(t -> !t.computed().isEmpty());
        List<LandingTable> resolved = computes
                ? ComputedColumns.resolve(context.spark().get(), tables, JavaFunctions.of(job.functions()))
                : tables;
        List<String> partitions = job.lake().map(LakeSettings::partitionBy).orElse(List.of());
        LandingPlan plan = new LandingPlan(
                context.run().storage(),
                resolved.stream().map(table -> partitioned(table, partitions)).toList(),
                job.staging().format(),
                job.staging().codec(),
                shredding.schemaVersion(),
                context.run().units(),
                Phase.EXTRACT.label(),
                inputPhase,
                List.of());
        job.lake().ifPresent(lake -> requireFit(job, lake, plan.tables()));
        if (job.warehouse().isPresent()) {
            Gate.requireNames(
                    plan.tables().stream()
                            .filter(table -> !table.quarantine())
                            .map(LandingTable::landed)
                            .toList(),
                    ReplaceWork.rules(context));
        }
        if (context.open().isAddingToLake()) {
            requireFitsLake(context, plan.tables());
        }
        LandingPlan told = job.warehouse().isPresent() ? plan.withHashes() : plan;
        // Compaction combines files and never splits one.
        return job.lake()
                .map(lake -> told.withSizes(
                        LandingPlan.DEFAULT_BUFFER_BYTES, lake.fileSize().bytes()))
                .orElse(told);
    }

    /** What publishing would refuse is refused before anything is read. */
    private static void requireFit(Job job, LakeSettings lake, List<LandingTable> tables) {
        for (LandingTable table : tables) {
            PublishWork.deduplication(job, table.name()).ifPresent(rule -> {
                List<Column> columns = new ArrayList<>(table.landed().columns());
                columns.addAll(table.partitions());
                rule.requireFit(columns, table.partitions());
                lake.also()
                        .forEach(layout -> rule.requireFit(
                                columns,
                                partitioned(table, layout.partitionBy()).partitions()));
            });
        }
    }

    /**
     * A run that has committed is published or never ends: so the tables that are there are looked at before, while
     * nothing has been read.
     */
    private static void requireFitsLake(RunContext context, List<LandingTable> tables) {
        LakeSettings settings = context.open().lake();
        Storage lake = context.open().openLake();
        Optional<Commit> published = PublishWork.lastPublished(context.open().store());
        List<String> brought = published
                .flatMap(commit -> context.open().store().run(commit.run()).phase(Phase.EXTRACT))
                .map(ExtractWork::tables)
                .orElse(List.of());
        for (LandingTable table : tables) {
            if (brought.contains(table.name())) {
                LakeTable.requireHolds(
                        settings.publish(),
                        lake,
                        table.name() + "/",
                        published.get().n());
            }
            if (!table.quarantine()) {
                requireFitsLake(context, lake, table, "");
                for (LakeSettings.Layout layout : settings.also()) {
                    requireFitsLake(context, lake, partitioned(table, layout.partitionBy()), layout.suffix());
                }
            }
        }
    }

    private static void requireFitsLake(RunContext context, Storage lake, LandingTable table, String suffix) {
        LakeTable.requireFits(
                context.open().lake().publish(),
                context.spark(),
                lake,
                table.name() + suffix + "/",
                table.landed().columns(),
                table.partitions());
    }

    /** A main table has to have all of the columns; others are not partitioned by one that they do not have. */
    private static LandingTable partitioned(LandingTable table, List<String> columns) {
        if (table.quarantine()) {
            return table;
        }
        return table.partitionedBy(columns.stream()
                .filter(column -> table.main() || table.has(column))
                .toList());
    }

    /** All tables that the data-schema knows; that of unknown items also when it is not empty. */
    private static List<String> forWarehouse(ShredPlan shredding, List<LandedTable> landed) {
        TreeSet<String> filled = new TreeSet<>();
        landed.stream().filter(t -> t.rows() > 0).forEach(t -> filled.add(t.name()));
        return shredding.tables().stream()
                .filter(t -> t.inferred() || filled.contains(t.definition().name()))
                .map(t -> t.definition().name())
                .toList();
    }
}
