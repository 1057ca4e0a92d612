package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.sample.ShopSample;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.S3Server;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A job whose staging and data-schemas lie in S3. */
class StagingOnS3Test {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"parquet", "csv"})
    void makesTheTablesOfALocalRun(String format) throws Exception {
        ShopSample.fillIfMissing(DynamoDbLocal.client(), "s3-shop", 3, 500, items -> {});
        Trial trial = new Trial(folder);
        Path local = job(trial, "local", "$HERE/staging", format, "");
        trial.succeed(local);
        String bucket = S3Server.newBucket();
        Path remote = job(
                trial,
                "remote",
                "s3://" + bucket + "/a prefix",
                format,
                "s3: {endpoint: \"" + S3Server.front().uri() + "\", path-style: true}");
        Trial.Ended ended = trial.succeed(remote);
        assertThat(ended.out()).contains("record      s3://" + bucket + "/a prefix/remote/runs/");
        OpenJob open = trial.open(remote);
        trial.assertSameTables(trial.open(local), open);
        assertThat(open.staging().list("remote/"))
                .anyMatch(file -> file.path().startsWith("remote/schema/1.json"))
                .anyMatch(file -> file.path().contains("/spool/"))
                .anyMatch(file -> file.path().contains("/datalake/"));
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> file.getFileName().toString()))
                    .noneMatch(name -> name.endsWith(".download"));
        }

        // A second run finds the schema in S3 and replaces the first.
        trial.succeed(remote);
        assertThat(open.store().runs()).hasSize(2);
        assertThat(open.schemas().latest().orElseThrow().schema().version()).isEqualTo(1);
        trial.assertSameTables(trial.open(local), open);
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
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err()).contains("s3://no-such-bucket/x").doesNotContain("\tat ");
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
