package dev.millrace.job;

import dev.millrace.config.DynamoDbSource;
import dev.millrace.config.Job;
import dev.millrace.fault.Fault;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunStore;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.ShredPlan;
import java.util.List;
import java.util.Optional;

/** What a job reads, found and described: opened once in a process, when it is first needed. */
interface JobSource extends AutoCloseable {
    /**
     * Finds what a job reads.
     *
     * @throws Fault of kind WORLD when it cannot be read
     */
    static JobSource open(Job job, Surroundings around) {
        if (job.source() instanceof DynamoDbSource) {
            return TableSource.open(job, around);
        }
        throw Fault.user("Invalid source: no such source can be read yet");
    }

    /** The units of a new run. */
    List<PlannedUnit> units();

    /** How the source is another than the one that a unit was planned for; empty where it is the same. */
    Optional<String> difference(PlannedUnit unit);

    /** Whether all that a run reads is in its staging already. */
    boolean isSpooled(RunContext context);

    /** Attributes that identify a record. */
    List<KeyAttribute> keys();

    /** What tells a record's kind. */
    KindRule kindRule();

    /** How the records of a run are counted. */
    CensusTaker.Settings census(RunStore run);

    /** When a record has expired, seen from a run's start. */
    ShredPlan.Expiry expiry(RunStore run);

    /** Settings of kinds that cannot be. */
    List<String> kindMistakes(String file);

    /** The source as one run reads it. */
    SourceReading reading(RunContext context);

    @Override
    void close();
}
