package dev.millrace.job;

import dev.millrace.config.SchemaSettings;
import dev.millrace.dynamodb.Spool;
import dev.millrace.dynamodb.SpooledItems;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.PlannedUnit;
import dev.millrace.schema.Census;
import dev.millrace.schema.CensusUnits;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.Inference;
import dev.millrace.schema.LastCensus;
import dev.millrace.schema.SchemaCache;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Pins the run's data-schema: the newest one while it is young enough, else one inferred anew. */
final class InferSchemaWork implements PhaseWork {
    static final String VERSION = "schema-version";

    private static final String FOLDER = "census/";

    private final TableSource source;
    private final Clock clock;

    InferSchemaWork(TableSource source, Clock clock) {
        this.source = source;
        this.clock = clock;
    }

    @Override
    public Optional<PhaseCommit> run(RunContext context) {
        SchemaCache cache = context.open().schemas();
        Optional<SchemaCache.Entry> latest = cache.latest();
        if (latest.isPresent()) {
            return Optional.of(pinned(context, refreshed(context, cache, latest.get())));
        }
        Reading reading = Reading.of(context, source);
        List<PlannedUnit> units = context.missing(context.done(Phase.INFER_SCHEMA));
        reading.work(
                Phase.INFER_SCHEMA,
                units,
                spool -> census(context, spool).run(context.spark().get(), units));
        if (!context.isComplete(context.done(Phase.INFER_SCHEMA))) {
            return Optional.empty();
        }
        Census all = census(context, reading.spool()).merged();
        DataSchema inferred = Inference.infer(all, DataSchema.none(source.keys()), listsAsJson(context));
        return Optional.of(pinned(context, cache.add(inferred, all)));
    }

    private CensusUnits census(RunContext context, Spool spool) {
        return new CensusUnits(
                context.run().storage(),
                context.run().path(FOLDER),
                context.run().units(),
                Phase.INFER_SCHEMA.label(),
                new SpooledItems(spool),
                source.census(context.run()));
    }

    /**
     * The newest version, or the next one if it is old and the last run's census has what it does not. Nothing is read
     * for it; before the first census there is nothing to infer from.
     */
    private SchemaCache.Entry refreshed(RunContext context, SchemaCache cache, SchemaCache.Entry latest) {
        boolean evolves = context.open().job().schema().contract() == SchemaSettings.Contract.EVOLVE;
        if (!evolves || isYoung(context, latest.written())) {
            return latest;
        }
        Optional<Census> census = cache.census().map(LastCensus::census);
        census.ifPresent(Census::requireFewKinds);
        return census.map(all -> Inference.infer(all, latest.schema(), listsAsJson(context)))
                .filter(inferred -> !inferred.entities().equals(latest.schema().entities()))
                .map(inferred -> cache.add(inferred, census.get()))
                .orElse(latest);
    }

    private static boolean listsAsJson(RunContext context) {
        return context.open().job().schema().lists() == SchemaSettings.Lists.JSON;
    }

    /** Also one that was written since the run began: by this run, which was then stopped, or by another at once. */
    private boolean isYoung(RunContext context, Instant written) {
        Duration refresh = context.open().job().schema().refresh();
        return written.plus(refresh).isAfter(clock.instant())
                || !written.isBefore(context.run().began());
    }

    private static PhaseCommit pinned(RunContext context, SchemaCache.Entry entry) {
        String version = Integer.toString(entry.schema().version());
        return context.commit(Phase.INFER_SCHEMA, Map.of(VERSION, version));
    }
}
