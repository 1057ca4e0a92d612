package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.run.RunStore;
import dev.millrace.testing.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DAGs that Airflow itself reads and runs. */
class AirflowTest {
    private static final Path AIRFLOW =
            Path.of(System.getProperty("millrace.home"), "target", "airflow", "bin", "airflow");

    private static final String LOCAL = """
            job: local-orders
            every: 1h
            after: [users, "s3://acme/rates/"]
            retries: 1
            source: {json: {at: arrived}}
            tables: {orders: {columns: {id: id}}}
            lake: {at: lake, publish: folders}
            """;

    private static final String ON_S3 = """
            job: %s
            every: 15m
            source: {dynamodb: {table: users, region: eu-west-1}}
            staging: {at: "s3://acme/staging/it's"}
            lake: {at: "s3://acme/lake"}
            warehouse: {duckdb: {path: users.duckdb}}
            """;

    @TempDir
    private Path folder;

    @Test
    void airflowReadsTheDagsOfAllPlatformsAndRunsTheLocalOne() throws IOException {
        assumeTrue(Files.isExecutable(AIRFLOW), "Airflow is not installed: scripts/install-test-tools");
        Path local = job("local", LOCAL);
        Files.createDirectories(folder.resolve("arrived"));
        Files.writeString(folder.resolve("arrived/1.json"), "{\"id\": 1}\n{\"id\": 2}\n");
        Path onGlue = job("users", ON_S3.formatted("users"));
        Path onEmr = job("rates", ON_S3.formatted("rates"));
        assertThat(command("airflow", local.toString(), "--home", folder.toString())
                        .err())
                .isEmpty();
        assertThat(command("airflow", onGlue.toString(), "--glue-job", "millrace", "--jobs-at", "s3://acme/jobs")
                        .err())
                .isEmpty();
        assertThat(command(
                                "airflow",
                                onEmr.toString(),
                                "--emr-application",
                                "00fabc",
                                "--emr-role",
                                "arn:aws:iam::111122223333:role/millrace",
                                "--emr-jar",
                                "s3://acme/millrace.jar",
                                "--jobs-at",
                                "s3://acme/jobs/")
                        .err())
                .isEmpty();
        OwnLauncher.in(folder);
        airflow("db", "migrate");

        // Read from their folder, not from what a database knows of it; with one that no Airflow could read.
        assertThat(airflow("dags", "list", "--local").output())
                .containsPattern("(?m)^local-orders ")
                .containsPattern("(?m)^rates ")
                .containsPattern("(?m)^users ");
        assertThat(airflow("dags", "list-import-errors", "--local").output()).contains("No data found");
        Path broken = Files.writeString(
                folder.resolve("dags/broken.py"), "import nothing_there\nfrom airflow.sdk import DAG\n");
        assertThat(airflow("dags", "list-import-errors", "--local").output()).contains("nothing_there");
        Files.delete(broken);
        assertThat(Files.readString(folder.resolve("dags/local_orders.py")))
                .contains("schedule=Asset(\"millrace://users\") & Asset(\"s3://acme/rates/\"),")
                .contains("\"retries\": 1,");
        assertThat(Files.readString(folder.resolve("dags/users.py")))
                .contains("schedule=\"*/15 * * * *\",")
                .contains("phase(\"extract\", \"infer-schema,extract\"),", "phase(\"lake\", \"compact,publish\"),")
                .contains("phase(\"load\", \"prepare,upload,replace\", outlets=[Asset(\"millrace://users\")]),");
        Processes.Ended tested = airflow("dags", "test", "local-orders");

        assertThat(tested.exitCode()).as(tested.output()).isZero();
        assertThat(tested.output()).contains("every row accounted for: 2 read = 2 written");
        List<RunStore> runs = new Trial(folder)
                .open(local).store().runs().stream()
                        .map(run -> new Trial(folder).open(local).store().run(run))
                        .toList();
        assertThat(runs).hasSize(1);
        assertThat(runs.get(0).end()).isPresent();
    }

    @Test
    void theRegionIsThatOfTheOptionElseOfTheJobFile() throws IOException {
        Path job = job("users", ON_S3.formatted("users") + "remote: {region: eu-central-1}\n");
        List<String> onGlue =
                List.of("airflow", job.toString(), "--glue-job", "millrace", "--jobs-at", "s3://acme/jobs");
        assertThat(command(onGlue.toArray(String[]::new)).code()).isZero();
        assertThat(Files.readString(folder.resolve("dags/users.py"))).contains("REGION = \"eu-central-1\"\n");
        assertThat(command(Stream.concat(onGlue.stream(), Stream.of("--region", "us-east-1"))
                                .toArray(String[]::new))
                        .code())
                .isZero();
        assertThat(Files.readString(folder.resolve("dags/users.py"))).contains("REGION = \"us-east-1\"\n");
    }

    @Test
    void aPlatformCannotAskThisMachine() throws IOException {
        Path job = job("users", ON_S3.formatted("users") + "s3: {endpoint: \"http://localhost:9000\"}\n");
        Trial.Ended ended = command("airflow", job.toString(), "--glue-job", "millrace", "--jobs-at", "s3://acme/jobs");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err()).contains("users.yaml: s3.endpoint: http://localhost:9000: is this machine");
        assertThat(command("airflow", job.toString()).code()).isZero();
    }

    @Test
    void aPlatformNeedsThePlaceOfTheJobFiles() throws IOException {
        Path job = job("users", ON_S3.formatted("users"));
        Trial.Ended ended = command("airflow", job.toString(), "--glue-job", "millrace");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err()).startsWith("Missing --jobs-at: ");
    }

    @Test
    void nothingIsWrittenWhereOneOfTheJobFilesIsWrong() throws IOException {
        Path right = job("users", ON_S3.formatted("users"));
        Path twice = job("again", ON_S3.formatted("users"));
        Path itself = job("loop", ON_S3.formatted("loop") + "after: [loop]\n");
        Trial.Ended ended = command("airflow", right.toString(), twice.toString(), itself.toString());
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err())
                .contains("again.yaml: job: another of these files has job users too: rename one")
                .contains("after: names the job itself: remove it");
        assertThat(folder.resolve("dags")).doesNotExist();
    }

    private Path job(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name + ".yaml"), text);
    }

    private Trial.Ended command(String... arguments) {
        return Trial.command(Stream.concat(
                        Arrays.stream(arguments),
                        Stream.of("--to", folder.resolve("dags").toString()))
                .toArray(String[]::new));
    }

    private Processes.Ended airflow(String... arguments) {
        ProcessBuilder process =
                new ProcessBuilder(Stream.concat(Stream.of(AIRFLOW.toString()), Arrays.stream(arguments))
                        .toList());
        process.environment()
                .putAll(Map.of(
                        "AIRFLOW_HOME",
                        folder.resolve("airflow").toString(),
                        "AIRFLOW__CORE__DAGS_FOLDER",
                        folder.resolve("dags").toString(),
                        "AIRFLOW__CORE__LOAD_EXAMPLES",
                        "False",
                        "AIRFLOW__LOGGING__LOGGING_LEVEL",
                        "WARNING"));
        return Processes.run(process);
    }
}
