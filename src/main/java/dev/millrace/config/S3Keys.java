package dev.millrace.config;

import java.net.URI;
import java.util.List;
import java.util.Map;

/** The keys of {@code s3}. */
final class S3Keys {
    private S3Keys() {}

    private static final Key<S3Settings, URI> ENDPOINT =
            Key.optional("endpoint", Scalars.ADDRESS, S3Settings::endpoint, "Where the store answers, if not at AWS.");
    private static final Key<S3Settings, String> REGION = Key.optional(
            "region",
            Scalars.REGION,
            S3Settings::region,
            "Region of the buckets; left out, the one that the AWS SDK finds in its environment.");
    private static final Key<S3Settings, Boolean> PATH_STYLE = Key.of(
            "path-style",
            Scalars.BOOL,
            "false",
            S3Settings::pathStyle,
            "Whether the bucket stands in the path instead of the host name.");
    private static final Key<S3Settings, S3Settings.Encryption> ENCRYPTION = Key.optional(
            "encryption",
            Scalar.oneOf(S3Settings.Encryption.values()),
            S3Settings::encryption,
            "How S3 is asked to encrypt each object that is written; left out, as the bucket does by itself.");
    private static final Key<S3Settings, String> KMS_KEY = Key.optional(
            "kms-key",
            Scalars.KMS_KEY,
            S3Settings::kmsKey,
            "The key of `sse-kms`; left out, the one that AWS keeps for S3 in the account.");
    private static final Key<S3Settings, Map<String, String>> OWNERS = Key.map(
            "owners",
            new MapForm<>("bucket", Scalars.BUCKET, Scalars.AWS_ACCOUNT),
            S3Settings::owners,
            "The account that has to own a bucket: S3 refuses each request to one of that name that is another's.");
    static final Section<S3Settings> SECTION = Section.of(
                    List.of(ENDPOINT, REGION, PATH_STYLE, ENCRYPTION, KMS_KEY, OWNERS),
                    v -> new S3Settings(
                            v.find(ENDPOINT),
                            v.find(REGION),
                            v.get(PATH_STYLE),
                            v.find(ENCRYPTION),
                            v.find(KMS_KEY),
                            v.get(OWNERS)))
            .checked(S3Keys::checkEncryption);

    private static void checkEncryption(Values v) {
        boolean byKms = v.find(ENCRYPTION)
                .filter(e -> e == S3Settings.Encryption.SSE_KMS)
                .isPresent();
        if (v.isGiven(KMS_KEY) && !byKms) {
            v.mistake(KMS_KEY, "has no effect without encryption: sse-kms: add that, or remove kms-key");
        }
    }
}
