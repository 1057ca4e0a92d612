package dev.millrace.job;

import java.time.Duration;

/**
 * How many workers a run wants, estimated from what it reads: as many as do it in about ten minutes, but no more than have
 * a unit to do. The rates are those of docs/remote.md, which tells where they come from.
 *
 * @param cores that have something to do
 */
record Workers(long cores) {
    /** What a vCPU reads, makes rows of and compacts in a second; half of what a core was measured to do. */
    enum Rate {
        /** Bytes of a table, as DynamoDB counts them: answers are about twice that. */
        TABLE(10_000_000),
        /** JSON and CSV, as it is without compression. */
        TEXT(10_000_000),
        PARQUET(15_000_000);

        private final double bytesPerSecond;

        Rate(double bytesPerSecond) {
            this.bytesPerSecond = bytesPerSecond;
        }
    }

    private static final Duration WANTED = Duration.ofMinutes(10);

    /** Of a G.1X, and of a worker of EMR Serverless as it is by default. */
    private static final int SMALL = 4;

    /** Of a G.2X. */
    private static final int LARGE = 8;

    /**
     * Estimates them.
     *
     * @param units of the run; a core does one at a time
     * @param atLeast what the source itself takes, however many read it
     */
    static Workers of(long bytes, Rate rate, long units, Duration atLeast) {
        double seconds = Math.max(WANTED.toMillis(), atLeast.toMillis()) / 1000.0;
        long wanted = (long) Math.ceil((double) bytes / (rate.bytesPerSecond * seconds));
        return new Workers(Math.max(1, Math.min(wanted, units)));
    }

    /** One worker of Glue is the driver's. */
    @Override
    public String toString() {
        return "about " + Figures.count(ceiling(SMALL) + 1) + " of G.1X or " + Figures.count(ceiling(LARGE) + 1)
                + " of G.2X on Glue, or " + Figures.count(ceiling(SMALL))
                + (ceiling(SMALL) == 1 ? " executor" : " executors")
                + " of 4 vCPU on EMR Serverless: an estimate, see docs/remote.md";
    }

    private long ceiling(int coresOfOne) {
        return (cores + coresOfOne - 1) / coresOfOne;
    }
}
