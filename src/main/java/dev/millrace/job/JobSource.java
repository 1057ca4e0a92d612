package dev.millrace.job;

import dev.millrace.config.DynamoDbSource;
import dev.millrace.config.FileSource;
import dev.millrace.config.SnapshotSource;
import dev.millrace.fault.Fault;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunStore;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.ShredPlan;
import dev.millrace.table.TableDefinition;
import java.util.List;
import java.util.Optional;

/** What a job reads, found and described: opened once in a process, when it is first needed. */
interface JobSource extends AutoCloseable {
    /**
     * Finds what a job reads.
     *
     * @param selection what a new run takes of files
     * @throws Fault of kind WORLD when it cannot be read
     */
    static JobSource open(OpenJob open, Selection selection, Surroundings around) {
        if (open.job().source() instanceof DynamoDbSource) {
            return TableSource.open(open.job(), around);
        }
        if (open.job().source() instanceof FileSource files) {
            return FolderSource.open(open, files, selection, around);
        }
        if (open.job().source() instanceof SnapshotSource snapshot) {
            return ListedSource.open(open, snapshot, around);
        }
        throw new IllegalStateException("No such source: " + open.job().source());
    }

    /** Whether a new run would find nothing to do. */
    boolean isEmpty();

    /** The units of a new run. */
    List<PlannedUnit> units(RunStore run);

    /** How the source is another than the one that a run was planned for; empty where it is the same. */
    Optional<String> difference(RunStore run);

    /** Whether all that a run reads is in its staging already, or stays where it is. */
    boolean isSpooled(RunContext context);

    /** The data-schema where the job file gives it, so that none is inferred; its version is 0. */
    Optional<DataSchema> given();

    /** What is known before the first inference. */
    DataSchema unknown();

    /**
     * How records become rows.
     *
     * @throws Fault of kind USER, with every mistake, when the job file does not go with the data-schema
     */
    ShredPlan shredding(DataSchema schema, RunStore run);

    /** The table of what is quarantined. */
    TableDefinition quarantine();

    /** How the records of a run are counted. */
    CensusTaker.Settings census(RunStore run);

    /** Settings of kinds that cannot be. */
    List<String> kindMistakes(String file);

    /** The source as one run reads it. */
    SourceReading reading(RunContext context);

    @Override
    void close();
}
