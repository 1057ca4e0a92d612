package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.remote.RemoteState;
import dev.millrace.remote.RemoteState.Stage;
import dev.millrace.testing.PlatformFront.Asked;
import dev.millrace.testing.PlatformFront.Reply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.emr.EmrClient;

class RemoteEmrTest extends RemoteContract {
    private String cluster = "";
    private EmrClient emr;

    @Override
    String platform() {
        return "emr";
    }

    @Override
    String prepared(URI moto, String bucket) {
        emr = EmrClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .endpointOverride(moto)
                .region(Region.EU_WEST_1)
                .build();
        cluster = emr.runJobFlow(r -> r.name("millrace")
                        .releaseLabel("emr-7.10.0")
                        .logUri("s3n://" + bucket + "/logs/")
                        .jobFlowRole("EMR_EC2_DefaultRole")
                        .serviceRole("EMR_DefaultRole")
                        .instances(i -> i.instanceCount(1)
                                .masterInstanceType("m5.xlarge")
                                .keepJobFlowAliveWhenNoSteps(true)))
                .jobFlowId();
        return settings(bucket, "millrace.jar");
    }

    private String settings(String bucket, String jar) {
        return "emr: {cluster: " + cluster + ", jar: \"s3://" + bucket + "/jars/" + jar + "\", jars: [\"s3://" + bucket
                + "/scripts/Millrace.scala\"]}";
    }

    @Override
    boolean isSubmit(Asked asked) {
        return asked.is("AddJobFlowSteps");
    }

    @Override
    boolean isLook(Asked asked) {
        return asked.is("DescribeStep");
    }

    @Override
    boolean isCancel(Asked asked) {
        return asked.is("CancelSteps");
    }

    /** Moto does not know this call. */
    @Override
    Optional<Reply> cancelled() {
        return Optional.of(Reply.of("{\"CancelStepsInfoList\":[{\"Status\":\"SUBMITTED\"}]}"));
    }

    @Override
    String id(JsonNode reply) {
        return reply.path("StepIds").path(0).asText();
    }

    private static List<String> words(JsonNode submission) {
        List<String> words = new ArrayList<>();
        submission.path("Steps").path(0).path("HadoopJarStep").path("Args").forEach(word -> words.add(word.asText()));
        return words;
    }

    @Override
    List<String> command(JsonNode submission) {
        List<String> words = words(submission);
        List<String> command = new ArrayList<>(List.of(phase(words.get(words.indexOf("--class") + 1))));
        command.addAll(words.subList(words.indexOf("s3://" + bucket() + "/jars/millrace.jar") + 1, words.size()));
        return command;
    }

    @Override
    JsonNode stated(JsonNode reply, Map<String, RemoteState> states) {
        ObjectNode step = (ObjectNode) reply.path("Step");
        RemoteState state = states.get(step.path("Id").asText());
        ObjectNode status = (ObjectNode) step.path("Status");
        status.put("State", state.said());
        if (!state.reason().isEmpty()) {
            status.putObject("FailureDetails").put("Reason", state.reason());
        }
        return reply;
    }

    @Override
    String word(Stage stage) {
        return switch (stage) {
            case WAITING -> "PENDING";
            case SUCCEEDED -> "COMPLETED";
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
        assertThat(words(asked))
                .startsWith(
                        "spark-submit",
                        "--class",
                        "dev.millrace.job.Extract",
                        "--jars",
                        "s3://" + bucket() + "/scripts/Millrace.scala",
                        "s3://" + bucket() + "/jars/millrace.jar",
                        "--job");
        assertThat(asked.path("Steps").path(0).path("ActionOnFailure").asText()).isEqualTo("CONTINUE");
        assertThat(asked.path("Steps").path(0).path("Name").asText()).isEqualTo("events-" + run() + "-extract-1");
    }

    /** EMR writes a step's log to S3 whole, again and again. */
    @Test
    void showsTheStepsLastLinesFromS3() {
        AtomicInteger looks = new AtomicInteger();
        front().on(this::isLook, (asked, real) -> {
            int look = looks.incrementAndGet();
            Reply reply = real.get();
            String step = reply.json().path("Step").path("Id").asText();
            StringBuilder text = new StringBuilder();
            for (int line = 1; line <= 30 * look; line++) {
                text.append("line ").append(line).append('\n');
            }
            root().put("logs/" + cluster + "/steps/" + step + "/stdout.gz", zipped(text.toString()));
            all(look < 2 ? Stage.RUNNING : Stage.FAILED, "");
            return Optional.of(reply.with(stated(reply.json(), states())));
        });
        assertThat(remote().out().lines().filter(line -> line.startsWith("| ")))
                .hasSize(50)
                .startsWith("| line 11", "| line 12")
                .endsWith("| line 59", "| line 60");
    }

    private static byte[] zipped(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream zip = new GZIPOutputStream(bytes)) {
            zip.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    @Test
    void refusesAClusterThatHasEnded() {
        emr.terminateJobFlows(r -> r.jobFlowIds(cluster));
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains("EMR cluster " + cluster
                        + " is TERMINATED: start another one and set remote.emr.cluster to it");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(submitted()).isZero();
    }

    @Test
    void refusesAJarThatIsNotOnStorage() {
        rewrite(settings(bucket(), "none.jar"));
        Trial.Ended ended = remote();
        assertThat(ended.err()).contains("there is no s3://" + bucket() + "/jars/none.jar: put the jar there");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void namesAClusterThatIsNotThere() {
        front().on(
                        a -> a.is("DescribeCluster"),
                        (asked, real) -> Optional.of(
                                Reply.error(400, "InvalidRequestException", "Cluster id 'j-X' is not valid.")));
        Trial.Ended ended = remote();
        assertThat(ended.err()).contains("There is no EMR cluster " + cluster + ": is remote.emr.cluster right");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void successWithoutUsIsNone() {
        assertThatSuccessWithoutUsIsNone();
    }
}
