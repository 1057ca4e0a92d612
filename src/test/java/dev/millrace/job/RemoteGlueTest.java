package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.remote.RemoteState;
import dev.millrace.remote.RemoteState.Stage;
import dev.millrace.testing.Moto;
import dev.millrace.testing.PlatformFront.Asked;
import dev.millrace.testing.PlatformFront.Reply;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.InputLogEvent;
import software.amazon.awssdk.services.glue.GlueClient;

class RemoteGlueTest extends RemoteContract {
    private static final String LOGS = "/aws-glue/jobs/output";

    private String etl = "";
    private GlueClient glue;

    @Override
    String platform() {
        return "glue";
    }

    @Override
    String prepared(URI moto, String bucket) {
        etl = "etl-" + bucket + "-" + System.nanoTime();
        glue = GlueClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .endpointOverride(moto)
                .region(Region.EU_WEST_1)
                .build();
        create("scala", "s3://" + bucket + "/jars/millrace.jar", "s3://" + bucket + "/scripts/Millrace.scala");
        return "glue: {job: " + etl + "}";
    }

    private void create(String language, String jars, String script) {
        glue.createJob(r -> r.name(etl)
                .role("arn:aws:iam::111122223333:role/millrace")
                .command(c -> c.name("glueetl").scriptLocation(script))
                .executionProperty(e -> e.maxConcurrentRuns(1))
                .defaultArguments(Map.of("--job-language", language, "--extra-jars", jars)));
    }

    @Override
    boolean isSubmit(Asked asked) {
        return asked.is("StartJobRun");
    }

    @Override
    boolean isLook(Asked asked) {
        return asked.is("GetJobRun");
    }

    @Override
    boolean isCancel(Asked asked) {
        return asked.is("BatchStopJobRun");
    }

    /** Moto does not know this call. */
    @Override
    Optional<Reply> cancelled() {
        return Optional.of(Reply.of("{\"SuccessfulSubmissions\":[],\"Errors\":[]}"));
    }

    @Override
    String id(JsonNode reply) {
        return reply.path("JobRunId").asText();
    }

    /** Glue gives each argument with its value, also those that are its own or the job's. */
    @Override
    List<String> command(JsonNode submission) {
        List<String> command = new ArrayList<>();
        command.add(RemotePhase.PIPELINE);
        command.addAll(List.of(
                "--JOB_NAME",
                etl,
                "--JOB_RUN_ID",
                "jr_1",
                "--extra-jars",
                "s3://x/y.jar",
                "--job",
                "s3://x/other.yaml"));
        submission.path("Arguments").fields().forEachRemaining(argument -> {
            command.add(argument.getKey());
            command.add(argument.getValue().asText());
        });
        return command;
    }

    @Override
    JsonNode stated(JsonNode reply, Map<String, RemoteState> states) {
        ObjectNode run = (ObjectNode) reply.path("JobRun");
        RemoteState state = states.get(run.path("Id").asText());
        run.put("JobRunState", state.said());
        if (!state.reason().isEmpty()) {
            run.put("ErrorMessage", state.reason());
        }
        return reply;
    }

    @Override
    String word(Stage stage) {
        return switch (stage) {
            case WAITING -> "STARTING";
            case CANCELLED -> "STOPPED";
            case RUNNING, SUCCEEDED, FAILED, TURNED_AWAY -> stage.name();
        };
    }

    @Test
    void showsTheDriversLastLines() {
        try (CloudWatchLogsClient logs = CloudWatchLogsClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .endpointOverride(Moto.uri())
                .region(Region.EU_WEST_1)
                .build()) {
            if (logs.describeLogGroups(r -> r.logGroupNamePrefix(LOGS))
                    .logGroups()
                    .isEmpty()) {
                logs.createLogGroup(r -> r.logGroupName(LOGS));
            }
            List<String> ids = new ArrayList<>();
            Consumer<String> say = line -> logs.putLogEvents(r -> r.logGroupName(LOGS)
                    .logStreamName(ids.get(0) + "-driver")
                    .logEvents(List.of(InputLogEvent.builder()
                            .message(line)
                            .timestamp(System.currentTimeMillis())
                            .build())));
            AtomicInteger looks = new AtomicInteger();
            front().on(this::isLook, (asked, real) -> {
                int look = looks.incrementAndGet();
                if (look == 1) {
                    ids.add(asked.body().path("RunId").asText());
                    logs.createLogStream(r -> r.logGroupName(LOGS).logStreamName(ids.get(0) + "-driver"));
                    for (int i = 1; i <= 30; i++) {
                        say.accept("early line " + i);
                    }
                }
                // Between them it is asked where the log is.
                if (look == 3) {
                    say.accept("second line");
                }
                Stage stage = look < 3 ? Stage.RUNNING : Stage.FAILED;
                Reply reply = real.get();
                return Optional.of(reply.with(stated(reply.json(), Map.of(ids.get(0), state(stage, "")))));
            });
            Trial.Ended ended = remote();
            assertThat(ended.out().lines().filter(line -> line.startsWith("| ")))
                    .hasSize(21)
                    .startsWith("| early line 11", "| early line 12")
                    .endsWith("| early line 30", "| second line");
        }
    }

    @Test
    void saysOnceThatTheLogMayNotBeRead() {
        front().on(
                        a -> a.is("GetLogEvents"),
                        (asked, real) ->
                                Optional.of(Reply.error(400, "AccessDeniedException", "no logs:GetLogEvents")));
        runWhatIsSubmitted();
        Trial.Ended ended = remote();
        assertThat(ended.out())
                .containsOnlyOnce("the driver's log cannot be read: AccessDeniedException: no logs:GetLogEvents: the"
                        + " credentials need glue:GetJob");
        assertThat(ended.code()).isZero();
    }

    @Test
    void isRefusedWhereTheJobAllowsNoOtherRun() {
        Moto.tell(
                "state-manager/set-transition",
                "{\"model_name\": \"glue::job_run\", \"transition\": {\"progression\": \"manual\", \"times\": 1000}}");
        try {
            glue.startJobRun(r -> r.jobName(etl));
            Trial.Ended ended = remote();
            assertThat(ended.err())
                    .contains("Glue job " + etl + " does not take run " + run() + ": ConcurrentRunsExceededException: ")
                    .contains("already running: wait for the other run's end and run the same command again, or raise"
                            + " MaxConcurrentRuns of the job. Nothing was submitted");
            assertThat(ended.code()).isEqualTo(1);
        } finally {
            Moto.tell("state-manager/unset-transition", "{\"model_name\": \"glue::job_run\"}");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            scala  | s3://BUCKET/jars/none.jar     | s3://BUCKET/scripts/Millrace.scala | there is no s3://BUCKET/jars/none.jar: put the file there
            scala  | s3://BUCKET/jars/millrace.jar | s3://BUCKET/scripts/none.scala     | there is no s3://BUCKET/scripts/none.scala: put the file there
            scala  | ''                            | s3://BUCKET/scripts/Millrace.scala | --extra-jars is missing: it must name millrace.jar
            python | s3://BUCKET/jars/millrace.jar | s3://BUCKET/scripts/Millrace.scala | --job-language is python: must be scala
            """)
    void isRefusedBeforeItIsSubmitted(String language, String jars, String script, String message) {
        // Moto cannot change one.
        glue.deleteJob(r -> r.jobName(etl));
        create(language, jars.replace("BUCKET", bucket()), script.replace("BUCKET", bucket()));
        Trial.Ended ended = remote();
        assertThat(ended.err()).contains("Glue job " + etl).contains(message.replace("BUCKET", bucket()));
        assertThat(ended.code()).isEqualTo(2);
        assertThat(submitted()).isZero();
        assertThat(root().list("staging/")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = Kill.class,
            names = {"BEFORE_INTENT", "AFTER_INTENT", "BEFORE_CALL", "BEFORE_ID", "AFTER_ID"})
    void submitsOneRunWhereverTheSubmitterIsKilled(Kill at) throws Exception {
        submitsOneRunWhenKilled(at);
    }

    @Test
    void isNotSubmittedWhereABucketIsMissing() throws IOException {
        String lake = "\nlake: {at: \"s3://no-such-lake/x\"}\n";
        Files.writeString(job(), Files.readString(job()) + lake);
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains(job() + ": lake.at: s3://no-such-lake/x/ at ")
                .contains(": there is no bucket no-such-lake: make it, or name another");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(submitted()).isZero();

        Trial.Ended nowhere = Trial.command("status", "s3://no-such-jobs/events.yaml");
        assertThat(nowhere.err()).contains("No job file: s3://no-such-jobs/: there is no bucket no-such-jobs");
        assertThat(nowhere.code()).isEqualTo(2);
    }

    @Test
    void namesAJobThatGlueDoesNotKnow() {
        glue.deleteJob(r -> r.jobName(etl));
        Trial.Ended ended = remote();
        assertThat(ended.err()).contains("There is no Glue job " + etl + ": is remote.glue.job right");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void successWithoutUsIsNone() {
        assertThatSuccessWithoutUsIsNone();
    }
}
