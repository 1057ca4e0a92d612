package dev.millrace.warehouse.snowflake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.testing.SnowflakeServer;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.WarehouseContract;
import dev.millrace.warehouse.WarehouseEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The contract on a Snowflake test server, and what is special about Snowflake. */
class SnowflakeWarehouseTest extends WarehouseContract {
    /** A database of its own for each folder, which says where it is, with a stage for the folder. */
    public static final class Engine implements WarehouseEngine {
        @Override
        public Warehouse open(Path folder, Steps steps) {
            return new SnowflakeWarehouse(options(folder), SCHEMA, steps, sql -> {});
        }

        static SnowflakeOptions options(Path folder) {
            Path place = folder.resolve("snowflake");
            try {
                if (!Files.exists(place)) {
                    String database = SnowflakeServer.newDatabase();
                    SnowflakeServer.execute(
                            SnowflakeServer.ADMIN,
                            "CREATE SCHEMA " + database + ".OPS",
                            "CREATE STAGE " + database + ".OPS.LANDING URL = 'file://" + folder.resolve("staging")
                                    + "/'",
                            "GRANT USAGE ON SCHEMA " + database + ".OPS TO ROLE " + SnowflakeServer.LOADER,
                            "GRANT USAGE ON STAGE " + database + ".OPS.LANDING TO ROLE " + SnowflakeServer.LOADER);
                    Files.writeString(place, SnowflakeServer.port() + " " + database);
                }
                String[] words = Files.readString(place).split(" ", -1);
                return with(Integer.parseInt(words[0]), words[1], folder);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static SnowflakeOptions with(int port, String database, Path folder) {
            return new SnowflakeOptions(
                    account(port, database, "LOADER", Duration.ofSeconds(30)),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(SnowflakeServer.PASSWORD),
                    "file://" + folder.resolve("staging") + "/");
        }
    }

    static Snowflake account(int port, String database, String user, Duration patience) {
        return new Snowflake(
                SnowflakeServer.ACCOUNT,
                user,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                "load_xs",
                database,
                Optional.of("OPS.LANDING"),
                Optional.empty(),
                JsonColumns.TEXT,
                Optional.of("127.0.0.1"),
                port,
                false,
                patience);
    }

    @Override
    protected WarehouseEngine engine() {
        return new Engine();
    }

    @Override
    protected String hex(String column) {
        return "HEX_ENCODE(" + column + ")";
    }

    @Override
    protected int leastEffects() {
        return 9;
    }

    private String database() {
        return Engine.options(folder).account().database();
    }

    private void asAdmin(String... statements) {
        String[] all = new String[statements.length + 1];
        all[0] = "USE DATABASE " + database();
        System.arraycopy(statements, 0, all, 1, statements.length);
        SnowflakeServer.execute(SnowflakeServer.ADMIN, all);
    }

    @Override
    protected void assertNothingLeftBut(int live, int previous) {
        assertThat(schemas())
                .containsExactlyInAnyOrder(
                        "_MILLRACE", "OPS", "SHOP", StoredVersion.namespace("shop", Landing.runId(previous)));
    }

    private List<String> schemas() {
        try (Connection connection = SnowflakeServer.connect(SnowflakeServer.ADMIN);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SHOW SCHEMAS IN DATABASE " + database())) {
            List<String> names = new ArrayList<>();
            while (result.next()) {
                String name = result.getString("name");
                if (!List.of("INFORMATION_SCHEMA", "PUBLIC").contains(name)) {
                    names.add(name);
                }
            }
            return names;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
