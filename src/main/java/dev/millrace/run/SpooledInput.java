package dev.millrace.run;

/**
 * What an earlier run has read and another run takes for its input, instead of reading the source again.
 *
 * @param run whose spool it is
 * @param commit the last commit in the ledger then; a run with such an input commits right after it or not at all, since
 *     after any other it would bring back what is older
 */
public record SpooledInput(RunId run, long commit) {}
