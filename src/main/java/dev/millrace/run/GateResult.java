package dev.millrace.run;

import java.util.Optional;

/**
 * One check of the gate.
 *
 * @param rule such as {@code rows} or {@code max-shrink}
 * @param table it was checked on
 * @param expected the limit, as a person reads it
 * @param actual what was found
 * @param passed whether it held
 * @param accepted why a person let the run pass although it did not hold
 */
public record GateResult(
        String rule, String table, String expected, String actual, boolean passed, Optional<String> accepted) {}
