package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.remote.RemoteState;
import dev.millrace.remote.RemoteState.Stage;
import dev.millrace.testing.Moto;
import dev.millrace.testing.PlatformFront.Asked;
import dev.millrace.testing.PlatformFront.Reply;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.InputLogEvent;
import software.amazon.awssdk.services.emrserverless.EmrServerlessClient;

class RemoteEmrServerlessTest extends RemoteContract {
    private static final String LOGS = "/millrace/drivers";

    private String application = "";
    private EmrServerlessClient emr;

    @Override
    String platform() {
        return "emr-serverless";
    }

    @Override
    String prepared(URI moto, String bucket) {
        emr = EmrServerlessClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .endpointOverride(moto)
                .region(Region.EU_WEST_1)
                .build();
        application = create(true);
        return settings(bucket, "arn:aws:iam::123456789012:role/millrace", "millrace.jar");
    }

    private String create(boolean startsItself) {
        return emr.createApplication(r -> r.name("millrace")
                        .releaseLabel("emr-7.10.0")
                        .type("SPARK")
                        .autoStartConfiguration(a -> a.enabled(startsItself)))
                .applicationId();
    }

    private String settings(String bucket, String role, String jar) {
        return "emr-serverless: {application: " + application + ", role: \"" + role + "\", jar: \"s3://" + bucket
                + "/jars/" + jar + "\", log-group: " + LOGS + ", conf: {spark.executor.cores: 4}}";
    }

    @Override
    boolean isSubmit(Asked asked) {
        return asked.action().matches("POST /applications/[^/]+/jobruns");
    }

    @Override
    boolean isLook(Asked asked) {
        return asked.action().matches("GET /applications/[^/]+/jobruns/[^/?]+");
    }

    @Override
    boolean isCancel(Asked asked) {
        return asked.action().startsWith("DELETE /applications/");
    }

    @Override
    String id(JsonNode reply) {
        return reply.path("jobRunId").asText();
    }

    @Override
    List<String> command(JsonNode submission) {
        JsonNode spark = submission.path("jobDriver").path("sparkSubmit");
        List<String> command = new ArrayList<>();
        command.add(phase(spark.path("sparkSubmitParameters").asText().split(" ", -1)[1]));
        spark.path("entryPointArguments").forEach(argument -> command.add(argument.asText()));
        return command;
    }

    @Override
    JsonNode stated(JsonNode reply, Map<String, RemoteState> states) {
        ObjectNode run = (ObjectNode) reply.path("jobRun");
        RemoteState state = states.get(run.path("jobRunId").asText());
        run.put("state", state.said());
        run.put("stateDetails", state.reason());
        return reply;
    }

    @Override
    String word(Stage stage) {
        return switch (stage) {
            case WAITING -> "SCHEDULED";
            case SUCCEEDED -> "SUCCESS";
            case RUNNING, FAILED, CANCELLED, TURNED_AWAY -> stage.name();
        };
    }

    @Test
    void tellsThePlatformWhatToStart() {
        front().on(this::isLook, (asked, real) -> {
            all(Stage.FAILED, "");
            Reply reply = real.get();
            return Optional.of(reply.with(stated(reply.json(), states())));
        });
        remote("extract");
        JsonNode asked = front().asked(this::isSubmit).get(0).body();
        assertThat(asked.path("jobDriver")
                        .path("sparkSubmit")
                        .path("sparkSubmitParameters")
                        .asText())
                .isEqualTo("--class dev.millrace.job.Extract --conf spark.executor.cores=4");
        assertThat(asked.path("jobDriver")
                        .path("sparkSubmit")
                        .path("entryPoint")
                        .asText())
                .isEqualTo("s3://" + bucket() + "/jars/millrace.jar");
        assertThat(asked.path("name").asText()).isEqualTo("events-" + run() + "-extract-1");
        assertThat(asked.path("clientToken").asText()).hasSizeLessThanOrEqualTo(64);
        assertThat(asked.path("executionRoleArn").asText()).isEqualTo("arn:aws:iam::123456789012:role/millrace");
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
            front().on(this::isLook, 1, (asked, real) -> {
                Reply reply = real.get();
                String stream = "applications/" + application + "/jobs/"
                        + id(reply.json().path("jobRun")) + "/SPARK_DRIVER/stdout";
                logs.createLogStream(r -> r.logGroupName(LOGS).logStreamName(stream));
                logs.putLogEvents(r -> r.logGroupName(LOGS)
                        .logStreamName(stream)
                        .logEvents(List.of(InputLogEvent.builder()
                                .message("a line of the driver")
                                .timestamp(System.currentTimeMillis())
                                .build())));
                all(Stage.FAILED, "");
                return Optional.of(reply.with(stated(reply.json(), states())));
            });
            assertThat(remote().out()).contains("| a line of the driver");
        }
    }

    @Test
    void refusesAnApplicationThatIsNotStartedAndDoesNotStartItself() {
        application = create(false);
        emr.stopApplication(r -> r.applicationId(application));
        rewrite(settings(bucket(), "arn:aws:iam::123456789012:role/millrace", "millrace.jar"));
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains(
                        "EMR Serverless application " + application + " is STOPPED and does not start by itself: start"
                                + " it, by aws emr-serverless start-application --application-id " + application);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(submitted()).isZero();
    }

    @Test
    void refusesAJarThatIsNotOnStorage() {
        rewrite(settings(bucket(), "arn:aws:iam::123456789012:role/millrace", "none.jar"));
        Trial.Ended ended = remote();
        assertThat(ended.err()).contains("there is no s3://" + bucket() + "/jars/none.jar: put the jar there");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void namesTheRoleThatMayNotBePassed() {
        rewrite(settings(bucket(), "arn:aws:iam::999999999999:role/other", "millrace.jar"));
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains("AccessDeniedException: Cross-account pass role is not allowed.")
                .contains("iam:PassRole on arn:aws:iam::999999999999:role/other");
        assertThat(ended.code()).isEqualTo(1);
    }

    @Test
    void namesAnApplicationThatIsNotThere() {
        application = "00nothere";
        rewrite(settings(bucket(), "arn:aws:iam::123456789012:role/millrace", "millrace.jar"));
        Trial.Ended ended = remote();
        assertThat(ended.err()).contains("There is no EMR Serverless application 00nothere");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void successWithoutUsIsNone() {
        assertThatSuccessWithoutUsIsNone();
    }
}
