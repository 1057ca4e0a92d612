package dev.millrace.dynamodb;

/**
 * Says when a request may be sent so that reading keeps to a rate. Knows no clock: times are nanoseconds of whatever
 * clock the caller has. Not safe for several threads.
 *
 * <p>Two rules hold. A request is paid for before it is sent: what was sent since the beginning never costs more than
 * rate times time, and of time in which nobody asked at most a second is made up for. And after a request the next one waits
 * for its cost at 105 % of the rate: also while time is made up for, no stretch of it sees more than that and one
 * request.
 *
 * <p>When requests are refused because the table gives less, the rate is halved, and grows back to the budget by a
 * twentieth of it for each second in which requests are answered.
 */
final class Pace {
    private static final double NANOS = 1e9;
    private static final long MADE_UP_NANOS = 1_000_000_000;
    private static final double FASTEST = 1.05;
    private static final double CUT = 0.5;
    private static final double LOWEST = 0.05;
    private static final double GROWTH_PER_SECOND = 0.05;

    private double budget;
    private double rate;
    /** Up to when all time has been spent on what was sent. */
    private long paid;
    /** Nothing is sent before. */
    private long free;

    private long cut;
    private long grown;

    /** @param budget units a second; infinite: nothing ever waits */
    Pace(double budget, long now) {
        if (!(budget > 0)) {
            throw new IllegalArgumentException("Invalid read budget: " + budget + " units/s: must be positive");
        }
        this.budget = budget;
        this.rate = budget;
        this.paid = now;
        this.free = now;
        this.cut = now;
        this.grown = now;
    }

    /** Time up to now is not made up for. */
    void begin(long now) {
        paid = Math.max(paid, now);
    }

    /** From now on the budget is another; a rate that is slowed down stays so. */
    void budget(double units) {
        rate *= units / budget;
        budget = units;
    }

    /** Somebody wants to send the next request. From now on it is paid for; before, a second may have been saved. */
    void asked(long now) {
        paid = Math.max(paid, now - MADE_UP_NANOS);
    }

    /** Nanoseconds to wait until the request that was asked for may be sent, if it costs so many units; 0: now. */
    long delay(double units, long now) {
        return Math.max(0, Math.max(paid + nanos(units), free) - now);
    }

    /** The request was sent; it is expected to cost so many units. */
    void sent(double units, long now) {
        paid += nanos(units);
        free = now + (long) (nanos(units) / FASTEST);
    }

    /** A request that was expected to cost so many units cost others. */
    void corrected(double expected, double actual) {
        long difference = nanos(actual - expected);
        paid += difference;
        free += (long) (difference / FASTEST);
    }

    /** A request was answered. */
    void answered(long now) {
        if (rate < budget) {
            rate = Math.min(budget, rate + budget * GROWTH_PER_SECOND * ((now - grown) / NANOS));
        }
        grown = now;
    }

    /** A request was refused because too much was asked for. Several that were sent at one rate slow it down once. */
    void throttled(long sent, long now) {
        if (sent >= cut) {
            rate = Math.max(budget * LOWEST, rate * CUT);
            cut = now;
            grown = now;
        }
    }

    double rate() {
        return rate;
    }

    private long nanos(double units) {
        return (long) (units / rate * NANOS);
    }
}
