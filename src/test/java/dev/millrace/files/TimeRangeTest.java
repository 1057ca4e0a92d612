package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimeRangeTest {
    @ParameterizedTest
    @CsvSource({
        "2026-11-21, 2026-11-21T00:00:00Z",
        "2026-11-21T07, 2026-11-21T07:00:00Z",
        "2026-11-21T07:30, 2026-11-21T07:30:00Z",
        "2026-11-21T07:30:15, 2026-11-21T07:30:15Z",
        "2026-11-21T07:30:15Z, 2026-11-21T07:30:15Z",
        "2026-11-21T07:30:15+01:00, 2026-11-21T06:30:15Z",
    })
    void readsTimesAsUtc(String text, String instant) {
        assertThat(TimeRange.parse(Optional.of(text), Optional.empty()).since()).contains(Instant.parse(instant));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "yesterday", "2026-02-30", "2026-11-21T25", "2026-11-21 07:00", "21.11.2026"})
    void refusesOtherTexts(String text) {
        assertThatThrownBy(() -> TimeRange.parse(Optional.empty(), Optional.of(text)))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid until: " + text + ": must be a UTC time such as 2026-11-21, 2026-11-21T07,"
                        + " 2026-11-21T07:30 or 2026-11-21T07:30:00Z");
    }

    @Test
    void anEndComesAfterTheBegin() {
        assertThatThrownBy(() -> TimeRange.parse(Optional.of("2026-11-21"), Optional.of("2026-11-21T00")))
                .hasMessage("Invalid until: 2026-11-21T00:00:00Z: must be after since, which is 2026-11-21T00:00:00Z");
    }
}
