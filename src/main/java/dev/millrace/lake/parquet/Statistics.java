package dev.millrace.lake.parquet;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a writer noted of a chunk's or page's values. The bounds of old writers, whose order nobody knows, are not read.
 *
 * @param nulls how many values are null
 */
record Statistics(OptionalLong nulls, Optional<Bounds> bounds) {
    static final Statistics NONE = new Statistics(OptionalLong.empty(), Optional.empty());

    private static final int NULL_COUNT = 3;
    private static final int MAX = 5;
    private static final int MIN = 6;
    private static final int MAX_EXACT = 7;
    private static final int MIN_EXACT = 8;

    static Statistics read(ThriftReader in) {
        in.struct();
        OptionalLong nulls = OptionalLong.empty();
        byte[] min = null;
        byte[] max = null;
        boolean minExact = true;
        boolean maxExact = true;
        for (int id = in.field(0); id != 0; id = in.field(id)) {
            switch (id) {
                case NULL_COUNT -> nulls = OptionalLong.of(in.i64());
                case MAX -> max = in.binary();
                case MIN -> min = in.binary();
                case MAX_EXACT -> maxExact = in.bool();
                case MIN_EXACT -> minExact = in.bool();
                default -> in.skip();
            }
        }
        Optional<Bounds> bounds =
                min == null || max == null ? Optional.empty() : Optional.of(new Bounds(min, max, minExact, maxExact));
        return new Statistics(nulls, bounds);
    }

    /** What is exact needs no word: that is what readers take it for. */
    static void write(ThriftWriter out, int field, long nulls, Optional<Bounds> bounds) {
        out.struct(field).i64(NULL_COUNT, nulls);
        if (bounds.isPresent()) {
            out.binary(MAX, bounds.get().max());
            out.binary(MIN, bounds.get().min());
            if (!bounds.get().maxExact()) {
                out.bool(MAX_EXACT, false);
            }
            if (!bounds.get().minExact()) {
                out.bool(MIN_EXACT, false);
            }
        }
        out.end();
    }
}
