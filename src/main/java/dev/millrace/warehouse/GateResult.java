package dev.millrace.warehouse;

/**
 * One check of the gate.
 *
 * @param rule as the job file writes it, with the columns it is about: {@code unique (id, day)}
 * @param table it is about; {@code *} for the run as a whole
 * @param expected as a phrase with its figure
 * @param actual the figure found
 * @param passed whether it holds
 */
public record GateResult(String rule, String table, String expected, String actual, boolean passed) {
    /** The rule without its columns, as it is named to accept it: {@code unique}. */
    public String name() {
        int bracket = rule.indexOf(" (");
        return bracket < 0 ? rule : rule.substring(0, bracket);
    }

    /** {@code orders: min-rows: expected at least 100, found 98}. */
    @Override
    public String toString() {
        return (table.equals("*") ? "" : table + ": ") + rule + ": expected " + expected + ", found " + actual;
    }
}
