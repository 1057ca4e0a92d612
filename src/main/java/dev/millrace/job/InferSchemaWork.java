package dev.millrace.job;

import dev.millrace.run.Phase;
import dev.millrace.run.PhaseCommit;
import dev.millrace.schema.Census;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.Inference;
import dev.millrace.schema.SchemaCache;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Pins the run's data-schema: the newest one while it is young enough, else one inferred anew. */
final class InferSchemaWork implements PhaseWork {
    static final String VERSION = "schema-version";

    /** The version of a schema that the job file gives. */
    static final String GIVEN = "0";

    private final JobSource source;
    private final Clock clock;

    InferSchemaWork(JobSource source, Clock clock) {
        this.source = source;
        this.clock = clock;
    }

    @Override
    public Optional<PhaseCommit> run(RunContext context) {
        if (source.given().isPresent()) {
            return Optional.of(pinned(context, source.given().get()));
        }
        SchemaCache cache = context.open().schemas();
        Optional<SchemaCache.Entry> latest = cache.latest();
        if (latest.isPresent()) {
            return Optional.of(pinned(context, refreshed(context, latest.get()).schema()));
        }
        SourceReading reading = source.reading(context);
        reading.count(context.missing(context.done(Phase.INFER_SCHEMA)));
        if (!context.isComplete(context.done(Phase.INFER_SCHEMA))) {
            return Optional.empty();
        }
        Census all = SchemaRefresh.inferred(context.open(), reading.counted());
        DataSchema inferred = Inference.infer(all, source.unknown(), SchemaRefresh.listsAsJson(context.open()));
        return Optional.of(pinned(context, cache.add(inferred, all).schema()));
    }

    /** The newest version, or the next one if it is old and the last run's census has what it does not. */
    private SchemaCache.Entry refreshed(RunContext context, SchemaCache.Entry latest) {
        return isYoung(context, latest.written())
                ? latest
                : SchemaRefresh.next(context.open(), latest).orElse(latest);
    }

    /** Also one that was written since the run began: by this run, which was then stopped, or by another at once. */
    private boolean isYoung(RunContext context, Instant written) {
        Duration refresh = context.open().job().schema().refresh();
        return written.plus(refresh).isAfter(clock.instant())
                || !written.isBefore(context.run().began());
    }

    private static PhaseCommit pinned(RunContext context, DataSchema schema) {
        String version = Integer.toString(schema.version());
        return context.commit(Phase.INFER_SCHEMA, Map.of(VERSION, version));
    }
}
