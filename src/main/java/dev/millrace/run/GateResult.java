package dev.millrace.run;

/**
 * One check of the gate.
 *
 * @param rule such as {@code rows} or {@code max-shrink}
 * @param table it was checked on
 * @param expected the limit, as a person reads it
 * @param actual what was found
 * @param passed whether it held
 */
public record GateResult(String rule, String table, String expected, String actual, boolean passed) {}
