package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.testing.S3Front;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs whose buckets take only objects that are encrypted as their policy wants, and have owners. */
class GuardedBucketsTest {
    private static final String KEY = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d";
    private static final Map<String, String> BY_KMS =
            Map.of("x-amz-server-side-encryption", "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id", KEY);

    private static final Map<String, String> BY_S3 = Map.of("x-amz-server-side-encryption", "AES256");

    @TempDir
    private Path folder;

    private final S3Front server = S3Server.front();
    private final String source = S3Server.newBucket();
    private final String lake = S3Server.newBucket();

    private Path job(Trial trial, String publish, String owner, String encryption, Map<String, String> written) {
        Storage in = Storages.open("s3://" + source + "/in/", S3Server.options());
        in.put(
                "a.json",
                "{\"id\": 1, \"day\": \"2026-11-20\"}\n{\"id\": 2, \"day\": \"2026-11-21\"}"
                        .getBytes(StandardCharsets.UTF_8));
        server.guard(source, "444455556666", Map.of());
        server.guard(lake, "111122223333", written);
        return trial.job("guarded", """
                job: guarded
                source: {json: {at: "s3://%1$s/in/"}}
                lake: {at: "s3://%2$s/lake/", publish: %3$s, partition-by: [day], also: [{partition-by: [id]}]}
                s3:
                  endpoint: "%4$s"
                  path-style: true
                  encryption: %5$s
                  owners: {%1$s: "%6$s", %2$s: "111122223333"}
                """.formatted(source, lake, publish, server.uri(), encryption, owner));
    }

    @Test
    void everyObjectIsEncryptedAndEveryRequestSaysWhoOwnsTheBucket() {
        Trial trial = new Trial(folder);
        trial.succeed(job(trial, "folders", "444455556666", "sse-kms\n  kms-key: " + KEY, BY_KMS));
        assertThat(unasked()).allMatch(line -> line.startsWith("Hadoop "));
        assertRows("parquet");
    }

    @Test
    void whatSparkAndDeltaWriteIsEncryptedToo() {
        Trial trial = new Trial(folder);
        // Hadoop's client refuses to name a key but by TLS.
        trial.succeed(job(trial, "delta", "444455556666", "sse-s3", BY_S3));
        // They go by Hadoop, which can encrypt, and cannot ask for an owner.
        assertThat(unasked()).isNotEmpty().allMatch(line -> line.startsWith("Hadoop "));
        assertRows("delta");
    }

    @Test
    void foldersOfOthersAreCompactedInThem() throws Exception {
        Path local = Files.createDirectories(folder.resolve("folder"));
        FolderTrial.duckDb(
                "copy (select range i from range(9)) to '" + local + "/a.parquet' (format parquet)",
                "copy (select range i from range(9)) to '" + local + "/b.parquet' (format parquet)");
        Storage s3 = Storages.open("s3://" + lake + "/of others/", S3Server.options());
        for (String path : List.of("a.parquet", "b.parquet")) {
            s3.put(path, Files.readAllBytes(local.resolve(path)));
        }
        server.guard(lake, "111122223333", BY_KMS);
        List<String> reached = List.of(s3.root(), "--endpoint", server.uri().toString(), "--path-style");
        assertThat(FolderTrial.compact(reached.toArray(String[]::new)).code()).isEqualTo(1);

        List<String> asked = new ArrayList<>(reached);
        asked.addAll(List.of("--encryption", "sse-kms", "--kms-key", KEY, "--owner", "111122223333"));
        FolderTrial.Ended ended = FolderTrial.compact(asked.toArray(String[]::new));
        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(s3.list(""))
                .filteredOn(file -> file.path().endsWith(".parquet"))
                .hasSize(1);
    }

    private List<String> unasked() {
        return server.unasked().stream()
                .filter(line -> line.contains(source) || line.contains(lake))
                .toList();
    }

    private void assertRows(String format) {
        assertThat(SharedSpark.session()
                        .read()
                        .format(format)
                        .load("s3a://" + lake + "/lake/guarded")
                        .count())
                .isEqualTo(2);
    }

    @Test
    void aBucketOfAnotherAccountIsToldAndNothingIsRead() {
        Trial trial = new Trial(folder);
        Trial.Ended ended = trial.run(job(trial, "folders", "111122223333", "sse-s3", BY_S3));
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err())
                .contains("Cannot list s3://" + source + "/in/ at " + server.uri()
                        + ": the server said 403 AccessDenied: Access Denied, which it also says where the bucket is not"
                        + " owned by account 111122223333, as s3.owners wants");
        assertThat(Storages.open("s3://" + lake, S3Server.options()).list("lake/guarded/"))
                .isEmpty();
    }
}
