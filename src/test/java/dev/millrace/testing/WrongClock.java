package dev.millrace.testing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;

/** The system's clock, which a test may set forward and back while others look at it. */
public final class WrongClock extends Clock {
    private volatile Clock clock = Clock.systemUTC();

    /** Sets it forward, or back. */
    public void jump(Duration by) {
        clock = Clock.offset(clock, by);
    }

    @Override
    public Instant instant() {
        return clock.instant();
    }

    @Override
    public ZoneId getZone() {
        return clock.getZone();
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return clock.withZone(zone);
    }
}
