package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.sample.ShopSample;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.S3Server;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A job whose staging and data-schemas lie in S3. */
class StagingOnS3Test {
    @TempDir
    private Path folder;

    @Test
    void makesTheTablesOfALocalRun() {
        ShopSample.fillIfMissing(DynamoDbLocal.client(), "s3-shop", 3, 500, items -> {});
        Trial trial = new Trial(folder);
        Path local = job(trial, "local", "$HERE/staging", "parquet", "");
        trial.succeed(local);
        String bucket = S3Server.newBucket();
        String root = "s3://" + bucket + "/a prefix";
        String s3 = "s3: {endpoint: \"" + S3Server.front().uri() + "\", path-style: true}";
        Path remote = job(trial, "remote", root, "parquet", s3);
        assertThat(trial.succeed(remote).out()).contains("record     " + root + "/remote/runs/");
        OpenJob open = trial.open(remote);
        trial.assertSameTables(trial.open(local), open);
        assertThat(open.staging().list("remote/").stream().map(StoredFile::path))
                .contains("remote/schema/1.json")
                .anyMatch(path -> path.contains("/spool/"))
                .anyMatch(path -> path.contains("/datalake/") && path.endsWith(".parquet"));

        // The next run finds the data-schema in S3 and replaces the first.
        trial.succeed(job(trial, "remote", root, "csv", s3));
        assertThat(open.store().runs()).hasSize(2);
        assertThat(open.schemas().latest().orElseThrow().schema().version()).isEqualTo(1);
        trial.assertSameTables(trial.open(local), open);
        assertThat(open.staging().list("remote/").stream().map(StoredFile::path))
                .anyMatch(path -> path.contains("/datalake/") && path.endsWith(".csv.gz"));
    }

    @Test
    void namesABucketThatIsMissing() {
        Trial trial = new Trial(folder);
        Path job = job(
                trial,
                "nowhere",
                "s3://no-such-bucket/x",
                "parquet",
                "s3: {endpoint: \"" + S3Server.front().uri() + "\", path-style: true}");
        Trial.Ended ended = trial.run(job);
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .contains(": staging.at: s3://no-such-bucket/x/ at "
                        + S3Server.front().uri() + ": there is no bucket no-such-bucket: make it, or name another")
                .doesNotContain("\tat ");
    }

    private static Path job(Trial trial, String name, String staging, String format, String s3) {
        return trial.job(name, """
                job: %1$s
                source: {dynamodb: {table: s3-shop, endpoint: $SERVER, segments: 2}}
                schema: {kind: EntityType}
                staging: {at: "%2$s", format: %3$s}
                %4$s
                warehouse: {duckdb: {path: $HERE/%1$s.duckdb}, schema: w}
                """.formatted(name, staging, format, s3));
    }
}
