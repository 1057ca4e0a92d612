package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ThisProcessTest {
    private static final String HOST =
            ThisProcess.name().substring(ThisProcess.name().indexOf('@'));

    @Test
    void livesItself() {
        assertThat(ThisProcess.isDead(ThisProcess.name(), Instant.now())).isFalse();
    }

    @Test
    void knowsOfAProcessOfItsMachineThatIsGone() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--version")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        process.waitFor();
        assertThat(ThisProcess.isDead(process.pid() + HOST, Instant.now())).isTrue();
    }

    @Test
    void knowsThatItsNumberWasAnothersBefore() {
        Instant before =
                ProcessHandle.current().info().startInstant().orElseThrow().minus(Duration.ofMinutes(1));
        assertThat(ThisProcess.isDead(ThisProcess.name(), before)).isTrue();
    }

    @Test
    void knowsNothingOfOtherMachines() {
        assertThat(ThisProcess.isDead("1@elsewhere", Instant.now())).isFalse();
        assertThat(ThisProcess.isDead("somebody", Instant.now())).isFalse();
        assertThat(ThisProcess.isDead("x" + HOST, Instant.now())).isFalse();
    }
}
