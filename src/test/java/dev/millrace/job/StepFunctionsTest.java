package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.testing.Moto;
import dev.millrace.testing.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sfn.SfnClient;
import software.amazon.awssdk.services.sfn.model.DescribeExecutionResponse;
import software.amazon.awssdk.services.sfn.model.ExecutionStatus;

class StepFunctionsTest {
    private static final Path LINT =
            Path.of(System.getProperty("millrace.home"), "target", "checks", "bin", "statelint");

    private static final String JOB = """
            job: orders
            every: 1h
            retries: 3
            source: {dynamodb: {table: orders, region: eu-west-1}}
            staging: {at: "%s"}
            lake: {at: "s3://acme/lake"}
            warehouse: {duckdb: {path: orders.duckdb}}
            """;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"glue, 1", "glue, 8", "emr-serverless, 1", "emr-serverless, 8"})
    void aMachineIsOneThatStepFunctionsTakes(String platform, int units) throws IOException {
        assumeTrue(Files.isExecutable(LINT), "statelint is not installed: scripts/install-test-tools");
        Path machine = folder.resolve("machine.json");
        Files.writeString(
                machine,
                command(
                                "s3://acme/it's {here}/staging",
                                "--on",
                                platform,
                                "--at",
                                "s3://acme/jobs/orders.yaml",
                                "--units",
                                Integer.toString(units))
                        .out());
        Processes.Ended checked = Processes.run(new ProcessBuilder(LINT.toString(), machine.toString()));
        assertThat(checked.exitCode()).as(checked.output()).isZero();
    }

    @Test
    void phasesOfOneRightAreOneTaskAndAFailureIsTriedAgainOnlyWhereTheRunHasNoEnd() throws IOException {
        JsonNode machine = new ObjectMapper()
                .readTree(command("s3://acme/staging", "--on", "glue", "--at", "s3://acme/jobs/orders.yaml")
                        .out());
        assertThat(machine.at("/TimeoutSeconds").asInt()).isEqualTo(57 * 60);
        JsonNode states = machine.get("States");
        assertThat(states.at("/extract/Parameters/Arguments/--phases").asText()).isEqualTo("infer-schema,extract");
        assertThat(states.at("/lake/Parameters/Arguments/--phases").asText()).isEqualTo("compact,publish");
        assertThat(states.at("/load/Parameters/Arguments/--phases").asText()).isEqualTo("prepare,upload,replace");
        assertThat(states.at("/load/Parameters/JobName").asText()).isEqualTo("${LoadJob}");
        // What was done before its process failed is done.
        assertThat(states.at("/load/Catch/0/Next").asText()).isEqualTo("load: was it done?");
        assertThat(states.at("/load: was it done?/Parameters/Prefix.$").asText())
                .isEqualTo("States.Format('staging/orders/runs/{}/phases/replace.json', $.run)");
        assertThat(states.at("/load: was it done? (result)/Choices/0/Next").asText())
                .isEqualTo("Count the success");
        assertThat(states.at("/load: was it done? (result)/Default").asText()).isEqualTo("load: look at its end");
        assertThat(states.at("/extract: was it done? (result)/Choices/0/Next").asText())
                .isEqualTo("lake");
        assertThat(states.at("/load: look at its end/Parameters/Prefix.$").asText())
                .isEqualTo("States.Format('staging/orders/runs/{}/end', $.run)");
        assertThat(states.at("/load: look at its end (result)/Choices/0/Next").asText())
                .isEqualTo("Tell of the failure");
        assertThat(states.at("/load: again?/Choices/0/NumericLessThan").asInt()).isEqualTo(3);
        // Also where there was nothing to extract: what an earlier run could not publish is published.
        assertThat(states.at("/extract/Next").asText()).isEqualTo("lake");
        assertThat(states.at("/lake/Next").asText()).isEqualTo("load");
        assertThat(states.at("/load/Next").asText()).isEqualTo("Count the success");
    }

    /** A run without a warehouse has its end before its tables are registered. */
    @Test
    void whereTablesAreRegisteredPublishingIsDoneOnceTheyAre() throws IOException {
        JsonNode states = new ObjectMapper()
                .readTree(of(
                                JOB.formatted("s3://acme/staging")
                                        .replace("s3://acme/lake\"", "s3://acme/lake\", catalog: {database: access}"),
                                "--on",
                                "glue",
                                "--at",
                                "s3://acme/jobs/orders.yaml")
                        .out())
                .get("States");
        assertThat(states.at("/lake: was it done?/Parameters/Prefix.$").asText())
                .isEqualTo("States.Format('staging/orders/runs/{}/registered.json', $.run)");
        assertThat(states.at("/lake: look at its end (result)/Choices/0/Next").asText())
                .isEqualTo("lake: was it published?");
        assertThat(states.at("/lake: was it published?/Parameters/Prefix.$").asText())
                .isEqualTo("States.Format('staging/orders/runs/{}/phases/publish.json', $.run)");
        assertThat(states.at("/lake: was it published? (result)/Choices/0/Next").asText())
                .isEqualTo("lake: again?");
        assertThat(states.at("/lake: was it published? (result)/Default").asText())
                .isEqualTo("Tell of the failure");
    }

    /** Of two that see each other one goes on: both look for the last of the list, which begins with the newest. */
    @Test
    void ofExecutionsThatStartAtOnceTheFirstGoesOn() throws IOException {
        JsonNode states = new ObjectMapper()
                .readTree(command("s3://acme/staging", "--on", "glue", "--at", "s3://acme/jobs/orders.yaml")
                        .out())
                .get("States");
        assertThat(states.at("/Find the first/Parameters/first.$").asText())
                .isEqualTo("States.ArrayGetItem($.Executions, States.MathAdd(States.ArrayLength($.Executions), -1))");
        assertThat(states.at("/Find the first/Parameters/me.$").asText()).isEqualTo("$$.Execution.Id");
        assertThat(states.at("/Is it the first?/Choices/0").toString())
                .isEqualTo("{\"Variable\":\"$.first.ExecutionArn\",\"StringEqualsPath\":\"$.me\","
                        + "\"Next\":\"Read the input\"}");
    }

    /** Else one that hangs would hide itself: each start after it would be a success that the alarm counts. */
    @Test
    void anExecutionThatFindsAnotherAtWorkIsNoSuccessThatIsCounted() throws IOException {
        JsonNode states = new ObjectMapper()
                .readTree(command("s3://acme/staging", "--on", "glue", "--at", "s3://acme/jobs/orders.yaml")
                        .out())
                .get("States");
        assertThat(states.at("/Is another at work?/Choices/0/Next").asText()).isEqualTo("Find the first");
        assertThat(states.at("/Is it the first?/Default").asText()).isEqualTo("Another is at work");
        assertThat(states.at("/Another is at work").toString())
                .isEqualTo("{\"Type\":\"Pass\",\"Result\":{\"anotherIsAtWork\":true},\"End\":true}");
        assertThat(states.at("/Count the success/Parameters").toString())
                .isEqualTo("{\"Namespace\":\"Millrace\",\"MetricData\":[{\"MetricName\":\"RunsSucceeded\","
                        + "\"Dimensions\":[{\"Name\":\"StateMachine\",\"Value.$\":\"$$.StateMachine.Name\"}],"
                        + "\"Value\":1,\"Unit\":\"Count\"}]}");
        assertThat(states.findParents("Next").stream()
                        .filter(state -> state.get("Next").asText().equals("Done"))
                        .map(state -> state.path("Resource").asText("caught")))
                .containsExactlyInAnyOrder("arn:aws:states:::aws-sdk:cloudwatch:putMetricData", "caught");
    }

    @Test
    void theUnitsOfARunAreSharedAmongTasksOnceItsSchemaIsPinned() throws IOException {
        JsonNode states = new ObjectMapper()
                .readTree(command(
                                "s3://acme/staging",
                                "--on",
                                "emr-serverless",
                                "--at",
                                "s3://acme/jobs/orders.yaml",
                                "--units",
                                "8")
                        .out())
                .get("States");
        assertThat(states.at("/Name the run/Next").asText()).isEqualTo("infer-schema");
        assertThat(states.at("/Name the run/Parameters/file").asText()).isEqualTo("s3://acme/jobs/orders.yaml");
        assertThat(states.at("/Take the run's name/Parameters/run.$").asText()).isEqualTo("$$.Execution.Input.run");
        assertThat(states.at("/Take the run's name/Parameters/file.$").asText()).isEqualTo("$$.Execution.Input.file");
        assertThat(states.at("/Is there anything new? (result)/Choices/0/Next").asText())
                .isEqualTo("extract");
        assertThat(states.at("/Is there anything new? (result)/Default").asText())
                .isEqualTo("lake");
        assertThat(states.at("/Name the run/Parameters/shares.$").asText()).isEqualTo("States.ArrayRange(1, 8, 1)");
        assertThat(states.at(
                                "/extract/ItemProcessor/States/share/Parameters/JobDriver/SparkSubmit/EntryPointArguments.$")
                        .asText())
                .isEqualTo("States.Array($.file, '--run', $.run, '--phases', 'extract', '--units',"
                        + " States.Format('{}/8', $.share))");
        assertThat(states.at("/extract/MaxConcurrency").asInt()).isEqualTo(8);
    }

    /**
     * A schedule gives an object of its own, {@code remote} one with the run, and the pipe that follows new files an array, also
     * of one message. Moto runs the states before the first task; its context has no time as text, which names a run.
     */
    @Test
    void beginsWhateverStartsIt() throws IOException {
        assumeTrue(Moto.isInstalled(), "scripts/install-test-tools was not run");
        ObjectNode machine = (ObjectNode) new ObjectMapper()
                .readTree(command("s3://acme/staging", "--on", "glue", "--at", "s3://acme/jobs/orders.yaml")
                        .out());
        ObjectNode states = (ObjectNode) machine.get("States");
        assertThat(states.at("/Look for another execution/Parameters").toString())
                .doesNotContain("\"$.");
        states.retain(
                "Look for another execution",
                "Is another at work?",
                "Another is at work",
                "Read the input",
                "Is the run named?",
                "Take the run's name",
                "Name the run");
        states.set("extract", new ObjectMapper().readTree("{\"Type\": \"Succeed\"}"));
        states.set(
                "Look for another execution",
                new ObjectMapper()
                        .readTree("{\"Type\": \"Pass\", \"Result\": {\"Executions\": [{}]}, \"Next\": \"Is another at"
                                + " work?\"}"));
        ((ObjectNode) states.at("/Name the run/Parameters")).put("run", "new").remove("run.$");
        Moto.tell("config", "{\"stepfunctions\": {\"execute_state_machine\": true}}");
        try (SfnClient client = SfnClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .endpointOverride(Moto.uri())
                .region(Region.EU_WEST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .build()) {
            String arn = client.createStateMachine(r -> r.name("begins" + System.nanoTime())
                            .roleArn("arn:aws:iam::123456789012:role/millrace")
                            .definition(machine.toString()))
                    .stateMachineArn();
            JsonNode named = new ObjectMapper()
                    .readTree("{\"run\":\"new\",\"tries\":0,\"file\":\"s3://acme/jobs/orders.yaml\"}");
            assertThat(begun(client, arn, """
                            [{"messageId": "1", "body": "{\\"reason\\": \\"new files\\", \\"run\\": 1}",
                              "attributes": {"MessageGroupId": "files"}, "eventSource": "aws:sqs", "awsRegion": "eu-west-1"}]
                            """)).isEqualTo(named);
            assertThat(begun(client, arn, "{}")).isEqualTo(named);
            assertThat(begun(client, arn, "{\"time\": \"2026-11-21T07:00:00Z\", \"detail\": {}}"))
                    .isEqualTo(named);
            assertThat(begun(client, arn, "{\"file\": \"s3://acme/x.json\", \"run\": \"2026-11-21T07-00-00Z-k3f9\"}"))
                    .isEqualTo(new ObjectMapper()
                            .readTree("{\"run\": \"2026-11-21T07-00-00Z-k3f9\", \"tries\": 0, \"file\":"
                                    + " \"s3://acme/x.json\"}"));
        } finally {
            Moto.tell("config", "{\"stepfunctions\": {\"execute_state_machine\": false}}");
        }
    }

    /** What the first task would be given. */
    private static JsonNode begun(SfnClient client, String machine, String input) throws IOException {
        String id = client.startExecution(r ->
                        r.stateMachineArn(machine).name("e" + System.nanoTime()).input(input))
                .executionArn();
        DescribeExecutionResponse execution;
        do {
            execution = client.describeExecution(r -> r.executionArn(id));
        } while (execution.status() == ExecutionStatus.RUNNING);
        assertThat(execution.status()).as(execution.cause()).isEqualTo(ExecutionStatus.SUCCEEDED);
        return new ObjectMapper().readTree(execution.output());
    }

    @Test
    void aMachineCannotAskThisMachine() throws IOException {
        Trial.Ended ended = of(
                JOB.formatted("s3://acme/staging")
                        .replace("region: eu-west-1", "region: eu-west-1, endpoint: \"http://[::1]:8000\"")
                        .replace(
                                "duckdb: {path: orders.duckdb}",
                                "postgres: {host: localhost, database: shop, user: m}"),
                "--on",
                "glue",
                "--at",
                "s3://acme/orders.yaml");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .contains(
                        "orders.yaml: source.dynamodb.endpoint: http://[::1]:8000: is this machine, and a platform runs")
                .contains("orders.yaml: warehouse.postgres.host: localhost: is this machine");
    }

    @Test
    void aMistakeIsToldByTheOption() throws IOException {
        assertThat(command("staging", "--on", "glue", "--at", "s3://acme/orders.yaml")
                        .err())
                .contains("staging.at: ", "must lie in S3");
        assertThat(command("s3://acme/staging", "--on", "glue", "--at", "jobs/orders.yaml")
                        .err())
                .startsWith("Invalid --at: jobs/orders.yaml: must be the job file's place in S3");
        assertThat(command("s3://acme/staging", "--on", "gleu", "--at", "s3://acme/orders.yaml")
                        .err())
                .startsWith("Invalid --on: gleu: must be glue or emr-serverless");
        assertThat(command("s3://acme/staging", "--on", "glue", "--at", "s3://acme/orders.yaml", "--units", "0")
                        .err())
                .startsWith("Invalid --units: 0: must be a whole number from 1 to 1000");
    }

    private Trial.Ended command(String staging, String... options) throws IOException {
        return of(JOB.formatted(staging), options);
    }

    private Trial.Ended of(String yaml, String... options) throws IOException {
        Path job = Files.writeString(folder.resolve("orders.yaml"), yaml);
        String[] arguments = new String[options.length + 2];
        arguments[0] = "step-functions";
        arguments[1] = job.toString();
        System.arraycopy(options, 0, arguments, 2, options.length);
        return Trial.command(arguments);
    }
}
