package dev.millrace.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.fault.Fault;
import dev.millrace.testing.S3Front;
import dev.millrace.testing.S3Server;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(S3Server.class)
class S3StorageTest extends StorageContract {
    private final S3Front server;
    private final String bucket = S3Server.newBucket();

    S3StorageTest(S3Front server) {
        this.server = server;
    }

    @Override
    Storage storage() {
        return Storages.open("s3://" + bucket + "/a prefix", S3Server.options());
    }

    @Test
    void acceptsBothSchemes() {
        for (String location : List.of("s3://bkt/a/b", "s3a://bkt/a/b/", "S3A://bkt/a/b/")) {
            assertThat(Storages.open(location, StorageOptions.DEFAULT).root()).isEqualTo("s3://bkt/a/b/");
        }
        Storage storage = Storages.open("s3://bkt", StorageOptions.DEFAULT);
        assertThat(storage.root()).isEqualTo("s3://bkt/");
        assertThat(storage.pathOf("s3a://bkt/x")).isEqualTo("x");
        assertThat(storage.localPath("x")).isEmpty();
    }

    @Test
    void aWriteWhoseAnswerGotLostIsStillOurs() {
        server.breakNext(line -> line.startsWith("PUT /" + bucket), S3Front.Fault.LOSE_ANSWER);
        assertThat(storage().putIfAbsent("commit", bytes("same content"))).isTrue();
        assertThat(server.requests().stream().filter(line -> line.startsWith("PUT /" + bucket + "/")))
                .hasSize(2);
        assertThat(storage().putIfAbsent("commit", bytes("same content"))).isFalse();
    }

    @Test
    void aLostAnswerDoesNotMakeAnothersWriteOurs() {
        storage().put("commit", bytes("same content"));
        server.breakNext(line -> line.startsWith("PUT /" + bucket), S3Front.Fault.LOSE_ANSWER);
        assertThat(storage().putIfAbsent("commit", bytes("same content"))).isFalse();
    }

    @Test
    void aReplacementWhoseAnswerGotLostIsStillOurs() {
        storage().put("state", bytes("1"));
        String first = storage().stat("state").orElseThrow().etag();
        server.breakNext(line -> line.startsWith("PUT /" + bucket), S3Front.Fault.LOSE_ANSWER);
        String second = storage().compareAndPut("state", first, bytes("2")).orElseThrow();
        assertThat(storage().stat("state").orElseThrow().etag()).isEqualTo(second);
        assertThat(text("state")).contains("2");
    }

    @Test
    void aConflictIsTriedAgain() {
        server.breakNext(line -> line.startsWith("PUT /" + bucket), S3Front.Fault.CONFLICT);
        assertThat(storage().putIfAbsent("commit", bytes("x"))).isTrue();
        server.breakNext(line -> line.startsWith("PUT /" + bucket), S3Front.Fault.CONFLICT);
        assertThat(storage().putIfAbsent("commit", bytes("y"))).isFalse();
        assertThat(text("commit")).contains("x");
    }

    @Test
    void aReadThatBreaksOffIsTakenUpWhereItBroke() throws IOException {
        byte[] content = random(1_000_000);
        storage().put("data", content);
        server.breakNext(line -> line.startsWith("GET /" + bucket), S3Front.Fault.CUT_BODY);
        server.breakNext(line -> line.startsWith("GET /" + bucket), S3Front.Fault.CUT_BODY);
        assertThat(readAll("data")).isEqualTo(content);
        assertThat(server.requests().stream().filter(line -> line.startsWith("GET /" + bucket + "/")))
                .hasSize(3);
    }

    @Test
    void aReadIsNotTakenUpOnAnotherVersion() throws IOException {
        storage().put("data", random(1_000_000));
        server.breakNext(line -> line.startsWith("GET /" + bucket), S3Front.Fault.CUT_BODY);
        try (InputStream in = storage().open("data")) {
            storage().put("data", bytes("another version"));
            assertThatThrownBy(in::readAllBytes)
                    .isInstanceOf(Fault.class)
                    .hasMessage("Cannot read " + storage().uri("data") + ": it changed while it was read");
        }
    }

    @Test
    void aLargeUploadGoesOutInParts() throws IOException {
        byte[] content = random(S3Upload.FIRST_PART_BYTES * 2 + 12_345);
        StoredFile committed;
        try (Upload upload = storage().create("large")) {
            upload.stream().write(content);
            assertThat(storage().list("")).isEmpty();
            committed = upload.commit();
        }
        assertThat(committed.bytes()).isEqualTo(content.length);
        assertThat(storage().stat("large")).contains(committed);
        assertThat(readAll("large")).isEqualTo(content);
        assertThat(parts()).hasSize(3);
    }

    @Test
    void anUploadOfExactlyOnePartNeedsOneRequest() throws IOException {
        byte[] content = random(S3Upload.FIRST_PART_BYTES);
        try (Upload upload = storage().create("one-part")) {
            upload.stream().write(content);
            upload.commit();
        }
        assertThat(parts()).isEmpty();
        assertThat(readAll("one-part")).isEqualTo(content);
    }

    @Test
    void aLargeUploadThatIsClosedIsAborted() throws IOException {
        try (Upload upload = storage().create("large")) {
            upload.stream().write(random(S3Upload.FIRST_PART_BYTES + 1));
        }
        assertThat(storage().list("")).isEmpty();
        assertThat(parts()).hasSize(1);
        assertThat(server.requests()).anyMatch(line -> line.matches("DELETE /" + bucket + "/.*uploadId=.*"));
    }

    @Test
    void aCompletionWhoseAnswerGotLostIsDone() throws IOException {
        byte[] content = random(S3Upload.FIRST_PART_BYTES + 1);
        try (Upload upload = storage().create("large")) {
            upload.stream().write(content);
            server.breakNext(line -> line.matches("POST /" + bucket + "/.*uploadId=.*"), S3Front.Fault.LOSE_ANSWER);
            assertThat(upload.commit().etag())
                    .isEqualTo(storage().stat("large").orElseThrow().etag());
        }
        assertThat(readAll("large")).isEqualTo(content);
    }

    @Test
    void tenThousandPartsHoldFourTebibytes() {
        long total = 0;
        for (int part = 1; part <= 10_000; part++) {
            assertThat(S3Upload.partBytes(part)).isGreaterThanOrEqualTo(5 << 20);
            total += S3Upload.partBytes(part);
        }
        assertThat(total).isGreaterThan(3_990L << 30);
    }

    @Test
    void listsAndDeletesMoreThanAPage() {
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 1001; i++) {
            String path = "many/%04d".formatted(i);
            storage().put(path, new byte[0]);
            paths.add(path);
        }
        assertThat(paths("many/")).isEqualTo(paths);
        assertThat(storage().names("many/")).hasSize(1001);
        storage().delete(paths);
        assertThat(storage().list("")).isEmpty();
    }

    @Test
    void aMissingBucketIsAMistakeBeforeWorkAndAFailureInIt() {
        Storage missing = Storages.open("s3://no-such-bucket/x/", S3Server.options());
        for (Runnable use : List.<Runnable>of(
                () -> missing.find("a"),
                () -> missing.open("a"),
                () -> missing.list(""),
                () -> missing.putIfAbsent("a", new byte[0]))) {
            assertThatThrownBy(use::run)
                    .isInstanceOfSatisfying(
                            Fault.class, fault -> assertThat(fault.exitCode()).isEqualTo(1))
                    .hasMessageContaining(" s3://no-such-bucket/x/")
                    .hasMessageContaining(" at " + server.uri() + ": the server said 404 NoSuchBucket: ")
                    .hasMessageEndingWith(": there is no bucket no-such-bucket: make it, or name another");
        }
        assertThatThrownBy(missing::requireUsable)
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.exitCode()).isEqualTo(2))
                .hasMessage("s3://no-such-bucket/x/ at " + server.uri()
                        + ": there is no bucket no-such-bucket: make it, or name another");
        storage().requireUsable();
    }

    @Test
    void missingCredentialsAreAMistakeBeforeWorkAndAFailureInIt(@TempDir Path none) {
        assumeTrue(System.getenv("AWS_ACCESS_KEY_ID") == null, "Keys in the environment would be found first");
        Map<String, String> without = Map.of(
                "aws.accessKeyId", "",
                "aws.secretAccessKey", "",
                "aws.sharedCredentialsFile", none.resolve("none").toString(),
                "aws.configFile", none.resolve("none").toString(),
                "aws.disableEc2Metadata", "true");
        Map<String, Optional<String>> before = new HashMap<>();
        without.forEach((key, value) -> before.put(
                key,
                Optional.ofNullable(value.isEmpty() ? System.clearProperty(key) : System.setProperty(key, value))));
        try {
            // Options of their own, so that the client is a new one.
            Storage storage = Storages.open(
                    "s3://" + bucket, new StorageOptions(server.uri().toString(), "eu-central-2", true));
            String remedy =
                    ": no AWS credentials found. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
                            + " or run on a machine with a role";
            assertThatThrownBy(storage::requireUsable)
                    .isInstanceOfSatisfying(
                            Fault.class, fault -> assertThat(fault.exitCode()).isEqualTo(2))
                    .hasMessage("s3://" + bucket + "/" + remedy);
            assertThatThrownBy(() -> storage.find("a"))
                    .isInstanceOfSatisfying(
                            Fault.class, fault -> assertThat(fault.exitCode()).isEqualTo(1))
                    .hasMessageEndingWith(remedy);
        } finally {
            before.forEach((key, value) ->
                    value.ifPresentOrElse(v -> System.setProperty(key, v), () -> System.clearProperty(key)));
        }
    }

    @Test
    void aRefusedEndpointIsToldAtOnce() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        Storage refused = Storages.open("s3://bkt/", new StorageOptions("http://127.0.0.1:" + port, "eu-west-1", true));
        long start = System.nanoTime();
        assertThatThrownBy(() -> refused.find("job/lock.json"))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Cannot read s3://bkt/job/lock.json at http://127.0.0.1:" + port + ": ")
                .hasMessageContaining("Connection refused")
                .extracting(failure -> ((Fault) failure).kind())
                .isEqualTo(Fault.Kind.WORLD);
        assertThat(System.nanoTime() - start).isLessThan(10_000_000_000L);
    }

    private List<String> parts() {
        return server.requests().stream()
                .filter(line -> line.matches("PUT /" + bucket + "/.*partNumber=.*"))
                .toList();
    }

    private static byte[] random(int bytes) {
        byte[] content = new byte[bytes];
        new Random(1).nextBytes(content);
        return content;
    }
}
