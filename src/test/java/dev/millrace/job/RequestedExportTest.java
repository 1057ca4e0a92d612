package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.ExportingDynamoDb;
import dev.millrace.testing.S3Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that have a table exported and read the export; DynamoDB's part is played by a server of the tests. */
class RequestedExportTest {
    @TempDir
    private Path folder;

    private Storage bucket;
    private ExportingDynamoDb dynamoDb;
    private Trial trial;
    private Path job;

    @BeforeEach
    void start() {
        bucket = Storages.open("s3://" + S3Server.newBucket(), S3Server.options());
        dynamoDb = new ExportingDynamoDb(bucket);
        dynamoDb.holds(List.of(items(0, 3), items(3, 5)));
        dynamoDb.takes(0);
        trial = new Trial(folder);
        job = trial.job("shop", """
                job: shop
                source:
                  snapshot: {request: full, table: shop, to: "%sexports/shop/", endpoint: "%s"}
                schema: {kind: Kind}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/w.duckdb}, schema: w}
                s3: {endpoint: "%s", path-style: true}
                """.formatted(
                        bucket.root(), dynamoDb.uri(), S3Server.front().uri()));
    }

    @AfterEach
    void stop() {
        dynamoDb.close();
    }

    private static List<String> items(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> "{\"PK\":{\"S\":\"p" + i % 2 + "\"},\"SK\":{\"N\":\"" + i
                        + "\"},\"Kind\":{\"S\":\"Order\"},\"total\":{\"N\":\"" + i + ".5\"}}")
                .toList();
    }

    private void assertRows(int from, int to) {
        List<JsonNode> expected = items(from, to).stream().map(Trial::tree).toList();
        assertThat(trial.itemsOfLive(trial.open(job))).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void dynamoDbEncryptsWhatItWritesAndIsToldWhoOwnsTheBucket() throws IOException {
        String name = bucket.root().split("/", -1)[2];
        Files.writeString(
                job,
                Files.readString(job)
                        .replace(
                                "path-style: true",
                                "path-style: true, encryption: sse-kms, kms-key: alias/acme, owners: {" + name
                                        + ": \"111122223333\"}"));
        trial.succeed(job);
        assertThat(dynamoDb.requests()).singleElement().satisfies(request -> {
            assertThat(request.path("S3SseAlgorithm").asText()).isEqualTo("KMS");
            assertThat(request.path("S3SseKmsKeyId").asText()).isEqualTo("alias/acme");
            assertThat(request.path("S3BucketOwner").asText()).isEqualTo("111122223333");
        });
    }

    @Test
    void eachRunHasTheTableExportedAndReadsThatExport() {
        dynamoDb.takes(1);
        trial.succeed(job);
        assertRows(0, 5);
        assertThat(dynamoDb.asked())
                .containsExactly("DescribeTable", "ExportTableToPointInTime", "DescribeExport", "DescribeExport");
        assertThat(bucket.list("exports/shop/AWSDynamoDB/"))
                .extracting(StoredFile::path)
                .hasSize(4)
                .anyMatch(path -> path.endsWith("/manifest-summary.json"));
        assertThat(Trial.command("plan", job.toString()).out())
                .contains("snapshot   full export of DynamoDB table shop at " + dynamoDb.uri() + " to s3://")
                .contains("files      are told once a run has requested the export");
        assertThat(dynamoDb.asked()).isEmpty();

        dynamoDb.holds(List.of(items(2, 9)));
        trial.later(Duration.ofMinutes(5)).succeed(job);
        assertRows(2, 9);
        assertThat(dynamoDb.exports()).isEqualTo(2);
    }

    @Test
    void whereverItIsStoppedThereIsOneExport() {
        int exports = 0;
        // Before it is asked for; when it is known; when the run is planned; while it is read.
        for (int stop = 1; stop <= 4; stop++) {
            int last = stop;
            AtomicInteger seen = new AtomicInteger();
            Effects stopped = new Effects(
                    (number, effect) -> last <= 2
                            ? effect.what().contains("/export.json") && seen.incrementAndGet() == last
                            : effect.what().contains(last == 3 ? "/plan.json" : "/units/read/"),
                    effect -> {});
            assertThat(trial.through(stopped.storages()).run(job).code()).isEqualTo(1);
            assertThat(dynamoDb.exports()).as("stop %d", stop).isEqualTo(exports + (stop == 1 ? 0 : 1));
            trial.later(Duration.ofMinutes(5)).through(Storages::open).succeed(job);
            exports++;
            assertThat(dynamoDb.exports()).as("stop %d", stop).isEqualTo(exports);
            assertRows(0, 5);
        }
        // It had been asked for, and nobody was told.
        dynamoDb.refusesAfterwards("AccessDeniedException");
        Trial.Ended denied = trial.run(job);
        assertThat(denied.code()).isEqualTo(1);
        assertThat(denied.err())
                .contains(
                        "cannot be exported: AccessDeniedException: told by the server: the credentials need dynamodb:");
        trial.later(Duration.ofMinutes(5)).succeed(job);
        assertThat(dynamoDb.asked()).contains("ListExports");
        assertThat(dynamoDb.exports()).isEqualTo(exports + 1);
    }

    @Test
    void anExportThatIsTooOldIsNotTakenUpUnlessItIsStillBeingMade() {
        Effects stopped = Effects.stoppingAtFirst("/plan.json");
        assertThat(trial.through(stopped.storages()).run(job).code()).isEqualTo(1);
        trial.later(Duration.ofHours(3)).through(Storages::open).succeed(job);
        assertThat(dynamoDb.exports()).isEqualTo(2);

        dynamoDb.takes(1);
        AtomicInteger seen = new AtomicInteger();
        Effects known = new Effects(
                (number, effect) -> effect.what().contains("/export.json") && seen.incrementAndGet() == 2,
                effect -> {});
        assertThat(trial.through(known.storages()).run(job).code()).isEqualTo(1);
        trial.later(Duration.ofHours(3)).through(Storages::open).succeed(job);
        assertThat(dynamoDb.exports()).isEqualTo(3);
        assertRows(0, 5);
    }

    @Test
    void whatCannotBeExportedIsTold() {
        dynamoDb.refuses(Optional.of("PointInTimeRecoveryUnavailableException"));
        refused("DynamoDB table shop at " + dynamoDb.uri() + " cannot be exported: it has no point-in-time recovery")
                .contains("aws dynamodb update-continuous-backups --table-name shop");
        dynamoDb.refuses(Optional.of("LimitExceededException"));
        refused("cannot be exported now: told by the server: other exports have to end first");
        dynamoDb.refuses(Optional.of("ResourceNotFoundException"));
        refused("There is no DynamoDB table shop");
        dynamoDb.refuses(Optional.empty());
        assertThat(dynamoDb.exports()).isZero();

        dynamoDb.fails(true);
        refused("has failed: S3NoSuchBucket: the bucket is gone. Put that right, then start a new run");
        dynamoDb.fails(false);
        trial.succeed(job);
        assertRows(0, 5);
        assertThat(dynamoDb.exports()).isEqualTo(2);
    }

    private org.assertj.core.api.AbstractStringAssert<?> refused(String told) {
        Trial.Ended ended = trial.run(job);
        assertThat(ended.code()).as(ended.err()).isEqualTo(1);
        return assertThat(ended.err()).contains(told).doesNotContain("\tat ");
    }
}
