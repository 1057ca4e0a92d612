package dev.millrace.run;

/**
 * What became of a table's rows. {@code in = out + quarantined + duplicates + expired}, checked by {@link #isBalanced}.
 *
 * @param in rows the source held for the table
 * @param out rows written
 * @param quarantined rows kept verbatim apart, not understood
 * @param duplicates rows removed as duplicates
 * @param expired rows whose time to live had passed, left out on purpose
 * @param rescued rows among {@code out} with at least one value that did not fit, kept in {@code _rest}
 */
public record TableCounts(long in, long out, long quarantined, long duplicates, long expired, long rescued) {
    public static final TableCounts NONE = new TableCounts(0, 0, 0, 0, 0, 0);

    public TableCounts plus(TableCounts other) {
        return new TableCounts(
                in + other.in,
                out + other.out,
                quarantined + other.quarantined,
                duplicates + other.duplicates,
                expired + other.expired,
                rescued + other.rescued);
    }

    public boolean isBalanced() {
        return in == out + quarantined + duplicates + expired;
    }
}
