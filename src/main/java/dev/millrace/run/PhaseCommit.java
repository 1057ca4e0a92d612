package dev.millrace.run;

import java.util.Map;

/**
 * The commit of a whole phase of a run.
 *
 * @param format version of this file's format, now 1
 * @param phase label of the phase
 * @param facts what later phases need to know, such as the version of the data-schema
 * @param counts by table, over all units
 */
public record PhaseCommit(int format, String phase, Map<String, String> facts, Map<String, TableCounts> counts) {
    public static final int FORMAT = 1;

    public PhaseCommit {
        facts = Map.copyOf(facts);
        counts = Map.copyOf(counts);
    }
}
