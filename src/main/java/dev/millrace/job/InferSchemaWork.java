package dev.millrace.job;

import dev.millrace.config.Job;
import dev.millrace.config.SchemaSettings;
import dev.millrace.dynamodb.CensusUnits;
import dev.millrace.dynamodb.Spool;
import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.run.PlannedUnit;
import dev.millrace.schema.Census;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.Inference;
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
        Job job = context.open().job();
        SchemaCache cache = context.open().schemas();
        Optional<SchemaCache.Entry> latest = cache.latest();
        if (latest.isPresent() && isYoung(context, latest.get().written())) {
            return Optional.of(pinned(context, latest.get().schema().version()));
        }
        Spool spool = source.spool(context.run());
        CensusUnits census = new CensusUnits(
                context.run().storage(),
                context.run().path(FOLDER),
                context.run().units(),
                Phase.INFER_SCHEMA.label(),
                spool,
                source.census());
        List<PlannedUnit> units = context.missing(Phase.INFER_SCHEMA);
        context.work(Phase.INFER_SCHEMA, units, () -> {
            source.fill(spool, context, units);
            census.run(context.spark().get(), units);
        });
        if (!context.isComplete(Phase.INFER_SCHEMA)) {
            return Optional.empty();
        }
        Census all = census.merged();
        DataSchema before = latest.map(SchemaCache.Entry::schema).orElseGet(() -> DataSchema.none(source.keys()));
        boolean listsAsJson = job.schema().lists() == SchemaSettings.Lists.JSON;
        DataSchema inferred = Inference.infer(all, before, listsAsJson);
        return Optional.of(pinned(context, cache.add(inferred, all).schema().version()));
    }

    /** Also one that was written since the run began: by this run, which was then stopped, or by another at once. */
    private boolean isYoung(RunContext context, Instant written) {
        Duration refresh = context.open().job().schema().refresh();
        return written.plus(refresh).isAfter(clock.instant())
                || !written.isBefore(context.run().began());
    }

    private static PhaseCommit pinned(RunContext context, int version) {
        return context.commit(Phase.INFER_SCHEMA, Map.of(VERSION, Integer.toString(version)));
    }
}
