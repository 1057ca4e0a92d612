package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.InMemory;
import dev.millrace.testing.PostgresServer;
import dev.millrace.testing.SharedSpark;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.duckdb.DuckDbOptions;
import dev.millrace.warehouse.duckdb.DuckDbWarehouse;
import dev.millrace.warehouse.postgres.PostgresWarehouse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The shop's job with another warehouse: nothing changes but the key of the job file. */
@ExtendWith(SharedSpark.class)
class PostgresJobTest {
    private static final String TABLE = "postgres-job-test";

    @TempDir(factory = InMemory.class)
    private static Path folder;

    @Test
    void theSameJobFillsPostgresWithTheSameRows() throws IOException {
        ShopJob.fill(TABLE, 400);
        ShopJob duckDb = new ShopJob(folder.resolve("duckdb"), TABLE, 2);
        assertThat(duckDb.run().exitCode()).isZero();

        String database = PostgresServer.newDatabase();
        ShopJob postgres = new ShopJob(folder.resolve("postgres"), TABLE, 2);
        postgres.setVariable("SHOP_PASSWORD", PostgresServer.PASSWORD);
        String text = Files.readString(postgres.file());
        Files.writeString(
                postgres.file(),
                text.replace(", unchanged: replace", "")
                        .replace(
                                "duckdb: {path: " + postgres.database() + "}",
                                "postgres: {host: 127.0.0.1, port: " + PostgresServer.port() + ", database: " + database
                                        + ", user: loader, password: \"${env:SHOP_PASSWORD}\", tls: disable}"));
        StoredJob.Ended ended = postgres.run();
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(ended.output())
                .contains("127.0.0.1:" + PostgresServer.port() + "/" + database + " (PostgreSQL, schema shop)");
        // The same rows again: whoever connected now would be turned away.
        PostgresServer.execute(
                "postgres", PostgresServer.ADMIN, "ALTER DATABASE " + database + " ALLOW_CONNECTIONS false");
        StoredJob.Ended same = postgres.run();
        assertThat(same.exitCode()).as(same.output()).isZero();
        assertThat(same.output()).contains("the warehouse was not asked");
        assertThat(postgres.run("--again").exitCode()).isEqualTo(1);
        PostgresServer.execute(
                "postgres", PostgresServer.ADMIN, "ALTER DATABASE " + database + " ALLOW_CONNECTIONS true");
        StoredJob.Ended again = postgres.run("--again");
        assertThat(again.exitCode()).as(again.output()).isZero();
        assertThat(again.output()).contains("which rollback brings back");
        try (Warehouse one = new DuckDbWarehouse(duckDb.database(), "shop", DuckDbOptions.DEFAULT);
                Warehouse other =
                        new PostgresWarehouse(PostgresServer.options(PostgresServer.port(), database), "shop")) {
            List<String> tables = Queried.of(
                            other, "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'shop'")
                    .rows()
                    .stream()
                    .map(row -> row.get(0))
                    .toList();
            assertThat(tables).hasSizeGreaterThan(5);
            for (String table : tables) {
                List<List<String>> columns = Queried.of(
                                other,
                                "SELECT column_name::text, data_type::text FROM information_schema.columns"
                                        + " WHERE table_schema = 'shop' AND table_name = '" + table
                                        + "' ORDER BY ordinal_position")
                        .rows();
                Queried expected = Queried.of(one, select(columns, table, "lower(hex(%s))"));
                Queried found = Queried.of(other, select(columns, table, "encode(%s, 'hex')"));
                assertThat(found.header()).as(table).isEqualTo(expected.header());
                assertThat(sorted(found)).as(table).isEqualTo(sorted(expected));
            }
        }
        try (Stream<Path> files = Files.walk(folder.resolve("postgres"))) {
            assertThat(files.filter(Files::isRegularFile).filter(PostgresJobTest::holdsPassword))
                    .isEmpty();
        }
    }

    /** @param hex an expression for a binary column's bytes */
    private static String select(List<List<String>> columns, String table, String hex) {
        return columns.stream()
                .map(column -> {
                    String name = SqlText.identifier(column.get(0));
                    return column.get(1).equals("bytea") ? hex.formatted(name) + " AS " + name : name;
                })
                .collect(Collectors.joining(", ", "SELECT ", " FROM " + SqlText.identifier(table)));
    }

    /** DuckDB leaves the zero out that PostgreSQL writes before a point. */
    private static List<String> sorted(Queried queried) {
        return queried.rows().stream()
                .map(row -> row.stream()
                        .map(value -> value.startsWith(".") ? "0" + value : value)
                        .toList()
                        .toString())
                .sorted()
                .toList();
    }

    private static boolean holdsPassword(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(PostgresServer.PASSWORD);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
