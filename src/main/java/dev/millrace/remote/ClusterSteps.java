package dev.millrace.remote;

import dev.millrace.config.RemoteSettings;
import dev.millrace.config.RemoteSettings.Emr;
import dev.millrace.fault.Fault;
import dev.millrace.remote.RemoteState.Stage;
import dev.millrace.storage.Storage;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import software.amazon.awssdk.services.emr.EmrClient;
import software.amazon.awssdk.services.emr.model.ActionOnFailure;
import software.amazon.awssdk.services.emr.model.CancelStepsInfo;
import software.amazon.awssdk.services.emr.model.CancelStepsRequestStatus;
import software.amazon.awssdk.services.emr.model.Cluster;
import software.amazon.awssdk.services.emr.model.InvalidRequestException;
import software.amazon.awssdk.services.emr.model.Step;
import software.amazon.awssdk.services.emr.model.StepCancellationOption;
import software.amazon.awssdk.services.emr.model.StepConfig;
import software.amazon.awssdk.services.emr.model.StepStatus;
import software.amazon.awssdk.services.emr.model.StepSummary;

/** The steps of a cluster of EMR. It knows no token of a request: a step is found by its name. */
public final class ClusterSteps implements Platform {
    private final Emr settings;
    private final EmrClient emr;
    private final Predicate<String> exists;
    private final Function<String, Storage> storages;

    /**
     * Reaches them.
     *
     * @param exists whether there is a file of a uri
     * @param storages opens the storage of a folder's uri
     */
    public ClusterSteps(
            RemoteSettings remote, Emr settings, Predicate<String> exists, Function<String, Storage> storages) {
        this.settings = settings;
        this.emr = AwsClients.open(EmrClient.builder(), remote);
        this.exists = exists;
        this.storages = storages;
    }

    @Override
    public void check() {
        Cluster cluster = described();
        switch (cluster.status().state()) {
            case STARTING, BOOTSTRAPPING, RUNNING, WAITING, UNKNOWN_TO_SDK_VERSION -> {}
            case TERMINATING, TERMINATED, TERMINATED_WITH_ERRORS ->
                throw Fault.user(this + " is " + cluster.status().stateAsString()
                        + ": start another one and set remote.emr.cluster to it");
        }
        SparkCommand.requireOnStorage(this, settings.code(), exists);
    }

    private Cluster described() {
        try {
            return emr.describeCluster(r -> r.clusterId(settings.cluster())).cluster();
        } catch (InvalidRequestException e) {
            throw Fault.user("There is no " + this + ": is remote.emr.cluster right, and remote.region?"
                    + " `aws emr list-clusters --active` lists what is there");
        }
    }

    @Override
    public String submit(Request request) {
        List<String> command = new ArrayList<>(List.of("spark-submit"));
        command.addAll(SparkCommand.options(settings.code(), request));
        command.add(settings.code().jar());
        command.addAll(SparkCommand.arguments(request));
        return emr.addJobFlowSteps(r -> r.jobFlowId(settings.cluster())
                        .steps(List.of(StepConfig.builder()
                                .name(request.name())
                                // Others' steps go on, and the cluster stays.
                                .actionOnFailure(ActionOnFailure.CONTINUE)
                                .hadoopJarStep(
                                        jar -> jar.jar("command-runner.jar").args(command))
                                .build())))
                .stepIds()
                .get(0);
    }

    @Override
    public Optional<String> find(Request request, Instant asked) {
        return emr.listStepsPaginator(r -> r.clusterId(settings.cluster())).steps().stream()
                .filter(step -> request.name().equals(step.name()))
                .map(StepSummary::id)
                .findFirst();
    }

    @Override
    public RemoteState state(String id) {
        Step step = emr.describeStep(r -> r.clusterId(settings.cluster()).stepId(id))
                .step();
        StepStatus status = step.status();
        Stage stage = switch (status.state()) {
            case PENDING -> Stage.WAITING;
            case RUNNING, CANCEL_PENDING -> Stage.RUNNING;
            case COMPLETED -> Stage.SUCCEEDED;
            case FAILED -> Stage.FAILED;
            // The cluster was ended under it.
            case CANCELLED, INTERRUPTED -> Stage.CANCELLED;
            // A state that is younger than our SDK: it will be another one.
            case UNKNOWN_TO_SDK_VERSION -> Stage.RUNNING;
        };
        String reason =
                status.failureDetails() != null && status.failureDetails().reason() != null
                        ? status.failureDetails().reason()
                        : status.stateChangeReason() == null
                                ? ""
                                : status.stateChangeReason().message();
        return RemoteState.of(stage, status.stateAsString(), reason);
    }

    @Override
    public void cancel(String id) {
        List<CancelStepsInfo> answers = emr.cancelSteps(r -> r.clusterId(settings.cluster())
                        .stepIds(id)
                        .stepCancellationOption(StepCancellationOption.TERMINATE_PROCESS))
                .cancelStepsInfoList();
        answers.stream()
                .filter(answer -> answer.status() == CancelStepsRequestStatus.FAILED)
                .findFirst()
                .ifPresent(answer -> {
                    throw Fault.world(this + ": step " + id + " cannot be cancelled: " + answer.reason());
                });
    }

    /** EMR copies a step's log to S3 every few minutes, and at its end. */
    @Override
    public LogTail log(String id) {
        String at = described().logUri();
        if (at == null || at.isEmpty()) {
            return LogTail.NONE;
        }
        String folder = at.replaceFirst("^s3[na]?://", "s3://");
        String step = settings.cluster() + "/steps/" + id + "/";
        return new S3Tail(
                storages.apply(folder.endsWith("/") ? folder : folder + "/"),
                List.of(step + "stdout.gz", step + "stderr.gz"));
    }

    @Override
    public String command(String id) {
        return "aws emr describe-step --cluster-id " + settings.cluster() + " --step-id " + id;
    }

    @Override
    public String permissions() {
        return "elasticmapreduce:DescribeCluster, AddJobFlowSteps, ListSteps, DescribeStep and CancelSteps on the cluster";
    }

    @Override
    public void close() {
        emr.close();
    }

    @Override
    public String toString() {
        return "EMR cluster " + settings.cluster();
    }
}
