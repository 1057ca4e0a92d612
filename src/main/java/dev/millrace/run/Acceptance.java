package dev.millrace.run;

import java.time.Instant;
import java.util.List;

/**
 * A person's decision that a run may pass gates that refused it, this once.
 *
 * @param format version of this file's format, now 1
 * @param rules it may pass, such as {@code max-shrink}
 * @param reason why, in the person's words
 * @param by who decided, as far as the machine knows
 * @param at when
 */
public record Acceptance(int format, List<String> rules, String reason, String by, Instant at) {
    public static final int FORMAT = 1;

    public Acceptance {
        rules = List.copyOf(rules);
    }
}
