package dev.millrace.job;

import dev.millrace.config.DynamoDbSource;
import dev.millrace.config.Job;
import dev.millrace.config.TableSettings;
import dev.millrace.fault.Fault;
import dev.millrace.files.FilesSource;
import dev.millrace.run.RunStore;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.Notation;
import dev.millrace.schema.ShredPlan;
import dev.millrace.table.TableDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A source of files: how their records become rows, by the job file. */
abstract class RecordsSource implements JobSource {
    private final OpenJob open;
    private final boolean fileColumn;

    /** @param fileColumn whether rows say which file they are from */
    RecordsSource(OpenJob open, boolean fileColumn) {
        this.open = open;
        this.fileColumn = fileColumn;
    }

    @Override
    public Optional<DataSchema> given() {
        return given(open.job());
    }

    /** The data-schema of a job whose file gives the columns of all tables. */
    static Optional<DataSchema> given(Job job) {
        boolean isGiven = !(job.source() instanceof DynamoDbSource)
                && !job.tables().isEmpty()
                && job.tables().values().stream().allMatch(TableSettings::isGiven);
        return isGiven ? Optional.of(DataSchema.ofRecords()) : Optional.empty();
    }

    @Override
    public DataSchema unknown() {
        return DataSchema.ofRecords();
    }

    @Override
    public ShredPlan shredding(DataSchema schema, RunStore run) {
        ShredPlan plan = ShredPlan.ofRecords(schema, kindRule(run), open.job().tables(), fileColumn);
        requireNoChildren(plan);
        return plan;
    }

    /** Rows of child tables do not tell whether the row that they belong to was removed as a duplicate. */
    private void requireNoChildren(ShredPlan plan) {
        for (ShredPlan.Table table : plan.tables()) {
            if (!table.isMain() && open.job().table(table.kind()).deduplicate().isPresent()) {
                throw Fault.user("tables." + table.kind()
                        + ".deduplicate: the records have lists, whose rows are in table "
                        + table.definition().name() + " and would stay: give the columns, or set schema.lists: json");
            }
        }
    }

    @Override
    public TableDefinition quarantine() {
        return FilesSource.QUARANTINE;
    }

    /** What tells the kind of a run's records. */
    KindRule kindRule(RunStore run) {
        return TableSource.kindRule(open.job());
    }

    @Override
    public CensusTaker.Settings census(RunStore run) {
        Job job = open.job();
        return new CensusTaker.Settings(
                kindRule(run),
                ShredPlan.redactions(job.tables()),
                List.of(),
                job.schema().sample().fraction(),
                ShredPlan.Expiry.NEVER,
                Notation.PLAIN);
    }

    @Override
    public List<String> kindMistakes(String file) {
        List<String> mistakes = new ArrayList<>();
        if (TableSource.kindRule(open.job()) instanceof KindRule.Single
                && open.job().tables().size() > 1) {
            mistakes.add(file + ": tables: the records are all of one kind, and "
                    + open.job().tables().size() + " are named: leave one, or set schema.kind");
        }
        return mistakes;
    }

    @Override
    public void close() {}
}
