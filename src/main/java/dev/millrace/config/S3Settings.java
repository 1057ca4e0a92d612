package dev.millrace.config;

import java.net.URI;
import java.util.Map;
import java.util.Optional;

/**
 * How S3 is reached, and how what is written there is encrypted.
 *
 * @param endpoint empty: that of the region
 * @param region empty: as the AWS SDK finds it
 * @param pathStyle whether the bucket stands in the path instead of the host name
 * @param encryption empty: as each bucket encrypts by itself
 * @param kmsKey id, ARN or alias; empty: the key that AWS keeps for S3 in the account
 * @param owners the account that has to own a bucket, by the bucket's name; others may be anybody's
 */
public record S3Settings(
        Optional<URI> endpoint,
        Optional<String> region,
        boolean pathStyle,
        Optional<Encryption> encryption,
        Optional<String> kmsKey,
        Map<String, String> owners) {
    public S3Settings {
        owners = Map.copyOf(owners);
    }

    /** How S3 encrypts what it stores. */
    public enum Encryption {
        SSE_S3,
        SSE_KMS
    }
}
