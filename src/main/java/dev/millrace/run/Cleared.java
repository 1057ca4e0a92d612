package dev.millrace.run;

import java.time.Instant;

/**
 * How far lifetimes have been enforced: {@code cleared.json} of the job. It only saves work: to look at a run twice does
 * no harm.
 *
 * @param format version of this file's format, now 1
 * @param through this run and all before it have been cleared
 * @param at when
 */
record Cleared(int format, RunId through, Instant at) {
    static final int FORMAT = 1;
}
