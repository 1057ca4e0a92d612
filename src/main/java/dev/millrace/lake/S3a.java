package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.storage.S3Encryption;
import dev.millrace.storage.S3Location;
import dev.millrace.storage.S3aCredentials;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.util.VersionInfo;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.SparkSession;

/**
 * Hadoop's S3A, by which Spark and Delta reach S3, told what our own client is told. What is told is told of single
 * buckets, so that a platform's own settings hold for all others; where a job file says nothing of S3, nothing is told
 * but on a laptop where our client finds its credentials. No secret is written anywhere.
 */
public final class S3a {
    private static final String CLASS = "fs.s3a.impl";
    private static final String CREDENTIALS = "aws.credentials.provider";
    private static final String ACCESS_KEY = "access.key";
    private static final String DEFAULTS = "core-default.xml";
    /** The last Hadoop whose S3A takes credentials of the AWS SDK's first version. */
    private static final String HADOOP = "3.3.";

    private static final String LOG_STORE = "delta.logStore.";
    private static final String OUR_LOG_STORE = "spark." + LOG_STORE + "s3a.impl";

    /** Our log store is a class of Delta's: tables of another kind need neither. */
    private static final boolean IS_DELTA_THERE = DeltaSession.isThere(S3a.class.getClassLoader());

    private S3a() {}

    public static boolean isS3(Storage storage) {
        return S3Location.parse(storage.root()).isPresent();
    }

    /**
     * Refuses to begin where Hadoop has no S3A.
     *
     * @param place of the location, as messages name it
     * @throws Fault of kind USER
     */
    public static void require(String place, Storage storage) {
        require(place, storage, new Configuration());
    }

    static void require(String place, Storage storage, Configuration hadoop) {
        String name = hadoop.get(CLASS, "none");
        if (isS3(storage) && hadoop.getClassByNameOrNull(name) == null) {
            throw Fault.user(
                    place + ": " + storage.root() + ": Spark reaches the files of a lake in S3 by Hadoop's S3A,"
                            + " which is not on the class path (" + name + "): start the job by scripts/millrace, or by"
                            + " spark-submit with --packages org.apache.hadoop:hadoop-aws:" + VersionInfo.getVersion());
        }
    }

    /** Tells a session how the bucket of a storage is reached; nothing of a local folder. May be repeated. */
    public static void configure(SparkSession spark, Storage storage, StorageOptions options) {
        S3Location.parse(storage.root()).ifPresent(s3 -> {
            configure(
                    spark.sparkContext().hadoopConfiguration(),
                    s3.bucket(),
                    options,
                    spark.sparkContext().isLocal());
            if (IS_DELTA_THERE) {
                useOurLogStore(SparkEnv.get().conf());
            }
        });
    }

    static void configure(Configuration hadoop, String bucket, StorageOptions options, boolean isLocal) {
        if (IS_DELTA_THERE) {
            S3LogStore.tell(hadoop, bucket, options);
        }
        String prefix = "fs.s3a.bucket." + bucket + ".";
        options.endpointUri().ifPresent(endpoint -> hadoop.set(prefix + "endpoint", endpoint.toString()));
        options.signingRegion().ifPresent(region -> hadoop.set(prefix + "endpoint.region", region));
        if (options.pathStyle()) {
            hadoop.set(prefix + "path.style.access", "true");
        }
        if (options.encryption() != S3Encryption.BY_BUCKET) {
            hadoop.set(prefix + "encryption.algorithm", algorithm(options.encryption()));
        }
        if (!options.kmsKey().isEmpty()) {
            hadoop.set(prefix + "encryption.key", options.kmsKey());
        }
        if (isLocal && VersionInfo.getVersion().startsWith(HADOOP) && !hasCredentials(hadoop, prefix)) {
            hadoop.set(prefix + CREDENTIALS, S3aCredentials.class.getName());
        }
    }

    /** S3A's name of it. */
    private static String algorithm(S3Encryption encryption) {
        return switch (encryption) {
            case BY_BUCKET -> "";
            case SSE_S3 -> "AES256";
            case SSE_KMS -> "SSE-KMS";
        };
    }

    /** Whether anybody has said where S3A finds credentials. */
    private static boolean hasCredentials(Configuration hadoop, String bucket) {
        String everywhere = "fs.s3a.";
        return List.of(everywhere + ACCESS_KEY, bucket + ACCESS_KEY, bucket + CREDENTIALS).stream()
                        .anyMatch(key -> hadoop.get(key) != null)
                || Optional.ofNullable(hadoop.getPropertySources(everywhere + CREDENTIALS)).stream()
                        .flatMap(Arrays::stream)
                        .anyMatch(source -> !source.equals(DEFAULTS));
    }

    /** Delta looks for its log store in the context's settings, and refuses one for a scheme beside one for all. */
    static void useOurLogStore(SparkConf conf) {
        boolean chosen = Arrays.stream(conf.getAll())
                .map(entry -> entry._1().startsWith("spark.") ? entry._1().substring("spark.".length()) : entry._1())
                .anyMatch(key -> key.equals(LOG_STORE + "class") || key.equals(LOG_STORE + "s3a.impl"));
        if (!chosen) {
            conf.set(OUR_LOG_STORE, S3LogStore.class.getName());
        }
    }
}
