package dev.millrace.config;

import java.net.URI;
import java.util.Optional;

/**
 * Where {@code remote} submits a job to. A run is the same whoever submits it, so none of this is of its plan.
 *
 * @param region of the platforms; empty: as the AWS SDK finds it
 * @param endpoint where they answer; empty: those of the region
 * @param glue a job of AWS Glue
 */
public record RemoteSettings(Optional<String> region, Optional<URI> endpoint, Optional<Glue> glue) {
    /** Nowhere. */
    public static final RemoteSettings NONE = new RemoteSettings(Optional.empty(), Optional.empty(), Optional.empty());

    /**
     * A job of AWS Glue that starts our script; it names the script, the jar and the role.
     *
     * @param job its name
     * @param workerType in place of the job's own
     * @param workers in place of the job's own number
     */
    public record Glue(String job, Optional<String> workerType, Optional<Integer> workers) {}
}
