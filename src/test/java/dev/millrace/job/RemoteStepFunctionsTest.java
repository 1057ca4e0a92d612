package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.remote.RemoteState;
import dev.millrace.remote.RemoteState.Stage;
import dev.millrace.run.Lease;
import dev.millrace.run.Overlap;
import dev.millrace.run.RunId;
import dev.millrace.testing.PlatformFront.Asked;
import dev.millrace.testing.PlatformFront.Reply;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sfn.SfnClient;

/** Moto starts executions and runs no state of them: what the tasks do is done by the test, as one. */
class RemoteStepFunctionsTest extends RemoteContract {
    private static final String TAKES_RUNS = "$$.Execution.Input.run";

    private SfnClient client;
    private String machine = "";

    @Override
    String platform() {
        return "step-functions";
    }

    @Override
    String prepared(URI moto, String bucket) {
        client = SfnClient.builder()
                .httpClientBuilder(ApacheHttpClient.builder())
                .endpointOverride(moto)
                .region(Region.EU_WEST_1)
                .build();
        machine = create("test" + System.nanoTime() + "-events", TAKES_RUNS);
        return settings(machine.replace("-events", "-{job}"));
    }

    private static String settings(String arn) {
        return "step-functions: {machine: \"" + arn + "\"}";
    }

    private String create(String name, String comment) {
        return client.createStateMachine(r -> r.name(name)
                        .roleArn("arn:aws:iam::123456789012:role/millrace")
                        .definition("{\"Comment\": \"" + comment
                                + "\", \"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"))
                .stateMachineArn();
    }

    @Override
    boolean isSubmit(Asked asked) {
        return asked.is("StartExecution");
    }

    @Override
    boolean isLook(Asked asked) {
        return asked.is("DescribeExecution");
    }

    @Override
    boolean isCancel(Asked asked) {
        return asked.is("StopExecution");
    }

    @Override
    String id(JsonNode reply) {
        return reply.path("executionArn").asText();
    }

    @Override
    List<String> command(JsonNode submission) {
        try {
            JsonNode input =
                    new ObjectMapper().readTree(submission.path("input").asText());
            return List.of(
                    "pipeline",
                    input.path("file").asText(),
                    "--run",
                    input.path("run").asText());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    JsonNode stated(JsonNode reply, Map<String, RemoteState> states) {
        RemoteState state = states.get(id(reply));
        ObjectNode execution = (ObjectNode) reply;
        execution.put("status", state.said());
        if (!state.reason().isEmpty()) {
            execution.put("cause", state.reason());
        }
        return reply;
    }

    @Override
    String word(Stage stage) {
        return switch (stage) {
            case WAITING, RUNNING -> "RUNNING";
            case CANCELLED -> "ABORTED";
            case SUCCEEDED, FAILED, TURNED_AWAY -> stage.name();
        };
    }

    /** Processes of a machine's tasks leave no exit code: the run's own end tells. */
    @Override
    @Test
    void endsWithTheExitCodeOfWhatRan() {
        runWhatIsSubmitted();
        OpenJob open = OpenJob.load(job().toString(), Optional.empty(), Map.of(), Surroundings.ofProcess());
        try (Lease held =
                open.store().lock().acquire(new RunId("2026-11-21T07-00-00Z-k3f9"), "another", Overlap.SKIP, false)) {
            Trial.Ended ended = remote();
            assertThat(ended.err())
                    .contains("Run " + run() + " ended without saying why")
                    .contains(": FAILED: exit code 4");
            assertThat(ended.code()).isEqualTo(1);
            assertThat(held).isNotNull();
        }
    }

    @Override
    @Test
    void runsPhasesOneByOneAndSubmitsNoneThatIsDone() {
        assertThat(remote("extract").err())
                .contains("Invalid --on: step-functions: a state machine runs all phases: leave extract out");
        assertThat(remote("--since", "2026-11-20").err())
                .contains("Invalid --since: a state machine takes what is new: name the platform");
        assertThat(submitted()).isZero();
    }

    @Test
    void tellsWhereTheMachineHasLeftTheJobToAnotherExecution() {
        front().on(this::isLook, (asked, real) -> {
            Reply reply = real.get();
            ObjectNode execution = (ObjectNode) reply.json();
            execution.put("status", "SUCCEEDED").put("output", "{\"anotherIsAtWork\":true}");
            return Optional.of(reply.with(execution));
        });
        Trial.Ended ended = remote();
        assertThat(ended.err()).contains("SUCCEEDED: another execution is at work, and this one did nothing");
        assertThat(ended.code()).isEqualTo(4);
        assertThat(submitted()).isEqualTo(1);
    }

    @Test
    void refusesAMachineThatIsNotThereOrTakesNoRun() {
        rewrite(settings(machine + "x"));
        assertThat(remote().err()).contains("There is no state machine " + machine + "x: is remote.step-functions.");
        String older = create("older" + System.nanoTime(), "names its runs by itself");
        rewrite(settings(older));
        Trial.Ended ended = remote();
        assertThat(ended.err()).contains("state machine " + older + " takes no run by its input: write it anew");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(submitted()).isZero();
    }
}
