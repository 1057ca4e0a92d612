package dev.millrace.job;

import dev.millrace.run.Commit;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.TableCounts;
import dev.millrace.schema.Census;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.ShredPlan;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** One run's reading of its job's source; may be stopped at any instant and begun again. */
interface SourceReading {
    /** Label of the phase whose manifests say how many records each unit holds; empty where none does. */
    String inputPhase();

    /** Counts the records of units for inference; each unit is committed. */
    void count(List<PlannedUnit> units);

    /** What was counted of all units of the run together. */
    Census counted();

    /**
     * Makes rows of the records of units.
     *
     * @param census counts them on the way
     * @param sink takes the wide rows, a partition per unit in the order of the units
     */
    void extract(List<PlannedUnit> units, ShredPlan plan, CensusFiles census, Consumer<Dataset<Row>> sink);

    /** Ends the reading once the rows of all units are landed. Returns facts for the commit of the phase. */
    Map<String, String> close();

    /**
     * Commits the run to the job's ledger, or finds that it has committed.
     *
     * @throws dev.millrace.fault.Fault of kind SUPERSEDED when another run was first
     */
    Commit commit(Map<String, TableCounts> counts);

    /** The run's commit is in the ledger: removes what nobody reads any more. */
    void committed();
}
