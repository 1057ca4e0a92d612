package dev.millrace.run;

import java.time.Instant;
import java.util.Map;

/**
 * One numbered commit of a job: the run whose result is the job's n-th.
 *
 * @param format version of this file's format, now 1
 * @param n counts from 1 without gaps
 * @param run that committed; no run commits twice
 * @param at when
 * @param counts by table
 * @param facts what later runs and readers need to know
 */
public record Commit(
        int format, long n, RunId run, Instant at, Map<String, TableCounts> counts, Map<String, String> facts) {
    public static final int FORMAT = 1;

    public Commit {
        counts = Map.copyOf(counts);
        facts = Map.copyOf(facts);
    }
}
