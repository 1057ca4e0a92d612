package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.ReadCost;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {
    @Test
    void separatesThousands() {
        assertThat(Figures.count(0)).isEqualTo("0");
        assertThat(Figures.count(15_021)).isEqualTo("15,021");
        assertThat(Figures.count(Long.MAX_VALUE)).isEqualTo("9,223,372,036,854,775,807");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "999, 999 B",
        "1000, 1.0 KB",
        "99949, 99.9 KB",
        "99950, 100 KB",
        "999499, 999 KB",
        "999500, 1.0 MB",
        "8100000, 8.1 MB",
        "131900000, 132 MB",
        "9223372036854775807, 9.2 EB"
    })
    void writesBytesInUnitsOfThousand(long bytes, String text) {
        assertThat(Figures.bytes(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0.0 s",
        "49, 0.0 s",
        "1234, 1.2 s",
        "59949, 59.9 s",
        "59950, 1 min 0 s",
        "200000, 3 min 20 s",
        "3599400, 59 min 59 s",
        "3600000, 1 h 0 min",
        "7500000, 2 h 5 min",
        "7199999, 2 h 0 min"
    })
    void writesDurationsInOneOrTwoUnits(long millis, String text) {
        assertThat(Figures.duration(Duration.ofMillis(millis))).isEqualTo(text);
    }

    @Test
    void writesCapacityUnitsWithTheHalfThatTheyMayHave() {
        assertThat(Figures.units(0.5)).isEqualTo("0.5");
        assertThat(Figures.units(1_234_567)).isEqualTo("1,234,567");
        assertThat(Figures.units(12.25)).isEqualTo("12.3");
    }

    @Test
    void tellsThrottledRequestsWhereThereAreSome() {
        assertThat(Figures.cost(new ReadCost(819.5, 1_600, 0, ""))).isEqualTo("819.5 capacity units in 1,600 requests");
        assertThat(Figures.cost(new ReadCost(819.5, 16, 3, "")))
                .isEqualTo("819.5 capacity units in 16 requests, 3 of them throttled");
    }
}
