package dev.millrace.remote;

import dev.millrace.config.RemoteSettings;
import dev.millrace.config.RemoteSettings.EmrServerless;
import dev.millrace.fault.Fault;
import dev.millrace.remote.CloudWatchTail.Stream;
import dev.millrace.remote.RemoteState.Stage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.emrserverless.EmrServerlessClient;
import software.amazon.awssdk.services.emrserverless.model.Application;
import software.amazon.awssdk.services.emrserverless.model.JobRun;
import software.amazon.awssdk.services.emrserverless.model.JobRunSummary;
import software.amazon.awssdk.services.emrserverless.model.ResourceNotFoundException;
import software.amazon.awssdk.services.emrserverless.model.StartJobRunRequest;

/** An application of EMR Serverless. It knows a request by its token, and its run by its name. */
public final class ServerlessApplication implements Platform {
    private static final String DRIVER = "/SPARK_DRIVER/";

    private final EmrServerless settings;
    private final EmrServerlessClient emr;
    private final CloudWatchLogsClient logs;
    private final Predicate<String> exists;

    /** Reaches one. */
    public ServerlessApplication(RemoteSettings remote, EmrServerless settings, Predicate<String> exists) {
        this.settings = settings;
        this.emr = AwsClients.open(EmrServerlessClient.builder(), remote);
        this.logs = AwsClients.open(CloudWatchLogsClient.builder(), remote);
        this.exists = exists;
    }

    @Override
    public void check() {
        Application application = described();
        boolean startsItself = application.autoStartConfiguration() == null
                || !Boolean.FALSE.equals(application.autoStartConfiguration().enabled());
        switch (application.state()) {
            case STARTED, STARTING, CREATING, UNKNOWN_TO_SDK_VERSION -> {}
            case CREATED, STOPPED, STOPPING -> {
                if (!startsItself) {
                    throw Fault.user(
                            this + " is " + application.stateAsString() + " and does not start by itself: start"
                                    + " it, by aws emr-serverless start-application --application-id "
                                    + settings.application());
                }
            }
            case TERMINATED ->
                throw Fault.user(this + " is " + application.stateAsString() + ": set"
                        + " remote.emr-serverless.application to one that is there");
        }
        SparkCommand.requireOnStorage(this, settings.code(), exists);
    }

    private Application described() {
        try {
            return emr.getApplication(r -> r.applicationId(settings.application()))
                    .application();
        } catch (ResourceNotFoundException e) {
            throw Fault.user("There is no " + this + ": is remote.emr-serverless.application right, and remote.region?"
                    + " `aws emr-serverless list-applications` lists what is there");
        }
    }

    @Override
    public String submit(Request request) {
        StartJobRunRequest.Builder start = StartJobRunRequest.builder()
                .applicationId(settings.application())
                .executionRoleArn(settings.role())
                .name(request.name())
                .clientToken(token(request))
                .jobDriver(driver -> driver.sparkSubmit(spark -> spark.entryPoint(
                                settings.code().jar())
                        .entryPointArguments(SparkCommand.arguments(request))
                        .sparkSubmitParameters(String.join(" ", SparkCommand.options(settings.code(), request)))));
        settings.logGroup()
                .ifPresent(group -> start.configurationOverrides(c -> c.monitoringConfiguration(m ->
                        m.cloudWatchLoggingConfiguration(l -> l.enabled(true).logGroupName(group)))));
        return emr.startJobRun(start.build()).jobRunId();
    }

    /** At most 64 characters. */
    private static String token(Request request) {
        return UUID.nameUUIDFromBytes(request.name().getBytes(StandardCharsets.UTF_8))
                .toString();
    }

    @Override
    public Optional<String> find(Request request, Instant asked) {
        return emr.listJobRunsPaginator(r -> r.applicationId(settings.application())).jobRuns().stream()
                .filter(run -> request.name().equals(run.name()))
                .map(JobRunSummary::id)
                .findFirst();
    }

    @Override
    public RemoteState state(String id) {
        JobRun run = emr.getJobRun(r -> r.applicationId(settings.application()).jobRunId(id))
                .jobRun();
        Stage stage = switch (run.state()) {
            case SUBMITTED, PENDING, SCHEDULED, QUEUED -> Stage.WAITING;
            case RUNNING, CANCELLING -> Stage.RUNNING;
            case SUCCESS -> Stage.SUCCEEDED;
            case FAILED -> Stage.FAILED;
            case CANCELLED -> Stage.CANCELLED;
            // A state that is younger than our SDK: it will be another one.
            case UNKNOWN_TO_SDK_VERSION -> Stage.RUNNING;
        };
        return RemoteState.of(stage, run.stateAsString(), run.stateDetails());
    }

    @Override
    public void cancel(String id) {
        emr.cancelJobRun(r -> r.applicationId(settings.application()).jobRunId(id));
    }

    @Override
    public LogTail log(String id) {
        String run = "applications/" + settings.application() + "/jobs/" + id + DRIVER;
        return settings.logGroup()
                .<LogTail>map(group -> new CloudWatchTail(
                        logs,
                        List.of(
                                new Stream(group, run + "stdout"),
                                new Stream(group, "/" + run + "stdout"),
                                new Stream(group, run + "stderr"),
                                new Stream(group, "/" + run + "stderr"))))
                .orElse(LogTail.NONE);
    }

    @Override
    public String command(String id) {
        return "aws emr-serverless get-job-run --application-id " + settings.application() + " --job-run-id " + id;
    }

    @Override
    public String permissions() {
        return "emr-serverless:GetApplication, StartJobRun, GetJobRun, ListJobRuns and CancelJobRun, iam:PassRole on "
                + settings.role() + ", and logs:GetLogEvents";
    }

    @Override
    public void close() {
        emr.close();
        logs.close();
    }

    @Override
    public String toString() {
        return "EMR Serverless application " + settings.application();
    }
}
