package dev.millrace.remote;

import dev.millrace.config.RemoteSettings;
import dev.millrace.config.RemoteSettings.Batch;
import dev.millrace.fault.Fault;
import dev.millrace.remote.CloudWatchTail.Stream;
import dev.millrace.remote.RemoteState.Stage;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import software.amazon.awssdk.services.batch.BatchClient;
import software.amazon.awssdk.services.batch.model.ArrayProperties;
import software.amazon.awssdk.services.batch.model.ContainerDetail;
import software.amazon.awssdk.services.batch.model.JQState;
import software.amazon.awssdk.services.batch.model.JobDetail;
import software.amazon.awssdk.services.batch.model.JobQueueDetail;
import software.amazon.awssdk.services.batch.model.JobStatus;
import software.amazon.awssdk.services.batch.model.JobSummary;
import software.amazon.awssdk.services.batch.model.KeyValuesPair;
import software.amazon.awssdk.services.batch.model.SubmitJobRequest;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;

/**
 * A queue of AWS Batch, whose jobs are containers with Spark in them. Units that are shared are the children of an array
 * job. It knows no token of a request: a job is found by its name.
 */
public final class BatchQueue implements Platform {
    private static final String GROUP = "/aws/batch/job";

    private final Batch settings;
    private final BatchClient batch;
    private final CloudWatchLogsClient logs;
    private final Predicate<String> exists;

    /** Reaches one. */
    public BatchQueue(RemoteSettings remote, Batch settings, Predicate<String> exists) {
        this.settings = settings;
        this.batch = AwsClients.open(BatchClient.builder(), remote);
        this.logs = AwsClients.open(CloudWatchLogsClient.builder(), remote);
        this.exists = exists;
    }

    @Override
    public void check() {
        JobQueueDetail queue = batch.describeJobQueues(r -> r.jobQueues(settings.queue())).jobQueues().stream()
                .findFirst()
                .orElseThrow(
                        () -> Fault.user("There is no " + this + ": is remote.batch.queue right, and remote.region?"
                                + " `aws batch describe-job-queues` lists what is there"));
        if (queue.state() != JQState.ENABLED) {
            throw Fault.user(this + " is " + queue.stateAsString() + ": enable it, by aws batch update-job-queue"
                    + " --state ENABLED --job-queue " + settings.queue());
        }
        // With a revision or as an ARN it is asked for in another way than by name alone.
        boolean isDefined = !batch.describeJobDefinitions(
                        r -> (settings.definition().contains(":")
                                        ? r.jobDefinitions(settings.definition())
                                        : r.jobDefinitionName(settings.definition()))
                                .status("ACTIVE"))
                .jobDefinitions()
                .isEmpty();
        if (!isDefined) {
            throw Fault.user(this + ": there is no active job definition " + settings.definition()
                    + ": is remote.batch.definition right?");
        }
        SparkCommand.requireOnStorage(this, settings.code(), exists);
    }

    @Override
    public String submit(Request request) {
        List<String> command = new ArrayList<>(settings.submit());
        command.addAll(SparkCommand.options(settings.code(), request));
        // Spark alone knows S3 by this name only.
        command.add(settings.code().jar().replaceFirst("^s3://", "s3a://"));
        command.addAll(SparkCommand.arguments(request));
        request.shares().ifPresent(n -> command.addAll(List.of("--units", "array/" + n)));
        SubmitJobRequest.Builder job = SubmitJobRequest.builder()
                .jobName(request.name())
                .jobQueue(settings.queue())
                .jobDefinition(settings.definition())
                .containerOverrides(c -> c.command(command));
        request.shares()
                .ifPresent(n ->
                        job.arrayProperties(ArrayProperties.builder().size(n).build()));
        return batch.submitJob(job.build()).jobId();
    }

    @Override
    public Optional<String> find(Request request, Instant asked) {
        return batch
                .listJobsPaginator(r -> r.jobQueue(settings.queue())
                        .filters(KeyValuesPair.builder()
                                .name("JOB_NAME")
                                .values(request.name())
                                .build()))
                .jobSummaryList()
                .stream()
                .filter(job -> request.name().equals(job.jobName()))
                .map(JobSummary::jobId)
                .findFirst();
    }

    @Override
    public RemoteState state(String id) {
        JobDetail job = described(id)
                .orElseThrow(() -> Fault.world(
                        this + " knows no job " + id + " any more: Batch forgets a job some days after its end"));
        Stage stage = switch (job.status()) {
            case SUBMITTED, PENDING, RUNNABLE, STARTING -> Stage.WAITING;
            case RUNNING -> Stage.RUNNING;
            case SUCCEEDED -> Stage.SUCCEEDED;
            case FAILED -> Stage.FAILED;
            // A state that is younger than our SDK: it will be another one.
            case UNKNOWN_TO_SDK_VERSION -> Stage.RUNNING;
        };
        String said = job.statusAsString() + children(job);
        boolean isEnded = job.status() == JobStatus.FAILED;
        boolean isCancelled = isEnded && Boolean.TRUE.equals(job.isTerminated());
        return RemoteState.of(isCancelled ? Stage.CANCELLED : stage, said, job.statusReason());
    }

    /** How many children of an array are where, as {@code (2 RUNNING, 14 SUCCEEDED)}. */
    private static String children(JobDetail job) {
        Map<String, Integer> summary =
                job.arrayProperties() == null ? Map.of() : job.arrayProperties().statusSummary();
        List<String> told = summary.entrySet().stream()
                .filter(e -> e.getValue() > 0)
                .map(e -> e.getValue() + " " + e.getKey())
                .sorted()
                .toList();
        return told.isEmpty() ? "" : " (" + String.join(", ", told) + ")";
    }

    private Optional<JobDetail> described(String id) {
        return batch.describeJobs(r -> r.jobs(id)).jobs().stream().findFirst();
    }

    @Override
    public void cancel(String id) {
        batch.terminateJob(r -> r.jobId(id).reason("Cancelled by who followed it"));
    }

    @Override
    public LogTail log(String id) {
        return new Tail(id);
    }

    /** The log of a job, or of the first child of an array; where it is, is known once its container was started. */
    private final class Tail implements LogTail {
        private final String id;
        private Optional<LogTail> found = Optional.empty();

        private Tail(String id) {
            this.id = id;
        }

        @Override
        public List<String> next() {
            if (found.isEmpty()) {
                found = described(id)
                        .flatMap(job -> isArray(job) ? described(id + ":0") : Optional.of(job))
                        .map(JobDetail::container)
                        .filter(container -> container.logStreamName() != null)
                        .map(container -> new CloudWatchTail(
                                logs, List.of(new Stream(group(container), container.logStreamName()))));
            }
            return found.map(LogTail::next).orElse(List.of());
        }
    }

    private static boolean isArray(JobDetail job) {
        return job.arrayProperties() != null && job.arrayProperties().size() != null;
    }

    private static String group(ContainerDetail container) {
        return container.logConfiguration() == null
                ? GROUP
                : container.logConfiguration().options().getOrDefault("awslogs-group", GROUP);
    }

    @Override
    public String command(String id) {
        return "aws batch describe-jobs --jobs " + id;
    }

    @Override
    public String permissions() {
        return "batch:DescribeJobQueues, DescribeJobDefinitions, SubmitJob, ListJobs, DescribeJobs and TerminateJob, and"
                + " logs:GetLogEvents";
    }

    @Override
    public void close() {
        batch.close();
        logs.close();
    }

    @Override
    public String toString() {
        return "Batch queue " + settings.queue();
    }
}
