package dev.millrace.warehouse;

import dev.millrace.fault.Fault;
import dev.millrace.run.RunId;

/**
 * A version of the warehouse: what one run loaded.
 *
 * @param run that loaded it
 * @param commit the run's number in the job's ledger; later runs of that job have higher ones
 * @param job whose run it is
 */
public record Version(RunId run, long commit, String job) {
    /**
     * What is told when this is live where another job loads.
     *
     * @param where the warehouse
     * @param other the other job
     */
    public Fault notOf(String other, String where) {
        return Fault.user("Invalid warehouse: " + where + " is loaded by job " + job + ": its run " + run + ", commit "
                + commit + ", is live there, and this is job " + other
                + ": load another schema (of DuckDB, another file),"
                + " or, where " + job + " is the name that this job had before, write takes-over: " + job
                + " below warehouse:, and schema: as " + job + " had it, by default the job's name");
    }
}
