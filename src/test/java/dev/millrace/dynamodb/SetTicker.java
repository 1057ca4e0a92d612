package dev.millrace.dynamodb;

import java.util.concurrent.locks.Condition;

/** A clock on which waiting takes no time. For one thread: what is waited for never changes meanwhile. */
final class SetTicker implements Ticker {
    private long now;

    @Override
    public synchronized long nanos() {
        return now;
    }

    @Override
    public synchronized void await(Condition changed, long nanos) {
        if (nanos == Long.MAX_VALUE) {
            throw new AssertionError("Would wait for ever");
        }
        now += nanos;
    }

    @Override
    public synchronized void sleep(long nanos) {
        now += nanos;
    }

    double seconds() {
        return nanos() / 1e9;
    }
}
