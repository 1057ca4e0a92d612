package dev.millrace.job;

import dev.millrace.files.FileUnits;
import dev.millrace.files.FilesSource;
import dev.millrace.files.RecordFiles;
import dev.millrace.files.UnitFiles;
import dev.millrace.run.Commit;
import dev.millrace.run.Phase;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.TableCounts;
import dev.millrace.schema.Census;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusUnits;
import dev.millrace.schema.ShredPlan;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The part of a run that reads its files: where they are, since they are their own spool. */
final class FolderReading implements SourceReading {
    /** Label of the units that are read, with the number of their records. */
    static final String PHASE = "read";

    private static final String CENSUS = "census/";

    private final RunContext context;
    private final FolderSource source;
    private final FileUnits files;

    FolderReading(RunContext context, FolderSource source) {
        this.context = context;
        this.source = source;
        this.files = source.files(context.run());
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
                records(),
                source.census(context.run()));
    }

    private RecordFiles records() {
        FileUnits listed = files;
        UnitFiles units = unit -> listed.entries(unit).stream()
                .map(entry -> new UnitFiles.Entry(entry.part(), entry.reason().text()))
                .toList();
        return new RecordFiles(
                source.folder().storage(),
                units,
                source.settings().format(),
                source.settings().limits());
    }

    @Override
    public void extract(List<PlannedUnit> units, ShredPlan plan, CensusFiles census, Consumer<Dataset<Row>> sink) {
        context.work(
                Phase.EXTRACT,
                units,
                () -> sink.accept(FilesSource.rows(
                        context.spark().get(),
                        new FilesSource.Read(
                                records(), units, plan, census, context.run().units(), PHASE))));
    }

    @Override
    public Map<String, String> close() {
        return Map.of();
    }

    @Override
    public Commit commit(Map<String, TableCounts> counts) {
        return source.ledger()
                .commit(context.plan(), files, RecordFiles.rows(context.run().units(), PHASE), counts, Map.of());
    }

    @Override
    public void committed() {
        source.remember();
    }
}
