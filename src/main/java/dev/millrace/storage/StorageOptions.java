package dev.millrace.storage;

import dev.millrace.fault.Fault;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Map;
import java.util.Optional;

/**
 * How S3 is reached, and how it encrypts what is written. Local folders need none of it.
 *
 * @param endpoint url of the server, or empty for Amazon's
 * @param region region of the buckets, or empty for the one that the machine's own settings name
 * @param pathStyle whether the bucket is written into the path instead of the host name, as servers other than
 *     Amazon's usually want
 * @param encryption what S3 is asked for with each object that is written
 * @param kmsKey key of an encryption by KMS, or empty for the one that AWS keeps for S3
 * @param owners account that has to own a bucket, by the bucket's name
 */
public record StorageOptions(
        String endpoint,
        String region,
        boolean pathStyle,
        S3Encryption encryption,
        String kmsKey,
        Map<String, String> owners)
        implements Serializable {
    /** Amazon's S3 in the region that the machine's own settings name. */
    public static final StorageOptions DEFAULT = new StorageOptions("", "", false);

    private static final String NO_REGION = "us-east-1";

    public StorageOptions {
        owners = Map.copyOf(owners);
        if (!endpoint.isEmpty() && !isHttp(endpoint)) {
            throw Fault.user("Invalid endpoint: " + endpoint.replaceAll("//[^/]*@", "//...@")
                    + ": must be a url of http or https, for example http://127.0.0.1:9000");
        }
    }

    /** Encrypted as buckets are set to, whoever owns them. */
    public StorageOptions(String endpoint, String region, boolean pathStyle) {
        this(endpoint, region, pathStyle, S3Encryption.BY_BUCKET, "", Map.of());
    }

    public Optional<URI> endpointUri() {
        return endpoint.isEmpty() ? Optional.empty() : Optional.of(URI.create(endpoint));
    }

    /** The region that requests are signed for; empty where the machine's own settings or the bucket tell it. */
    public Optional<String> signingRegion() {
        if (!region.isEmpty()) {
            return Optional.of(region);
        }
        // Servers other than Amazon's often know no regions.
        return endpoint.isEmpty() ? Optional.empty() : Optional.of(NO_REGION);
    }

    private static boolean isHttp(String endpoint) {
        try {
            URI uri = new URI(endpoint);
            return uri.getHost() != null
                    && uri.getUserInfo() == null
                    && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()));
        } catch (URISyntaxException e) {
            return false;
        }
    }
}
