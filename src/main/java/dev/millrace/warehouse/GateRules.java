package dev.millrace.warehouse;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/**
 * What must hold before a run's tables replace live.
 *
 * @param maxQuarantine share of the rows read that may be quarantined, over the run: 0.001 is 0.1 %
 * @param maxShrink share by which a table may have fewer rows than in live; 1 is no limit
 * @param minRows least number of rows, by table
 * @param notNull columns that may not lack a value, by table
 * @param unique column sets whose combined values may not repeat, by table
 */
public record GateRules(
        BigDecimal maxQuarantine,
        BigDecimal maxShrink,
        Map<String, Long> minRows,
        Map<String, List<String>> notNull,
        Map<String, List<List<String>>> unique) {
    /** At most 0.1 % quarantined; nothing else is declared. */
    public static final GateRules DEFAULT =
            new GateRules(new BigDecimal("0.001"), BigDecimal.ONE, Map.of(), Map.of(), Map.of());

    public GateRules {
        requireShare("max-quarantine", maxQuarantine);
        requireShare("max-shrink", maxShrink);
        minRows = Map.copyOf(minRows);
        notNull = Map.copyOf(notNull);
        unique = Map.copyOf(unique);
    }

    private static void requireShare(String rule, BigDecimal share) {
        if (share.signum() < 0 || share.compareTo(BigDecimal.ONE) > 0) {
            throw new IllegalArgumentException("Invalid " + rule + ": " + share + ": must lie between 0 and 1");
        }
    }
}
