package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.remote.RemoteState;
import dev.millrace.remote.RemoteState.Stage;
import dev.millrace.testing.Moto;
import dev.millrace.testing.PlatformFront.Asked;
import dev.millrace.testing.PlatformFront.Reply;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.batch.BatchClient;
import software.amazon.awssdk.services.batch.model.ComputeEnvironmentOrder;
import software.amazon.awssdk.services.batch.model.ResourceRequirement;

class RemoteBatchTest extends RemoteContract {
    private static final String JAR = "/opt/millrace/millrace.jar";

    private String name = "";
    private BatchClient batch;

    @Override
    String platform() {
        return "batch";
    }

    @Override
    String prepared(URI moto, String bucket) {
        Moto.tell("config", "{\"batch\": {\"use_docker\": false}}");
        Moto.makeRole("batch");
        name = "q-" + bucket + "-" + System.nanoTime();
        batch = BatchClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .endpointOverride(moto)
                .region(Region.EU_WEST_1)
                .build();
        String environment = batch.createComputeEnvironment(r -> r.computeEnvironmentName(name)
                        .type("UNMANAGED")
                        .state("ENABLED")
                        .serviceRole("arn:aws:iam::123456789012:role/batch"))
                .computeEnvironmentArn();
        batch.createJobQueue(r -> r.jobQueueName(name)
                .state("ENABLED")
                .priority(1)
                .computeEnvironmentOrder(ComputeEnvironmentOrder.builder()
                        .order(1)
                        .computeEnvironment(environment)
                        .build()));
        batch.registerJobDefinition(r -> r.jobDefinitionName(name)
                .type("container")
                .containerProperties(c -> c.image("millrace")
                        .resourceRequirements(
                                ResourceRequirement.builder()
                                        .type("VCPU")
                                        .value("4")
                                        .build(),
                                ResourceRequirement.builder()
                                        .type("MEMORY")
                                        .value("8192")
                                        .build())));
        return settings(name, name, JAR, "");
    }

    private static String settings(String queue, String definition, String jar, String more) {
        return "batch: {queue: " + queue + ", definition: " + definition + ", jar: \"" + jar + "\"" + more + "}";
    }

    @Override
    boolean isSubmit(Asked asked) {
        return asked.is("POST /v1/submitjob");
    }

    @Override
    boolean isLook(Asked asked) {
        return asked.is("POST /v1/describejobs");
    }

    @Override
    boolean isCancel(Asked asked) {
        return asked.is("POST /v1/terminatejob");
    }

    /** Moto's jobs have ended as soon as they are submitted. */
    @Override
    Optional<Reply> cancelled() {
        return Optional.of(Reply.of("{}"));
    }

    @Override
    String id(JsonNode reply) {
        return reply.path("jobId").asText();
    }

    private static List<String> words(JsonNode submission) {
        List<String> words = new ArrayList<>();
        submission.path("containerOverrides").path("command").forEach(word -> words.add(word.asText()));
        return words;
    }

    @Override
    List<String> command(JsonNode submission) {
        List<String> words = words(submission);
        List<String> command = new ArrayList<>(List.of(phase(words.get(words.indexOf("--class") + 1))));
        command.addAll(words.subList(words.indexOf(JAR) + 1, words.size()));
        return command;
    }

    @Override
    JsonNode stated(JsonNode reply, Map<String, RemoteState> states) {
        reply.path("jobs").forEach(each -> {
            ObjectNode job = (ObjectNode) each;
            // Moto gives a number with a fraction, which no client of Batch takes.
            if (job.path("container") instanceof ObjectNode container) {
                container.remove(List.of("vcpus", "memory"));
            }
            RemoteState state = states.get(job.path("jobId").asText());
            if (state != null) {
                job.put("status", state.said());
                job.put("statusReason", state.reason());
                job.put("isTerminated", state.stage() == Stage.CANCELLED);
            }
        });
        return reply;
    }

    @Override
    String word(Stage stage) {
        return switch (stage) {
            case WAITING -> "RUNNABLE";
            case RUNNING, SUCCEEDED, FAILED, TURNED_AWAY -> stage.name();
            case CANCELLED -> "FAILED";
        };
    }

    @Test
    void sharesTheUnitsAmongTheChildrenOfAnArray() {
        for (int file = 0; file < 6; file++) {
            root().put("in/" + file + ".json", ("{\"id\":" + file + "}").getBytes(StandardCharsets.UTF_8));
        }
        rewrite(settings(name, name, JAR, ", units: 3"), "group-size: 1B");
        List<Integer> codes = new ArrayList<>();
        front().on(this::isSubmit, (asked, real) -> {
            Reply reply = real.get();
            for (int index = 0; index < 3; index++) {
                codes.add(run(child(command(asked.body()), index)));
            }
            submittedAs(reply, Stage.SUCCEEDED);
            return Optional.of(reply);
        });
        assertThat(remote("extract").err())
                .contains("Phase infer-schema of run ")
                .contains("the children of an array do one phase each");
        assertThat(remote("infer-schema").err()).isEmpty();
        Trial.Ended ended = remote("extract");
        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(codes).containsExactly(0, 0, 0, 0, 0, 0);
        JsonNode asked = front().asked(this::isSubmit).get(0).body();
        assertThat(asked.path("arrayProperties").path("size").asInt()).isEqualTo(3);
        assertThat(words(asked)).endsWith("--units", "array/3");
        assertThat(root().names("staging/events/submissions/" + run() + "/extract-1/"))
                .filteredOn(file -> file.endsWith(".exit.json"))
                .hasSize(3);
        // 6 records, and two that are always there; each child has done some of the many units.
        assertThat(ended.out()).contains("every row accounted for: 8 read = 8 written");
    }

    /** The command of a child, as its own variable has it. */
    private static List<String> child(List<String> command, int index) {
        List<String> of = new ArrayList<>(command);
        of.replaceAll(word -> word.startsWith("array/")
                ? Arguments.Share.parse(word, name -> name.equals("AWS_BATCH_JOB_ARRAY_INDEX") ? "" + index : null)
                        .toString()
                : word);
        return of;
    }

    @Test
    void refusesAShareOutsideOfAnArray() {
        assertThatThrownBy(() -> Arguments.Share.parse("array/3", name -> null))
                .hasMessage(
                        "Invalid units: array/3: AWS_BATCH_JOB_ARRAY_INDEX is not set: only children of an AWS Batch"
                                + " array job have it");
        assertThat(Arguments.Share.parse("array/3", name -> "0")).hasToString("1/3");
        assertThat(Arguments.Share.parse("2/3", name -> null)).hasToString("2/3");
    }

    @Test
    void runsAllPhasesAsOneJobWithoutAnArray() {
        rewrite(settings(name, name, JAR, ", units: 3"));
        runWhatIsSubmitted();
        assertThat(remote().code()).isZero();
        JsonNode asked = front().asked(this::isSubmit).get(0).body();
        assertThat(asked.path("arrayProperties").path("size").asInt()).isZero();
        assertThat(words(asked))
                .startsWith(
                        "/opt/spark/bin/spark-submit",
                        "--master",
                        "local[*]",
                        "--class",
                        "dev.millrace.job.Pipeline",
                        JAR);
    }

    @Test
    void refusesAQueueThatIsOff() {
        batch.updateJobQueue(r -> r.jobQueue(name).state("DISABLED"));
        Trial.Ended ended = remote();
        assertThat(ended.err())
                .contains("Batch queue " + name + " is DISABLED: enable it, by aws batch update-job-queue");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(submitted()).isZero();
    }

    @Test
    void namesWhatIsNotThere() {
        rewrite(settings("none", name, JAR, ""));
        assertThat(remote().err()).contains("There is no Batch queue none: is remote.batch.queue right");
        rewrite(settings(name, "none", JAR, ""));
        assertThat(remote().err())
                .contains("there is no active job definition none: is remote.batch.definition right?");
        rewrite(settings(name, name, "s3://" + bucket() + "/jars/none.jar", ""));
        assertThat(remote().err()).contains("there is no s3://" + bucket() + "/jars/none.jar: put the jar there");
    }

    @Test
    void successWithoutUsIsNone() {
        assertThatSuccessWithoutUsIsNone();
    }
}
