package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.Processes;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import dev.millrace.testing.SnowflakeServer;
import dev.millrace.testing.SparkSnowflakeProcess;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.duckdb.DuckDbOptions;
import dev.millrace.warehouse.duckdb.DuckDbWarehouse;
import dev.millrace.warehouse.snowflake.SnowflakeOptions;
import dev.millrace.warehouse.snowflake.SnowflakeWarehouse;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The shop's job with Snowflake's test server: nothing changes but the warehouse, and where it stages. */
@ExtendWith(SharedSpark.class)
class SnowflakeJobTest {
    private static final String TABLE = "snowflake-job-test";
    private static final String USER = "SHOP_LOADER";

    @TempDir(factory = InMemory.class)
    private static Path folder;

    @Test
    void theSameJobFillsSnowflakeWithTheSameRows() throws IOException {
        ShopJob.fill(TABLE, 400);
        ShopJob duckDb = new ShopJob(folder.resolve("duckdb"), TABLE, 2);
        assertThat(duckDb.run().exitCode()).isZero();

        String database = SnowflakeServer.newDatabase();
        String key = keyOfUser();
        String staging = "s3://" + S3Server.newBucket() + "/staging";
        ShopJob snowflake = new ShopJob(folder.resolve("snowflake"), TABLE, 2, staging, S3Server.options());
        snowflake.setVariable("SHOP_KEY", key);
        Files.writeString(
                snowflake.file(),
                Files.readString(snowflake.file())
                        .replace(
                                "duckdb: {path: " + snowflake.database() + "}",
                                "snowflake: {account: test, host: 127.0.0.1, port: " + SnowflakeServer.port()
                                        + ", tls: false, user: shop_loader, key: \"${env:SHOP_KEY}\", role: loader,"
                                        + " warehouse: load_xs, database: " + database + ", storage-integration: "
                                        + SnowflakeServer.INTEGRATION + "}"));
        // Somebody drops what tells what is loaded, before the upload and before the replacement: all is loaded anew.
        AtomicInteger opened = new AtomicInteger();
        StoredJob.Ended ended = snowflake.run(Clock.systemUTC(), Storages::open, (settings, access) -> {
            if (List.of(3, 4).contains(opened.incrementAndGet())) {
                SnowflakeServer.execute(SnowflakeServer.ADMIN, "DROP SCHEMA " + database + "._MILLRACE");
            }
            return Surroundings.warehouse(settings, access);
        });
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(ended.output()).contains("test/" + database + " (Snowflake, schema shop)");
        assertSameRows(duckDb, options(database, key, staging));

        // The next run loads by the connector for Spark. Between the two it is dropped, too.
        SnowflakeServer.execute(SnowflakeServer.ADMIN, "DROP SCHEMA " + database + "._MILLRACE");
        Processes.Ended connected = Processes.run(byConnector(snowflake.file(), key));
        assertThat(connected.exitCode()).as(connected.output()).isZero();
        assertThat(SnowflakeServer.rows(
                        SnowflakeServer.ADMIN,
                        "SELECT COUNT(*) FROM TABLE(" + database + ".INFORMATION_SCHEMA.QUERY_HISTORY())"
                                + " WHERE QUERY_TEXT LIKE 'copy into \"" + database
                                + "\"%spark_connector_load_stage%'"))
                .isNotEqualTo(List.of("0"));
        assertSameRows(duckDb, options(database, key, staging));
        for (StoredFile file : snowflake.storage().list("")) {
            try (InputStream in = snowflake.storage().open(file.path())) {
                assertThat(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1))
                        .as(file.path())
                        .doesNotContain(key.substring(40, 80));
            }
        }
    }

    /** A run in a process that has the connector, and the older driver that comes with it, in place of our driver. */
    private static ProcessBuilder byConnector(Path job, String key) {
        ProcessBuilder process = SparkSnowflakeProcess.builder(
                "dev.millrace.job.Pipeline", job.toString(), "--set", "warehouse.snowflake.connector=spark-snowflake");
        process.environment().put("SHOP_KEY", key);
        return process.directory(folder.toFile());
    }

    private static void assertSameRows(ShopJob duckDb, SnowflakeOptions snowflake) {
        try (Warehouse one = new DuckDbWarehouse(duckDb.database(), "shop", DuckDbOptions.DEFAULT);
                Warehouse other = new SnowflakeWarehouse(snowflake, "shop")) {
            List<String> tables = Queried.of(
                            other, "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'SHOP'")
                    .rows()
                    .stream()
                    .map(row -> row.get(0))
                    .toList();
            assertThat(tables).hasSizeGreaterThan(5);
            for (String table : tables) {
                List<List<String>> columns = Queried.of(
                                other,
                                "SELECT COLUMN_NAME, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS"
                                        + " WHERE TABLE_SCHEMA = 'SHOP' AND TABLE_NAME = '" + table
                                        + "' ORDER BY ORDINAL_POSITION")
                        .rows();
                Queried expected = Queried.of(one, select(columns, table, "hex(%s)"));
                Queried found = Queried.of(other, select(columns, table, "HEX_ENCODE(%s)"));
                assertThat(upper(found.header())).as(table).isEqualTo(upper(expected.header()));
                assertThat(sorted(found)).as(table).isEqualTo(sorted(expected));
            }
        }
    }

    /** Makes a user that logs in by a key, and returns the key. */
    private static String keyOfUser() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            KeyPair pair = generator.generateKeyPair();
            SnowflakeServer.execute(
                    SnowflakeServer.ADMIN,
                    "CREATE USER IF NOT EXISTS " + USER + " DEFAULT_ROLE = LOADER RSA_PUBLIC_KEY = '"
                            + Base64.getEncoder()
                                    .encodeToString(pair.getPublic().getEncoded()) + "'",
                    "GRANT ROLE LOADER TO USER " + USER);
            return "-----BEGIN PRIVATE KEY-----\n"
                    + Base64.getMimeEncoder(64, new byte[] {'\n'})
                            .encodeToString(pair.getPrivate().getEncoded())
                    + "\n-----END PRIVATE KEY-----\n";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static SnowflakeOptions options(String database, String key, String staging) {
        return new SnowflakeOptions(
                new Snowflake(
                        SnowflakeServer.ACCOUNT,
                        USER,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("LOADER"),
                        SnowflakeServer.WAREHOUSE,
                        database,
                        Optional.empty(),
                        Optional.of(SnowflakeServer.INTEGRATION),
                        Connector.COPY,
                        JsonColumns.TEXT,
                        Optional.of("127.0.0.1"),
                        SnowflakeServer.port(),
                        false,
                        Duration.ofSeconds(30)),
                Optional.of(key),
                Optional.empty(),
                Optional.empty(),
                staging);
    }

    /** @param hex an expression for a binary column's bytes */
    private static String select(List<List<String>> columns, String table, String hex) {
        return columns.stream()
                .map(column -> {
                    String name = SqlText.identifier(column.get(0));
                    return column.get(1).equals("BINARY") ? hex.formatted(name) + " AS " + name : name;
                })
                .collect(Collectors.joining(", ", "SELECT ", " FROM " + SqlText.identifier(table)));
    }

    private static List<String> upper(List<String> names) {
        return names.stream().map(name -> name.toUpperCase(Locale.ROOT)).toList();
    }

    /** DuckDB leaves the zero out that Snowflake writes before a point. */
    private static List<String> sorted(Queried queried) {
        return queried.rows().stream()
                .map(row -> row.stream()
                        .map(value -> value.startsWith(".") ? "0" + value : value)
                        .toList()
                        .toString())
                .sorted()
                .toList();
    }
}
