package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.testing.Processes;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SparkSubmit;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar as it is handed to spark-submit, with a lake in S3. */
class LakeOnS3IT {
    private static final String SECRET = "s3cret-of-the-profile";
    private static final String COMMIT = "lake/events/_delta_log/00000000000000000000.json";

    @TempDir
    private Path folder;

    private String bucket;
    private Storage root;

    @BeforeEach
    void open() throws IOException {
        bucket = S3Server.newBucket();
        root = Storages.open("s3://" + bucket, S3Server.options());
        root.put("in/a.json", "{\"id\":1}{\"id\":2}".getBytes(StandardCharsets.UTF_8));
        Files.writeString(folder.resolve("job.yaml"), """
                job: events
                source: {json: {at: "s3://%1$s/in"}}
                staging: {at: "s3://%1$s/staging"}
                s3: {endpoint: "%2$s", path-style: true}
                lake: {at: "s3://%1$s/lake", publish: delta}
                """.formatted(
                        bucket, S3Server.front().uri()));
        Files.writeString(folder.resolve("credentials"), """
                [lake]
                aws_access_key_id = key
                aws_secret_access_key = %s
                """.formatted(SECRET));
    }

    private Processes.Ended submit(String... options) {
        List<String> command = new ArrayList<>(List.of("--master", "local[2]", "--class", "dev.millrace.job.Pipeline"));
        command.addAll(List.of(options));
        command.addAll(List.of(SparkSubmit.jar().toString(), "job.yaml"));
        return SparkSubmit.run(
                folder,
                command,
                Map.of(
                        "AWS_PROFILE",
                        "lake",
                        "AWS_SHARED_CREDENTIALS_FILE",
                        folder.resolve("credentials").toString()));
    }

    @Test
    void isRefusedWhereSparkCannotReachIt() {
        Processes.Ended bare = submit();
        assertThat(bare.output())
                .contains("job.yaml: lake.publish: delta: Delta Lake is not on the class path")
                .contains("--packages io.delta:delta-spark_2.12:3.3.3")
                .doesNotContain("\tat ");
        assertThat(bare.exitCode()).isEqualTo(2);

        Processes.Ended ended = submit("--jars", SparkSubmit.jars("/delta-spark_", "/delta-storage/"));
        assertThat(ended.output())
                .contains(
                        "job.yaml: staging.at: s3://" + bucket + "/staging/: Spark reaches the files of a lake in S3 by"
                                + " Hadoop's S3A, which is not on the class path")
                .contains("--packages org.apache.hadoop:hadoop-aws:3.3.4")
                .doesNotContain("\tat ");
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(root.list("staging/")).isEmpty();
    }

    /** With the credentials of a profile, which S3A does not look for by itself; nobody can read them anywhere. */
    @Test
    void isFilledByTheJarWithS3aAndDeltaBesideIt() throws Exception {
        Path events = Files.createDirectory(folder.resolve("events"));
        Processes.Ended ended = submit(
                "--jars",
                SparkSubmit.jars("/hadoop-aws/", "/com/amazonaws/", "/delta-spark_", "/delta-storage/"),
                "--conf",
                "spark.eventLog.enabled=true",
                "--conf",
                "spark.eventLog.dir=" + events.toUri());

        assertThat(ended.output())
                .contains("every row accounted for: 2 read = 2 written")
                .doesNotContain(SECRET);
        assertThat(ended.exitCode()).isZero();
        assertThat(root.list("lake/events/").stream().filter(file -> file.path().endsWith(".parquet")))
                .isNotEmpty();
        HttpResponse<Void> commit = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(S3Server.front().uri() + "/" + bucket + "/" + COMMIT))
                                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.discarding());
        // Our client's mark of conditional writes.
        assertThat(commit.headers().firstValue("x-amz-meta-millrace-write")).isPresent();
        try (Stream<Path> logs = Files.walk(events)) {
            for (Path log : logs.filter(Files::isRegularFile).toList()) {
                assertThat(log)
                        .content()
                        .contains("SparkListenerEnvironmentUpdate")
                        .doesNotContain(SECRET);
            }
        }
    }
}
