package dev.millrace.storage;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * The S3 clients of this JVM, one for each way to reach S3. Every task gets a storage of its own by deserialization; a
 * client each would cost connections and tenths of a second. They live as long as the JVM.
 */
final class S3Clients {
    private static final Map<StorageOptions, S3Client> CLIENTS = new ConcurrentHashMap<>();

    /** The four attempts at a server that does not answer end well within half a minute. */
    private static final Duration CONNECT = Duration.ofSeconds(3);

    private static final Duration SILENCE = Duration.ofSeconds(30);
    private static final int CONNECTIONS = 64;

    private S3Clients() {}

    static S3Client of(StorageOptions options) {
        return CLIENTS.computeIfAbsent(options, S3Clients::opened);
    }

    private static S3Client opened(StorageOptions options) {
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(ApacheHttpClient.builder()
                        .connectionTimeout(CONNECT)
                        .connectionAcquisitionTimeout(SILENCE)
                        .socketTimeout(SILENCE)
                        .maxConnections(CONNECTIONS))
                .forcePathStyle(options.pathStyle())
                .overrideConfiguration(o -> o.addExecutionInterceptor(new S3Headers(options)));
        options.endpointUri()
                .ifPresentOrElse(
                        // Servers other than Amazon's often do not know the newer checksums.
                        endpoint -> builder.endpointOverride(endpoint)
                                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED),
                        () -> builder.crossRegionAccessEnabled(true));
        options.signingRegion().map(Region::of).ifPresent(builder::region);
        return builder.build();
    }
}
