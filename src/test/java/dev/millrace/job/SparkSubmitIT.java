package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.sample.ShopSample;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.Processes;
import dev.millrace.testing.SparkSubmit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SparkSubmitIT {
    @TempDir
    private Path folder;

    @Test
    void startsTheJarsMain() {
        Processes.Ended ended = SparkSubmit.run(folder, command("--version"));
        assertThat(ended.output()).contains("millrace 0.1.0");
        assertThat(ended.exitCode()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesExitCodesOn(boolean installed) {
        assumeTrue(!installed || SparkSubmit.isInstalled(), "scripts/install-test-tools was not run");
        Processes.Ended ended = SparkSubmit.run(folder, command("nonsense"), installed);
        assertThat(ended.output()).contains("millrace: Unknown argument: nonsense; see millrace --help");
        assertThat(ended.exitCode()).isEqualTo(2);
    }

    private static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                "--master",
                "local[2]",
                "--class",
                "dev.millrace.job.Millrace",
                SparkSubmit.jar().toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** The jar alone reads a table; with the driver's jar it loads it too. Glue's own options are passed over. */
    @Test
    void takesATableToAWarehouse() throws Exception {
        String table = "spark-submit";
        ShopSample.fillIfMissing(DynamoDbLocal.client(), table, ShopSample.SEED, 500, items -> {});
        Files.writeString(folder.resolve("job.yaml"), """
                job: submitted
                source: {dynamodb: {table: %s, endpoint: "%s"}}
                schema: {kind: EntityType}
                staging: {at: staging}
                warehouse: {duckdb: {path: warehouse.duckdb}}
                """.formatted(table, DynamoDbLocal.endpoint()));
        Processes.Ended extracted = SparkSubmit.run(
                folder,
                List.of(
                        "--master",
                        "local[2]",
                        "--class",
                        "dev.millrace.job.Extract",
                        SparkSubmit.jar().toString(),
                        "--JOB_NAME",
                        "millrace",
                        "--TempDir",
                        "s3://none/",
                        "--enable-metrics",
                        "true",
                        "--job",
                        "job.yaml"));
        assertThat(extracted.output()).contains("every row accounted for");
        assertThat(extracted.exitCode()).isZero();

        Processes.Ended loaded = SparkSubmit.run(
                folder,
                List.of(
                        "--master",
                        "local[2]",
                        "--jars",
                        SparkSubmit.duckDbJar(),
                        "--class",
                        "dev.millrace.job.Pipeline",
                        SparkSubmit.jar().toString(),
                        "job.yaml"));
        assertThat(loaded.output()).contains("replaced   nothing: this is the first version");
        assertThat(loaded.exitCode()).isZero();

        int orders = ShopSample.counts(500).get("Order");
        try (Connection duckDb = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duckDb.createStatement()) {
            String files = folder + "/staging/submitted/order/snapshot=*/datalake/*.parquet";
            assertThat(count(statement, "read_parquet('" + files + "')")).isEqualTo(orders);
            statement.execute("ATTACH '" + folder.resolve("warehouse.duckdb") + "' AS live (READ_ONLY)");
            assertThat(count(statement, "live.submitted.\"order\"")).isEqualTo(orders);
        }
    }

    private static int count(Statement statement, String from) throws SQLException {
        try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM " + from)) {
            rows.next();
            return rows.getInt(1);
        }
    }
}
