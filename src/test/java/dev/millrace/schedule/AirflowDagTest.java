package dev.millrace.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AirflowDagTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PT1M  | \"* * * * *\"",
                "PT15M | \"*/15 * * * *\"",
                "PT1H  | \"0 * * * *\"",
                "PT6H  | \"0 */6 * * *\"",
                "P1D   | \"0 0 * * *\"",
                "PT7M  | timedelta(seconds=420)",
                "PT90M | timedelta(seconds=5400)",
                "PT5H  | timedelta(seconds=18000)",
                "P7D   | timedelta(seconds=604800)",
                "PT30S | timedelta(seconds=30)"
            })
    void startsAtWholePartsOfADayWhereTheyAre(Duration every, String schedule) {
        assertThat(AirflowDag.schedule(every)).isEqualTo(schedule);
    }
}
