package dev.millrace.job;

import dev.millrace.run.RunId;
import dev.millrace.storage.StorageOptions;
import dev.millrace.testing.PostgresServer;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.postgres.PostgresWarehouse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The shop's job with a database of its own on the tests' PostgreSQL server for its warehouse. */
final class PostgresShopJob extends ShopJob {
    private static final String SCHEMA = "shop";
    private static final String TABLES =
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = '" + SCHEMA + "' ORDER BY 1";

    private final String database = PostgresServer.newDatabase();
    private volatile boolean wasThere;

    PostgresShopJob(Path folder, String table, int segments, String staging, StorageOptions options, String... more) {
        super(folder, table, segments, staging, options, more);
        try {
            Path secret = Files.writeString(folder.resolve("db-password"), PostgresServer.PASSWORD + "\n");
            Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
            loadInto(this, database, "${file:" + secret + "}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Has a job load a database of the tests' server from now on. */
    static void loadInto(ShopJob job, String database, String password) throws IOException {
        String text = Files.readString(job.file());
        Files.writeString(
                job.file(),
                text.replace(
                        "duckdb: {path: " + job.database() + "}",
                        "postgres: {host: 127.0.0.1, port: " + PostgresServer.port() + ", database: " + database
                                + ", user: loader, password: \"" + password + "\", tls: disable}"));
    }

    @Override
    String neutral(String text) {
        return super.neutral(text).replace(database, "");
    }

    /** The tables of the live schema, copied as text, and whose version it is. */
    @Override
    Map<String, String> seen(Statement duckDb, String as) throws SQLException {
        Map<String, String> selects = new TreeMap<>();
        duckDb.execute("CREATE SCHEMA " + as);
        try (PostgresWarehouse warehouse =
                new PostgresWarehouse(PostgresServer.options(PostgresServer.port(), database), SCHEMA)) {
            for (List<String> row : Queried.of(warehouse, TABLES).rows()) {
                String table = as + "." + SqlText.identifier(row.get(0));
                copy(duckDb, table, Queried.of(warehouse, "SELECT * FROM " + SqlText.identifier(row.get(0))));
                selects.put(row.get(0), "SELECT * FROM " + table);
            }
            String last = store().ledger().last().orElseThrow().run().value();
            String live = warehouse.live().orElseThrow().run().value();
            selects.put("version", "SELECT '" + (live.equals(last) ? "of the last run" : live) + "' AS run");
        }
        return selects;
    }

    private static void copy(Statement duckDb, String table, Queried queried) throws SQLException {
        duckDb.execute(queried.header().stream()
                .map(column -> SqlText.identifier(column) + " VARCHAR")
                .collect(Collectors.joining(", ", "CREATE TABLE " + table + " (", ")")));
        String values = queried.header().stream().map(column -> "?").collect(Collectors.joining(", "));
        try (PreparedStatement insert =
                duckDb.getConnection().prepareStatement("INSERT INTO " + table + " VALUES (" + values + ")")) {
            for (List<String> row : queried.rows()) {
                for (int i = 0; i < row.size(); i++) {
                    insert.setString(i + 1, row.get(i));
                }
                insert.execute();
            }
        }
    }

    /** Schemas that are neither live nor of the version before it. */
    @Override
    List<String> leftovers() {
        List<String> schemas = new ArrayList<>();
        try (Connection connection = PostgresServer.connect(database, PostgresServer.LOADER);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname LIKE 'shop%' AND nspname <> 'shop'")) {
            while (rows.next()) {
                schemas.add(rows.getString(1));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        List<RunId> committed = commits().stream().map(commit -> commit.run()).toList();
        boolean isPrevious = schemas.size() == 1
                && committed.stream()
                        .anyMatch(run -> schemas.get(0)
                                .equals("shop__"
                                        + run.value().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "_")));
        return schemas.isEmpty() || isPrevious ? List.of() : List.of("left behind in the database: " + schemas);
    }

    /** What a reader sees, in one statement: the rows of each table. Empty before there is a version. */
    Optional<String> read() {
        try (Connection connection = PostgresServer.connect(database, PostgresServer.LOADER);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT (SELECT count(*) FROM shop.orders),"
                        + " (SELECT count(*) FROM shop.customers), (SELECT count(*) FROM shop.orders__lines)")) {
            rows.next();
            wasThere = true;
            return Optional.of(
                    rows.getLong(1) + " orders, " + rows.getLong(2) + " customers, " + rows.getLong(3) + " lines");
        } catch (SQLException e) {
            return wasThere ? Optional.of("an error: " + e.getMessage()) : Optional.empty();
        }
    }

    /** Drops its database. */
    void drop() {
        PostgresServer.execute("postgres", PostgresServer.ADMIN, "DROP DATABASE " + database + " WITH (FORCE)");
    }
}
