package dev.millrace.job;

import dev.millrace.config.StagingSettings;
import dev.millrace.dynamodb.ReadBudget;
import dev.millrace.dynamodb.Spool;
import dev.millrace.dynamodb.SpoolSource;
import dev.millrace.dynamodb.SpooledItems;
import dev.millrace.fault.Fault;
import dev.millrace.run.Commit;
import dev.millrace.run.Phase;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitManifest;
import dev.millrace.schema.Census;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusUnits;
import dev.millrace.schema.ShredPlan;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * The part of a run that reads its table: within the job's limits, and with its cost on record.
 *
 * @param context of the run
 * @param source the table
 * @param limits that hold for the run
 * @param spool where what is read goes
 */
record TableReading(RunContext context, TableSource source, ReadLimits limits, Spool spool) implements SourceReading {
    /** Capacity units that the units of a run consumed; absent when what read the table does not tell. */
    static final String CONSUMED = "consumed-capacity";

    private static final String CENSUS = "census/";

    static TableReading of(RunContext context, TableSource source) {
        ReadLimits declared = ReadLimits.of(source);
        boolean isLifted = declared.mostUnits().isPresent() && context.run().accepts(ReadBudget.RULE);
        ReadLimits limits = isLifted ? declared.withoutMost() : declared;
        ReadBudget budget = limits.budget(
                source.description(),
                source.access().consistent(),
                context.plan().units().size(),
                context.share());
        return new TableReading(context, source, limits, source.spool(context.run(), budget));
    }

    @Override
    public String inputPhase() {
        return Spool.PHASE;
    }

    @Override
    public void count(List<PlannedUnit> units) {
        work(
                Phase.INFER_SCHEMA,
                units,
                reading -> census(reading).run(context.spark().get(), units));
    }

    @Override
    public Census counted() {
        return census(spool).merged();
    }

    private CensusUnits census(Spool reading) {
        return new CensusUnits(
                context.run().storage(),
                context.run().path(CENSUS),
                context.run().units(),
                Phase.INFER_SCHEMA.label(),
                new SpooledItems(reading),
                source.census(context.run()));
    }

    @Override
    public void extract(List<PlannedUnit> units, ShredPlan plan, CensusFiles census, Consumer<Dataset<Row>> sink) {
        work(
                Phase.EXTRACT,
                units,
                reading -> sink.accept(SpoolSource.rows(
                        context.spark().get(), new SpoolSource.Read(reading, units, source.keys(), plan, census))));
    }

    @Override
    public Map<String, String> close() {
        List<UnitManifest> spooled = context.run().units().committed(Spool.PHASE);
        spool.close(spooled);
        return Spool.consumed(spooled)
                .map(consumed -> Map.of(CONSUMED, consumed.toPlainString()))
                .orElse(Map.of());
    }

    @Override
    public Commit commit(Map<String, TableCounts> counts) {
        return context.open().store().ledger().append(context.plan(), counts, Map.of());
    }

    /** Before the phase is committed: once it is, nobody comes here again. All units are, so none is read again. */
    @Override
    public void committed() {
        if (context.open().job().staging().spool() == StagingSettings.Spool.DELETE) {
            spool.delete();
        }
    }

    /** Does units of a phase, which are read first where they are not spooled yet. */
    private void work(Phase phase, List<PlannedUnit> units, Consumer<Spool> job) {
        if (!units.isEmpty()) {
            requireUnits();
        }
        try {
            context.work(phase, units, () -> {
                Spool reading =
                        spool.spread(!context.spark().get().sparkContext().isLocal());
                source.fill(reading, context, units, limits);
                job.accept(reading);
            });
        } catch (Exception | Error failure) {
            try {
                settle();
            } catch (RuntimeException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
        settle();
    }

    /** A table that costs more than the run may is told before anything of it is read. */
    private void requireUnits() {
        if (limits.mostUnits().isEmpty()
                || !context.run().units().units(Spool.PHASE).isEmpty()) {
            return;
        }
        double cost = source.description().readUnits(source.access().consistent());
        double used = context.run().reads().claimed();
        if (used + cost > limits.mostUnits().get()) {
            throw Fault.gate(
                    List.of(ReadBudget.RULE),
                    "Reading " + source.access() + " costs about " + Figures.units(cost)
                            + " capacity units by its size, more than " + ReadBudget.RULE + ": "
                            + Figures.count(limits.mostUnits().get())
                            + (used > 0 ? ", of which " + Figures.units(used) + " are used" : "")
                            + ": nothing is read. Raise source.dynamodb." + ReadBudget.RULE + ", or let this run go on "
                            + "without it: scripts/millrace accept "
                            + context.run().id() + " --gate "
                            + ReadBudget.RULE + " --reason TEXT");
        }
    }

    private void settle() {
        spool.settle();
        context.record(
                recorder -> context.run().reads().cost().ifPresent(cost -> recorder.read(cost.within(limits.text()))));
    }
}
