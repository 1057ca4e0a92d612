package dev.millrace.config;

import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where {@code remote} submits a job to. A run is the same whoever submits it, so none of this is of its plan.
 *
 * @param region of the platforms; empty: as the AWS SDK finds it
 * @param endpoint where they answer; empty: those of the region
 * @param glue a job of AWS Glue
 * @param serverless an application of EMR Serverless
 * @param emr a cluster of EMR
 * @param batch a queue of AWS Batch
 * @param stepFunctions a state machine of Step Functions
 */
public record RemoteSettings(
        Optional<String> region,
        Optional<URI> endpoint,
        Optional<Glue> glue,
        Optional<EmrServerless> serverless,
        Optional<Emr> emr,
        Optional<Batch> batch,
        Optional<StepFunctions> stepFunctions) {
    /**
     * A job of AWS Glue that starts our script; it names the script, the jar and the role.
     *
     * @param job its name
     * @param workerType in place of the job's own
     * @param workers in place of the job's own number
     */
    public record Glue(String job, Optional<String> workerType, Optional<Integer> workers) {}

    /**
     * What {@code spark-submit} starts.
     *
     * @param jar ours, on S3 or where the platform's machines have it
     * @param jars others, such as a warehouse's driver
     * @param conf settings of Spark by name
     */
    public record Code(String jar, List<String> jars, Map<String, String> conf) {
        public Code {
            jars = List.copyOf(jars);
            conf = Ordered.copyOf(conf);
        }
    }

    /**
     * An application of EMR Serverless.
     *
     * @param application its id
     * @param role ARN of the role that runs have
     * @param logGroup of CloudWatch Logs that drivers log to; empty: where the application says
     */
    public record EmrServerless(String application, String role, Optional<String> logGroup, Code code) {}

    /**
     * A cluster of EMR, by its steps.
     *
     * @param cluster its id
     */
    public record Emr(String cluster, Code code) {}

    /**
     * A queue of AWS Batch.
     *
     * @param queue its name or ARN
     * @param definition of jobs: name, name and revision, or ARN
     * @param units processes that share the units of a phase that reads; empty: one does all
     * @param submit the words of the container's command before the class
     */
    public record Batch(String queue, String definition, Optional<Integer> units, List<String> submit, Code code) {
        public Batch {
            submit = List.copyOf(submit);
        }
    }

    /**
     * State machines of Step Functions, one for each job.
     *
     * @param machine ARN, in which <code>{job}</code> stands for the job's name
     */
    public record StepFunctions(String machine) {
        /** The one of a job. */
        public String of(String job) {
            return machine.replace("{job}", job);
        }
    }
}
