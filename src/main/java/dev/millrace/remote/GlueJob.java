package dev.millrace.remote;

import dev.millrace.config.RemoteSettings;
import dev.millrace.fault.Fault;
import dev.millrace.remote.CloudWatchTail.Stream;
import dev.millrace.remote.RemoteState.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.glue.model.BatchStopJobRunResponse;
import software.amazon.awssdk.services.glue.model.EntityNotFoundException;
import software.amazon.awssdk.services.glue.model.GetJobRunsResponse;
import software.amazon.awssdk.services.glue.model.Job;
import software.amazon.awssdk.services.glue.model.JobRun;
import software.amazon.awssdk.services.glue.model.StartJobRunRequest;

/**
 * A job of AWS Glue, whose script starts our entry points. Glue knows no token of a request: a run is found among the
 * job's by its arguments.
 */
public final class GlueJob implements Platform {
    static final String SUBMISSION = "--submission";

    /** Glue's parser takes {@code --job} for the beginning of options of its own. */
    private static final Map<String, String> NAMES = Map.of("--job", "--job-file");

    private static final String JARS = "--extra-jars";
    private static final String LANGUAGE = "--job-language";
    private static final String DEFAULT_GROUP = "/aws-glue/jobs";

    /** Clocks of ours and theirs differ by less. */
    private static final Duration UNSURE = Duration.ofHours(1);

    private final RemoteSettings.Glue settings;
    private final GlueClient glue;
    private final CloudWatchLogsClient logs;
    private final Predicate<String> exists;

    /** @param exists whether there is a file of a uri */
    public GlueJob(RemoteSettings remote, RemoteSettings.Glue settings, Predicate<String> exists) {
        this.settings = settings;
        this.glue = AwsClients.open(GlueClient.builder(), remote);
        this.logs = AwsClients.open(CloudWatchLogsClient.builder(), remote);
        this.exists = exists;
    }

    @Override
    public void check() {
        Job job = described();
        Map<String, String> arguments = job.defaultArguments();
        if (!"scala".equals(arguments.get(LANGUAGE))) {
            throw Fault.user(this + ": " + LANGUAGE + " is " + arguments.get(LANGUAGE)
                    + ": must be scala, and the script scripts/glue/Millrace.scala; see docs/remote.md");
        }
        List<String> jars = jars(arguments);
        if (jars.isEmpty()) {
            throw Fault.user(this + ": " + JARS + " is missing: it must name millrace.jar on S3; see docs/remote.md");
        }
        List<String> needed = new ArrayList<>(jars);
        needed.add(job.command().scriptLocation());
        for (String file : needed) {
            if (!exists.test(file)) {
                throw Fault.user(this + ": there is no " + file + ": put the file there, or correct the Glue job");
            }
        }
    }

    private Job described() {
        try {
            return glue.getJob(r -> r.jobName(settings.job())).job();
        } catch (EntityNotFoundException e) {
            throw Fault.user("There is no " + this + ": is remote.glue.job right, and remote.region? "
                    + "`aws glue list-jobs` lists what is there; docs/remote.md tells how to make one");
        }
    }

    private static List<String> jars(Map<String, String> arguments) {
        return Arrays.stream(arguments.getOrDefault(JARS, "").split(",", -1))
                .map(String::strip)
                .filter(jar -> !jar.isEmpty())
                .toList();
    }

    @Override
    public String submit(Request request) {
        Map<String, String> arguments = new HashMap<>();
        request.arguments().forEach((name, value) -> arguments.put(NAMES.getOrDefault(name, name), value));
        // Its script starts one class for all phases.
        if (!request.isWhole()) {
            arguments.put("--phases", request.phase());
        }
        StartJobRunRequest.Builder start =
                StartJobRunRequest.builder().jobName(settings.job()).arguments(arguments);
        settings.workerType().ifPresent(start::workerType);
        settings.workers().ifPresent(start::numberOfWorkers);
        return glue.startJobRun(start.build()).jobRunId();
    }

    @Override
    public Optional<String> find(Request request, Instant asked) {
        // Newest first.
        for (GetJobRunsResponse page : glue.getJobRunsPaginator(r -> r.jobName(settings.job()))) {
            Optional<JobRun> found = page.jobRuns().stream()
                    .filter(run -> request.name().equals(run.arguments().get(SUBMISSION)))
                    .findFirst();
            // One that waits in Glue's queue has not started.
            boolean isOlder = page.jobRuns().stream()
                    .allMatch(run -> run.startedOn() != null && run.startedOn().isBefore(asked.minus(UNSURE)));
            if (found.isPresent() || isOlder) {
                return found.map(JobRun::id);
            }
        }
        return Optional.empty();
    }

    @Override
    public RemoteState state(String id) {
        JobRun run = run(id);
        Stage stage = switch (run.jobRunState()) {
            case STARTING, WAITING -> Stage.WAITING;
            case RUNNING, STOPPING -> Stage.RUNNING;
            case SUCCEEDED -> Stage.SUCCEEDED;
            case STOPPED -> Stage.CANCELLED;
            case FAILED, ERROR, TIMEOUT, EXPIRED -> Stage.FAILED;
            // A state that is younger than our SDK: it will be another one.
            case UNKNOWN_TO_SDK_VERSION -> Stage.RUNNING;
        };
        return RemoteState.of(stage, run.jobRunStateAsString(), run.errorMessage());
    }

    private JobRun run(String id) {
        return glue.getJobRun(r -> r.jobName(settings.job()).runId(id)).jobRun();
    }

    @Override
    public void cancel(String id) {
        BatchStopJobRunResponse answer =
                glue.batchStopJobRun(r -> r.jobName(settings.job()).jobRunIds(id));
        answer.errors().stream().findFirst().ifPresent(error -> {
            throw Fault.world(this + ": run " + id + " cannot be cancelled: "
                    + error.errorDetail().errorCode() + ": "
                    + error.errorDetail().errorMessage());
        });
    }

    @Override
    public LogTail log(String id) {
        Map<String, String> arguments = new HashMap<>(described().defaultArguments());
        arguments.putAll(run(id).arguments());
        String group = arguments.getOrDefault("--custom-logGroup-prefix", DEFAULT_GROUP) + "/output";
        List<Stream> streams = new ArrayList<>();
        streams.add(new Stream(group, arguments.getOrDefault("--custom-logStream-prefix", id) + "-driver"));
        streams.add(new Stream(group, id));
        // Of Glue 4 and earlier.
        streams.add(new Stream(
                arguments.getOrDefault("--continuous-log-logGroup", DEFAULT_GROUP + "/logs-v2"), id + "-driver"));
        return new CloudWatchTail(logs, streams);
    }

    @Override
    public String command(String id) {
        return "aws glue get-job-run --job-name " + settings.job() + " --run-id " + id;
    }

    @Override
    public String permissions() {
        return "glue:GetJob, StartJobRun, GetJobRun, GetJobRuns and BatchStopJobRun on the job, and logs:GetLogEvents";
    }

    @Override
    public void close() {
        glue.close();
        logs.close();
    }

    @Override
    public String toString() {
        return "Glue job " + settings.job();
    }
}
