package dev.millrace.dynamodb;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;

/** The clock that reading is paced by. */
interface Ticker {
    /** Nanoseconds since some moment. */
    long nanos();

    /** Waits until something has changed, for so long at most; may end earlier. Its lock is held. */
    void await(Condition changed, long nanos) throws InterruptedException;

    /** Waits for so long. */
    void sleep(long nanos) throws InterruptedException;

    /** The machine's. */
    Ticker SYSTEM = new Ticker() {
        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        @SuppressWarnings("WaitNotInLoop") // its callers loop
        public void await(Condition changed, long nanos) throws InterruptedException {
            changed.awaitNanos(nanos);
        }

        @Override
        public void sleep(long nanos) throws InterruptedException {
            TimeUnit.NANOSECONDS.sleep(nanos);
        }
    };
}
