package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.testing.S3Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs over exports of RDS and Aurora snapshots, laid out as AWS lays them out, in Parquet that DuckDB has written. */
class RdsExportJobsTest {
    private static final String ORDERS = "SELECT i AS order_id, 'customer ' || mod(i, 7) AS customer, "
            + "cast(i AS decimal(12,2)) / 100 AS total, '2026-11-' || (20 + mod(i, 3)) AS placed_on FROM range(%d, %d) r(i)";
    private static final String CUSTOMERS = "SELECT i AS id, 'name ' || i AS \"Name\" FROM range(7) r(i)";
    private static final String INFO = """
            {"exportTaskIdentifier": "nightly", "sourceArn": "arn:aws:rds:eu-west-1:111122223333:snapshot:shop",
             "exportOnly": [], "snapshotTime": "Nov 26, 2026 1:00:00 AM", "taskStartTime": "Nov 26, 2026 1:05:00 AM",
             "taskEndTime": "Nov 26, 2026 1:25:00 AM", "s3Bucket": "exports", "s3Prefix": "", "exportedFilesPath": "nightly",
             "status": "COMPLETE", "percentProgress": 100, "totalExportedDataInGB": 0.000001}""";
    private static final String LAKE = """
            job: nightly
            source: {snapshot: {export: $HERE/nightly/}}
            tables: $TABLES
            staging: {at: $HERE/staging}
            lake: {at: $HERE/lake}
            """;

    @TempDir
    private Path folder;

    private Trial trial;
    private Path export;

    @BeforeEach
    void export() throws Exception {
        trial = new Trial(folder);
        export = Files.createDirectories(folder.resolve("nightly"));
        Files.writeString(export.resolve("export_info_nightly.json"), INFO);
        put("shop/public.orders/1/", ORDERS.formatted(0, 500), ORDERS.formatted(500, 800));
        put("shop/public.orders/2/", ORDERS.formatted(800, 1000));
        put("shop/public.customers/1/", CUSTOMERS);
        put("shop/audit.big_orders/1/", ORDERS.formatted(0, 3));
        put("shop/public.nothing/1/");
        Files.writeString(
                export.resolve("export_tables_info_nightly_from_1_to_3.json"),
                tables(
                        table("shop.public.orders", "COMPLETE", ""),
                        table("shop.public.customers", "COMPLETE", ""),
                        "{\"target\": \"template1\", \"warningMessage\": \"database skipped\"}"));
        Files.writeString(
                export.resolve("export_tables_info_nightly_from_4_to_5.json"),
                tables(table("shop.audit.big_orders", "COMPLETE", ""), table("shop.public.nothing", "COMPLETE", "")));
    }

    private static String tables(String... tables) {
        return "{\"perTableStatus\": [" + String.join(",\n", tables) + "]}";
    }

    private static String table(String name, String status, String warning) {
        return """
                {"tableStatistics": {"extractionStartTime": "Nov 26, 2026 1:10:00 AM",
                  "partitioningInfo": {"numberOfPartitions": 1, "numberOfCompletedPartitions": 1}},
                 "schemaMetadata": {"originalTypeMappings": []},
                 "status": "%s", "sizeGB": 0.000001, %s"target": "%s"}""".formatted(status, warning.isEmpty() ? "" : "\"warningMessage\": \"" + warning + "\", ", name);
    }

    /** Writes a batch of a table: a file for each select. */
    private void put(String batch, String... selects) throws IOException, SQLException {
        Path at = Files.createDirectories(export.resolve(batch));
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement()) {
            for (int i = 0; i < selects.length; i++) {
                statement.execute("COPY (" + selects[i] + ") TO '" + at + "/part-0000" + i
                        + "-d0c7.gz.parquet' (FORMAT parquet, CODEC gzip)");
            }
        }
        Files.writeString(at.resolve("_SUCCESS"), "");
    }

    private Path job(String tables) {
        return trial.job("nightly", LAKE.replace("$TABLES", tables));
    }

    private List<String> lake(String table, String columns) throws SQLException {
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement();
                ResultSet result = statement.executeQuery("SELECT concat_ws('|', " + columns + ") FROM read_parquet('"
                        + folder.resolve("lake/" + table) + "/*.parquet') ORDER BY 1")) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                rows.add(result.getString(1));
            }
            return rows;
        }
    }

    @Test
    void theTablesThatTheJobFileNamesBecomeTablesOfTheLake() throws Exception {
        List<String> before = content();
        Path job = job("{public.orders: {name: orders, types: {placed_on: date}, columns: {big: {sql: total > 5}}},"
                + " shop.public.customers: {name: customers}}");
        assertThat(Trial.command("plan", job.toString()).out()).contains("files      4, ");
        trial.succeed(job);

        assertThat(lake(
                        "orders",
                        "count(*), sum(order_id), sum(total), count(DISTINCT customer), min(placed_on), sum(big::int)"))
                .containsExactly("1000|499500|4995.00|7|2026-11-20|499");
        assertThat(lake("customers", "id, name")).hasSize(7).contains("6|name 6");
        assertThat(folder.resolve("lake/shop_public_nothing")).doesNotExist();
        assertThat(folder.resolve("staging/nightly/nightly/snapshot="
                        + trial.run(trial.open(job)).id() + "/manifests/manifest-summary.json"))
                .exists();

        put("shop/public.customers/1/", CUSTOMERS.replace("range(7)", "range(3)"));
        trial.succeed(job);
        assertThat(lake("customers", "id")).hasSize(3);
        put("shop/public.customers/1/", CUSTOMERS);
        assertThat(content()).isEqualTo(before);
    }

    @Test
    void withoutTablesAllOfTheExportAreTaken() throws Exception {
        Path job = job("{}");
        trial.succeed(job);
        assertThat(lake("shop_audit_big_orders", "order_id")).containsExactly("0", "1", "2");
        assertThat(lake("shop_public_orders", "count(*)")).containsExactly("1000");
    }

    @Test
    void oneTableOfSeveralDatabasesIsToldByItsInfoFile() throws Exception {
        // MySQL has no schemas.
        Files.move(export.resolve("shop/audit.big_orders"), export.resolve("shop/shop.big orders".replace(' ', '_')));
        Files.writeString(
                export.resolve("export_tables_info_nightly_from_4_to_5.json"),
                tables(table("shop.big orders", "COMPLETE", ""), table("shop.public.nothing", "COMPLETE", "")));
        Path job = trial.job(
                "nightly",
                LAKE.replace("nightly/}", "nightly/export_info_nightly.json}")
                        .replace(
                                "$TABLES", "{big orders: {name: big, columns: {id: {from: order_id, type: bigint}}}}"));
        trial.succeed(job);
        assertThat(lake("big", "id")).containsExactly("0", "1", "2");
    }

    @Test
    void anExportOnS3IsFoundByItsFolder() throws Exception {
        Storage root = Storages.open("s3://" + S3Server.newBucket() + "/exports", S3Server.options());
        try (Stream<Path> files = Files.walk(export)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                root.put("nightly/" + export.relativize(file), Files.readAllBytes(file));
            }
        }
        Path job =
                trial.job("nightly", """
                job: nightly
                source: {snapshot: {export: "%snightly"}}
                tables: {customers: {}}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/w.duckdb}, schema: w}
                s3: {endpoint: "%s", path-style: true}
                """.formatted(root.root(), S3Server.front().uri()));
        trial.succeed(job);
        assertThat(trial.query(trial.open(job), "SELECT count(*), count(DISTINCT _file) FROM w.customers"))
                .containsExactly("7|1");
    }

    @Test
    void whatIsNotThereOrNotWholeIsToldAndNothingIsRead() throws Exception {
        Trial.Ended other = trial.run(job("{public.order: {}}"));
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err())
                .contains("Invalid table public.order: ", "has no such table: name one of 4 under tables:")
                .contains("shop.audit.big_orders", "shop.public.customers", "shop.public.orders");
        put("shop/audit.orders/1/", ORDERS.formatted(0, 3));
        Files.writeString(
                export.resolve("export_tables_info_nightly_from_4_to_5.json"),
                tables(table("shop.audit.orders", "FAILED", "a row is too large"), table("shop.x.y", "COMPLETE", "")));
        assertThat(trial.run(job("{orders: {}}")).err())
                .contains("has several: name one of 2 under tables:", "shop.audit.orders", "shop.public.orders");

        refused(
                "{audit.orders: {}}",
                "is not whole; nothing was read",
                "shop.audit.orders is FAILED: a row is too large");
        refused("{x.y: {}}", "shop.x.y has no folder");
        Files.writeString(
                export.resolve("export_tables_info_nightly_from_4_to_5.json"),
                tables(table("shop.audit.orders", "COMPLETE", "")
                        .replace("\"numberOfPartitions\": 1", "\"numberOfPartitions\": 3")));
        refused("{audit.orders: {}}", "shop.audit.orders is COMPLETE with 1 of 3 partitions");
        Path success = export.resolve("shop/public.orders/2/_SUCCESS");
        Files.delete(success);
        refused("{public.orders: {}}", "shop/public.orders/2/ has no _SUCCESS: files of it may be missing");
        Files.writeString(success, "");

        Path part = export.resolve("export_tables_info_nightly_from_1_to_3.json");
        Files.move(part, folder.resolve("kept"));
        refused("{public.orders: {}}", "export_tables_info_nightly_from_1_to_….json is missing");
        Files.move(folder.resolve("kept"), part);

        Path info = export.resolve("export_info_nightly.json");
        Files.writeString(info, INFO.replace("COMPLETE", "IN_PROGRESS").replace("100,", "45,"));
        refused(
                "{public.orders: {}}",
                "is not complete: it is IN_PROGRESS, at 45 %. Nothing was read: start again once");
        Files.writeString(info, INFO.replace("\"COMPLETE\"", "\"FAILED\", \"failureCause\": \"no access to the key\""));
        refused(
                "{public.orders: {}}",
                "it is FAILED, at 100 %: no access to the key",
                "have the snapshot exported anew");
        Files.delete(info);
        Trial.Ended none = trial.run(job("{public.orders: {}}"));
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("source.snapshot.export: file://", "there is no export_info_<id>.json in it");
        assertThat(trial.open(job("{public.orders: {}}")).store().runs()).isEmpty();
    }

    private void refused(String tables, String... told) {
        Trial.Ended ended = trial.run(job(tables));
        assertThat(ended.code()).as(ended.err()).isEqualTo(1);
        assertThat(ended.err()).contains(told).doesNotContain("\tat ");
    }

    @Test
    void aWarningOfATableIsForAPersonToAccept() throws Exception {
        Files.writeString(
                export.resolve("export_tables_info_nightly_from_1_to_3.json"),
                tables(
                        table("shop.public.orders", "COMPLETE", "12 rows were left out"),
                        table("shop.public.customers", "COMPLETE", "")));
        trial.succeed(job("{customers: {}}"));
        Path job = trial.job(
                "orders",
                LAKE.replace("job: nightly", "job: orders").replace("$TABLES", "{public.orders: {name: orders}}"));
        Trial.Ended refused = trial.run(job);
        assertThat(refused.code()).isEqualTo(3);
        assertThat(refused.err())
                .contains("warns of 1 tables", "shop.public.orders is COMPLETE: 12 rows were left out");
        assertThat(folder.resolve("lake/orders_current.json")).doesNotExist();
        String run = trial.run(trial.open(job)).id().value();
        assertThat(Trial.command("accept", run, "--job", job.toString(), "--gate", "export-warning", "--reason", "old")
                        .code())
                .isZero();
        trial.succeed(job, "--run", run);
        assertThat(lake("orders", "count(*)")).containsExactly("1000");
    }

    private List<String> content() {
        try (Stream<Path> files = Files.walk(export)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file + " " + file.toFile().length())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
