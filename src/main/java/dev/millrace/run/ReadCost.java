package dev.millrace.run;

/**
 * What reading the source has cost a run, all processes and attempts together.
 *
 * @param units capacity units
 * @param requests that were made
 * @param throttled those among them that were refused because too much was asked for
 * @param budget what reading was bounded by, as a person reads it; may be empty
 */
public record ReadCost(double units, long requests, long throttled, String budget) {
    ReadCost plus(ReadCost other) {
        return new ReadCost(units + other.units, requests + other.requests, throttled + other.throttled, budget);
    }

    /** With what bounded it. */
    public ReadCost within(String bounds) {
        return new ReadCost(units, requests, throttled, bounds);
    }
}
