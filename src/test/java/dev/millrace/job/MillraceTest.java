package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.fault.Fault;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

class MillraceTest {
    @Command(name = "fail", description = "Fails as it is told.")
    static final class Fail implements Callable<Integer> {
        @Parameters
        private String how;

        @Override
        public Integer call() throws Exception {
            switch (how) {
                case "user" -> throw Fault.user("Invalid file-size: -1 (jobs/shop.yaml:14): must be positive");
                case "world" -> throw Fault.world("Table shop is gone", new IllegalStateException("inner"));
                case "gate" -> throw Fault.gate("orders: 3 rows, at least 10");
                case "held" -> throw Fault.held("shop is held by another run");
                case "wrapped" -> throw new Exception("Job aborted", Fault.world("Disk full: /data"));
                case "defect" -> throw new IllegalStateException("impossible");
                default -> {
                    return Integer.parseInt(how);
                }
            }
        }
    }

    @Command(name = "status", description = "Shows the job's runs.")
    static final class Status implements Runnable {
        @Override
        public void run() {}
    }

    private static final List<Millrace.Group> GROUPS = List.of(
            new Millrace.Group("Run a job", List.of(Fail.class)),
            new Millrace.Group("See what happened", List.of(Status.class)));

    private final StringWriter output = new StringWriter();
    private final StringWriter errors = new StringWriter();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "user    | 2 | Invalid file-size: -1 (jobs/shop.yaml:14): must be positive",
                "world   | 1 | Table shop is gone",
                "gate    | 3 | orders: 3 rows, at least 10",
                "held    | 4 | shop is held by another run",
                "wrapped | 1 | Disk full: /data"
            })
    void tellsAFaultByItsMessageAndExitCodeAlone(String how, int code, String message) {
        assertThat(run("fail", how)).isEqualTo(code);
        assertThat(errors).hasToString(message + System.lineSeparator());
    }

    @Test
    void showsTheStackOfADefect() {
        assertThat(run("fail", "defect")).isEqualTo(1);
        assertThat(errors.toString())
                .startsWith("millrace: this is a defect of Millrace")
                .contains("IllegalStateException: impossible")
                .contains("at " + Fail.class.getName());
    }

    @Test
    void passesACommandsExitCodeOn() {
        assertThat(run("fail", "0")).isZero();
        assertThat(run("fail", "3")).isEqualTo(3);
        assertThat(run("status")).isZero();
        assertThat(errors.toString()).isEmpty();
    }

    @Test
    void namesTheNearestCommand() {
        assertThat(run("statsu", "x")).isEqualTo(2);
        assertThat(errors)
                .hasToString("millrace: Unknown argument: statsu: did you mean status?; see millrace --help"
                        + System.lineSeparator());
    }

    @Test
    void listsCommandsInGroups() {
        assertThat(run("--help")).isZero();
        assertThat(output.toString().replace("\r\n", "\n")).contains("""

                        Run a job:
                          fail    Fails as it is told.

                        See what happened:
                          status  Shows the job's runs.

                        millrace COMMAND --help tells about a command.
                        """);
    }

    @Test
    void helpsWhoGivesNoCommand() {
        assertThat(run()).isEqualTo(2);
        assertThat(errors.toString()).contains("Usage: millrace").contains("See what happened:");
    }

    @Test
    void knowsItsVersion() {
        assertThat(run("--version")).isZero();
        assertThat(output.toString()).startsWith("millrace ");
    }

    @Test
    void listsEveryCommandOfItsOwnOnce() {
        CommandLine own = Millrace.commandLine();
        assertThat(own.getUsageMessage()).contains("Usage: millrace");
        own.getSubcommands()
                .values()
                .forEach(command -> assertThat(
                                command.getCommandSpec().usageMessage().description())
                        .as(command.getCommandName())
                        .isNotEmpty());
    }

    private int run(String... arguments) {
        CommandLine line = Millrace.commandLine(GROUPS)
                .setOut(new PrintWriter(output, true))
                .setErr(new PrintWriter(errors, true));
        return Millrace.execute(line, arguments);
    }
}
