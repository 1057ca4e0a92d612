package dev.millrace.remote;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.config.RemoteSettings;
import dev.millrace.fault.Fault;
import dev.millrace.remote.RemoteState.Stage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import software.amazon.awssdk.services.sfn.SfnClient;
import software.amazon.awssdk.services.sfn.model.DescribeExecutionResponse;
import software.amazon.awssdk.services.sfn.model.DescribeStateMachineResponse;
import software.amazon.awssdk.services.sfn.model.ExecutionAlreadyExistsException;
import software.amazon.awssdk.services.sfn.model.ExecutionDoesNotExistException;
import software.amazon.awssdk.services.sfn.model.InvalidArnException;
import software.amazon.awssdk.services.sfn.model.StateMachineDoesNotExistException;
import software.amazon.awssdk.services.sfn.model.StateMachineStatus;

/**
 * A state machine of Step Functions that chains the phases of a job. An execution has the submission's name, by which it is
 * <a href="https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html">started once</a>,
 * and is told the run and the job file by its input.
 */
public final class ExecutedMachine implements Platform {
    /** Of an execution. */
    private static final int LONGEST_NAME = 80;

    /** What the machine's output holds where it has left the job to another execution. */
    private static final String LEFT = "anotherIsAtWork";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final String machine;
    private final SfnClient client;

    /** @param machine its ARN */
    public ExecutedMachine(RemoteSettings remote, String machine) {
        this.machine = machine;
        this.client = AwsClients.open(SfnClient.builder(), remote);
    }

    @Override
    public void check() {
        DescribeStateMachineResponse described;
        try {
            described = client.describeStateMachine(r -> r.stateMachineArn(machine));
        } catch (StateMachineDoesNotExistException | InvalidArnException e) {
            throw Fault.user("There is no " + this + ": is remote.step-functions.machine right, and remote.region?"
                    + " `aws stepfunctions list-state-machines` lists what is there");
        }
        if (described.status() == StateMachineStatus.DELETING) {
            throw Fault.user(this + " is being deleted: set remote.step-functions.machine to one that is there");
        }
        // One of an older version would name the run by itself, and nobody would find it.
        if (!described.definition().contains("$$.Execution.Input.run")) {
            throw Fault.user(this + " takes no run by its input: write it anew, by scripts/millrace step-functions");
        }
    }

    @Override
    public String submit(Request request) {
        try {
            return client.startExecution(
                            r -> r.stateMachineArn(machine).name(name(request)).input(input(request.arguments())))
                    .executionArn();
        } catch (ExecutionAlreadyExistsException ended) {
            return execution(request);
        }
    }

    private static String input(Map<String, String> arguments) {
        try {
            return JSON.writeValueAsString(Map.of("run", arguments.get("--run"), "file", arguments.get("--job")));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String name(Request request) {
        return request.name().length() <= LONGEST_NAME
                ? request.name()
                : UUID.nameUUIDFromBytes(request.name().getBytes(StandardCharsets.UTF_8))
                        .toString();
    }

    private String execution(Request request) {
        return machine.replace(":stateMachine:", ":execution:") + ":" + name(request);
    }

    @Override
    public Optional<String> find(Request request, Instant asked) {
        try {
            return Optional.of(client.describeExecution(r -> r.executionArn(execution(request)))
                    .executionArn());
        } catch (ExecutionDoesNotExistException notThere) {
            return Optional.empty();
        }
    }

    /** Its tasks are started by the machine, which looks at their run itself. */
    @Override
    public boolean writesExits() {
        return false;
    }

    @Override
    public RemoteState state(String id) {
        DescribeExecutionResponse execution = client.describeExecution(r -> r.executionArn(id));
        Stage stage = switch (execution.status()) {
            case RUNNING, PENDING_REDRIVE -> Stage.RUNNING;
            case SUCCEEDED -> Stage.SUCCEEDED;
            case FAILED, TIMED_OUT -> Stage.FAILED;
            case ABORTED -> Stage.CANCELLED;
            // A state that is younger than our SDK: it will be another one.
            case UNKNOWN_TO_SDK_VERSION -> Stage.RUNNING;
        };
        if (stage == Stage.SUCCEEDED
                && execution.output() != null
                && execution.output().contains(LEFT)) {
            return RemoteState.of(
                    Stage.TURNED_AWAY,
                    execution.statusAsString(),
                    "another execution is at work, and this one did nothing");
        }
        String reason = execution.error() == null
                ? execution.cause()
                : execution.error() + (execution.cause() == null ? "" : ": " + execution.cause());
        return RemoteState.of(stage, execution.statusAsString(), reason);
    }

    /** Step Functions ends the job of the task that is at work too. */
    @Override
    public void cancel(String id) {
        client.stopExecution(r -> r.executionArn(id).error("Cancelled").cause("by scripts/millrace remote"));
    }

    /** Its tasks log, not it. */
    @Override
    public LogTail log(String id) {
        return LogTail.NONE;
    }

    @Override
    public String command(String id) {
        return "aws stepfunctions get-execution-history --reverse-order --execution-arn " + id;
    }

    @Override
    public String permissions() {
        return "states:DescribeStateMachine, StartExecution, DescribeExecution and StopExecution on " + machine
                + " and its executions";
    }

    @Override
    public void close() {
        client.close();
    }

    @Override
    public String toString() {
        return "state machine " + machine;
    }
}
