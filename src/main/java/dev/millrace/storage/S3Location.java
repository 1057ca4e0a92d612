package dev.millrace.storage;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in S3.
 *
 * @param bucket its name
 * @param key of an object, or what keys begin with; may be empty
 */
public record S3Location(String bucket, String key) {
    private static final Pattern URI =
            Pattern.compile("(?i:s3a?)://([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:/(.*))?", Pattern.DOTALL);

    /** Of a {@code s3://} or {@code s3a://} uri; empty for others. */
    public static Optional<S3Location> parse(String uri) {
        Matcher parts = URI.matcher(uri);
        return parts.matches()
                ? Optional.of(new S3Location(
                        parts.group(1), Optional.ofNullable(parts.group(2)).orElse("")))
                : Optional.empty();
    }
}
