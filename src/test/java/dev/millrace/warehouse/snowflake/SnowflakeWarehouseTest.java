package dev.millrace.warehouse.snowflake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SnowflakeServer;
import dev.millrace.testing.Warnings;
import dev.millrace.warehouse.ColumnSet;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.WarehouseContract;
import dev.millrace.warehouse.WarehouseEngine;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

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
                Connector.COPY,
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

    @Override
    protected int watchedReplacements() {
        return 15;
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
                        "_MILLRACE", "OPS", "SHOP", SnowflakeVersion.namespace("shop", Landing.runId(previous)));
    }

    private List<String> live(String sql, int column) {
        return Queried.of(warehouse, sql).rows().stream()
                .map(row -> row.get(column))
                .toList();
    }

    /** What a SHOW statement answers the administrator, some of its columns. */
    private List<String> shown(String sql, String... columns) {
        try (Connection connection = SnowflakeServer.connect(SnowflakeServer.ADMIN);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql.replace("@DB", database()))) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                List<String> values = new ArrayList<>();
                for (String column : columns) {
                    values.add(result.getString(column));
                }
                rows.add(String.join(" ", values));
            }
            return rows;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void theNextVersionGetsWhatPeopleGaveToLive() throws IOException {
        replaceBy(1);
        asAdmin(
                "CREATE ROLE IF NOT EXISTS ANALYST",
                "CREATE SHARE IF NOT EXISTS PARTNER",
                "GRANT USAGE ON DATABASE " + database() + " TO SHARE PARTNER",
                "GRANT USAGE ON SCHEMA SHOP TO SHARE PARTNER",
                "GRANT SELECT ON TABLE SHOP.LINES TO SHARE PARTNER",
                "CREATE TAG OPS.DOMAIN",
                "CREATE MASKING POLICY OPS.HIDE AS (v VARCHAR) RETURNS VARCHAR -> '***'",
                "CREATE ROW ACCESS POLICY OPS.ALL_ROWS AS (id NUMBER) RETURNS BOOLEAN -> TRUE",
                "GRANT APPLY ON TAG OPS.DOMAIN TO ROLE LOADER",
                "GRANT APPLY ON MASKING POLICY OPS.HIDE TO ROLE LOADER",
                "GRANT APPLY ON ROW ACCESS POLICY OPS.ALL_ROWS TO ROLE LOADER",
                "GRANT USAGE ON SCHEMA SHOP TO ROLE ANALYST",
                "GRANT SELECT ON TABLE SHOP.ORDERS TO ROLE ANALYST WITH GRANT OPTION",
                "GRANT SELECT ON FUTURE TABLES IN SCHEMA SHOP TO ROLE ANALYST",
                "COMMENT ON TABLE SHOP.ORDERS IS 'it''s \\\\ orders'",
                "COMMENT ON COLUMN SHOP.LINES.TEXT IS 'text'",
                "ALTER SCHEMA SHOP SET TAG OPS.DOMAIN = 'shop'",
                "ALTER TABLE SHOP.ORDERS SET TAG OPS.DOMAIN = 'sales'",
                "ALTER TABLE SHOP.LINES MODIFY COLUMN TEXT SET TAG OPS.DOMAIN = 'words'",
                "ALTER TABLE SHOP.LINES MODIFY COLUMN TEXT SET MASKING POLICY OPS.HIDE",
                "ALTER TABLE SHOP.ORDERS ADD ROW ACCESS POLICY OPS.ALL_ROWS ON (ID)",
                "ALTER TABLE SHOP.ORDERS CLUSTER BY (ID, VERSION)",
                "ALTER SCHEMA SHOP SET STORAGE_SERIALIZATION_POLICY = COMPATIBLE DEFAULT_DDL_COLLATION = 'en-ci'",
                "ALTER TABLE SHOP.ORDERS SET MAX_DATA_EXTENSION_TIME_IN_DAYS = 9 DEFAULT_DDL_COLLATION = 'de'");
        TableDefinition more =
                new TableDefinition("more", List.of(new Column("id", ColumnType.BIGINT, true)), List.of());
        for (int k = 2; k <= 3; k++) {
            Load load = Landing.load(k, List.of(Landing.ORDERS, Landing.LINES, more));
            List<String> sent = new ArrayList<>();
            try (Warehouse watched =
                    new SnowflakeWarehouse(Engine.options(folder), WarehouseEngine.SCHEMA, step -> {}, sent::add)) {
                watched.prepare(load);
                for (LandedTable table : landing.written(k, 1)) {
                    watched.upload(load, table, landing.storage(), f -> {});
                }
                assertThat(watched.replace(load)).isTrue();
            }
            if (k == 2) {
                golden("what-live-had", given(sent));
            }
            assertThat(shown("SHOW GRANTS ON SCHEMA @DB.SHOP", "privilege", "granted_to", "grantee_name"))
                    .contains("USAGE ROLE ANALYST")
                    .anyMatch(grant -> grant.startsWith("USAGE SHARE") && grant.endsWith("PARTNER"));
            assertThat(shown("SHOW GRANTS ON TABLE @DB.SHOP.ORDERS", "privilege", "grantee_name", "grant_option"))
                    .contains("SELECT ANALYST true");
            assertThat(shown("SHOW GRANTS ON TABLE @DB.SHOP.LINES", "privilege", "granted_to"))
                    .contains("SELECT SHARE")
                    .doesNotContain("SELECT ROLE");
            assertThat(shown("SHOW GRANTS ON TABLE @DB.SHOP.MORE", "privilege", "grantee_name"))
                    .contains("SELECT ANALYST");
            assertThat(shown("SHOW FUTURE GRANTS IN SCHEMA @DB.SHOP", "privilege", "grant_on", "grantee_name"))
                    .containsExactly("SELECT TABLE ANALYST");
            assertThat(shown("SHOW TABLES IN SCHEMA @DB.SHOP", "name", "kind", "cluster_by", "comment"))
                    .containsExactlyInAnyOrder(
                            "ORDERS TRANSIENT LINEAR(ID, VERSION) it's \\ orders",
                            "LINES TRANSIENT  ",
                            "MORE TRANSIENT  ");
            assertThat(shown(
                            "SELECT TAG_VALUE, LEVEL, COLUMN_NAME FROM TABLE(@DB.INFORMATION_SCHEMA."
                                    + "TAG_REFERENCES_ALL_COLUMNS('@DB.SHOP.LINES', 'TABLE'))",
                            "TAG_VALUE",
                            "LEVEL",
                            "COLUMN_NAME"))
                    .contains("words COLUMN TEXT");
            assertThat(policies("ORDERS")).containsExactly("ALL_ROWS");
            assertThat(policies("LINES")).containsExactly("HIDE");
        }
        warehouse.rollback();
        assertThat(shown("SHOW GRANTS ON SCHEMA @DB.SHOP", "privilege", "granted_to", "grantee_name"))
                .contains("USAGE ROLE ANALYST");
    }

    @Test
    void whatTheRoleMayNotSeeIsNotLost() {
        replaceBy(1);
        asAdmin(
                "CREATE MASKING POLICY OPS.SECRET AS (v VARCHAR) RETURNS VARCHAR -> '***'",
                "CREATE MASKING POLICY OPS.OTHER AS (v NUMBER) RETURNS NUMBER -> 0",
                "GRANT APPLY ON MASKING POLICY OPS.OTHER TO ROLE LOADER",
                "ALTER TABLE SHOP.ORDERS MODIFY COLUMN ID SET MASKING POLICY OPS.OTHER",
                "ALTER TABLE SHOP.LINES MODIFY COLUMN TEXT SET MASKING POLICY OPS.SECRET");
        Fault refused = fault(() -> warehouse.prepare(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused)
                .hasMessageContaining("live is as it was: live has a policy that the role may not see")
                .hasMessageContaining("column TEXT of table LINES; GRANT APPLY ON MASKING POLICY ");
        asAdmin("GRANT APPLY ON MASKING POLICY OPS.SECRET TO ROLE LOADER");
        replaceBy(2);
        assertThat(policies("LINES")).containsExactly("SECRET");
        asAdmin("CREATE TAG OPS.KIND", "ALTER TABLE SHOP.ORDERS SET TAG OPS.KIND = 'x'");
        assertThat(fault(() -> warehouse.prepare(Landing.load(3))))
                .hasMessageContaining("live has a tag that the role may not see")
                .hasMessageContaining("look at table ORDERS; GRANT APPLY ON TAG ");
    }

    /** What is told of one place, or of all of them, stands for nothing at another. */
    @Test
    void whatTheRoleMayNotSeeIsNotLostBesideWhatItSees() {
        replaceBy(1);
        asAdmin(
                "CREATE TAG OPS.EVERYWHERE",
                "CREATE TAG OPS.PRIVATE",
                "GRANT APPLY ON TAG OPS.EVERYWHERE TO ROLE LOADER",
                "GRANT APPLY ON TAG OPS.PRIVATE TO ROLE LOADER",
                "CREATE MASKING POLICY OPS.BY_TAG AS (v VARCHAR) RETURNS VARCHAR -> '***'",
                "GRANT APPLY ON MASKING POLICY OPS.BY_TAG TO ROLE LOADER",
                "ALTER TAG OPS.PRIVATE SET MASKING POLICY OPS.BY_TAG",
                "ALTER DATABASE " + database() + " SET TAG OPS.EVERYWHERE = 'yes'",
                "ALTER TABLE SHOP.ORDERS SET TAG OPS.PRIVATE = 'yes'");
        replaceBy(2);
        asAdmin(
                "CREATE MASKING POLICY OPS.SECRET AS (v VARCHAR) RETURNS VARCHAR -> '***'",
                "ALTER TABLE SHOP.LINES MODIFY COLUMN TEXT SET MASKING POLICY OPS.SECRET");
        assertThat(fault(() -> warehouse.prepare(Landing.load(3))))
                .hasMessageContaining("live has a policy that the role may not see")
                .hasMessageContaining("look at column TEXT of table LINES; GRANT");
        asAdmin(
                "ALTER TABLE SHOP.LINES MODIFY COLUMN TEXT UNSET MASKING POLICY",
                "CREATE TAG OPS.UNSEEN",
                "ALTER TABLE SHOP.LINES MODIFY COLUMN TEXT SET TAG OPS.UNSEEN = 'x'");
        assertThat(fault(() -> warehouse.prepare(Landing.load(3))))
                .hasMessageContaining("live has a tag that the role may not see")
                .hasMessageContaining("look at column TEXT of table LINES; GRANT");
        asAdmin(
                "ALTER TABLE SHOP.LINES MODIFY COLUMN TEXT UNSET TAG OPS.UNSEEN",
                "ALTER TABLE SHOP.ORDERS MODIFY COLUMN VERSION SET MASKING POLICY OPS.SECRET");
        // The column has one by a tag, too, which does not stand for its own.
        assertThat(fault(() -> warehouse.prepare(Landing.load(3))))
                .hasMessageContaining("live has a policy that the role may not see")
                .hasMessageContaining("look at column VERSION of table ORDERS; GRANT");
        asAdmin(
                "ALTER TABLE SHOP.ORDERS MODIFY COLUMN VERSION UNSET MASKING POLICY",
                "REVOKE APPLY ON MASKING POLICY OPS.BY_TAG FROM ROLE LOADER");
        assertThat(fault(() -> warehouse.prepare(Landing.load(3))))
                .hasMessageContaining("look at column ID of table ORDERS, column VERSION of table ORDERS; GRANT")
                .hasMessageContaining("where a tag brings it: GRANT APPLY MASKING POLICY ON ACCOUNT");
        asAdmin("GRANT APPLY MASKING POLICY ON ACCOUNT TO ROLE LOADER");
        try {
            replaceBy(3);
        } finally {
            asAdmin("REVOKE APPLY MASKING POLICY ON ACCOUNT FROM ROLE LOADER");
        }
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
    }

    @Test
    void theNextVersionGetsTheSettingsOfLive() {
        asAdmin(
                "CREATE SCHEMA SHOP DATA_RETENTION_TIME_IN_DAYS = 7 DEFAULT_DDL_COLLATION = 'en-ci'",
                "GRANT OWNERSHIP ON SCHEMA SHOP TO ROLE LOADER");
        replaceBy(1);
        assertThat(parameters()).containsExactly("DATA_RETENTION_TIME_IN_DAYS 7", "DEFAULT_DDL_COLLATION en-ci");
        assertThat(shown("DESC TABLE @DB.SHOP.LINES", "type")).contains("VARCHAR(16777216) COLLATE 'en-ci'");
        asAdmin(
                "ALTER SCHEMA SHOP SET MAX_DATA_EXTENSION_TIME_IN_DAYS = 20 PIPE_EXECUTION_PAUSED = TRUE LOG_LEVEL = 'INFO'"
                        + " STORAGE_SERIALIZATION_POLICY = COMPATIBLE",
                "ALTER TABLE SHOP.ORDERS SET MAX_DATA_EXTENSION_TIME_IN_DAYS = 9 DEFAULT_DDL_COLLATION = 'de'",
                "ALTER TABLE SHOP.ORDERS SET DATA_RETENTION_TIME_IN_DAYS = 3 CHANGE_TRACKING = TRUE",
                "ALTER TABLE SHOP.ORDERS CLUSTER BY (ID)",
                "ALTER TABLE SHOP.ORDERS SUSPEND RECLUSTER",
                "ALTER TABLE SHOP.LINES SET ENABLE_SCHEMA_EVOLUTION = TRUE");
        Fault refused = fault(() -> warehouse.prepare(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused)
                .hasMessageContaining("live is as it was: what live has cannot be given to it: ALTER SCHEMA ")
                .hasMessageContaining(" SET LOG_LEVEL = 'INFO': ")
                .hasMessageContaining("MODIFY LOG LEVEL and the like for levels");
        asAdmin("GRANT MODIFY LOG LEVEL ON ACCOUNT TO ROLE LOADER");
        try {
            replaceBy(2);
            assertThat(parameters())
                    .containsExactly(
                            "DATA_RETENTION_TIME_IN_DAYS 7",
                            "DEFAULT_DDL_COLLATION en-ci",
                            "LOG_LEVEL INFO",
                            "MAX_DATA_EXTENSION_TIME_IN_DAYS 20",
                            "PIPE_EXECUTION_PAUSED true",
                            "STORAGE_SERIALIZATION_POLICY COMPATIBLE");
            assertThat(ownOf("ORDERS"))
                    .containsExactly(
                            "DATA_RETENTION_TIME_IN_DAYS 3",
                            "DEFAULT_DDL_COLLATION de",
                            "MAX_DATA_EXTENSION_TIME_IN_DAYS 9");
            assertThat(settings()).containsExactlyInAnyOrder("ORDERS 3 OFF ON N", "LINES 7 OFF OFF Y");
            // What somebody takes from live the staging does not keep, nor does a version that comes back.
            warehouse.prepare(Landing.load(3));
            upload(Landing.load(3), landing.written(3, 1));
            asAdmin(
                    "ALTER SCHEMA SHOP UNSET LOG_LEVEL",
                    "ALTER SCHEMA SHOP SET DATA_RETENTION_TIME_IN_DAYS = 5",
                    "ALTER SCHEMA SHOP ENABLE MANAGED ACCESS",
                    "ALTER TABLE SHOP.ORDERS UNSET DATA_RETENTION_TIME_IN_DAYS",
                    "ALTER TABLE SHOP.ORDERS UNSET DEFAULT_DDL_COLLATION",
                    "ALTER TABLE SHOP.ORDERS SET MAX_DATA_EXTENSION_TIME_IN_DAYS = 8",
                    "ALTER TABLE SHOP.ORDERS SET CHANGE_TRACKING = FALSE",
                    "ALTER TABLE SHOP.ORDERS RESUME RECLUSTER",
                    "ALTER TABLE SHOP.LINES SET ENABLE_SCHEMA_EVOLUTION = FALSE");
            for (int k = 3; k >= 2; k--) {
                assertThat(
                                k == 3
                                        ? warehouse.replace(Landing.load(3))
                                        : warehouse.rollback().equals(version(2)))
                        .isTrue();
                assertThat(consistent()).containsExactly(k + " " + k + " 10", k + " " + k + " 10");
                assertThat(parameters())
                        .contains("DATA_RETENTION_TIME_IN_DAYS 5", "MAX_DATA_EXTENSION_TIME_IN_DAYS 20")
                        .doesNotContain("LOG_LEVEL INFO");
                assertThat(ownOf("ORDERS")).containsExactly("MAX_DATA_EXTENSION_TIME_IN_DAYS 8");
                assertThat(ownOf("LINES")).isEmpty();
                assertThat(settings()).containsExactlyInAnyOrder("ORDERS 5 ON OFF N", "LINES 5 OFF OFF N");
                assertThat(shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "options"))
                        .containsExactly("MANAGED ACCESS");
            }
        } finally {
            asAdmin("REVOKE MODIFY LOG LEVEL ON ACCOUNT FROM ROLE LOADER");
        }
    }

    /** What is set on the schema itself. */
    private List<String> parameters() {
        return parameters("SCHEMA ", "@DB.SHOP");
    }

    /** What is set on a table itself. */
    private List<String> ownOf(String table) {
        return parameters("TABLE ", "@DB.SHOP." + table);
    }

    private List<String> parameters(String kind, String name) {
        return shown("SHOW PARAMETERS IN " + kind + name, "level", "key", "value").stream()
                .filter(row -> row.startsWith(kind))
                .map(row -> row.substring(kind.length()))
                .toList();
    }

    private List<String> settings() {
        return shown(
                "SHOW TABLES IN SCHEMA @DB.SHOP",
                "name",
                "retention_time",
                "automatic_clustering",
                "change_tracking",
                "enable_schema_evolution");
    }

    @Test
    void aDroppedSchemaOfOurOwnIsMadeAgain() {
        replaceBy(1);
        replaceBy(2);
        asAdmin("DROP SCHEMA _MILLRACE");
        assertThat(warehouse.live()).contains(version(2));
        warehouse.prepare(Landing.load(3));
        upload(Landing.load(3), landing.written(3, 1));
        // Live's tables are known all the same, to the gate too.
        assertThat(warehouse.check(Landing.load(3), List.of(), List.of()).liveRows())
                .containsOnlyKeys("orders", "lines");
        assertThat(warehouse.replace(Landing.load(3))).isTrue();
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
        asAdmin("DROP SCHEMA _MILLRACE");
        assertThat(warehouse.rollback()).isEqualTo(version(2));
        asAdmin("DROP SCHEMA _MILLRACE");
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).isEmpty();
        for (String table : List.of("LOADED_FILE", "VERSION", "LIVE", "LOCK_SHOP")) {
            asAdmin("DROP TABLE _MILLRACE." + table);
            int k = 4 + List.of("LOADED_FILE", "VERSION", "LIVE", "LOCK_SHOP").indexOf(table);
            replaceBy(k);
            warehouse.dropPrevious(1);
            assertThat(consistent()).as(table).containsExactly(k + " " + k + " 10", k + " " + k + " 10");
        }
        assertThat(warehouse.previous()).contains(version(6));
        assertNothingLeftBut(7, 6);
    }

    /** Its ledger went with it, so nobody knows what is loaded: the staging is emptied, however often the process ends. */
    @Test
    void aStagingWhoseLedgerIsGoneIsLoadedAnew() {
        replaceBy(1);
        int k = 2;
        // When it goes, and before how many effects a process ends then; as a last one, one that does not.
        Map<String, Integer> stories = new LinkedHashMap<>();
        stories.put("prepared", 0);
        stories.put("a table loaded", 7);
        stories.put("all loaded", 9);
        for (Map.Entry<String, Integer> story : stories.entrySet()) {
            boolean isLoaded = story.getKey().equals("all loaded");
            for (int effects = 0; effects <= story.getValue(); effects++) {
                Load load = Landing.load(k);
                List<LandedTable> tables = landing.written(k, 1);
                warehouse.prepare(load);
                if (!story.getKey().equals("prepared")) {
                    upload(load, isLoaded ? tables : tables.subList(0, 1));
                }
                asAdmin("DROP SCHEMA _MILLRACE");
                boolean isWhole = effects == story.getValue();
                try (Warehouse ended = stoppedAfter(isWhole ? Integer.MAX_VALUE : effects)) {
                    Runnable goesOn = () -> goOn(ended, load, tables, isLoaded);
                    if (isWhole) {
                        goesOn.run();
                    } else {
                        assertThat(catchThrowable(goesOn::run)).isInstanceOf(Stopped.class);
                        try (Warehouse next = stoppedAfter(Integer.MAX_VALUE)) {
                            goOn(next, load, tables, isLoaded);
                        }
                    }
                }
                assertThat(consistent())
                        .as(story.getKey() + ", " + effects)
                        .containsExactly(k + " " + k + " 10", k + " " + k + " 10");
                warehouse.dropPrevious(0);
                k++;
            }
        }
        assertThat(schemas()).containsExactlyInAnyOrder("_MILLRACE", "OPS", "SHOP");
    }

    /** As the phases after prepare do. */
    private void goOn(Warehouse own, Load load, List<LandedTable> tables, boolean isLoaded) {
        if (!isLoaded) {
            tables.forEach(table -> own.upload(load, table, landing.storage(), file -> {}));
        }
        while (!own.hasAll(load, tables) || !own.replace(load)) {
            own.prepare(load);
            tables.forEach(table -> own.upload(load, table, landing.storage(), file -> {}));
        }
    }

    private SnowflakeWarehouse stoppedAfter(int effects) {
        int[] left = {effects};
        return new SnowflakeWarehouse(
                Engine.options(folder),
                WarehouseEngine.SCHEMA,
                step -> {
                    if (left[0]-- == 0) {
                        throw new Stopped();
                    }
                },
                sql -> {});
    }

    @Test
    void whoLosesTheLedgerHalfWayLoadsNothingTwice() {
        Load load = Landing.load(1);
        List<LandedTable> tables = landing.written(1, 1);
        warehouse.prepare(load);
        upload(load, tables.subList(0, 1));
        asAdmin("DROP SCHEMA _MILLRACE");
        Fault lost = fault(() -> upload(load, tables.subList(1, 2)));
        assertThat(lost.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(lost).hasMessageContaining("does not know run " + load.run() + " any more: somebody dropped it");
    }

    @Test
    void whatLiesBesideLiveTablesWhenNobodyKnowsThemIsToldWithAWayOut() {
        replaceBy(1);
        asAdmin(
                "CREATE TABLE SHOP.MINE (id INT)",
                "GRANT SELECT ON TABLE SHOP.MINE TO ROLE LOADER",
                "DROP SCHEMA _MILLRACE");
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        Fault refused = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(refused)
                .hasMessageContaining("others than run " + Landing.runId(1) + " made: LINES, MINE, ORDERS: move those")
                .hasMessageNotContaining("\n");
        String text = refused.getMessage();
        asAdmin(text.substring(text.indexOf("INSERT INTO ")));
        asAdmin("DROP TABLE SHOP.MINE");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
    }

    @Test
    void whatCannotBeGivenRefusesByName() {
        replaceBy(1);
        asAdmin(
                "CREATE TAG OPS.WATCHED",
                "GRANT READ ON TAG OPS.WATCHED TO ROLE LOADER",
                "ALTER TABLE SHOP.LINES SET TAG OPS.WATCHED = 'yes'");
        Fault refused = fault(() -> warehouse.prepare(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused)
                .hasMessageContaining("live is as it was: what live has cannot be given to it: ALTER TABLE ")
                .hasMessageContaining("SET TAG ")
                .hasMessageContaining("have the role granted what it needs for that (APPLY on policies and tags");
        asAdmin("GRANT APPLY ON TAG OPS.WATCHED TO ROLE LOADER");
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        asAdmin(
                "CREATE JOIN POLICY OPS.JOINED AS () RETURNS JOIN_CONSTRAINT -> JOIN_CONSTRAINT(JOIN_REQUIRED => TRUE)",
                "GRANT APPLY ON JOIN POLICY OPS.JOINED TO ROLE LOADER",
                "ALTER TABLE SHOP.ORDERS SET JOIN POLICY OPS.JOINED",
                "ALTER TABLE SHOP.LINES ADD SEARCH OPTIMIZATION");
        Fault different = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(different.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(different)
                .hasMessageContaining("make them so by hand, in live, and run again:")
                .hasMessageContaining("live has search optimization on table LINES, the staging has not")
                .hasMessageContaining("live has join policy \"" + database()
                        + "\".\"OPS\".\"JOINED\" on table ORDERS, the staging has not");
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
        asAdmin("ALTER TABLE SHOP.LINES DROP SEARCH OPTIMIZATION", "ALTER TABLE SHOP.ORDERS UNSET JOIN POLICY");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    @Test
    void aBudgetThatWatchesLiveIsToldHowToWatchWhatFollows() {
        replaceBy(1);
        asAdmin(
                "CALL OPS.SPENDING!ADD_RESOURCE(SELECT SYSTEM$REFERENCE('SCHEMA', 'SHOP', 'SESSION', 'APPLYBUDGET'))",
                "CALL OPS.SPENDING!ADD_RESOURCE(SELECT SYSTEM$REFERENCE('TABLE', 'SHOP.ORDERS', 'SESSION', 'APPLYBUDGET'))",
                "CALL OPS.\"Other one\"!ADD_RESOURCE(SELECT SYSTEM$REFERENCE('TABLE', 'SHOP.LINES', 'SESSION', 'APPLYBUDGET'))");
        try (Warnings warnings = new Warnings(SnowflakeInherited.class)) {
            replaceBy(2);
            // The schema's holds what is in it.
            assertThat(warnings.told()).hasSize(2);
            assertThat(budgets()).containsExactly("SHOP null", "LINES null", "ORDERS null");
            for (String text : warnings.told()) {
                assertThat(text).doesNotContain("\n");
                asAdmin(text.substring(text.indexOf("CALL "), text.indexOf("; or, once for all")));
            }
            assertThat(budgets()).containsExactly("SHOP SPENDING", "LINES Other one", "ORDERS null");
        }
        // What comes back is what it was added to.
        assertThat(warehouse.rollback()).isEqualTo(version(1));
        assertThat(budgets()).containsExactly("SHOP SPENDING", "LINES Other one", "ORDERS SPENDING");
    }

    private List<String> budgets() {
        List<String> budgets = new ArrayList<>(shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "name", "budget"));
        budgets.addAll(shown("SHOW TABLES IN SCHEMA @DB.SHOP", "name", "budget"));
        return budgets;
    }

    @Test
    void policiesOnAggregatesAndColumnsAreCarriedOver() {
        replaceBy(1);
        asAdmin(
                "CREATE AGGREGATION POLICY OPS.GROUPS AS () RETURNS AGGREGATION_CONSTRAINT -> NO_AGGREGATION_CONSTRAINT()",
                "CREATE PROJECTION POLICY OPS.UNSHOWN AS () RETURNS PROJECTION_CONSTRAINT -> PROJECTION_CONSTRAINT(ALLOW => TRUE)",
                "ALTER TABLE SHOP.ORDERS SET AGGREGATION POLICY OPS.GROUPS ENTITY KEY (ID)",
                "ALTER TABLE SHOP.LINES MODIFY COLUMN TEXT SET PROJECTION POLICY OPS.UNSHOWN");
        for (String kind : List.of("AGGREGATION POLICY OPS.GROUPS", "PROJECTION POLICY OPS.UNSHOWN")) {
            Fault refused = fault(() -> warehouse.prepare(Landing.load(2)));
            assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
            assertThat(refused.getMessage())
                    .contains(
                            "live is as it was: live has a policy that the role may not see",
                            "column TEXT of table LINES",
                            "GRANT APPLY ON ")
                    .doesNotContain("\n");
            assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
            asAdmin("GRANT APPLY ON " + kind + " TO ROLE LOADER");
        }
        for (int k = 2; k <= 3; k++) {
            replaceBy(k);
            assertThat(shown(
                            "SELECT POLICY_NAME, REF_ARG_COLUMN_NAMES FROM TABLE(@DB.INFORMATION_SCHEMA.POLICY_REFERENCES("
                                    + "REF_ENTITY_NAME => '@DB.SHOP.ORDERS', REF_ENTITY_DOMAIN => 'TABLE'))",
                            "POLICY_NAME",
                            "REF_ARG_COLUMN_NAMES"))
                    .containsExactly("GROUPS [ \"ID\" ]");
            assertThat(policies("LINES")).containsExactly("UNSHOWN");
        }
    }

    @Test
    void aStageThatCannotBeReadIsToldAndALaterRunLoads() throws IOException {
        replaceBy(1);
        String key = "MILLRACE-" + database();
        Storage staging = Storages.open("s3://" + S3Server.newBucket() + "/staging/", S3Server.options());
        asAdmin(
                "CREATE STAGE OPS.KEYED URL = '" + staging.root() + "' CREDENTIALS = (AWS_KEY_ID = '" + key
                        + "' AWS_SECRET_KEY = 'x')",
                "GRANT USAGE ON STAGE OPS.KEYED TO ROLE LOADER");
        List<LandedTable> tables = bring(landing.written(2, 1), staging);
        Load load = Landing.load(2);
        try (Warehouse keyed = as(with("stage", "OPS.KEYED", "staging", staging.root()))) {
            keyed.prepare(load);
            S3Server.front().refuse(key);
            Fault refused = fault(() -> keyed.upload(load, tables.get(0), staging, file -> {}));
            assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(refused.getMessage())
                    .contains(
                            "Failure using stage area. Cause: [Access Denied (Status Code: 403; Error Code: AccessDenied)]",
                            "check the stage's URL, and the rights of its storage integration or keys on the bucket",
                            "live is as it was")
                    .doesNotContain("\n");
            assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
            S3Server.front().accept(key);
            for (LandedTable table : tables) {
                keyed.upload(load, table, staging, file -> {});
            }
            assertThat(keyed.replace(load)).isTrue();
        }
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    /** Landing files, brought to another storage. */
    private List<LandedTable> bring(List<LandedTable> tables, Storage to) throws IOException {
        List<LandedTable> brought = new ArrayList<>();
        for (LandedTable table : tables) {
            List<DataFile> files = new ArrayList<>();
            for (DataFile file : table.files()) {
                try (InputStream in = landing.storage().open(file.path())) {
                    to.put(file.path(), in.readAllBytes());
                }
                String etag = to.stat(file.path()).orElseThrow().etag();
                files.add(new DataFile(file.table(), file.path(), file.bytes(), file.rows(), etag));
            }
            brought.add(Landing.table(table.definition(), table.format(), table.codec(), files));
        }
        return brought;
    }

    /** What a process that stood still does when it goes on: each time the server has given its lock to somebody else. */
    @Test
    void whoLostTheLockChangesNothingMore() {
        List<String> sent = new ArrayList<>();
        int[] left = {0};
        try (Warehouse frozen = new SnowflakeWarehouse(
                Engine.options(folder),
                WarehouseEngine.SCHEMA,
                step -> {
                    if (left[0]-- == 0) {
                        loseLock();
                        sent.clear();
                    }
                },
                sent::add)) {
            replaceBy(1);
            List<LandedTable> tables = landing.written(2, 1);
            List<Integer> stopped = new ArrayList<>();
            for (int step = 0; left[0] < 0 || step == 0; step++) {
                Load load = Landing.load(2 + step);
                left[0] = step;
                Fault fault = fault(() -> {
                    frozen.prepare(load);
                    for (LandedTable table : tables) {
                        frozen.upload(load, table, landing.storage(), file -> {});
                    }
                    frozen.replace(load);
                    frozen.rollback();
                    frozen.dropPrevious(0);
                });
                if (fault != null) {
                    stopped.add(step);
                    assertThat(fault.kind()).isEqualTo(Fault.Kind.WORLD);
                    assertThat(fault).hasMessageContaining("The server took back the lock of the schema");
                    assertThat(sent)
                            .as("after effect " + step)
                            .noneMatch(sql -> EFFECT.matcher(sql).find());
                }
            }
            assertThat(stopped).hasSizeGreaterThan(6);
        }
    }

    private static final Pattern EFFECT = Pattern.compile("^(DELETE|INSERT|CREATE SCHEMA|DROP|ALTER SCHEMA|COPY)");

    private void loseLock() {
        for (String id : SnowflakeServer.rows(SnowflakeServer.ADMIN, "SHOW TRANSACTIONS IN ACCOUNT")) {
            SnowflakeServer.rows(SnowflakeServer.ADMIN, "SELECT SYSTEM$ABORT_TRANSACTION(" + id + ")");
        }
    }

    private List<String> policies(String table) {
        return shown(
                "SELECT POLICY_NAME FROM TABLE(@DB.INFORMATION_SCHEMA.POLICY_REFERENCES(REF_ENTITY_NAME => '@DB.SHOP."
                        + table + "', REF_ENTITY_DOMAIN => 'TABLE'))",
                "POLICY_NAME");
    }

    @Test
    void whatWouldStayWithTheOldTablesIsListedAndRefused() {
        replaceBy(1);
        asAdmin(
                "CREATE SCHEMA REPORTS",
                "CREATE VIEW REPORTS.NEWEST AS SELECT max(version) AS version FROM SHOP.ORDERS",
                "GRANT USAGE ON SCHEMA REPORTS TO ROLE LOADER",
                "GRANT SELECT ON VIEW REPORTS.NEWEST TO ROLE LOADER",
                "GRANT SELECT ON ALL TABLES IN SCHEMA SHOP TO ROLE ACCOUNTADMIN");
        String database = database();
        replaceBy(2);
        assertThat(live("SELECT version FROM reports.newest", 0)).containsExactly("2");
        asAdmin(
                "CREATE STREAM REPORTS.CHANGES ON TABLE SHOP.ORDERS",
                "GRANT SELECT ON STREAM REPORTS.CHANGES TO ROLE LOADER",
                "CREATE STREAM REPORTS.CHANGED_NEWEST ON VIEW REPORTS.NEWEST",
                "GRANT SELECT ON STREAM REPORTS.CHANGED_NEWEST TO ROLE LOADER",
                "CREATE MATERIALIZED VIEW REPORTS.KEPT AS SELECT id FROM SHOP.ORDERS",
                "GRANT SELECT ON MATERIALIZED VIEW REPORTS.KEPT TO ROLE LOADER",
                "CREATE DYNAMIC TABLE REPORTS.FRESH TARGET_LAG = '1 hour' WAREHOUSE = LOAD_XS AS SELECT order_id FROM \"SHOP\".\"LINES\"",
                "GRANT SELECT ON DYNAMIC TABLE REPORTS.FRESH TO ROLE LOADER",
                "CREATE TABLE SHOP.MINE (id INT)",
                "GRANT SELECT ON TABLE SHOP.MINE TO ROLE LOADER",
                "CREATE SEQUENCE SHOP.NUMBERS",
                "GRANT USAGE ON SEQUENCE SHOP.NUMBERS TO ROLE LOADER");
        warehouse.prepare(Landing.load(3));
        upload(Landing.load(3), landing.written(3, 1));
        Fault refused = fault(() -> warehouse.replace(Landing.load(3)));
        assertThat(refused.kind()).as(refused.getMessage()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines().skip(1))
                .containsExactlyInAnyOrder(
                        "sequence \"SHOP\".\"NUMBERS\", which Millrace did not make",
                        "table \"SHOP\".\"MINE\", which Millrace did not make",
                        "dynamic table \"" + database + "\".\"REPORTS\".\"FRESH\"",
                        "materialized view \"" + database + "\".\"REPORTS\".\"KEPT\"",
                        "stream \"" + database + "\".\"REPORTS\".\"CHANGES\" on " + database + ".SHOP.ORDERS",
                        "stream \"" + database + "\".\"REPORTS\".\"CHANGED_NEWEST\" on " + database
                                + ".REPORTS.NEWEST");
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
        asAdmin(
                "DROP STREAM REPORTS.CHANGES",
                "DROP STREAM REPORTS.CHANGED_NEWEST",
                "DROP MATERIALIZED VIEW REPORTS.KEPT",
                "DROP DYNAMIC TABLE REPORTS.FRESH",
                "DROP TABLE SHOP.MINE",
                "DROP SEQUENCE SHOP.NUMBERS");
        assertThat(warehouse.replace(Landing.load(3))).isTrue();
        assertThat(live("SELECT version FROM reports.newest", 0)).containsExactly("3");
    }

    @Test
    void whatPeoplePutAmongLiveTablesOfWhateverKindIsListedAndRefused() {
        replaceBy(1);
        Map<String, String> made = new LinkedHashMap<>();
        made.put("MASKING POLICY", "AS (v VARCHAR) RETURNS VARCHAR -> '***'");
        made.put("ROW ACCESS POLICY", "AS (id NUMBER) RETURNS BOOLEAN -> TRUE");
        made.put("PASSWORD POLICY", "PASSWORD_MIN_LENGTH = 12");
        made.put("PRIVACY POLICY", "AS () RETURNS PRIVACY_BUDGET -> no_privacy_policy()");
        made.put("TAG", "");
        made.put("ALERT", "SCHEDULE = '1 minute' IF (EXISTS (SELECT 1)) THEN SELECT 1");
        made.put("SECRET", "TYPE = GENERIC_STRING SECRET_STRING = 'x'");
        made.put("NETWORK RULE", "TYPE = HOST_PORT MODE = EGRESS VALUE_LIST = ('example.com')");
        made.put("STREAMLIT", "");
        made.put("NOTEBOOK", "");
        made.put("MODEL", "FROM MODEL OPS.M");
        made.put("GIT REPOSITORY", "ORIGIN = 'https://example.com'");
        made.put("IMAGE REPOSITORY", "");
        made.put("CORTEX SEARCH SERVICE", "ON text WAREHOUSE = LOAD_XS TARGET_LAG = '1 day' AS SELECT 1");
        made.put("FILE FORMAT", "TYPE = CSV");
        made.put("FUNCTION", "() RETURNS INT AS '1'");
        made.put("PROCEDURE", "() RETURNS INT AS '1'");
        List<String> expected = new ArrayList<>();
        made.forEach((kind, how) -> {
            String name = "SHOP.\"A " + kind.toLowerCase(Locale.ROOT) + "\"";
            asAdmin(
                    "CREATE " + kind + " " + name + " " + how,
                    "GRANT OWNERSHIP ON " + kind + " " + name + " TO ROLE LOADER");
            expected.add(kind.toLowerCase(Locale.ROOT) + " \"SHOP\".\"A " + kind.toLowerCase(Locale.ROOT)
                    + "\", which Millrace did not make");
        });
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        Fault refused = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(refused.kind()).as(refused.getMessage()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines().skip(1)).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
    }

    @Test
    void whatTheAccountDoesNotKnowNobodyHasAndWhatIsForbiddenIsTold() {
        assertThat(SnowflakeSession.isUnsupported(new SQLException("Unsupported feature 'X'.", "0A000", 2)))
                .isTrue();
        assertThat(SnowflakeSession.isUnsupported(new SQLException("syntax error", "42000", 1003)))
                .isTrue();
        assertThat(SnowflakeSession.isUnsupported(new SQLException("Insufficient privileges", "42501", 3001)))
                .isFalse();
        assertThat(SnowflakeSession.isUnsupported(new SQLException("does not exist", "02000", 2003)))
                .isFalse();
    }

    @Test
    void aSchemaThatTheServerDoesNotDropStaysForTheNextRun() {
        replaceBy(1);
        asAdmin(
                "CREATE MASKING POLICY SHOP.HIDDEN AS (v VARCHAR) RETURNS VARCHAR -> '***'",
                "CREATE TABLE OPS.THEIRS (text VARCHAR)",
                "ALTER TABLE OPS.THEIRS MODIFY COLUMN TEXT SET MASKING POLICY SHOP.HIDDEN");
        replaceBy(2);
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).contains(version(1));
        asAdmin("ALTER TABLE OPS.THEIRS MODIFY COLUMN TEXT UNSET MASKING POLICY");
        replaceBy(3);
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).isEmpty();
        assertThat(schemas()).containsExactlyInAnyOrder("_MILLRACE", "OPS", "SHOP");
    }

    /** Statements that the server runs as one. */
    private void bulk(String user, int many, IntFunction<String> statement) {
        SnowflakeServer.execute(
                user,
                "USE DATABASE " + database(),
                "EXECUTE IMMEDIATE $$BEGIN "
                        + IntStream.range(0, many).mapToObj(statement).collect(Collectors.joining("; "))
                        + "; END$$");
    }

    /** Whether the session of the lock has it still. */
    private static final String LOOK = "SELECT CURRENT_TRANSACTION()";

    private static int mostTablesBetweenLooks(List<String> sent) {
        int most = 0;
        int now = 0;
        for (String sql : sent) {
            if (sql.equals(LOOK)) {
                now = 0;
            } else if (sql.matches("SHOW .* (IN|ON) TABLE .*")) {
                most = Math.max(most, ++now);
            }
        }
        return most;
    }

    @Test
    void moreColumnsThanShowListsAreComparedAllTheSame() {
        int width = 400;
        List<Column> columns = new ArrayList<>();
        for (int i = 0; i < width; i++) {
            columns.add(new Column("c" + i, ColumnType.BIGINT, i == 0));
        }
        List<TableDefinition> tables = new ArrayList<>();
        for (int i = 0; i < 26; i++) {
            tables.add(new TableDefinition("t" + (10 + i), columns, List.of()));
        }
        List<String> sent = new ArrayList<>();
        try (Warehouse watched =
                new SnowflakeWarehouse(Engine.options(folder), WarehouseEngine.SCHEMA, step -> {}, sent::add)) {
            watched.prepare(Landing.load(1, tables));
            watched.replace(Landing.load(1, tables));
            asAdmin("COMMENT ON COLUMN SHOP.T35.C399 IS 'last'", "COMMENT ON COLUMN SHOP.T10.C0 IS 'first'");
            sent.clear();
            watched.prepare(Landing.load(2, tables));
            // Beside each table's own: twice its columns, and no grants.
            assertThat(sent.stream().filter(sql -> !sql.startsWith("CREATE TABLE") && !sql.equals(LOOK)))
                    .hasSizeLessThan(2 * tables.size() + 40);
            sent.clear();
            watched.replace(Landing.load(2, tables));
            // The session of the lock is not idle for long, which would cost it the lock.
            assertThat(mostTablesBetweenLooks(sent)).isBetween(10, 20);
        }
        for (String column : List.of("T35 C399 last", "T10 C0 first")) {
            String[] words = column.split(" ", -1);
            assertThat(shown("SHOW COLUMNS IN TABLE @DB.SHOP." + words[0], "table_name", "column_name", "comment"))
                    .contains(column);
        }
    }

    @Test
    void moreStreamsThanShowListsAreLookedThroughOrTold() {
        replaceBy(1);
        asAdmin(
                "CREATE TABLE OPS.T (id INT)",
                "CREATE SCHEMA A_MANY",
                "CREATE SCHEMA B_MANY",
                "GRANT USAGE ON SCHEMA A_MANY TO ROLE LOADER",
                "GRANT USAGE ON SCHEMA B_MANY TO ROLE LOADER");
        bulk(SnowflakeServer.ADMIN, 6000, i -> "CREATE STREAM A_MANY.S" + i + " ON TABLE OPS.T");
        bulk(SnowflakeServer.ADMIN, 6000, i -> "CREATE STREAM B_MANY.S" + i + " ON TABLE OPS.T");
        asAdmin(
                "CREATE STREAM B_MANY.Z ON TABLE SHOP.ORDERS",
                "GRANT SELECT ON ALL STREAMS IN SCHEMA A_MANY TO ROLE LOADER",
                "GRANT SELECT ON ALL STREAMS IN SCHEMA B_MANY TO ROLE LOADER");
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        Fault refused = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(refused.kind()).as(refused.getMessage()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines().skip(1))
                .containsExactly("stream \"" + database() + "\".\"B_MANY\".\"Z\" on " + database() + ".SHOP.ORDERS");
        asAdmin("DROP STREAM B_MANY.Z");
        bulk(SnowflakeServer.ADMIN, 4000, i -> "CREATE STREAM B_MANY.T" + i + " ON TABLE OPS.T");
        asAdmin("GRANT SELECT ON ALL STREAMS IN SCHEMA B_MANY TO ROLE LOADER");
        Fault cut = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(cut.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(cut)
                .hasMessageContaining("SHOW STREAMS IN SCHEMA \"" + database() + "\".\"B_MANY\" lists 10000 at most")
                .hasMessageContaining("live is as it was");
        asAdmin("DROP SCHEMA B_MANY", "DROP SCHEMA A_MANY");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
    }

    @Test
    void aVersionIsFoundAmongMoreSchemasThanShowLists() {
        replaceBy(1);
        bulk(SnowflakeServer.LOADER, 10_000, i -> "CREATE SCHEMA A" + i);
        assertThat(warehouse.live()).contains(version(1));
        replaceBy(2);
        assertThat(warehouse.live()).contains(version(2));
        assertThat(warehouse.previous()).contains(version(1));
    }

    @Test
    void aQueryIsOneSelectFromTables() {
        for (String sql : List.of(
                "SELECT 1",
                "/* ; */ (select '@x; ->> ''' AS \"a;b\", 2 -- ; @\n)",
                "WITH x AS (SELECT 1) SELECT * FROM x WHERE y = '@'")) {
            ReaderQuery.require(sql);
        }
        for (String sql : List.of(
                "",
                "DELETE FROM orders",
                "SELECTED",
                "SHOW TABLES",
                "SELECT 1; DROP TABLE orders",
                "SELECT '\\''; DROP TABLE orders; --'",
                "SELECT 1 ->> DROP TABLE orders",
                "SELECT $1 FROM @OPS.LANDING/a",
                "SELECT $1 FROM '@OPS.LANDING/a'",
                "CALL f()",
                "EXECUTE IMMEDIATE 'SELECT 1'")) {
            Fault refused = fault(() -> ReaderQuery.require(sql));
            assertThat(refused).as(sql).isNotNull();
            assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
        }
    }

    @Test
    void aTextThatNamesATableIsTold() {
        List<String> tables = List.of("orders", "lines");
        for (String text : List.of(
                "SELECT * FROM SHOP.ORDERS",
                "select 1 from shop . \"LINES\" l",
                "COPY INTO RAW.shop.orders FROM @x",
                "select * from \"RAW\".\"SHOP\".\"ORDERS\";",
                "select 1 from x,raw . \"SHOP\" . orders")) {
            assertThat(DependentObjects.reads(text, "RAW", "RAW", "SHOP", tables))
                    .as(text)
                    .isTrue();
        }
        for (String text : List.of(
                "SELECT * FROM SHOP.ORDERS_OLD",
                "SELECT * FROM MYSHOP.ORDERS",
                "SELECT * FROM OTHER.SHOP.ORDERS",
                "SELECT shop FROM orders")) {
            assertThat(DependentObjects.reads(text, "RAW", "RAW", "SHOP", tables))
                    .as(text)
                    .isFalse();
        }
        for (String text : List.of("SELECT 1 FROM \"My-\"\"DB\".SHOP.ORDERS", "SELECT 1 FROM \"my \".shop.\"a b\"")) {
            assertThat(DependentObjects.reads(
                            text, "OTHER", text.contains("My") ? "My-\"DB" : "my ", "SHOP", List.of("orders", "a b")))
                    .as(text)
                    .isTrue();
            assertThat(DependentObjects.reads(text, "OTHER", "DB", "SHOP", List.of("orders", "a b")))
                    .as(text)
                    .isFalse();
        }
        assertThat(DependentObjects.reads("SELECT 1 FROM SHOP.ORDERS", "OTHER", "RAW", "SHOP", tables))
                .isFalse();
        assertThat(DependentObjects.reads("SELECT 1 FROM RAW.SHOP.ORDERS", "OTHER", "RAW", "SHOP", tables))
                .isTrue();
    }

    @Test
    void aSchemaOfOthersIsLeftAloneAndAnEmptyOneIsTakenWithItsRights() {
        asAdmin(
                "CREATE ROLE IF NOT EXISTS READER",
                "CREATE SCHEMA SHOP",
                "GRANT OWNERSHIP ON SCHEMA SHOP TO ROLE LOADER",
                "GRANT USAGE ON SCHEMA SHOP TO ROLE READER",
                "CREATE TABLE SHOP.THEIRS (id INT)",
                "GRANT SELECT ON TABLE SHOP.THEIRS TO ROLE LOADER");
        Fault refused = fault(() -> warehouse.prepare(Landing.load(1)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
        assertThat(refused).hasMessageContaining("table \"SHOP\".\"THEIRS\", which Millrace did not make");
        asAdmin("DROP TABLE SHOP.THEIRS", "COMMENT ON SCHEMA SHOP IS 'it''s Ann''s'");
        warehouse.prepare(Landing.load(1));
        upload(Landing.load(1), landing.written(1, 1));
        try (Warehouse stopped = stoppedAt("empty schema noted")) {
            assertThat(catchThrowable(() -> stopped.replace(Landing.load(1)))).isInstanceOf(Stopped.class);
        }
        warehouse.replace(Landing.load(1));
        assertThat(shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "comment").get(0))
                .startsWith("it's Ann's {\"millrace\":1,");
        assertThat(shown("SHOW GRANTS ON SCHEMA @DB.SHOP", "privilege", "grantee_name"))
                .contains("USAGE READER");
        String first = SnowflakeVersion.namespace("shop", Landing.runId(1));
        assertThat(schemas()).containsExactlyInAnyOrder("_MILLRACE", "OPS", "SHOP", first + "_BEFORE");
        replaceBy(2);
        assertThat(shown("SHOW SCHEMAS LIKE 'SHOP%' IN DATABASE @DB", "name", "options"))
                .containsExactlyInAnyOrder("SHOP ", first + " ", first + "_BEFORE ");
    }

    /** SHOW lists nothing on which the role has no privilege. */
    @Test
    void whatTheRoleDoesNotSeeInASchemaOfOthersIsKept() {
        asAdmin(
                "CREATE ROLE IF NOT EXISTS ANALYST",
                "CREATE SCHEMA SHOP",
                "GRANT OWNERSHIP ON SCHEMA SHOP TO ROLE LOADER",
                "CREATE TABLE SHOP.THEIRS (id INT)",
                "GRANT OWNERSHIP ON TABLE SHOP.THEIRS TO ROLE ANALYST",
                "GRANT CREATE TABLE, CREATE VIEW ON SCHEMA SHOP TO ROLE ANALYST");
        Fault refused = fault(() -> warehouse.prepare(Landing.load(1)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused)
                .hasMessageContaining(
                        "ROLE \"ANALYST\" may make things in schema \"" + database()
                                + "\".\"SHOP\" that the job's role does not see: have what is there moved elsewhere, then, by who granted it or with MANAGE GRANTS: REVOKE");
        asAdmin(revoke(refused));
        replaceBy(1);
        replaceBy(2);
        String before = SnowflakeVersion.namespace("shop", Landing.runId(1)) + "_BEFORE";
        try (Warnings warnings = new Warnings(SnowflakeWarehouse.class)) {
            warehouse.dropPrevious(0);
            assertThat(warnings.told())
                    .anyMatch(told -> told.startsWith("Schema " + before + " is what shop was before Millrace")
                            && told.endsWith("DROP SCHEMA \"" + database() + "\".\"" + before + "\""));
        }
        assertThat(schemas()).containsExactlyInAnyOrder("_MILLRACE", "OPS", "SHOP", before);
        assertThat(shown("SHOW TABLES IN SCHEMA @DB." + before, "name")).containsExactly("THEIRS");
    }

    @Test
    void aLiveTableThatSomebodyDroppedComesBack() {
        replaceBy(1);
        asAdmin("DROP TABLE SHOP.LINES");
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        assertThat(warehouse.check(Landing.load(2), List.of(), List.of()).liveRows())
                .containsOnlyKeys("orders");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(warehouse.rollback()).isEqualTo(version(1));
        replaceBy(3);
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
    }

    private static String revoke(Fault refused) {
        return refused.getMessage().substring(refused.getMessage().indexOf("REVOKE "));
    }

    @Test
    void whoMayMakeThingsThatTheRoleDoesNotSeeIsTold() {
        replaceBy(1);
        // Who has the job's role may make things there anyway.
        asAdmin(
                "CREATE ROLE IF NOT EXISTS ANALYST",
                "CREATE ROLE IF NOT EXISTS MAKERS",
                "GRANT ROLE LOADER TO ROLE MAKERS",
                "GRANT ALL ON SCHEMA SHOP TO ROLE MAKERS");
        warehouse.requireUsable();
        asAdmin("GRANT ALL ON SCHEMA SHOP TO ROLE ANALYST");
        // Before anything is read.
        assertThat(fault(warehouse::requireUsable).kind()).isEqualTo(Fault.Kind.GATE);
        Fault refused = fault(() -> warehouse.prepare(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines()).hasSize(2);
        asAdmin(revoke(refused));
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        asAdmin("GRANT CREATE VIEW ON SCHEMA SHOP TO ROLE ANALYST");
        refused = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        asAdmin(revoke(refused));
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(shown("SHOW GRANTS ON SCHEMA @DB.SHOP", "privilege", "grantee_name"))
                .contains("USAGE ANALYST", "MONITOR ANALYST");
        // What lies in an old version may be all that somebody has.
        String old = SnowflakeVersion.namespace("shop", Landing.runId(1));
        asAdmin("CREATE TABLE " + old + ".NOTES (id INT)", "GRANT CREATE TABLE ON SCHEMA " + old + " TO ROLE ANALYST");
        try (Warnings warnings = new Warnings(SnowflakeWarehouse.class)) {
            warehouse.dropPrevious(0);
            assertThat(warnings.told()).anyMatch(told -> told.startsWith("Schema " + old + " stays for now: ROLE"));
        }
        assertThat(shown("SHOW TABLES IN SCHEMA @DB." + old, "name")).contains("NOTES");
        assertThat(fault(warehouse::rollback))
                .hasMessageContaining("may make things in schema \"" + database() + "\".\"" + old + "\"");
        assertThat(shown("SHOW GRANTS ON SCHEMA @DB." + old, "privilege", "grantee_name"))
                .contains("CREATE TABLE ANALYST");
        asAdmin("DROP TABLE " + old + ".NOTES", "REVOKE CREATE TABLE ON SCHEMA " + old + " FROM ROLE ANALYST");
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).isEmpty();
    }

    @Test
    void aDatabaseThatLetsOthersMakeThingsInEachNewSchemaDoesNotLetThemInAVersion() {
        asAdmin(
                "CREATE ROLE IF NOT EXISTS ANALYST",
                "GRANT USAGE, CREATE VIEW ON FUTURE SCHEMAS IN DATABASE " + database() + " TO ROLE ANALYST");
        try (Warehouse stopped = stoppedAt("schema made")) {
            assertThat(catchThrowable(() -> stopped.prepare(Landing.load(1)))).isInstanceOf(Stopped.class);
        }
        // A REVOKE of what nobody granted says that it succeeded.
        Fault refused = fault(() -> warehouse.prepare(Landing.load(1)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused)
                .hasMessageEndingWith(
                        "ROLE \"ANALYST\" gets CREATE VIEW in each new schema, which the job's role cannot take"
                                + " back: have it revoked by REVOKE CREATE VIEW ON FUTURE SCHEMAS IN DATABASE \""
                                + database()
                                + "\" FROM ROLE \"ANALYST\", or grant the job's role MANAGE GRANTS ON ACCOUNT");
        asAdmin("GRANT MANAGE GRANTS ON ACCOUNT TO ROLE LOADER");
        replaceBy(1);
        replaceBy(2);
        assertThat(shown("SHOW GRANTS ON SCHEMA @DB.SHOP", "privilege", "grantee_name"))
                .contains("USAGE ANALYST")
                .doesNotContain("CREATE VIEW ANALYST");
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).isEmpty();
        asAdmin("REVOKE MANAGE GRANTS ON ACCOUNT FROM ROLE LOADER");
    }

    @Test
    void aTableThatAForeignKeyElsewhereRefersToIsKept() {
        replaceBy(1);
        asAdmin(
                "CREATE TABLE OPS.THEIRS (id INT)",
                "ALTER TABLE OPS.THEIRS ADD FOREIGN KEY (ID) REFERENCES SHOP.ORDERS (ID)");
        replaceBy(2);
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).contains(version(1));
        asAdmin("ALTER TABLE OPS.THEIRS DROP FOREIGN KEY (ID)");
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).isEmpty();
    }

    /** To compare takes a while, and the swap would undo it. */
    @Test
    void whatPeopleGiveAndTakeWhileLiveIsComparedLiveKeeps() {
        asAdmin("CREATE ROLE IF NOT EXISTS ANALYST", "CREATE ROLE IF NOT EXISTS AUDITOR");
        replaceBy(1);
        for (int k = 2; k <= 3; k++) {
            boolean isKilled = k == 3;
            asAdmin(
                    "GRANT SELECT ON TABLE SHOP.ORDERS TO ROLE ANALYST",
                    "GRANT USAGE ON SCHEMA SHOP TO ROLE ANALYST",
                    "COMMENT ON TABLE SHOP.LINES IS 'before'",
                    "REVOKE SELECT ON TABLE SHOP.LINES FROM ROLE AUDITOR");
            Load load = Landing.load(k);
            warehouse.prepare(load);
            upload(load, landing.written(k, 1));
            try (Warnings warnings = new Warnings(SnowflakeWarehouse.class);
                    Warehouse disturbed = new SnowflakeWarehouse(
                            Engine.options(folder),
                            WarehouseEngine.SCHEMA,
                            step -> {
                                if (isKilled && step.equals("swapped")) {
                                    throw new Stopped();
                                }
                            },
                            sql -> {
                                if (sql.contains(" SWAP WITH ")) {
                                    asAdmin(
                                            "REVOKE SELECT ON TABLE SHOP.ORDERS FROM ROLE ANALYST",
                                            "GRANT SELECT ON TABLE SHOP.LINES TO ROLE AUDITOR",
                                            "COMMENT ON TABLE SHOP.LINES IS 'after'");
                                }
                            })) {
                if (isKilled) {
                    assertThat(catchThrowable(() -> disturbed.replace(load))).isInstanceOf(Stopped.class);
                    assertThat(shown("SHOW GRANTS ON TABLE @DB.SHOP.ORDERS", "privilege", "grantee_name"))
                            .contains("SELECT ANALYST");
                    assertThat(warehouse.replace(load)).isTrue();
                } else {
                    assertThat(disturbed.replace(load)).isTrue();
                }
                // Where the process ended between, nobody knows which of both somebody changed.
                String live =
                        "live has SELECT of ROLE \"ANALYST\" on table ORDERS, the version before has not: if that was"
                                + " changed before the swap, follow it by: REVOKE SELECT ON TABLE";
                String before =
                        "the version before has SELECT of ROLE \"AUDITOR\" on table LINES, live has not: if that was"
                                + " changed before the swap, follow it by: GRANT SELECT ON TABLE";
                String lost =
                        "the version before lost SELECT of ROLE \"ANALYST\" on table ORDERS: REVOKE SELECT ON TABLE";
                String got = "the version before got SELECT of ROLE \"AUDITOR\" on table LINES: GRANT SELECT ON TABLE";
                assertThat(warnings.told())
                        .anyMatch(told -> told.contains(isKilled ? live : lost))
                        .anyMatch(told -> told.contains(isKilled ? before : got))
                        .noneMatch(told -> told.contains("by hand"));
            }
            List<String> orders = shown("SHOW GRANTS ON TABLE @DB.SHOP.ORDERS", "privilege", "grantee_name");
            assertThat(orders.contains("SELECT ANALYST")).isEqualTo(isKilled);
            List<String> lines = shown("SHOW GRANTS ON TABLE @DB.SHOP.LINES", "privilege", "grantee_name");
            assertThat(lines.contains("SELECT AUDITOR")).isEqualTo(!isKilled);
            assertThat(shown("SHOW TABLES LIKE 'LINES' IN SCHEMA @DB.SHOP", "comment"))
                    .containsExactly(isKilled ? "before" : "after");
            assertThat(shown("SHOW GRANTS ON SCHEMA @DB.SHOP", "privilege", "grantee_name"))
                    .contains("USAGE ANALYST");
        }
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
    }

    @Test
    void theFirstVersionIsTransientAndLaterOnesAreOfItsKind() {
        replaceBy(1);
        replaceBy(2);
        assertThat(shown("SHOW SCHEMAS LIKE 'SHOP%' IN DATABASE @DB", "options"))
                .containsOnly("TRANSIENT");
        warehouse.dropPrevious(0);
        asAdmin("ALTER SCHEMA SHOP ENABLE MANAGED ACCESS");
        replaceBy(3);
        assertThat(shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "options"))
                .containsExactly("TRANSIENT, MANAGED ACCESS");
    }

    @Test
    void aPersonsWordsAboutTheSchemaStay() {
        replaceBy(1);
        String comment =
                shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "comment").get(0);
        asAdmin("COMMENT ON SCHEMA SHOP IS " + SnowflakeText.literal("it's the {shop} " + comment));
        replaceBy(2);
        assertThat(shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "comment").get(0))
                .startsWith("it's the {shop} {\"millrace\":1,");
        assertThat(warehouse.previous()).contains(version(1));
        String second =
                shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "comment").get(0);
        asAdmin("COMMENT ON SCHEMA SHOP IS 'Ann''s \\\\ own'");
        for (Runnable act : List.<Runnable>of(
                warehouse::requireUsable, () -> warehouse.prepare(Landing.load(3)), warehouse::rollback)) {
            Fault refused = fault(act);
            assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
            assertThat(refused)
                    .hasMessageContaining("its comment is none that Millrace wrote")
                    .hasMessageContaining(
                            "somebody changed its comment, set it again by this statement: COMMENT ON SCHEMA ");
            asAdmin(refused.getMessage().substring(refused.getMessage().indexOf("COMMENT ON SCHEMA ")));
            assertThat(shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "comment"))
                    .containsExactly(second.replace("it's the {shop}", "Ann's \\ own"));
            assertThat(warehouse.live()).contains(version(2));
            asAdmin("COMMENT ON SCHEMA SHOP IS 'Ann''s \\\\ own'");
        }
        // Where the record is gone, too, a person finds it in the query history.
        asAdmin("DROP SCHEMA _MILLRACE");
        assertThat(fault(() -> warehouse.prepare(Landing.load(3))))
                .hasMessageContaining("set it again to end in the {\"millrace\":…} that the run which is live wrote");
        asAdmin("COMMENT ON SCHEMA SHOP IS " + SnowflakeText.literal(second));
        // A rollback brings a person's newest words along.
        assertThat(warehouse.rollback()).isEqualTo(version(1));
        assertThat(shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "comment").get(0))
                .startsWith("it's the {shop} {\"millrace\":1,");
        asAdmin("COMMENT ON SCHEMA SHOP IS ''");
        String text = fault(() -> warehouse.prepare(Landing.load(3))).getMessage();
        asAdmin(text.substring(text.indexOf("COMMENT ON SCHEMA ")));
        assertThat(warehouse.live()).contains(version(1));
        assertThat(fault(() -> warehouse.prepare(Landing.load(2)))).hasMessageContaining("was rolled back");
    }

    /** Between a run's phases, and between the look at the schema and the lock. */
    @Test
    void whoOverwritesTheCommentBeforeTheSwapIsToldTheOneToSet() {
        replaceBy(1);
        replaceBy(2);
        prepareAndUpload(3);
        for (boolean isWaiting : new boolean[] {false, true}) {
            for (boolean isRollback : new boolean[] {false, true}) {
                boolean[] isDone = {false};
                Runnable overwrite = () -> {
                    isDone[0] = true;
                    asAdmin("COMMENT ON SCHEMA SHOP IS 'mine'");
                };
                if (!isWaiting) {
                    overwrite.run();
                }
                try (Warehouse watched =
                        new SnowflakeWarehouse(Engine.options(folder), WarehouseEngine.SCHEMA, step -> {}, sql -> {
                            if (!isDone[0] && sql.equals("BEGIN TRANSACTION")) {
                                overwrite.run();
                            }
                        })) {
                    Fault refused = fault(() -> {
                        if (isRollback) {
                            watched.rollback();
                        } else {
                            watched.replace(Landing.load(3));
                        }
                    });
                    assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
                    assertThat(refused.getMessage()).doesNotContain("\n");
                    asAdmin(refused.getMessage().substring(refused.getMessage().indexOf("COMMENT ON SCHEMA ")));
                    assertThat(warehouse.live()).contains(version(2));
                }
            }
        }
        assertThat(warehouse.replace(Landing.load(3))).isTrue();
        assertThat(warehouse.rollback()).isEqualTo(version(2));
        assertThat(shown("SHOW SCHEMAS LIKE 'SHOP' IN DATABASE @DB", "comment").get(0))
                .startsWith("mine {\"millrace\":1,");
    }

    private void prepareAndUpload(int k) {
        warehouse.prepare(Landing.load(k));
        upload(Landing.load(k), landing.written(k, 1));
    }

    @Test
    void theCommentToSetIsTheOneOfTheVersionThatFollowedTheOthers() {
        replaceBy(1);
        replaceBy(2);
        asAdmin(
                "DROP SCHEMA " + SnowflakeVersion.namespace("shop", Landing.runId(1)),
                "COMMENT ON SCHEMA SHOP IS 'mine'");
        String text = fault(warehouse::requireUsable).getMessage();
        asAdmin(text.substring(text.indexOf("COMMENT ON SCHEMA ")));
        assertThat(warehouse.live()).contains(version(2));
        replaceBy(3);
        assertThat(warehouse.rollback()).isEqualTo(version(2));
        // Which of the two was live last, nothing tells any more.
        asAdmin(
                "DROP SCHEMA " + SnowflakeVersion.namespace("shop", Landing.runId(3)),
                "COMMENT ON SCHEMA SHOP IS 'mine'");
        assertThat(fault(warehouse::requireUsable))
                .hasMessageContaining("set it again to end in the {\"millrace\":…} that the run which is live wrote");
    }

    /** A role that did not make {@code _MILLRACE} is told what it needs there, and needs no more than that. */
    @Test
    void aSecondJobWithARoleOfItsOwnIsToldWhatToGrantIt() {
        replaceBy(1);
        second();
        Load load = new Load(Landing.runId(2), 2, "other", Landing.load(2).tables(), "other-job");
        List<LandedTable> tables = landing.written(2, 1);
        try (Warehouse other = new SnowflakeWarehouse(optionsAs(with("user", "SECOND")), "other")) {
            for (String less : List.of("", "GRANT USAGE ON SCHEMA _MILLRACE TO ROLE SECOND")) {
                if (!less.isEmpty()) {
                    asAdmin(less);
                }
                Fault refused = fault(() -> other.prepare(load));
                assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
                assertThat(refused.getMessage())
                        .contains("live is as it was", "_MILLRACE\" TO ROLE \"SECOND\"")
                        .contains(less.isEmpty() ? "already exists, but current role has no privileges" : "")
                        .doesNotContain("\n");
                if (!less.isEmpty()) {
                    String text = refused.getMessage();
                    asAdmin(text.substring(text.indexOf("GRANT ")).split("; ", -1));
                }
            }
            // Only the remedy for an overwritten comment needs LIVE.
            for (int k = 2; k <= 4; k++) {
                if (k > 2) {
                    asAdmin("REVOKE " + (k == 3 ? "INSERT, UPDATE, DELETE" : "SELECT")
                            + " ON TABLE _MILLRACE.LIVE FROM ROLE SECOND");
                }
                Load next = new Load(Landing.runId(k), k, "other", load.tables(), "other-job");
                tables = landing.written(k, 1);
                try (Warnings warnings = new Warnings(OwnSchema.class)) {
                    other.prepare(next);
                    for (LandedTable table : tables) {
                        other.upload(next, table, landing.storage(), file -> {});
                    }
                    assertThat(other.replace(next)).isTrue();
                    if (k == 2) {
                        assertThat(warnings.told()).isEmpty();
                    } else {
                        assertThat(warnings.told())
                                .isNotEmpty()
                                .allMatch(text -> text.endsWith("GRANT SELECT, INSERT, DELETE ON TABLE \"" + database()
                                        + "\".\"_MILLRACE\".\"LIVE\" TO ROLE \"SECOND\""));
                    }
                }
                assertThat(other.live().orElseThrow().run()).isEqualTo(Landing.runId(k));
            }
            other.dropPrevious(0);
            asAdmin("COMMENT ON SCHEMA OTHER IS 'mine'");
            // Not the one of run 2, which is noted still.
            assertThat(fault(other::requireUsable)).hasMessageContaining("Snowflake's query history has it");
        }
        replaceBy(5);
        assertThat(consistent()).containsExactly("5 5 10", "5 5 10");
    }

    /** A user and a role that may do what a job needs, but for {@code _MILLRACE}. */
    private void second() {
        asAdmin(
                "CREATE ROLE IF NOT EXISTS SECOND",
                "CREATE USER IF NOT EXISTS SECOND PASSWORD = '" + SnowflakeServer.PASSWORD + "' DEFAULT_ROLE = SECOND",
                "GRANT ROLE SECOND TO USER SECOND",
                "GRANT USAGE ON WAREHOUSE " + SnowflakeServer.WAREHOUSE + " TO ROLE SECOND",
                "GRANT USAGE ON DATABASE " + database() + " TO ROLE SECOND",
                "GRANT CREATE SCHEMA ON DATABASE " + database() + " TO ROLE SECOND",
                "GRANT USAGE ON SCHEMA OPS TO ROLE SECOND",
                "GRANT USAGE ON STAGE OPS.LANDING TO ROLE SECOND");
    }

    @Test
    void aStagingIsNotEmptiedByWhoMayNotWriteToTheLedger() {
        replaceBy(1);
        prepareAndUpload(2);
        String staging = SnowflakeVersion.namespace("shop", Landing.runId(2));
        asAdmin(
                "DELETE FROM _MILLRACE.LOADED_FILE",
                "GRANT OWNERSHIP ON TABLE _MILLRACE.LOADED_FILE TO ROLE ACCOUNTADMIN",
                "GRANT SELECT, UPDATE ON TABLE _MILLRACE.LOADED_FILE TO ROLE LOADER");
        for (String right : List.of("DELETE", "INSERT")) {
            Fault refused = fault(() -> warehouse.prepare(Landing.load(2)));
            assertThat(refused.kind()).as(right).isEqualTo(Fault.Kind.WORLD);
            assertThat(refused)
                    .hasMessageContaining("Insufficient privileges to operate on table 'LOADED_FILE'")
                    .hasMessageContaining("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"" + database()
                            + "\".\"_MILLRACE\" TO ROLE \"LOADER\"");
            assertThat(shown("SELECT COUNT(*) AS N FROM @DB." + staging + ".ORDERS", "N"))
                    .as(right)
                    .containsExactly("10");
            asAdmin("GRANT " + right + " ON TABLE _MILLRACE.LOADED_FILE TO ROLE LOADER");
        }
        replaceBy(2);
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    @Test
    void aSchemaIsTheSameHoweverTheJobFileWritesItsName() {
        replaceBy(1);
        Load load = Landing.load(2);
        Load again = new Load(load.run(), load.commit(), "SHOP", load.tables(), load.job());
        try (Warehouse capital = new SnowflakeWarehouse(Engine.options(folder), "SHOP")) {
            assertThat(capital.live()).contains(version(1));
            capital.prepare(again);
            for (LandedTable table : landing.written(2, 1)) {
                capital.upload(again, table, landing.storage(), file -> {});
            }
            assertThat(capital.replace(again)).isTrue();
        }
        assertThat(warehouse.live()).contains(version(2));
        replaceBy(3);
    }

    @Test
    void aRunWithoutStagingIsToldWhatItCanDo() {
        replaceBy(1);
        assertThat(fault(() -> warehouse.replace(Landing.load(2))))
                .hasMessageContaining(
                        "give the run up by scripts/millrace abandon " + Landing.runId(2) + ", and start");
    }

    @Test
    void anOldVersionThatStaysKeepsNoOther() {
        for (int k = 1; k <= 3; k++) {
            replaceBy(k);
        }
        String old = SnowflakeVersion.namespace("shop", Landing.runId(1));
        asAdmin("CREATE TABLE " + old + ".NOTES (id INT)", "GRANT SELECT ON TABLE " + old + ".NOTES TO ROLE LOADER");
        warehouse.dropPrevious(0);
        assertThat(schemas()).containsExactlyInAnyOrder("_MILLRACE", "OPS", "SHOP", old);
        asAdmin("DROP TABLE " + old + ".NOTES");
        replaceBy(4);
        warehouse.dropPrevious(0);
        assertThat(schemas()).containsExactlyInAnyOrder("_MILLRACE", "OPS", "SHOP");
    }

    @Test
    void aVersionThatWasRolledBackStaysSoHoweverTheProcessEnds() {
        for (int k = 1; k <= 3; k++) {
            replaceBy(k);
        }
        // Stopped before the swap: what was to be taken back is live, and its run finds it so.
        try (Warehouse stopped = stoppedAt("rollback noted")) {
            assertThat(catchThrowable(stopped::rollback)).isInstanceOf(Stopped.class);
        }
        assertThat(warehouse.live()).contains(version(3));
        warehouse.prepare(Landing.load(3));
        assertThat(warehouse.replace(Landing.load(3))).isTrue();
        // Stopped after it: the comment that went live with the swap tells what it took away.
        try (Warehouse stopped = stoppedAt("swapped")) {
            assertThat(catchThrowable(stopped::rollback)).isInstanceOf(Stopped.class);
        }
        assertThat(warehouse.live()).contains(version(2));
        assertThat(warehouse.rollback()).isEqualTo(version(1));
        warehouse.prepare(Landing.load(4));
        // Its schema is gone by now; that it was rolled back is known all the same.
        for (int k = 2; k <= 3; k++) {
            Load load = Landing.load(k);
            for (Fault refused : List.of(fault(() -> warehouse.prepare(load)), fault(() -> warehouse.replace(load)))) {
                assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
                assertThat(refused)
                        .hasMessageContaining("it was live and was rolled back; live stays run " + Landing.runId(1));
            }
        }
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
        replaceBy(4);
        assertThat(consistent()).containsExactly("4 4 10", "4 4 10");
        // Back at what other rollbacks came to, their record is there still.
        warehouse.rollback();
        assertThat(fault(() -> warehouse.prepare(Landing.load(3)))).hasMessageContaining("was rolled back");
        assertThat(fault(() -> warehouse.prepare(Landing.load(4)))).hasMessageContaining("was rolled back");
    }

    /** Stands for the end of the process. */
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private SnowflakeWarehouse stoppedAt(String effect) {
        return new SnowflakeWarehouse(
                Engine.options(folder),
                WarehouseEngine.SCHEMA,
                step -> {
                    if (step.equals(effect)) {
                        throw new Stopped();
                    }
                },
                sql -> {});
    }

    /** It has the comment of what it was made of, and the beginning of a version's name. */
    @Test
    void aCloneThatAPersonMadeStaysAsItIs() {
        replaceBy(1);
        asAdmin(
                "CREATE TRANSIENT SCHEMA SHOP__BACKUP CLONE SHOP",
                "GRANT OWNERSHIP ON SCHEMA SHOP__BACKUP TO ROLE LOADER",
                "GRANT SELECT ON ALL TABLES IN SCHEMA SHOP__BACKUP TO ROLE LOADER");
        for (int k = 2; k <= 3; k++) {
            replaceBy(k);
            warehouse.dropPrevious(1);
        }
        try (Warehouse stopped = stoppedAt("swapped")) {
            assertThat(catchThrowable(stopped::rollback)).isInstanceOf(Stopped.class);
        }
        replaceBy(4);
        warehouse.dropPrevious(1);
        assertThat(schemas())
                .containsExactlyInAnyOrder(
                        "_MILLRACE",
                        "OPS",
                        "SHOP",
                        SnowflakeVersion.namespace("shop", Landing.runId(2)),
                        "SHOP__BACKUP");
        assertThat(shown("SELECT COUNT(*) AS N FROM @DB.SHOP__BACKUP.ORDERS", "N"))
                .containsExactly("10");
    }

    @Test
    void whatAPersonPutIntoAnOldVersionKeepsIt() {
        replaceBy(1);
        replaceBy(2);
        String old = SnowflakeVersion.namespace("shop", Landing.runId(1));
        asAdmin("CREATE TABLE " + old + ".NOTES (id INT)", "GRANT SELECT ON TABLE " + old + ".NOTES TO ROLE LOADER");
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).contains(version(1));
        asAdmin("DROP TABLE " + old + ".NOTES");
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).isEmpty();
    }

    private SnowflakeWarehouse as(UnaryOperator<Map<String, String>> change) {
        return new SnowflakeWarehouse(optionsAs(change), WarehouseEngine.SCHEMA);
    }

    private SnowflakeWarehouse watched(UnaryOperator<Map<String, String>> change, List<String> sent) {
        return new SnowflakeWarehouse(optionsAs(change), WarehouseEngine.SCHEMA, step -> {}, sent::add);
    }

    private SnowflakeOptions optionsAs(UnaryOperator<Map<String, String>> change) {
        SnowflakeOptions right = Engine.options(folder);
        Map<String, String> texts = new HashMap<>(Map.of(
                "user",
                right.account().user(),
                "password",
                SnowflakeServer.PASSWORD,
                "warehouse",
                right.account().warehouse(),
                "database",
                right.account().database(),
                "stage",
                "OPS.LANDING",
                "patience",
                "30"));
        Map<String, String> wanted = change.apply(texts);
        return new SnowflakeOptions(
                new Snowflake(
                        SnowflakeServer.ACCOUNT,
                        wanted.get("user"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.ofNullable(wanted.get("role")),
                        wanted.get("warehouse"),
                        wanted.get("database"),
                        Optional.ofNullable(wanted.get("stage")),
                        Optional.ofNullable(wanted.get("integration")),
                        Connector.COPY,
                        JsonColumns.valueOf(wanted.getOrDefault("json", "TEXT")),
                        Optional.of("127.0.0.1"),
                        right.account().port(),
                        false,
                        Duration.ofSeconds(Integer.parseInt(wanted.get("patience")))),
                Optional.ofNullable(wanted.get("key")),
                Optional.ofNullable(wanted.get("passphrase")),
                Optional.ofNullable(wanted.get("password")),
                wanted.getOrDefault("staging", right.staging()));
    }

    private static UnaryOperator<Map<String, String>> with(String... pairs) {
        return texts -> {
            for (int i = 0; i < pairs.length; i += 2) {
                texts.put(pairs[i], pairs[i + 1]);
            }
            return texts;
        };
    }

    @Test
    void whoMayNotEnterIsTold() {
        record Wrong(String key, String value, Fault.Kind kind, String told) {}
        for (Wrong wrong : List.of(
                new Wrong("password", "wrong-1", Fault.Kind.WORLD, "check warehouse.snowflake.account, user, and key"),
                new Wrong("user", "nobody", Fault.Kind.WORLD, "check warehouse.snowflake.account, user, and key"),
                new Wrong("database", "none", Fault.Kind.WORLD, "no such database"),
                new Wrong("warehouse", "none", Fault.Kind.WORLD, "no such warehouse as none"),
                new Wrong("role", "none", Fault.Kind.WORLD, "check warehouse.snowflake.role"),
                new Wrong("stage", "OPS.NONE", Fault.Kind.WORLD, "Cannot use warehouse.snowflake.stage: OPS.NONE"),
                new Wrong(
                        "staging",
                        "s3://elsewhere/x/",
                        Fault.Kind.USER,
                        "does not hold the job's staging s3://elsewhere/x/"))) {
            Fault refused = fault(() -> as(with(wrong.key(), wrong.value())).live());
            assertThat(refused.kind()).as(wrong.toString()).isEqualTo(wrong.kind());
            assertThat(refused.getMessage())
                    .contains(wrong.told())
                    .doesNotContain("\n", SnowflakeServer.PASSWORD, "wrong-1");
        }
        asAdmin("REVOKE CREATE SCHEMA ON DATABASE " + database() + " FROM ROLE LOADER");
        Fault noRight = fault(() -> warehouse.prepare(Landing.load(1)));
        assertThat(noRight.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(noRight)
                .hasMessageContaining("Insufficient privileges to operate on database '" + database() + "'")
                .hasMessageContaining("GRANT CREATE SCHEMA ON DATABASE");
        asAdmin("GRANT CREATE SCHEMA ON DATABASE " + database() + " TO ROLE LOADER");
        replaceBy(1);
        warehouse.prepare(Landing.load(2));
        String staging = SnowflakeVersion.namespace("shop", Landing.runId(2));
        asAdmin(
                "GRANT SELECT ON TABLE " + staging + ".ORDERS TO ROLE LOADER",
                "GRANT OWNERSHIP ON TABLE " + staging + ".ORDERS TO ROLE ACCOUNTADMIN COPY CURRENT GRANTS");
        assertThat(fault(() -> upload(Landing.load(2), landing.written(2, 1))))
                .hasMessageContaining("Insufficient privileges to operate on table 'ORDERS'")
                .hasMessageContaining("have the role granted what is named there, or OWNERSHIP where nothing is")
                .hasMessageNotContaining("CREATE SCHEMA");
    }

    @Test
    void aKeyLetsInAndAWrongOneIsNotShown() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair right = generator.generateKeyPair();
        asAdmin("ALTER USER LOADER SET RSA_PUBLIC_KEY = '"
                + Base64.getEncoder().encodeToString(right.getPublic().getEncoded()) + "'");
        String pem = pem(right);
        assertThat(as(with("password", null, "key", pem)).live()).isEmpty();
        String other = pem(generator.generateKeyPair());
        for (String wrong : List.of(other, pem.replace(pem.substring(100, 300), "A".repeat(200)), "none")) {
            Fault refused = fault(() -> as(with("password", null, "key", wrong)).live());
            assertThat(refused.kind()).isEqualTo(wrong.equals(other) ? Fault.Kind.WORLD : Fault.Kind.USER);
            StringWriter trace = new StringWriter();
            refused.printStackTrace(new PrintWriter(trace));
            assertThat(refused.getMessage()).contains("key").doesNotContain("\n");
            assertThat(trace.toString()).doesNotContain(wrong.length() > 100 ? wrong.substring(60, 90) : "BEGIN");
        }
    }

    private static String pem(KeyPair pair) {
        return "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'})
                        .encodeToString(pair.getPrivate().getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
    }

    @Test
    void whoWorksOnTheSchemaIsWaitedForAsLongAsTheJobSays() throws SQLException {
        replaceBy(1);
        try (Connection other = SnowflakeServer.connect(SnowflakeServer.ADMIN);
                Statement statement = other.createStatement()) {
            statement.execute("BEGIN TRANSACTION");
            statement.execute("UPDATE " + database() + "._MILLRACE.LOCK_SHOP SET HOLDER = 'other'");
            Fault held = fault(() -> as(with("patience", "1")).prepare(Landing.load(2)));
            assertThat(held.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(held)
                    .hasMessageContaining("another run works on the schema")
                    .hasMessageContaining("patience");
        }
        replaceBy(2);
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    @Test
    void aWarehouseWhoseQuotaIsSpentLoadsNothingAndLaterGoesOn() {
        replaceBy(1);
        Load load = Landing.load(2);
        warehouse.prepare(load);
        asAdmin("ALTER WAREHOUSE " + SnowflakeServer.WAREHOUSE + " SET RESOURCE_MONITOR = MONTHLY");
        try {
            Fault refused = fault(() -> upload(load, landing.written(2, 1)));
            assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(refused.getMessage())
                    .contains("resource monitor 'MONTHLY' has exceeded its quota", "ALTER RESOURCE MONITOR")
                    .doesNotContain("\n");
        } finally {
            asAdmin("ALTER WAREHOUSE " + SnowflakeServer.WAREHOUSE + " UNSET RESOURCE_MONITOR");
        }
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
        replaceBy(2);
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    @Test
    void aValueThatDoesNotFitIsNamedByFileRowAndColumn() {
        TableDefinition table = new TableDefinition(
                "t",
                List.of(
                        new Column("id", ColumnType.BIGINT, true),
                        new Column("price", ColumnType.decimal(5, 2), false)),
                List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        for (List<String> wrong : List.of(
                List.of("1,2.50\n2,123456\n", "row 2, column price: "),
                List.of("1,2.50\nx-secret,1\n", "row 2, column id: is no bigint"),
                List.of("1,\n2,1\n", "row 1, column price: NULL result"),
                List.of("1,1\n1.5,1\n", "row 2, column id: is no bigint"))) {
            DataFile file = landing.file("t", "a.csv", 2, bytes("id,price\n" + wrong.get(0)));
            Fault refused = fault(() -> warehouse.upload(
                    load, Landing.table(table, FileFormat.CSV, Codec.NONE, List.of(file)), landing.storage(), f -> {}));
            assertThat(refused.kind()).isEqualTo(Fault.Kind.SPOILED);
            assertThat(refused)
                    .hasMessageStartingWith(
                            "Cannot load " + landing.storage().uri("a.csv") + " into t: " + wrong.get(1));
            assertThat(refused.getMessage()).doesNotContain("\n", "secret");
        }
        assertThat(warehouse.check(load, List.of(), List.of()).stagingRows()).containsEntry("t", 0L);
    }

    @Test
    void jsonBecomesVariantOnRequest() throws IOException {
        List<String> sent = new ArrayList<>();
        try (Warehouse variant = watched(with("json", "VARIANT"), sent)) {
            TableDefinition table = WarehouseContract.ALL_TYPES;
            int k = 1;
            DataFile parquet = landing.parquet("all_types", "a.parquet", 4, WarehouseContract.allTypesSelect(t -> t));
            DataFile csv = landing.file("all_types", "a.csv", 4, bytes(WarehouseContract.allTypesText()));
            for (LandedTable landed : List.of(
                    Landing.table(table, FileFormat.PARQUET, Codec.ZSTD, List.of(parquet)),
                    Landing.table(table, FileFormat.CSV, Codec.NONE, List.of(csv)))) {
                Load load = Landing.load(k++, List.of(table));
                variant.prepare(load);
                variant.upload(load, landed, landing.storage(), f -> {});
                variant.replace(load);
                assertThat(Queried.of(variant, "SELECT document:a[0]::INT, document IS NULL FROM all_types ORDER BY id")
                                .rows())
                        .as(landed.format().toString())
                        .containsExactly(
                                List.of("1", "false"),
                                List.of("∅", "true"),
                                List.of("∅", "false"),
                                List.of("∅", "false"));
                List<List<String>> expected = WarehouseContract.ALL_VALUES.stream()
                        .map(row -> row.subList(0, row.size() - 1))
                        .toList();
                assertThat(Queried.of(
                                        variant,
                                        "SELECT id, text, whole, big, fine, price, real, flag, HEX_ENCODE(data), day, moment"
                                                + " FROM all_types ORDER BY id")
                                .rows())
                        .as(landed.format().toString())
                        .isEqualTo(expected);
            }
        }
        golden("variant", loading(sent));
    }

    @Test
    void aStageOfOurOwnReadsFromS3() throws IOException {
        String bucket = S3Server.newBucket();
        Storage staging = Storages.open("s3://" + bucket + "/staging/", S3Server.options());
        List<LandedTable> tables = bring(landing.written(1, 2), staging);
        List<String> sent = new ArrayList<>();
        try (Warehouse own = watched(
                with("stage", null, "integration", SnowflakeServer.INTEGRATION, "staging", staging.root()), sent)) {
            own.prepare(Landing.load(1));
            for (LandedTable table : tables) {
                own.upload(Landing.load(1), table, staging, f -> {});
            }
            own.replace(Landing.load(1));
        }
        assertThat(consistent()).containsExactly("1 1 20", "1 1 20");
        golden("own-stage", loading(sent));
    }

    /** What a run that nobody disturbs sends, to be read beside Snowflake's documentation. */
    @Test
    void theStatementsAreThoseThatPeopleReviewed() throws IOException {
        List<String> sent = new ArrayList<>();
        try (Warehouse watched =
                new SnowflakeWarehouse(Engine.options(folder), WarehouseEngine.SCHEMA, step -> {}, sent::add)) {
            watched.live();
            story(watched, 1);
            golden("first-load", sent);
            story(watched, 2);
            golden("second-load", sent);
            watched.rollback();
            golden("rollback", sent);
            watched.dropPrevious(0);
            story(watched, 3);
            sent.clear();
            watched.dropPrevious(0);
            golden("drop", sent);
            Load load = Landing.load(4);
            watched.prepare(load);
            asAdmin("DROP SCHEMA _MILLRACE");
            sent.clear();
            watched.upload(load, landing.written(4, 1).get(0), landing.storage(), f -> {});
            golden("lost-ledger", sent);
        }
    }

    private void story(Warehouse watched, int k) throws IOException {
        TableDefinition table = new TableDefinition(
                "all_types",
                List.of(
                        new Column("id", ColumnType.BIGINT, false),
                        new Column("text", ColumnType.STRING, true),
                        new Column("price", ColumnType.decimal(18, 2), true),
                        new Column("real", ColumnType.DOUBLE, true),
                        new Column("flag", ColumnType.BOOLEAN, true),
                        new Column("data", ColumnType.BINARY, true),
                        new Column("day", ColumnType.DATE, true),
                        new Column("moment", ColumnType.TIMESTAMP, true),
                        new Column("2nd", ColumnType.JSON, true)),
                List.of());
        Load load = Landing.load(k, List.of(Landing.ORDERS, table));
        watched.prepare(load);
        watched.upload(load, landing.written(k, 2).get(0), landing.storage(), f -> {});
        DataFile file = landing.file(
                "all_types",
                "runs/" + k + "/all types.csv",
                1,
                bytes("id,text,price,real,flag,data,day,moment,2nd\n1,,,,,,,,\n"));
        watched.upload(
                load, Landing.table(table, FileFormat.CSV, Codec.NONE, List.of(file)), landing.storage(), f -> {});
        watched.check(
                load, List.of(new ColumnSet("orders", List.of("id"))), List.of(new ColumnSet("orders", List.of("id"))));
        watched.replace(load);
    }

    /** Those that make what rows come from and go to, and load them. */
    private static List<String> loading(List<String> sent) {
        return sent.stream()
                .filter(sql -> sql.matches("(?s)(CREATE|COPY) .*"))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    /** Those that give the staging what live has. */
    private static List<String> given(List<String> sent) {
        return sent.stream()
                .filter(sql -> sql.matches("(?s)(GRANT|REVOKE|COMMENT|ALTER) .*") && !sql.startsWith("ALTER SESSION"))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    /** Compares with a file of the test resources, or with {@code -Dmillrace.golden=write} writes it. */
    private void golden(String name, List<String> sent) throws IOException {
        String text = sent.stream()
                        .map(sql -> sql.replace(database(), "RAW")
                                .replace(Landing.runId(1).value(), "RUN-1")
                                .replace(Landing.runId(2).value(), "RUN-2")
                                .replace(Landing.runId(3).value(), "RUN-3")
                                .replace(Landing.runId(4).value(), "RUN-4")
                                .replaceAll("2026_11_21T00_00_0(\\d)Z_TEST", "RUN_$1")
                                .replaceAll("s3://[^/']+/", "s3://BUCKET/")
                                .replaceAll("STAGE_[0-9A-F]{8}", "STAGE_CRC")
                                .replaceAll("\"(definition|tables)\":\"[0-9a-f]{64}\"", "\"$1\":\"HASH\"")
                                .replaceAll("', (\\d+), (\\d+), '[^']+'\\)", "', BYTES, $2, 'ETAG')"))
                        .collect(Collectors.joining(";\n\n"))
                + ";\n";
        sent.clear();
        Path file = Path.of(System.getProperty("millrace.home"), "src/test/resources/snowflake", name + ".sql");
        if ("write".equals(System.getProperty("millrace.golden"))) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        }
        assertThat(text).isEqualTo(Files.readString(file));
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
