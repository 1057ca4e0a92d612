package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.S3Server;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run asks of S3, as {@code docs/cost.md} says. */
class RequestsTest {
    private static final int SEGMENTS = 3;

    @TempDir
    private Path folder;

    @Test
    void aRunAsksS3ForWhatTheDocsSay() {
        ShopJob.fill("s3-requests", 300);
        Trial trial = new Trial(folder);
        Path job = trial.job("requests", """
                job: requests
                source: {dynamodb: {table: s3-requests, endpoint: $SERVER, segments: %d}}
                schema: {kind: EntityType}
                staging: {at: "s3://%s/x"}
                s3: {endpoint: "%s", path-style: true}
                warehouse: {duckdb: {path: $HERE/requests.duckdb}, schema: w}
                """.formatted(
                        SEGMENTS, S3Server.newBucket(), S3Server.front().uri()));
        trial.succeed(job);
        int before = S3Server.front().requests().size();
        trial.succeed(job);
        List<String> requests = S3Server.front().requests();
        requests = requests.subList(before, requests.size());

        var landed = trial.landed(trial.open(job)).values();
        int tables = landed.size();
        int files = landed.stream().mapToInt(table -> table.files().size()).sum();
        long writes = count(requests, "PUT ") + count(requests, "GET /bucket-\\d+\\?list-type=2");
        long reads = requests.size() - writes;
        assertThat(count(requests, "PUT .*/datalake/.*")).isEqualTo(files);
        assertThat(count(requests, "PUT .*/spool/.*/data/.*")).isEqualTo(SEGMENTS);
        // The figures of the page.
        assertThat(writes).isBetween(files + 2L * SEGMENTS + 2L * tables, files + 5L * SEGMENTS + 2L * tables + 60);
        assertThat(reads).isBetween(3L * files, 4L * files + 10L * SEGMENTS + 14L * tables + 80);
    }

    private static long count(List<String> requests, String beginning) {
        return requests.stream()
                .filter(request -> request.matches(beginning + ".*"))
                .count();
    }
}
