package dev.millrace.job;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    private static final Terminal SCREEN = new Terminal(true, true, 100, true);

    private final AtomicLong nanos = new AtomicLong(-5_000_000_000L);
    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private final List<String> log = new ArrayList<>();

    @Test
    void redrawsOneLineOnATerminal() {
        try (ProgressLine line = start(SCREEN, 16)) {
            passMillis(3_576);
            line.add(12, 15_021, 8_100_000);
            passMillis(1_200);
            line.add(4, 5_000, 2_600_000);
        }
        assertThat(drawn())
                .containsExactly(
                        "extract  0/16 units  0.0 s",
                        "extract  12/16 units  15,021 rows  8.1 MB  4,201 rows/s  2 s left",
                        "extract  16/16 units  20,021 rows  10.7 MB  4,192 rows/s  4.8 s",
                        "extract  16/16 units  20,021 rows  10.7 MB  4,192 rows/s  4.8 s" + System.lineSeparator());
        assertThat(log).isEmpty();
    }

    @Test
    void redrawsAtMostFiveTimesASecond() {
        try (ProgressLine line = start(SCREEN, 2_000)) {
            for (int i = 0; i < 1_000; i++) {
                passMillis(1);
                line.add(1, 10, 100);
            }
            // One at the start, five within the second.
            assertThat(drawn()).hasSize(6);
        }
    }

    @Test
    void countsTimeWhileNothingIsFinished() {
        try (ProgressLine line = start(SCREEN, 4)) {
            passMillis(2_000);
            line.redraw();
            assertThat(drawn()).last().isEqualTo("extract  0/4 units  2.0 s");
        }
    }

    @Test
    void logsFinishedUnitsEveryTwoSecondsAndTheEndWhereThereIsNoTerminal() {
        try (ProgressLine line = start(Terminal.NONE, 4)) {
            passMillis(500);
            line.add(1, 400, 9_000);
            passMillis(1_500);
            line.add(0, 100, 1_000);
            line.add(1, 500, 10_000);
            line.add(1, 500, 10_000);
            passMillis(500);
            line.add(1, 1_000, 10_000);
        }
        assertThat(log)
                .containsExactly(
                        "extract  2/4 units  1,000 rows  20.0 KB  500 rows/s  2 s left",
                        "extract  4/4 units  2,500 rows  40.0 KB  1,000 rows/s  2.5 s");
        assertThat(screen.size()).isZero();
    }

    @Test
    void saysHowFarAnUnfinishedPhaseCame() {
        ProgressLine line = start(Terminal.NONE, 3);
        line.add(1, 0, 0);
        passMillis(1_000);
        line.close();
        line.close();
        assertThat(log).containsExactly("extract  1/3 units  1.0 s");
    }

    @Test
    void neverWraps() {
        try (ProgressLine line = start(new Terminal(true, true, 40, true), 16)) {
            passMillis(1_000);
            line.add(12, 15_021, 8_100_000);
        }
        assertThat(drawn()).allSatisfy(text -> assertThat(text.strip()).hasSizeLessThan(40));
    }

    @Test
    void losesNothingBetweenThreads() {
        ProgressLine line = start(Terminal.NONE, 10_000);
        IntStream.range(0, 10_000).parallel().forEach(i -> line.add(1, 3, 7));
        line.close();
        assertThat(log).last().asString().startsWith("extract  10,000/10,000 units  30,000 rows  70.0 KB");
    }

    @Test
    void refusesANegativeNumberOfUnits() {
        assertThatThrownBy(() -> start(Terminal.NONE, -1)).hasMessage("Invalid number of units of extract: -1");
    }

    private ProgressLine start(Terminal terminal, int units) {
        return new ProgressLine("extract", units, terminal, new PrintStream(screen, true, UTF_8), log::add, nanos::get);
    }

    private void passMillis(long millis) {
        nanos.addAndGet(millis * 1_000_000);
    }

    private List<String> drawn() {
        return List.of(screen.toString(UTF_8).substring(1).split("\r", -1)).stream()
                .map(text -> text.replace("\u001b[K", ""))
                .toList();
    }
}
