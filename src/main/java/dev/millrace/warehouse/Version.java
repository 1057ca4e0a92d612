package dev.millrace.warehouse;

import dev.millrace.run.RunId;

/**
 * A version of the warehouse: what one run loaded.
 *
 * @param run that loaded it
 * @param commit the run's number in the job's ledger; later runs have higher ones
 */
public record Version(RunId run, long commit) {}
