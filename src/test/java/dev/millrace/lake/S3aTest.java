package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSSessionCredentials;
import dev.millrace.config.LakeSettings.Publish;
import dev.millrace.fault.Fault;
import dev.millrace.storage.S3Encryption;
import dev.millrace.storage.S3aCredentials;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.util.VersionInfo;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class S3aTest {
    private static final StorageOptions DECLARED = new StorageOptions("http://127.0.0.1:9000", "", true);
    private static final String OURS = S3aCredentials.class.getName();
    private static final String LOG_STORE = "spark.delta.logStore.s3a.impl";

    @Test
    void tellsS3aOfOneBucketWhatOurClientIsTold() {
        assertThat(told(new Configuration(), DECLARED, true))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "fs.s3a.bucket.acme.endpoint", "http://127.0.0.1:9000",
                        "fs.s3a.bucket.acme.endpoint.region", "us-east-1",
                        "fs.s3a.bucket.acme.path.style.access", "true",
                        "fs.s3a.bucket.acme.aws.credentials.provider", OURS,
                        "millrace.s3.acme.endpoint", "http://127.0.0.1:9000",
                        "millrace.s3.acme.path-style", "true"));
    }

    @Test
    void encryptsAsOurClientDoes() {
        StorageOptions encrypted = new StorageOptions(
                "", "", false, S3Encryption.SSE_KMS, "alias/acme", Map.of("acme", "111122223333", "other", "4"));
        assertThat(told(new Configuration(), encrypted, false))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "fs.s3a.bucket.acme.encryption.algorithm", "SSE-KMS",
                        "fs.s3a.bucket.acme.encryption.key", "alias/acme",
                        "millrace.s3.acme.encryption", "SSE_KMS",
                        "millrace.s3.acme.kms-key", "alias/acme",
                        "millrace.s3.acme.owner", "111122223333"));
    }

    @Test
    void tellsTheRegionOfAmazonsBuckets() {
        assertThat(told(new Configuration(), new StorageOptions("", "eu-west-1", false), false))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "fs.s3a.bucket.acme.endpoint.region", "eu-west-1", "millrace.s3.acme.region", "eu-west-1"));
    }

    @Test
    void tellsAPlatformNothingWhereNothingIsDeclared() {
        assertThat(told(new Configuration(), StorageOptions.DEFAULT, false)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "fs.s3a.access.key",
                "fs.s3a.aws.credentials.provider",
                "fs.s3a.bucket.acme.access.key",
                "fs.s3a.bucket.acme.aws.credentials.provider"
            })
    void leavesCredentialsAloneThatOthersChose(String key) {
        Configuration theirs = new Configuration();
        theirs.set(key, "theirs");
        assertThat(told(theirs, StorageOptions.DEFAULT, true)).isEmpty();
    }

    /** What is set, beyond what was. */
    private static Map<String, String> told(Configuration hadoop, StorageOptions options, boolean isLocal) {
        Map<String, String> before = entries(hadoop);
        S3a.configure(hadoop, "acme", options, isLocal);
        Map<String, String> told = entries(hadoop);
        before.forEach(told::remove);
        return told;
    }

    private static Map<String, String> entries(Configuration hadoop) {
        Map<String, String> entries = new TreeMap<>();
        hadoop.iterator().forEachRemaining(entry -> entries.put(entry.getKey(), entry.getValue()));
        return entries;
    }

    @Test
    void setsTheLogStoreUnlessAnotherWasChosen() {
        assertThat(logStore(new SparkConf(false))).isEqualTo(S3LogStore.class.getName());
        assertThat(logStore(new SparkConf(false).set(LOG_STORE, "theirs"))).isEqualTo("theirs");
        for (String theirs :
                new String[] {"spark.delta.logStore.class", "delta.logStore.class", "delta.logStore.s3a.impl"}) {
            assertThat(logStore(new SparkConf(false).set(theirs, "theirs"))).isEqualTo("none");
        }
    }

    private static String logStore(SparkConf conf) {
        S3a.useOurLogStore(conf);
        return conf.get(LOG_STORE, "none");
    }

    @Test
    void refusesALakeInS3WithoutS3a(@TempDir Path folder) {
        Configuration bare = new Configuration();
        bare.set("fs.s3a.impl", "no.such.FileSystem");
        Storage lake = Storages.open("s3://acme/lake", DECLARED);

        assertThatThrownBy(() -> S3a.require("jobs/x.yaml: lake.at", lake, bare))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.kind()).isEqualTo(Fault.Kind.USER))
                .hasMessage("jobs/x.yaml: lake.at: s3://acme/lake/: Spark reaches the files of a lake in S3 by Hadoop's"
                        + " S3A, which is not on the class path (no.such.FileSystem): start the job by"
                        + " scripts/millrace, or by spark-submit with --packages org.apache.hadoop:hadoop-aws:"
                        + VersionInfo.getVersion());
        S3a.require("here", lake, new Configuration());
        S3a.require("here", Storages.open(folder.toString(), DECLARED), bare);
    }

    @Test
    void refusesTablesOfDeltaWithoutDelta() throws IOException {
        ClassLoader bare = ClassLoader.getPlatformClassLoader();
        assertThatThrownBy(() -> LakeTable.requireWriter("jobs/x.yaml: lake.publish", Publish.DELTA, bare))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.kind()).isEqualTo(Fault.Kind.USER))
                .hasMessage("jobs/x.yaml: lake.publish: delta: Delta Lake is not on the class path: start the job by"
                        + " scripts/millrace, or by spark-submit with --packages " + DeltaSession.PACKAGE
                        + "; Glue brings it by --datalake-formats delta, EMR in /usr/share/aws/delta/lib");
        LakeTable.requireWriter("here", Publish.FOLDERS, bare);
        LakeTable.requireWriter("here", Publish.DELTA);
        assertThat(Files.readString(Path.of(System.getProperty("millrace.home"), "README.md")))
                .contains(DeltaSession.PACKAGE);
    }

    @Test
    void givesTheCredentialsOfOurClient() {
        System.setProperty("aws.accessKeyId", "test");
        System.setProperty("aws.secretAccessKey", "test");
        AWSCredentials plain = new S3aCredentials().getCredentials();
        assertThat(plain.getAWSAccessKeyId() + plain.getAWSSecretKey()).isEqualTo("testtest");
        System.setProperty("aws.sessionToken", "t0ken");
        try {
            assertThat(new S3aCredentials().getCredentials())
                    .isInstanceOfSatisfying(
                            AWSSessionCredentials.class,
                            session -> assertThat(session.getSessionToken()).isEqualTo("t0ken"));
        } finally {
            System.clearProperty("aws.sessionToken");
        }
    }
}
