package dev.millrace.schema;

/**
 * The digits that hold every number met at a path.
 *
 * @param integerDigits before the point
 * @param scale after the point
 * @param bigint whether all are whole and fit 64 bits
 */
record NumberCensus(int integerDigits, int scale, boolean bigint) {
    static final NumberCensus NONE = new NumberCensus(0, 0, true);

    boolean holds(NumberScan number) {
        return number.integerDigits() <= integerDigits && number.scale() <= scale && (!bigint || number.isBigint());
    }

    NumberCensus with(NumberScan number) {
        return new NumberCensus(
                Math.max(integerDigits, number.integerDigits()),
                Math.max(scale, number.scale()),
                bigint && number.isBigint());
    }

    NumberCensus merge(NumberCensus other) {
        return new NumberCensus(
                Math.max(integerDigits, other.integerDigits), Math.max(scale, other.scale), bigint && other.bigint);
    }
}
