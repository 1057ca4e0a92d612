package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.testing.Processes;
import dev.millrace.testing.SparkSubmit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SparkSubmitIT {
    @TempDir
    private Path folder;

    @Test
    void startsTheJarsMain() {
        Processes.Ended ended = SparkSubmit.run(folder, command("--version"));
        assertThat(ended.output()).contains("millrace 0.1.0");
        assertThat(ended.exitCode()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesExitCodesOn(boolean installed) {
        assumeTrue(!installed || SparkSubmit.isInstalled(), "scripts/install-test-tools was not run");
        Processes.Ended ended = SparkSubmit.run(folder, command("nonsense"), installed);
        assertThat(ended.output()).contains("millrace: Unknown argument: nonsense; see millrace --help");
        assertThat(ended.exitCode()).isEqualTo(2);
    }

    private static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                "--master",
                "local[2]",
                "--class",
                "dev.millrace.job.Millrace",
                SparkSubmit.jar().toString()));
        command.addAll(List.of(arguments));
        return command;
    }
}
