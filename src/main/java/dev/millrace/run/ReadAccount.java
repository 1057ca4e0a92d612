package dev.millrace.run;

/**
 * What one reader, a JVM, has read of a run's source; nobody else writes its file.
 *
 * @param format version of this file's format, now 1
 * @param number of the account, from 1
 * @param reader whose it is
 * @param reserved capacity units that are set aside for it
 * @param units capacity units that its requests have cost
 * @param requests that it has made
 * @param throttled those among them that were refused because too much was asked for
 * @param closed whether it never changes again
 */
public record ReadAccount(
        int format,
        long number,
        Reader reader,
        double reserved,
        double units,
        long requests,
        long throttled,
        boolean closed) {
    public static final int FORMAT = 1;

    /**
     * A JVM that reads for a run. It may have several accounts, one after the other.
     *
     * @param id random
     * @param share the share of the run's units that its process does, such as {@code 1/1}
     * @param slots tasks that it can run at once
     */
    public record Reader(String id, String share, int slots) {}

    /** What of the run's units is not for others. */
    double claimed() {
        return Math.max(reserved, units);
    }

    /** After one more request. */
    public ReadAccount after(double cost, boolean wasThrottled) {
        long refused = throttled + (wasThrottled ? 1 : 0);
        return new ReadAccount(format, number, reader, reserved, units + cost, requests + 1, refused, closed);
    }

    /** With nothing set aside but for what is under way. */
    public ReadAccount keeping(double underWay) {
        double kept = Math.min(reserved, units + underWay);
        return new ReadAccount(format, number, reader, kept, units, requests, throttled, closed);
    }

    /** As it stays. */
    public ReadAccount ended() {
        return new ReadAccount(format, number, reader, units, units, requests, throttled, true);
    }
}
