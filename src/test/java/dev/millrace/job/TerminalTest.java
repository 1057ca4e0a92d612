package dev.millrace.job;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalTest {
    @Test
    void takesEachStreamForItself() {
        assertThat(Terminal.of("stdout,stderr", "120", UTF_8)).isEqualTo(new Terminal(true, true, 120, true));
        assertThat(Terminal.of("stderr", "120", UTF_8)).isEqualTo(new Terminal(false, true, 120, false));
        assertThat(Terminal.of("stdout", "120", UTF_8)).isEqualTo(new Terminal(true, false, 120, true));
        assertThat(Terminal.of("", "", UTF_8)).isEqualTo(Terminal.NONE);
    }

    @Test
    void drawsBoxesOnlyWhereTheyCanBeEncoded() {
        assertThat(Terminal.of("stdout", "80", US_ASCII).drawsBoxes()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"'', 100", "0, 100", "wide, 100", "99999, 100", "-5, 100", "10, 40", "132, 132"})
    void takesNonsenseForNoWidth(String columns, int expected) {
        assertThat(Terminal.of("stdout", columns, UTF_8).columns()).isEqualTo(expected);
    }

    @Test
    void findsNoneWhereTheLauncherSaidNothing() {
        assertThat(Terminal.detect()).isEqualTo(Terminal.NONE);
    }
}
