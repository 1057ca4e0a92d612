package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.landing.LandedTable;
import dev.millrace.landing.LandingManifests;
import dev.millrace.run.TableCounts;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.GlueScript;
import dev.millrace.testing.Processes;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SparkSubmit;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The jar as each platform starts it: by spark-submit with a local job file, by Glue's script with Glue's arguments, and as
 * EMR does, with a job file in S3 and named arguments. Source and staging are in S3.
 */
class SameEverywhereIT {
    private static final String RUN = "2026-11-21T07-00-00Z-k3f9";

    @TempDir
    private Path folder;

    private String bucket;
    private Storage root;

    @Test
    void rowsTypesAndCountsAreTheSame() throws Exception {
        bucket = S3Server.newBucket();
        root = Storages.open("s3://" + bucket, S3Server.options());
        for (int file = 0; file < 3; file++) {
            StringBuilder records = new StringBuilder();
            for (int i = 0; i < 40; i++) {
                records.append(
                        "{\"id\":%d,\"total\":%d.10,\"at\":\"2026-11-%02dT07:00:00Z\",\"lines\":[{\"n\":%d}],\"ok\":%b}\n"
                                .formatted(file * 40 + i, i, 1 + i % 28, i, i % 2 == 0));
            }
            root.put("in/" + file + ".json", (records + "{\"broken\":\n").getBytes(StandardCharsets.UTF_8));
        }
        for (String way : List.of("submit", "glue", "emr")) {
            root.put("jobs/" + way + ".yaml", jobFile(way).getBytes(StandardCharsets.UTF_8));
        }
        Files.writeString(folder.resolve("job.yaml"), jobFile("submit"));

        start(List.of("--class", "dev.millrace.job.Pipeline", SparkSubmit.jar().toString(), "job.yaml", "--run", RUN));
        String glue = start(List.of(
                "--jars",
                SparkSubmit.jar().toString(),
                "--class",
                GlueScript.MAIN,
                GlueScript.compiled(folder).toString(),
                "--JOB_NAME",
                "millrace",
                "--JOB_RUN_ID",
                "jr_1",
                "--TempDir",
                "s3://none/",
                "--enable-metrics",
                "true",
                "--extra-jars",
                "s3://none/millrace.jar",
                "--run",
                RUN,
                "--job-file",
                "s3://" + bucket + "/jobs/glue.yaml",
                "--submission",
                "glue-1"));
        assertThat(glue)
                .contains("glue: begins millrace on Spark 3.5", "glue: is committed")
                .contains("every row accounted for");
        start(List.of(
                "--class",
                "dev.millrace.job.Pipeline",
                "--conf",
                "spark.executor.cores=2",
                SparkSubmit.jar().toString(),
                "--job",
                "s3://" + bucket + "/jobs/emr.yaml",
                "--run",
                RUN,
                "--submission",
                "emr-1"));

        assertThat(root.names("jobs/")).contains("glue-1.exit.json", "emr-1.exit.json");
        Map<String, TableCounts> counts = counts("submit");
        assertThat(counts.values().stream().mapToLong(TableCounts::out).sum()).isEqualTo(240);
        for (String way : List.of("glue", "emr")) {
            assertThat(counts(way)).as(way).isEqualTo(counts);
            for (String table : counts.keySet()) {
                assertSameRows(table, "submit", way);
            }
        }
    }

    /** A job that ends with a mistake tells so by its exit code, through Glue's script too. */
    @Test
    void exitCodesPassThroughGluesScript() throws Exception {
        bucket = S3Server.newBucket();
        Processes.Ended ended = submit(List.of(
                "--jars",
                SparkSubmit.jar().toString(),
                "--class",
                GlueScript.MAIN,
                GlueScript.compiled(folder).toString(),
                "--JOB_NAME",
                "millrace",
                "--phases",
                "extract",
                "--job-file",
                "s3://" + bucket + "/jobs/none.yaml"));
        assertThat(ended.output())
                .contains("No job file: s3://" + bucket + "/jobs/none.yaml")
                .contains("glue: begins millrace")
                .doesNotContain("glue: is committed");
        assertThat(ended.exitCode()).isEqualTo(2);
    }

    private String jobFile(String way) {
        return """
                job: events
                source: {json: {at: "s3://%1$s/in", group-size: 1KB}}
                tables: {events: {types: {total: "decimal(18,2)"}}}
                staging: {at: "s3://%1$s/%2$s"}
                s3: {endpoint: "%3$s", path-style: true}
                """.formatted(bucket, way, S3Server.front().uri());
    }

    private String start(List<String> arguments) {
        Processes.Ended ended = submit(arguments);
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        return ended.output();
    }

    private Processes.Ended submit(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("--master", "local[2]"));
        command.addAll(arguments);
        return SparkSubmit.run(
                folder,
                command,
                Map.of(
                        "AWS_ACCESS_KEY_ID",
                        "test",
                        "AWS_SECRET_ACCESS_KEY",
                        "test",
                        "AWS_REGION",
                        "eu-west-1",
                        "AWS_ENDPOINT_URL_S3",
                        S3Server.front().uri().toString()));
    }

    private List<String> tables(String way) {
        return root.names(way + "/events/").stream()
                .filter(name -> !root.names(way + "/events/" + name + "snapshot=" + RUN + "/manifests/")
                        .isEmpty())
                .toList();
    }

    private Map<String, TableCounts> counts(String way) {
        Map<String, TableCounts> counts = new java.util.TreeMap<>();
        for (String table : tables(way)) {
            LandedTable landed = LandingManifests.read(
                    root, LandingManifests.folder(way + "/events/" + table + "snapshot=" + RUN + "/datalake/"));
            counts.put(table, landed.counts());
        }
        return counts;
    }

    private void assertSameRows(String table, String one, String other) throws IOException, SQLException {
        String mine = local(table, one);
        String others = local(table, other);
        try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckDb.createStatement()) {
            assertThat(texts(statement, "describe select * from " + others))
                    .as(table + " of " + other)
                    .isEqualTo(texts(statement, "describe select * from " + mine));
            assertThat(texts(
                            statement,
                            "select count(*) from ((from " + mine + " except all from " + others + ") union all (from "
                                    + others + " except all from " + mine + "))"))
                    .as(table + " of " + other)
                    .containsExactly("0");
        }
    }

    private String local(String table, String way) throws IOException {
        Path here = Files.createDirectories(folder.resolve("read").resolve(way).resolve(table));
        int n = 0;
        for (StoredFile file : root.list(way + "/events/" + table + "snapshot=" + RUN + "/datalake/")) {
            try (InputStream in = root.open(file.path())) {
                Files.copy(in, here.resolve(n++ + ".parquet"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return "read_parquet('" + here + "/*.parquet')";
    }

    private static List<String> texts(Statement statement, String sql) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (ResultSet result = statement.executeQuery(sql)) {
            while (result.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.append(i == 1 ? "" : " ").append(result.getString(i));
                }
                rows.add(row.toString());
            }
        }
        return rows;
    }
}
