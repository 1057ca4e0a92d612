package dev.millrace.job;

import dev.millrace.files.FilesSource;
import dev.millrace.files.RecordFiles;
import dev.millrace.run.Phase;
import dev.millrace.run.PlannedUnit;
import dev.millrace.schema.Census;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusUnits;
import dev.millrace.schema.ShredPlan;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The part of a run that reads its files: where they are, since they are their own spool. */
abstract class FilesReading implements SourceReading {
    /** Label of the units that are read, with the number of their records. */
    static final String PHASE = "read";

    private static final String CENSUS = "census/";

    private final RunContext context;
    private final RecordFiles records;
    private final RecordsSource source;

    FilesReading(RunContext context, RecordFiles records, RecordsSource source) {
        this.context = context;
        this.records = records;
        this.source = source;
    }

    @Override
    public String inputPhase() {
        return PHASE;
    }

    @Override
    public void count(List<PlannedUnit> units) {
        context.work(
                Phase.INFER_SCHEMA, units, () -> census().run(context.spark().get(), units));
    }

    @Override
    public Census counted() {
        return census().merged();
    }

    private CensusUnits census() {
        return new CensusUnits(
                context.run().storage(),
                context.run().path(CENSUS),
                context.run().units(),
                Phase.INFER_SCHEMA.label(),
                records,
                source.census(context.run()));
    }

    @Override
    public void extract(List<PlannedUnit> units, ShredPlan plan, CensusFiles census, Consumer<Dataset<Row>> sink) {
        Map<String, Duration> took = context.work(
                Phase.EXTRACT,
                units,
                () -> sink.accept(FilesSource.rows(
                        context.spark().get(),
                        new FilesSource.Read(
                                records, units, plan, census, context.run().units(), PHASE))));
        measured(took);
    }

    /** Told how long units of this process took, by their ids. */
    void measured(Map<String, Duration> took) {}

    @Override
    public Map<String, String> close() {
        return Map.of();
    }
}
