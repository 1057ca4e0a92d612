package dev.millrace.remote;

import dev.millrace.config.RemoteSettings;
import dev.millrace.fault.Fault;
import java.time.Duration;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;

/** Clients of services, which ask each thing once: a call that starts a run must not be repeated unseen. */
final class AwsClients {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration SILENCE = Duration.ofSeconds(20);

    /** A call has ended after this, one way or the other. */
    static final Duration CALL = Duration.ofSeconds(30);

    private AwsClients() {}

    static <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C> C open(
            B builder, RemoteSettings settings) {
        builder.httpClientBuilder(
                        ApacheHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(SILENCE))
                .overrideConfiguration(o -> o.apiCallTimeout(CALL)
                        .retryStrategy(
                                StandardRetryStrategy.builder().maxAttempts(1).build()));
        settings.region().map(Region::of).ifPresent(builder::region);
        settings.endpoint().ifPresent(builder::endpointOverride);
        try {
            return builder.build();
        } catch (SdkClientException e) {
            // Only a region can be missing by now.
            throw Fault.user("remote.region: no region is known: set it in the job file, or AWS_REGION");
        }
    }
}
