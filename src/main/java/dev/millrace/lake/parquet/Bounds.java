package dev.millrace.lake.parquet;

/**
 * The least and the greatest of some values, or what lies beyond them.
 *
 * @param minExact whether the least value is meant, and no shorter one before it
 * @param maxExact whether the greatest value is meant
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
record Bounds(byte[] min, byte[] max, boolean minExact, boolean maxExact) {
    /** Those of both. */
    static Bounds around(Bounds a, Bounds b, ValueOrder order) {
        boolean lower = order.compare(b.min, a.min) < 0;
        boolean higher = order.compare(b.max, a.max) > 0;
        return new Bounds(
                lower ? b.min : a.min,
                higher ? b.max : a.max,
                lower ? b.minExact : a.minExact,
                higher ? b.maxExact : a.maxExact);
    }
}
