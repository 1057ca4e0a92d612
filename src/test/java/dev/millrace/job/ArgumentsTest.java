package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class ArgumentsTest {
    private static final String RUN = "2026-11-21T07-00-00Z-k3f9";

    @Command(name = "extract", mixinStandardHelpOptions = true)
    static final class Phase implements Callable<Integer> {
        @Mixin
        private Arguments arguments;

        private boolean ran;

        @Override
        public Integer call() {
            ran = true;
            return 0;
        }
    }

    private final Phase phase = new Phase();
    private final StringWriter errors = new StringWriter();

    @Test
    void defaultsToTheWholeOfTheJobsRun() {
        assertThat(run("jobs/shop.yaml")).isZero();
        assertThat(phase.arguments.job()).isEqualTo("jobs/shop.yaml");
        assertThat(phase.arguments.run()).isEmpty();
        assertThat(phase.arguments.units()).isEqualTo(new Arguments.Share(1, 1));
        assertThat(phase.arguments.env()).isEmpty();
        assertThat(phase.arguments.settings()).isEmpty();
    }

    @Test
    void takesEveryOption() {
        assertThat(run(
                        "--run",
                        RUN,
                        "--units",
                        "3/16",
                        "--env=prod",
                        "jobs/shop.yaml",
                        "--set",
                        "a=1=2",
                        "--set",
                        "b="))
                .isZero();
        assertThat(phase.arguments.run()).hasToString("Optional[" + RUN + "]");
        assertThat(phase.arguments.units()).isEqualTo(new Arguments.Share(3, 16));
        assertThat(phase.arguments.env()).isEqualTo(Optional.of("prod"));
        assertThat(phase.arguments.settings()).isEqualTo(Map.of("a", "1=2", "b", ""));
    }

    @Test
    void takesTheJobByNameForPlatformsWithoutPositions() {
        assertThat(run("--job", "s3://acme/shop.yaml")).isZero();
        assertThat(phase.arguments.job()).isEqualTo("s3://acme/shop.yaml");
    }

    @Test
    void leavesOutWhatGlueAdds() {
        assertThat(run(
                        "--JOB_NAME",
                        "shop",
                        "--JOB_ID",
                        "j_1",
                        "--JOB_RUN_ID",
                        "jr_1",
                        "--enable-metrics",
                        "jobs/shop.yaml",
                        "--enable-spark-ui",
                        "true",
                        "--enable-job-insights",
                        "",
                        "--TempDir",
                        "s3://acme/tmp/",
                        "--job-language=scala",
                        "--run",
                        RUN,
                        "--job-bookmark-option",
                        "job-bookmark-disable"))
                .as(errors.toString())
                .isZero();
        assertThat(phase.arguments.job()).isEqualTo("jobs/shop.yaml");
        assertThat(phase.arguments.run()).hasToString("Optional[" + RUN + "]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                          | Missing JOB: name a job file, for example jobs/shop.yaml",
                "a.yaml --unitz 3/16       | Unknown option: --unitz: did you mean --units?",
                "a.yaml b.yaml             | Unknown argument: b.yaml",
                "a.yaml --job b.yaml       | JOB is given twice: a.yaml and --job b.yaml",
                "a.yaml --units 3/16       | Invalid --units: 3/16 needs --run: shares are of one run's units",
                "a.yaml --units 17/16      | Invalid units: 17/16: must be i/n with 1 <= i <= n, for example 3/16",
                "a.yaml --units 0/16       | Invalid units: 0/16: must be i/n with 1 <= i <= n, for example 3/16",
                "a.yaml --units half       | Invalid units: half: must be i/n with 1 <= i <= n, for example 3/16",
                "a.yaml --run yesterday    | Invalid run: yesterday: must look like 2026-11-21T07-00-00Z-k3f9",
                "a.yaml --env ../x         | Invalid env: ../x: must be letters, digits, - and _, the name of a file conf/NAME.yaml",
                "a.yaml --set day          | Invalid --set: day: must be KEY=VALUE, for example --set day=2026-11-21",
                "a.yaml --set =1           | Invalid --set: =1: must be KEY=VALUE, for example --set day=2026-11-21",
                "a.yaml --set d=1 --set d=2| Invalid --set: d is set twice"
            })
    void tellsAMistakeInOneLineAndRunsNothing(String arguments, String message) {
        assertThat(run(arguments == null ? new String[0] : arguments.split(" ", -1)))
                .isEqualTo(2);
        assertThat(errors).hasToString("extract: " + message + "; see extract --help" + System.lineSeparator());
        assertThat(phase.ran).isFalse();
    }

    @Test
    void cutsUnitsIntoSharesThatAreTheWhole() {
        for (int count : List.of(1, 4, 7)) {
            for (int unit = 0; unit < 50; unit++) {
                int position = unit;
                assertThat(IntStream.rangeClosed(1, count)
                                .filter(i -> new Arguments.Share(i, count).includes(position)))
                        .as("shares of unit %d among %d", unit, count)
                        .containsExactly(unit % count + 1);
            }
        }
    }

    private int run(String... arguments) {
        CommandLine line = new CommandLine(phase).setErr(new PrintWriter(errors));
        return Millrace.execute(line, Arguments.withoutPlatformOptions(arguments));
    }

    /** An environment is the name of a file in conf/, for every command that takes one. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "check jobs/shop.yaml",
                "resume 2026-11-21T07-00-00Z-k3f9",
                "airflow jobs/shop.yaml",
                "step-functions jobs/shop.yaml --on glue --at s3://acme/shop.yaml",
                "compact jobs/shop.yaml"
            })
    void anEnvironmentThatIsAPathIsRefused(String command) {
        Trial.Ended ended = Trial.command((command + " --env ../secrets").split(" ", -1));
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err()).contains("Invalid env: ../secrets: must be letters, digits, - and _");
    }
}
