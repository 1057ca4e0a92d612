package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class WorkersTest {
    private static final long GB = 1_000_000_000;

    @Test
    void asManyAsDoItInTenMinutes() {
        assertThat(of(1 * GB, 64)).isEqualTo(new Workers(1));
        assertThat(of(24 * GB, 64)).isEqualTo(new Workers(4));
        assertThat(of(600 * GB, 1_000))
                .isEqualTo(new Workers(100))
                .hasToString("about 26 of G.1X or 14 of G.2X on Glue,"
                        + " or 25 executors of 4 vCPU on EMR Serverless: an estimate, see docs/remote.md");
    }

    @Test
    void noMoreThanHaveAUnitToDo() {
        assertThat(of(600 * GB, 8)).isEqualTo(new Workers(8));
        assertThat(of(0, 0)).isEqualTo(new Workers(1));
    }

    /** A table that may only be read slowly is not read faster by more. */
    @Test
    void noMoreThanTheSourceKeepsBusy() {
        assertThat(Workers.of(600 * GB, Workers.Rate.TABLE, 1_000, Duration.ofHours(10)))
                .isEqualTo(new Workers(2));
    }

    private static Workers of(long bytes, long units) {
        return Workers.of(bytes, Workers.Rate.TABLE, units, Duration.ZERO);
    }
}
