package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code remote} refuses before it asks anybody. */
class RemoteMistakesTest {
    @TempDir
    private Path folder;

    private Path job(String yaml) throws IOException {
        return Files.writeString(folder.resolve("events.yaml"), yaml);
    }

    private static void refused(Trial.Ended ended, String... messages) {
        assertThat(ended.err()).contains(messages).doesNotContain("\tat ");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void tellsWhatIsWrongWithTheCommand() throws IOException {
        String job = job("job: events").toString();
        refused(Trial.command("remote", job), "millrace remote: Missing --on: name a platform: --on glue");
        refused(
                Trial.command("remote", job, "--on", "spark"),
                "Invalid --on: spark: must be glue, emr, emr-serverless, batch");
        refused(
                Trial.command(
                        "remote",
                        "extract",
                        job,
                        "--on",
                        "glue",
                        "--run",
                        "2026-11-21T07-00-00Z-k3f9",
                        "--units",
                        "1/2"),
                "Invalid --units: 1/2: a run is submitted whole");
        refused(
                Trial.command("remote", job, "--on", "glue", "--poll", "often"),
                "Invalid time: often: must be a positive");
        refused(
                Trial.command("remote", job, "--attach", "yesterday"),
                "Invalid --attach: yesterday: must be a run's name");
        refused(Trial.command("remote", "--on", "glue"), "Missing JOB");
    }

    /** A platform's machines do not have this one's files. */
    @Test
    void refusesWhatIsOnThisMachine() throws IOException {
        String job = job("""
                job: events
                source: {dynamodb: {table: items, endpoint: embedded}}
                schema: {cache: cache}
                staging: {at: "s3://acme/staging"}
                warehouse: {duckdb: {path: events.duckdb}}
                remote: {glue: {job: millrace}}
                """).toString();
        refused(
                Trial.command("remote", job, "--on", "glue"),
                "schema.cache: file://",
                ": is on this machine, and a platform runs the job on others: put it on S3",
                "source.dynamodb.endpoint: embedded: is started on this machine",
                "warehouse.duckdb.path: ",
                "events.duckdb: is a local file, and a platform's machine is gone with the run");
    }

    @Test
    void namesTheKeyThatIsMissing() throws IOException {
        String yaml = """
                job: events
                source: {json: {at: "s3://acme/in"}}
                staging: {at: "s3://acme/staging"}
                """;
        String run = "2026-11-21T07-00-00Z-k3f9";
        refused(
                Trial.command("remote", "replace", job(yaml).toString(), "--on", "glue", "--run", run),
                "events.yaml: has no phase replace: it needs infer-schema, extract");
        refused(
                Trial.command("remote", job(yaml).toString(), "--on", "glue"),
                "events.yaml: remote: is missing: say where the job is submitted to");
        refused(
                Trial.command("remote", job(yaml + "remote: {glue: {job: a}}\n").toString(), "--on", "emr-serverless"),
                "events.yaml: remote.emr-serverless: is missing: add, for example, remote: {emr-serverless: {application: ");
    }
}
