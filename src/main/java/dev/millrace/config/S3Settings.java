package dev.millrace.config;

import java.net.URI;
import java.util.Optional;

/**
 * How S3 locations are reached; for stores that speak S3 but are not AWS.
 *
 * @param endpoint empty: that of the region
 * @param region empty: as the AWS SDK finds it
 * @param pathStyle whether the bucket stands in the path instead of the host name
 */
public record S3Settings(Optional<URI> endpoint, Optional<String> region, boolean pathStyle) {}
