package dev.millrace.run;

import java.util.List;
import java.util.Map;

/**
 * The commit of one unit of work in one phase: the winner's files and counts.
 *
 * @param format version of this file's format, now 1
 * @param phase label of the phase
 * @param unit id of the unit, derived from its inputs
 * @param attempt random name of the attempt that won; the unit's files carry it
 * @param files what it wrote
 * @param counts by table; empty for phases that write no tables
 * @param facts other small figures of the unit by name, such as consumed capacity
 */
public record UnitManifest(
        int format,
        String phase,
        String unit,
        String attempt,
        List<DataFile> files,
        Map<String, TableCounts> counts,
        Map<String, String> facts) {
    public static final int FORMAT = 1;

    public UnitManifest {
        files = List.copyOf(files);
        counts = Map.copyOf(counts);
        facts = Map.copyOf(facts);
    }
}
