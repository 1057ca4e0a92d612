package dev.millrace.warehouse;

import dev.millrace.fault.Fault;
import dev.millrace.run.RunId;
import dev.millrace.table.TableDefinition;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What a run brings to the warehouse.
 *
 * @param run that loads
 * @param commit its number in the job's ledger
 * @param schema of the warehouse that readers use
 * @param tables all of them: the new version holds these and no others
 * @param job whose run it is
 * @param takesOver a job whose versions it replaces too, whatever their numbers: the name that it had before, or its own
 *     where the ledger of those is lost
 * @param isOfLedger whether a version of the job's name is of its ledger; asked where it takes over its own name
 */
public record Load(
        RunId run,
        long commit,
        String schema,
        List<TableDefinition> tables,
        String job,
        Optional<String> takesOver,
        Predicate<Version> isOfLedger) {
    public Load {
        tables = List.copyOf(tables);
    }

    /** A load of a job that has always had its name. */
    public Load(RunId run, long commit, String schema, List<TableDefinition> tables, String job) {
        this(run, commit, schema, tables, job, Optional.empty(), version -> true);
    }

    /** Whether a job's versions are this load's to replace. */
    public boolean replaces(String other) {
        return job.equals(other) || takesOver.filter(other::equals).isPresent();
    }

    /**
     * Throws where another job's version is live.
     *
     * @param where the warehouse
     * @throws Fault USER
     */
    public void requireReplaces(Version live, String where) {
        if (!replaces(live.job())) {
            throw live.notOf(job, where);
        }
    }

    /** Whether a version is of a later commit than this one's. The numbers of two ledgers say nothing to each other. */
    public boolean isBefore(Version live) {
        return live.job().equals(job)
                && live.commit() > commit
                && (takesOver.filter(job::equals).isEmpty() || isOfLedger.test(live));
    }

    /** The table of that name, without regard to case. */
    public Optional<TableDefinition> table(String name) {
        return tables.stream().filter(t -> t.name().equalsIgnoreCase(name)).findFirst();
    }

    /** Throws where this is brought to a warehouse of another schema: a mistake of the caller. */
    public void requireSchema(String warehouses) {
        if (!schema.equals(warehouses)) {
            throw new IllegalArgumentException(
                    "Invalid load: schema " + schema + " into the warehouse's schema " + warehouses);
        }
    }

    /** All tables with their columns and types, as text to compare. */
    public String definition() {
        return tables.stream().map(LandingFiles::shape).sorted().collect(Collectors.joining("\n"));
    }

    /**
     * What is told when there is nothing to load into or to make live.
     *
     * @param where the staging should be
     */
    public Fault noStaging(String where) {
        return Fault.world("Run " + run + " has no staging in " + where
                + ": prepare comes first, and a later run may have removed it. Where prepare is done, give the run up by"
                + " scripts/millrace abandon " + run + ", and start the job again");
    }

    /**
     * What is told when a later commit is live.
     *
     * @param where the warehouse
     * @param live what is live there
     */
    public Fault superseded(String where, Version live) {
        return Fault.superseded("Run " + run + ", commit " + commit + ", does not replace " + where
                + ": a later run is live: " + live.run() + ", commit " + live.commit()
                + ". Nothing is lost: that run's data is newer");
    }

    /**
     * What is told when this run was live and a person has rolled it back since. Nobody can lift it: the run ends, and
     * the next start begins a new one.
     *
     * @param where the warehouse
     * @param live what is live there
     */
    public Fault rolledBack(String where, Version live) {
        return Fault.gate("Run " + run + ", commit " + commit + ", does not replace " + where
                + " again: it was live and was rolled back; live stays run " + live.run() + ", commit " + live.commit()
                + ". Start the job again, without --run: a new run reads its data anew");
    }
}
