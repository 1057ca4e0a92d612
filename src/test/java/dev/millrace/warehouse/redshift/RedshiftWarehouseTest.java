package dev.millrace.warehouse.redshift;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.WarehouseSettings.Dependents;
import dev.millrace.config.WarehouseSettings.DistStyle;
import dev.millrace.config.WarehouseSettings.Encoding;
import dev.millrace.config.WarehouseSettings.Json;
import dev.millrace.config.WarehouseSettings.Redshift;
import dev.millrace.config.WarehouseSettings.TableDesign;
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
import dev.millrace.testing.PostgresServer;
import dev.millrace.testing.S3Server;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.WarehouseContract;
import dev.millrace.warehouse.WarehouseEngine;
import dev.millrace.warehouse.sql.VersionTable;
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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract through Redshift's driver, on a PostgreSQL server behind a {@link RedshiftFront}. */
class RedshiftWarehouseTest extends WarehouseContract {
    /** A database of its own for each folder, which says where it is. */
    public static final class Engine implements WarehouseEngine {
        @Override
        public Warehouse open(Path folder, Steps steps) {
            return new RedshiftWarehouse(options(folder), SCHEMA, steps);
        }

        static RedshiftOptions options(Path folder) {
            Path place = folder.resolve("redshift");
            try {
                if (!Files.exists(place)) {
                    Files.writeString(place, RedshiftFront.front().port() + " " + RedshiftFront.newDatabase());
                }
                String[] words = Files.readString(place).split(" ", -1);
                return RedshiftFront.options(Integer.parseInt(words[0]), words[1]);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    protected WarehouseEngine engine() {
        return new Engine();
    }

    @Override
    protected String hex(String column) {
        return "upper(encode(" + column + ", 'hex'))";
    }

    @Override
    protected boolean holdsNul() {
        return false;
    }

    @Override
    protected int longestText() {
        return TableLayout.MOST_TEXT_BYTES - 1;
    }

    @Override
    protected int leastEffects() {
        return 7;
    }

    /** The driver makes doubles of what the server writes. */
    @Override
    protected String held(String text) {
        return super.held(text)
                .replace("1.7976931348623157e+308", "1.7976931348623157E308")
                .replace("5e-324", "4.9E-324");
    }

    private RedshiftOptions options() {
        return Engine.options(folder);
    }

    private Warehouse with(Duration patience, Dependents dependents, Json json, Map<String, TableDesign> tables) {
        return new RedshiftWarehouse(
                RedshiftFront.options(options().server().port(), database(), patience, dependents, json, tables),
                WarehouseEngine.SCHEMA);
    }

    private void asAdmin(String... statements) {
        PostgresServer.execute(database(), PostgresServer.ADMIN, statements);
    }

    private void asUser(String... statements) {
        PostgresServer.execute(database(), RedshiftFront.USER, statements);
    }

    private void prepareAndUpload(int k) {
        warehouse.prepare(Landing.load(k));
        upload(Landing.load(k), landing.written(k, 1));
    }

    // Statements

    /**
     * Every statement of a story, to be read beside Redshift's documentation. To write them anew:
     * {@code -Dmillrace.regenerate=true}.
     */
    @Test
    void theStatementsAreThoseOfTheFiles() throws IOException {
        TableDesign design = new TableDesign(
                Optional.of("ORDER_ID"),
                Optional.empty(),
                List.of("order_id", "version"),
                Map.of("text", Encoding.ZSTD));
        TableDesign all = new TableDesign(Optional.empty(), Optional.of(DistStyle.ALL), List.of(), Map.of());
        Warehouse redshift =
                with(Duration.ofSeconds(30), Dependents.RECREATE, Json.SUPER, Map.of("lines", design, "Notes", all));
        TableDefinition notes = new TableDefinition(
                "notes",
                List.of(
                        new Column("id", ColumnType.BIGINT, false),
                        new Column("data", ColumnType.BINARY, true),
                        new Column("document", ColumnType.JSON, true)),
                List.of("id"));
        DataFile csv =
                landing.file("notes", "notes.csv", 2, bytes("id,data,document\n1,AP8=,\"{\"\"a\"\": 7.10}\"\n2,,\n"));
        LandedTable noted = Landing.table(notes, FileFormat.CSV, Codec.NONE, List.of(csv));
        RedshiftFront.front().taken();
        for (int k = 1; k <= 2; k++) {
            Load load = Landing.load(k, List.of(Landing.ORDERS, Landing.LINES, notes));
            List<LandedTable> tables = new ArrayList<>(landing.written(k, 2));
            tables.add(noted);
            redshift.prepare(load);
            tables.forEach(table -> redshift.upload(load, table, landing.storage(), f -> {}));
            assertThat(redshift.replace(load)).isTrue();
            assertStatements(k == 1 ? "first-load" : "second-load");
            if (k == 1) {
                asAdmin(
                        "DROP ROLE IF EXISTS rs_golden, group_golden",
                        "CREATE ROLE rs_golden",
                        "CREATE ROLE group_golden");
                asUser(
                        "GRANT USAGE ON SCHEMA shop TO rs_golden",
                        "GRANT SELECT ON shop.orders TO group_golden",
                        "GRANT SELECT (text) ON shop.lines TO PUBLIC",
                        "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO rs_golden",
                        "COMMENT ON TABLE shop.orders IS 'it''s a back\\\\slash'",
                        "COMMENT ON COLUMN shop.lines.text IS 'text'",
                        "CREATE SCHEMA reports",
                        "CREATE VIEW reports.newest AS SELECT max(version) AS version FROM shop.orders");
                asAdmin("INSERT INTO public.scoped SELECT oid, 'TABLES', 'SELECT', 'role', 'rs_golden', false"
                        + " FROM pg_namespace WHERE nspname = 'shop'");
            }
        }
        assertThat(Queried.of(redshift, "SELECT id, encode(data, 'hex'), document FROM notes ORDER BY id")
                        .rows())
                .containsExactly(List.of("1", "00ff", "{\"a\": 7.10}"), List.of("2", "∅", "∅"));
        RedshiftFront.front().taken();
        redshift.rollback();
        assertStatements("rollback");
        warehouse.dropPrevious(0);
        prepareAndUpload(3);
        warehouse.replace(Landing.load(3));
        RedshiftFront.front().taken();
        warehouse.dropPrevious(0);
        assertStatements("drop");
    }

    private void assertStatements(String name) throws IOException {
        String text = String.join(";\n", RedshiftFront.front().taken())
                .replace(landing.storage().root(), "s3://bucket/staging/")
                .replace(database(), "analytics")
                .replaceAll(", \\d+, (\\d+), '[^']*'\\)", ", <bytes>, $1, '<etag>')")
                .replaceAll("pid <> \\d+", "pid <> <pid>");
        Path file = Path.of(System.getProperty("millrace.home"))
                .resolve("src/test/resources/dev/millrace/warehouse/redshift/" + name + ".sql");
        if (Boolean.getBoolean("millrace.regenerate")) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text + ";\n");
        }
        assertThat(text + ";\n").isEqualTo(Files.readString(file));
    }

    @Test
    void whatTheJobFileDeclaresOfOtherTablesIsTheUsersMistake() {
        Map<String, TableDesign> designs = new TreeMap<>(Map.of(
                "lines",
                new TableDesign(
                        Optional.of("order"), Optional.empty(), List.of("text", "idd"), Map.of("x", Encoding.RAW)),
                "order",
                TableDesign.NONE));
        Warehouse wrong = with(Duration.ofSeconds(5), Dependents.RECREATE, Json.TEXT, designs);
        Fault refused = fault(() -> wrong.prepare(Landing.load(1)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
        assertThat(refused.getMessage().lines())
                .containsExactly(
                        "Invalid warehouse.redshift.tables.lines.distkey: no column order in table lines: it has order_id, text,"
                                + " version",
                        "Invalid warehouse.redshift.tables.lines.sortkey: no column idd in table lines: it has order_id, text,"
                                + " version",
                        "Invalid warehouse.redshift.tables.lines.encode: no column x in table lines: it has order_id, text,"
                                + " version",
                        "Invalid warehouse.redshift.tables.order: no table order: the run has lines, orders");
    }

    // Files

    @Test
    void columnsInAnotherOrderAreRefused() {
        TableDefinition table = new TableDefinition(
                "t",
                List.of(new Column("a", ColumnType.BIGINT, true), new Column("b", ColumnType.BIGINT, true)),
                List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        DataFile file = landing.parquet("t", "t.parquet", 1, "SELECT 1::BIGINT AS b, 2::BIGINT AS a");
        Fault refused = fault(() -> warehouse.upload(
                load, Landing.table(table, FileFormat.PARQUET, Codec.ZSTD, List.of(file)), landing.storage(), f -> {}));
        assertThat(refused)
                .hasMessage("Not the file of the manifest: " + landing.storage().uri("t.parquet")
                        + ": its columns are b, a, the manifest says a, b, in this order: the next run extracts again");
    }

    @ParameterizedTest
    @EnumSource(FileFormat.class)
    void aTextThatIsTooLongIsToldWithFileRowAndColumn(FileFormat format) {
        TableDefinition table = new TableDefinition(
                "t",
                List.of(new Column("id", ColumnType.BIGINT, true), new Column("text", ColumnType.STRING, true)),
                List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        DataFile good = switch (format) {
            case PARQUET -> landing.parquet("t", "good.parquet", 1, "SELECT 0::BIGINT AS id, 'a' AS text");
            case CSV -> landing.file("t", "good.csv", 1, bytes("id,text\n0,\"a\"\n"));
        };
        DataFile bad = switch (format) {
            case PARQUET ->
                landing.parquet(
                        "t",
                        "bad.parquet",
                        2,
                        "SELECT i AS id, repeat('é', CASE i WHEN 2 THEN 32768 ELSE 1 END) AS text"
                                + " FROM (VALUES (1::BIGINT), (2)) v(i)");
            case CSV -> landing.file("t", "bad.csv", 2, bytes("id,text\n1,\"a\"\n2,\"" + "é".repeat(32768) + "\"\n"));
        };
        Codec codec = format == FileFormat.CSV ? Codec.NONE : Codec.ZSTD;
        LandedTable landed = Landing.table(table, format, codec, List.of(good, bad));
        Fault refused = fault(() -> warehouse.upload(load, landed, landing.storage(), f -> {}));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.SPOILED);
        assertThat(refused)
                .hasMessageStartingWith(
                        "Cannot load " + landing.storage().uri(bad.path()) + " into t: row 2, column text")
                .hasMessageContaining(
                        format == FileFormat.CSV
                                ? "65536 bytes, more than the 65535 that Redshift holds"
                                : "String length exceeds DDL length");
    }

    @Test
    void aLoadErrorIsToldOfTheCopyThatLeftItOnly() {
        replaceBy(1);
        warehouse.prepare(Landing.load(2));
        List<LandedTable> one = landing.written(2, 1);
        DataFile file = one.get(0).files().get(0);
        String cannot = "Cannot load " + landing.storage().uri(file.path()) + " into orders: ";
        RedshiftFront front = RedshiftFront.front();

        // Tried again, it failed of something else.
        front.refuse("deadlock detected", 7);
        front.refuse("S3CurlException: Connection timed out after 50000 milliseconds");
        Fault other = fault(() -> upload(Landing.load(2), one));
        assertThat(other.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(other)
                .hasMessageStartingWith(cannot + "Redshift at ")
                .hasMessageContaining("S3CurlException")
                .hasMessageNotContaining("row 7");

        // Two files together, then the first of them alone: both leave errors.
        List<LandedTable> two = landing.written(2, 2);
        front.refuse("Load into table 'orders' failed", 3);
        front.refuse("Load into table 'orders' failed", 4);
        Fault second = fault(() -> upload(Landing.load(2), two));
        assertThat(second.kind()).isEqualTo(Fault.Kind.SPOILED);
        assertThat(second).hasMessageStartingWith(cannot + "row 4, column text: refused: ");

        // Only the first leaves one.
        front.refuse("Load into table 'orders' failed", 5);
        front.refuse("Load into table 'orders' failed");
        Fault none = fault(() -> upload(Landing.load(2), two));
        assertThat(none.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(none).hasMessageStartingWith(cannot + "Redshift at ");

        // Nobody is asked what a file holds that the role may not read, nor for whom there is no room.
        front.taken();
        front.refuse("S3ServiceException:Access Denied,Status 403,Error AccessDenied", 6);
        front.refuse("S3ServiceException:Access Denied,Status 403,Error AccessDenied", 6);
        assertThat(fault(() -> upload(Landing.load(2), two)).kind()).isEqualTo(Fault.Kind.WORLD);
        String staging = VersionTable.namespace("shop", Landing.runId(2));
        front.refuse(
                "Transaction 6250 is aborted due to exceeding the disk space quota in schema(s): (Schema: " + staging
                        + ", Quota: 2048, Current Disk Usage: 2458).",
                6);
        Fault full = fault(() -> upload(Landing.load(2), two));
        assertThat(full.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(full)
                .hasMessageStartingWith("Cannot load orders: ")
                .hasMessageEndingWith("(Schema: " + staging
                        + ", Quota: 2048, Current Disk Usage: 2458).: have a superuser raise it: ALTER SCHEMA"
                        + " \"shop\" QUOTA … MB; ALTER SCHEMA \"" + staging
                        + "\" QUOTA … MB, and run again; live is as it was");
        assertThat(front.taken()).noneMatch(sql -> sql.contains("sys_load_error_detail"));

        upload(Landing.load(2), two);
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(consistent()).containsExactly("2 2 20", "2 2 20");
    }

    @Test
    void aSchemaThatIsFullIsNotLoaded() {
        replaceBy(1);
        asAdmin("INSERT INTO public.quota VALUES ('shop', 10, 3)");
        warehouse.prepare(Landing.load(2));
        String staging = VersionTable.namespace("shop", Landing.runId(2));
        asAdmin("UPDATE public.quota SET disk_usage = 10 WHERE schema_name = '" + staging + "' AND quota = 10");
        String full = "Cannot load orders: schema " + staging
                + " has used 10 MB of its quota of 10 MB: have a superuser run ";
        String end = ", and run again; live is as it was";
        assertFull(
                full + "ALTER SCHEMA \"shop\" QUOTA … MB; ALTER SCHEMA \"" + staging + "\" QUOTA … MB" + end,
                warehouse);

        // Who is no superuser cannot have the staging follow.
        asAdmin("UPDATE public.quota SET quota = 20 WHERE schema_name = 'shop'");
        String follow = "ALTER SCHEMA \"" + staging + "\" QUOTA 20 MB";
        assertFull(full + follow + end, warehouse);
        asAdmin("UPDATE public.quota SET disk_usage = 9 WHERE schema_name = '" + staging + "'");
        RedshiftFront.front().taken();
        List<String> warnings = warnings(() -> {
            try (Warehouse another = engine().open(folder, step -> {})) {
                landing.written(2, 1)
                        .forEach(table -> another.upload(Landing.load(2), table, landing.storage(), f -> {}));
            }
        });
        assertThat(RedshiftFront.front().taken()).containsOnlyOnce(follow);
        assertThat(warnings)
                .containsExactly("Schema " + staging + " keeps its own quota, and goes live with it, unless a superuser"
                        + " runs " + follow + ": must be superuser to alter the quota of a schema");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");

        // Who is one has it follow.
        asAdmin(
                "UPDATE public.user_info SET superuser = true",
                "UPDATE public.quota SET schema_name = 'shop' WHERE schema_name = '" + staging + "'",
                "DELETE FROM public.quota WHERE quota = 20");
        warehouse.prepare(Landing.load(3));
        String third = VersionTable.namespace("shop", Landing.runId(3));
        asAdmin(
                "UPDATE public.quota SET disk_usage = 10 WHERE schema_name = '" + third + "'",
                "UPDATE public.quota SET quota = 20 WHERE schema_name = 'shop'");
        RedshiftFront.front().taken();
        prepareAndUpload(3);
        assertThat(RedshiftFront.front().taken()).contains("ALTER SCHEMA \"" + third + "\" QUOTA 20 MB");
        assertThat(warehouse.replace(Landing.load(3))).isTrue();
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
    }

    private void assertFull(String message, Warehouse by) {
        Fault full = fault(() ->
                landing.written(2, 1).forEach(table -> by.upload(Landing.load(2), table, landing.storage(), f -> {})));
        assertThat(full.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(full).hasMessage(message);
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
    }

    /** What is warned of meanwhile. */
    private static List<String> warnings(Runnable act) {
        List<String> warnings = Collections.synchronizedList(new ArrayList<>());
        AbstractAppender appender = new AbstractAppender("warnings", null, null, false, Property.EMPTY_ARRAY) {
            @Override
            public void append(LogEvent event) {
                warnings.add(event.getMessage().getFormattedMessage());
            }
        };
        appender.start();
        LoggerConfig root = ((LoggerContext) LogManager.getContext(false))
                .getConfiguration()
                .getRootLogger();
        root.addAppender(appender, Level.WARN, null);
        try {
            act.run();
        } finally {
            root.removeAppender("warnings");
        }
        return warnings;
    }

    @Test
    void aStageThatTheRoleMayNotReadIsToldWithWhatItNeeds() {
        replaceBy(1);
        warehouse.prepare(Landing.load(2));
        for (String denial : List.of(
                "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 3D1FA,ExtRid x,CanRetry 1",
                "User arn:aws:redshift:eu-west-1:111122223333:dbuser:acme/warehouse is not authorized to assume IAM Role"
                        + " arn:aws:iam::111122223333:role/millrace-copy",
                "Not authorized to get credentials of role arn:aws:iam::111122223333:role/millrace-copy")) {
            RedshiftFront.front().refuse(denial);
            Fault refused = fault(() -> upload(Landing.load(2), landing.written(2, 1)));
            assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(refused)
                    .hasMessageStartingWith("Cannot load "
                            + landing.storage()
                                    .uri(landing.landed(2, 1)
                                            .get(0)
                                            .files()
                                            .get(0)
                                            .path()) + " into orders: ")
                    .hasMessageEndingWith(
                            ": " + denial + ": have the role that warehouse.redshift.iam-role names attached"
                                    + " to the cluster, and let it list and read what is at staging.at (s3:ListBucket,"
                                    + " s3:GetObject, kms:Decrypt), and run again; live is as it was");
        }
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
        prepareAndUpload(2);
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
    }

    // Rights and dependents

    @Test
    void theNextVersionGetsWhatPeopleGaveToLive() {
        replaceBy(1);
        asAdmin(
                "DROP ROLE IF EXISTS rs_analyst, rs_role, group_rs",
                "CREATE ROLE rs_analyst LOGIN",
                "CREATE ROLE rs_role",
                "CREATE ROLE group_rs");
        asUser(
                "GRANT USAGE ON SCHEMA shop TO rs_analyst",
                "GRANT USAGE ON SCHEMA shop TO PUBLIC",
                "GRANT SELECT ON shop.orders TO rs_analyst WITH GRANT OPTION",
                "GRANT INSERT ON shop.orders TO rs_role",
                "GRANT SELECT ON shop.orders TO group_rs",
                "GRANT UPDATE (text) ON shop.lines TO rs_role",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO rs_role",
                "COMMENT ON TABLE shop.orders IS 'it''s orders'",
                "COMMENT ON COLUMN shop.lines.text IS 'text'");
        RedshiftFront.front().taken();
        replaceBy(2);
        assertThat(RedshiftFront.front().taken())
                .contains(
                        "GRANT INSERT ON \"" + VersionTable.namespace("shop", Landing.runId(2))
                                + "\".\"orders\" TO ROLE \"rs_role\"",
                        "GRANT SELECT ON \"" + VersionTable.namespace("shop", Landing.runId(2))
                                + "\".\"orders\" TO GROUP \"group_rs\"");
        assertThat(Queried.of(
                                warehouse,
                                "SELECT has_schema_privilege('rs_analyst', 'shop', 'USAGE'),"
                                        + " has_schema_privilege('rs_role', 'shop', 'USAGE'),"
                                        + " has_table_privilege('rs_analyst', 'shop.orders', 'SELECT WITH GRANT OPTION'),"
                                        + " has_table_privilege('rs_role', 'shop.orders', 'INSERT'),"
                                        + " has_table_privilege('rs_role', 'shop.lines', 'SELECT'),"
                                        + " has_column_privilege('rs_role', 'shop.lines', 'text', 'UPDATE'),"
                                        + " has_table_privilege('rs_analyst', 'shop.lines', 'SELECT'),"
                                        + " obj_description('shop.orders'::regclass, 'pg_class'),"
                                        + " col_description('shop.lines'::regclass, 2)")
                        .rows())
                .containsExactly(
                        List.of("true", "true", "true", "true", "false", "true", "false", "it's orders", "text"));
        asUser("REVOKE INSERT ON shop.orders FROM rs_role");
        replaceBy(3);
        assertThat(Queried.of(warehouse, "SELECT has_table_privilege('rs_role', 'shop.orders', 'INSERT')")
                        .rows())
                .containsExactly(List.of("false"));
    }

    @Test
    void scopedPermissionsOfTheLiveSchemaGoOn() {
        replaceBy(1);
        asAdmin(
                "INSERT INTO public.scoped SELECT oid, 'TABLES', 'SELECT', 'role', 'rs_readers', false FROM pg_namespace"
                        + " WHERE nspname = 'shop' UNION ALL SELECT oid, 'FUNCTIONS', 'EXECUTE', 'user', 'rs_analyst', true"
                        + " FROM pg_namespace WHERE nspname = 'shop'");
        RedshiftFront.front().taken();
        replaceBy(2);
        String second = "\"" + VersionTable.namespace("shop", Landing.runId(2)) + "\"";
        assertThat(RedshiftFront.front().taken())
                .contains(
                        "GRANT SELECT FOR TABLES IN SCHEMA " + second + " TO ROLE \"rs_readers\"",
                        "GRANT EXECUTE FOR FUNCTIONS IN SCHEMA " + second + " TO \"rs_analyst\" WITH GRANT OPTION");
        String granted = "SELECT privilege_type, privilege_scope, identity_type, identity_name, admin_option"
                + " FROM svv_schema_privileges WHERE namespace_name = 'shop' AND privilege_scope <> 'SCHEMA' ORDER BY 1";
        assertThat(Queried.of(warehouse, granted).rows())
                .containsExactly(
                        List.of("EXECUTE", "FUNCTIONS", "user", "rs_analyst", "true"),
                        List.of("SELECT", "TABLES", "role", "rs_readers", "false"));
        asAdmin("DELETE FROM public.scoped WHERE scope = 'TABLES' AND namespace = 'shop'::regnamespace");
        warehouse.rollback();
        assertThat(RedshiftFront.front().taken())
                .contains("REVOKE SELECT FOR TABLES IN SCHEMA \"" + VersionTable.namespace("shop", Landing.runId(1))
                        + "\" FROM ROLE \"rs_readers\"");
        assertThat(Queried.of(warehouse, granted).rows())
                .containsExactly(List.of("EXECUTE", "FUNCTIONS", "user", "rs_analyst", "true"));

        // A connection that is lost refuses no run.
        RedshiftFront.front()
                .meanwhile(
                        "GRANT EXECUTE FOR FUNCTIONS",
                        () -> asAdmin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                + " WHERE datname = current_database() AND pid <> pg_backend_pid()"));
        assertThat(fault(() -> warehouse.prepare(Landing.load(3))).kind()).isEqualTo(Fault.Kind.WORLD);

        // Who may not give them is told so before anything is loaded.
        asAdmin("REVOKE INSERT ON public.scoped FROM " + RedshiftFront.USER);
        Fault early = fault(() -> warehouse.prepare(Landing.load(3)));
        assertThat(early.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(early)
                .hasMessageContaining("what live has cannot be given to it: GRANT EXECUTE FOR FUNCTIONS IN SCHEMA \""
                        + VersionTable.namespace("shop", Landing.runId(3))
                        + "\" TO \"rs_analyst\" WITH GRANT OPTION: ");
        assertThat(schemas()).doesNotContain(VersionTable.namespace("shop", Landing.runId(3)));

        asAdmin(
                "GRANT INSERT ON public.scoped TO " + RedshiftFront.USER,
                "CREATE RULE lost AS ON INSERT TO public.scoped DO INSTEAD NOTHING");
        prepareAndUpload(3);
        Fault refused = fault(() -> warehouse.replace(Landing.load(3)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines())
                .containsExactly(
                        "The gate refused schema " + VersionTable.namespace("shop", Landing.runId(3))
                                + "; live is as it was: let the job's user give these, as their owner or with grant option,"
                                + " or take them from live, and start the job again:",
                        "live has EXECUTE on all FUNCTIONS in the schema to rs_analyst with grant option, the staging has"
                                + " not");
    }

    @Test
    void viewsAreMadeAnewAndWhatCannotBeIsListedAndRefused() {
        replaceBy(1);
        asUser(
                "CREATE SCHEMA reports",
                "CREATE VIEW reports.newest AS SELECT max(version) AS version FROM shop.orders");
        prepareAndUpload(2);
        Warehouse strict = with(Duration.ofSeconds(5), Dependents.REFUSE, Json.TEXT, Map.of());
        Fault strictly = fault(() -> strict.replace(Landing.load(2)));
        assertThat(strictly.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(strictly.getMessage().lines().skip(1)).containsExactly("view \"reports\".\"newest\"");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(Queried.of(warehouse, "SELECT version FROM reports.newest").rows())
                .containsExactly(List.of("2"));
        asUser(
                "CREATE MATERIALIZED VIEW reports.m AS SELECT count(*) FROM shop.orders",
                "ALTER TABLE shop.orders ADD PRIMARY KEY (id)",
                "CREATE TABLE reports.note (order_id bigint REFERENCES shop.orders)",
                "CREATE TABLE shop.mine (id int)");
        prepareAndUpload(3);
        Fault refused = fault(() -> warehouse.replace(Landing.load(3)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines().skip(1))
                .containsExactly(
                        "foreign key note_order_id_fkey of reports.note",
                        "materialized view \"reports\".\"m\"",
                        "table shop.mine, which Millrace did not make");
        asUser("DROP TABLE reports.note, shop.mine", "DROP MATERIALIZED VIEW reports.m");
        asUser("CREATE POLICY own ON shop.orders USING (true)");
        asAdmin("INSERT INTO public.datashare_object VALUES ('OUTBOUND', 'partners', 'shop.orders'),"
                + " ('OUTBOUND', 'others', 'shops.orders')");
        Fault shared = fault(() -> warehouse.replace(Landing.load(3)));
        assertThat(shared.getMessage().lines().skip(1))
                .containsExactly("datashare partners of shop.orders", "row-level policy own on shop.orders");
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
        asUser("DROP POLICY own ON shop.orders");
        asAdmin(
                "DELETE FROM public.datashare_object",
                "DROP ROLE IF EXISTS \"ds:partners\"",
                "CREATE ROLE \"ds:partners\"");
        asUser("GRANT SELECT ON shop.lines TO \"ds:partners\"");
        Fault hidden = fault(() -> warehouse.replace(Landing.load(3)));
        assertThat(hidden.getMessage().lines().skip(1)).containsExactly("datashare partners of shop.lines");
        asUser("REVOKE SELECT ON shop.lines FROM \"ds:partners\"");
        assertThat(warehouse.replace(Landing.load(3))).isTrue();
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
    }

    /** The catalog is no part of a transaction's snapshot, as by READ COMMITTED in PostgreSQL. */
    @Test
    void whatIsGivenWhileLocksAreWaitedForHoldsAndWhereNothingIsLittleIsAsked() {
        replaceBy(1);
        asAdmin(
                "ALTER DATABASE " + database() + " SET default_transaction_isolation = 'read committed'",
                "DROP ROLE IF EXISTS rs_early, rs_late, rs_scoped",
                "CREATE ROLE rs_early",
                "CREATE ROLE rs_late",
                "CREATE ROLE rs_scoped");
        asUser("GRANT SELECT ON shop.orders TO rs_early");
        RedshiftFront.front().taken();
        replaceBy(2);
        assertThat(underLocks())
                .hasSize(5)
                .allMatch(sql -> sql.startsWith("SELECT "))
                .filteredOn(sql -> sql.contains("svv_"))
                .hasSize(4)
                .allMatch(sql -> sql.endsWith("'shop'"));

        String scoped = "INSERT INTO public.scoped SELECT oid, 'TABLES', 'SELECT', 'role', 'rs_scoped', false"
                + " FROM pg_namespace WHERE nspname = 'shop'";
        assertThat(replaceWhileLocksAreWaitedFor(3, () -> {
                    asUser(
                            "GRANT SELECT ON shop.orders TO rs_late",
                            "REVOKE SELECT ON shop.orders FROM rs_early",
                            "COMMENT ON COLUMN shop.lines.text IS 'late'");
                    asAdmin(scoped);
                }))
                .isTrue();
        assertThat(underLocks()).hasSizeGreaterThan(5);
        assertThat(Queried.of(
                                warehouse,
                                "SELECT has_table_privilege('rs_early', 'shop.orders', 'SELECT'),"
                                        + " has_table_privilege('rs_late', 'shop.orders', 'SELECT'),"
                                        + " col_description('shop.lines'::regclass, 2),"
                                        + " (SELECT identity_name FROM svv_schema_privileges WHERE namespace_name = 'shop'"
                                        + " AND privilege_scope = 'TABLES')")
                        .rows())
                .containsExactly(List.of("false", "true", "late", "rs_scoped"));

        Fault refused = fault(() -> replaceWhileLocksAreWaitedFor(
                4,
                () -> asUser(
                        "CREATE SCHEMA reports",
                        "CREATE MATERIALIZED VIEW reports.m AS SELECT count(*) FROM shop.lines")));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines().skip(1)).containsExactly("materialized view \"reports\".\"m\"");
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
    }

    /** Between the last locks of a swap and its renames. */
    private static List<String> underLocks() {
        List<String> taken = RedshiftFront.front().taken();
        int renamed = IntStream.range(0, taken.size())
                .filter(i -> taken.get(i).matches("ALTER SCHEMA \\S+ RENAME TO \\S+"))
                .findFirst()
                .orElseThrow();
        int locked = IntStream.range(0, renamed)
                .filter(i -> taken.get(i).startsWith("LOCK TABLE \"shop\"."))
                .max()
                .orElseThrow();
        assertThat(taken.get(locked + 1)).isEqualTo("SET statement_timeout TO 0");
        return taken.subList(locked + 2, renamed);
    }

    private boolean replaceWhileLocksAreWaitedFor(int k, Runnable meanwhile) {
        prepareAndUpload(k);
        RedshiftFront.front().meanwhile("LOCK TABLE \"shop\".", meanwhile);
        return warehouse.replace(Landing.load(k));
    }

    // Who is in the way, who may not enter

    @Test
    void aReplacementThatCannotGoOnNamesWhoIsInItsWay() throws SQLException {
        replaceBy(1);
        prepareAndUpload(2);
        Warehouse hasty = with(Duration.ofMillis(200), Dependents.RECREATE, Json.TEXT, Map.of());
        try (Connection reader = PostgresServer.connect(database(), RedshiftFront.USER);
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM shop.orders");
            Fault older = fault(() -> hasty.replace(Landing.load(2)));
            assertThat(older.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(older)
                    .hasMessageContaining("transactions that began before")
                    .hasMessageContaining(" of warehouse, begun ")
                    .hasMessageContaining("warehouse.redshift.patience");
            warehouse.replace(Landing.load(1));
            // A rollback asks for the locks alone.
            reader.commit();
            warehouse.replace(Landing.load(2));
            statement.execute("SELECT count(*) FROM shop.orders");
            Fault held = fault(hasty::rollback);
            assertThat(held.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(held)
                    .hasMessageContaining("readers hold the tables")
                    .hasMessageContaining(" of warehouse, begun ");
            reader.commit();
        }
        assertThat(hasty.rollback()).isEqualTo(version(1));
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
    }

    /** By a client that has left a transaction open, or by a process that stands still. */
    @Test
    void whatIsOursAndHeldByOthersIsNotWaitedForWithoutEnd() throws SQLException {
        replaceBy(1);
        Warehouse hasty = with(Duration.ofMillis(200), Dependents.RECREATE, Json.TEXT, Map.of());
        try (Connection other = PostgresServer.connect(database(), RedshiftFront.USER);
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("SELECT * FROM _millrace.shop__version");
            Fault held = fault(() -> hasty.prepare(Landing.load(2)));
            assertThat(held.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(held)
                    .hasMessageStartingWith(
                            "Cannot go on: others hold _millrace.\"shop__version\" for longer than 0 s: ")
                    .hasMessageContaining(" of warehouse, begun ")
                    .hasMessageEndingWith(
                            ": live is as it was; run again when they have ended, or raise warehouse.redshift.patience");
            other.commit();
            hasty.prepare(Landing.load(2));
            statement.execute("SELECT * FROM \"" + VersionTable.namespace("shop", Landing.runId(2)) + "\".orders");
            List<LandedTable> tables = landing.written(2, 1);
            assertThat(fault(() -> tables.forEach(t -> hasty.upload(Landing.load(2), t, landing.storage(), f -> {}))))
                    .hasMessageEndingWith(": other transactions are in the way; live is as it was; run again, or raise"
                            + " warehouse.redshift.patience");
            other.commit();
            upload(Landing.load(2), tables);
        }
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    @Test
    void aVersionThatIsReadStillIsDroppedLater() throws SQLException {
        replaceBy(1);
        try (Connection reader = PostgresServer.connect(database(), RedshiftFront.USER);
                Statement statement = reader.createStatement()) {
            replaceBy(2);
            reader.setAutoCommit(false);
            statement.execute("SELECT * FROM \"" + VersionTable.namespace("shop", Landing.runId(1)) + "\".orders");
            warehouse.dropPrevious(0);
            assertThat(warehouse.previous()).contains(version(1));
            reader.commit();
            warehouse.dropPrevious(0);
            assertThat(warehouse.previous()).isEmpty();
        }
    }

    @Test
    void whoDoesNotSeeWhatOthersDoIsRefusedByNameOfWhatIsMissing() {
        replaceBy(1);
        prepareAndUpload(2);
        String who = "User warehouse of Redshift 127.0.0.1:"
                + options().server().port() + "/" + database() + " does not see what others do, and lacks ";
        String logs = "SYSLOG ACCESS UNRESTRICTED, to see whose transactions have to be waited for: ALTER USER"
                + " \"warehouse\" SYSLOG ACCESS UNRESTRICTED";
        String rights = "ACCESS SYSTEM TABLE, to see what others gave to the live tables: GRANT ROLE sys:monitor TO"
                + " \"warehouse\", or grant a role of your own that has it";
        String end = ". Have it granted by a superuser, and run again; live is as it was";
        warehouse.requireUsable();
        for (String access : List.of("'RESTRICTED'", "NULL")) {
            asAdmin("UPDATE public.user_info SET syslog_access = " + access);
            assertSightless(who + logs + end, () -> warehouse.replace(Landing.load(2)));
            assertSightless(who + logs + end, warehouse::requireUsable);
        }
        asAdmin("UPDATE public.user_grant SET role_name = 'loaders'");
        assertSightless(who + logs + "; and " + rights + end, () -> warehouse.prepare(Landing.load(2)));
        asAdmin("UPDATE public.user_info SET syslog_access = 'UNRESTRICTED'");
        assertSightless(who + rights + end, () -> warehouse.replace(Landing.load(2)));
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");

        // Through a role of a role.
        asAdmin("INSERT INTO public.role_grant VALUES ('loaders', 'watchers'), ('watchers', 'loaders'),"
                + " ('watchers', 'sys:monitor')");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        asAdmin("DELETE FROM public.role_grant");
        assertSightless(who + rights + end, () -> warehouse.rollback());
        asAdmin("UPDATE public.user_info SET superuser = true, syslog_access = 'RESTRICTED'");
        assertThat(warehouse.rollback()).isEqualTo(version(1));
        asAdmin("DROP VIEW pg_catalog.svv_user_info");
        assertThat(fault(() -> warehouse.prepare(Landing.load(3))))
                .hasMessageEndingWith(
                        ": relation \"svv_user_info\" does not exist: mend what the server says, and run again");
    }

    private static void assertSightless(String message, Runnable act) {
        Fault refused = fault(act);
        assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(refused).hasMessage(message);
    }

    @Test
    void whoMayNotEnterIsTold() {
        Redshift right = options().server();
        for (List<String> wrong : List.of(
                List.of(right.database(), "wrong", "check warehouse.redshift.user and password"),
                List.of("none", PostgresServer.PASSWORD, "check warehouse.redshift.database"))) {
            RedshiftOptions options = new RedshiftOptions(
                    new Redshift(
                            right.host(),
                            right.port(),
                            wrong.get(0),
                            right.user(),
                            right.password(),
                            right.iamRole(),
                            right.tls(),
                            right.patience(),
                            right.dependents(),
                            right.json(),
                            right.tables()),
                    wrong.get(1));
            Fault refused = fault(() -> new RedshiftWarehouse(options, "shop").live());
            assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(refused.getMessage())
                    .contains(wrong.get(2), "database " + wrong.get(0), "user " + right.user())
                    .doesNotContain("\n", PostgresServer.PASSWORD);
            assertThat(options.toString()).doesNotContain(wrong.get(1));
        }
        asAdmin("REVOKE CREATE ON DATABASE " + right.database() + " FROM warehouse");
        Fault noRight = fault(() -> warehouse.prepare(Landing.load(1)));
        assertThat(noRight.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(noRight)
                .hasMessageContaining("permission denied for database " + right.database())
                .hasMessageEndingWith(": have this run by who may, and run again: GRANT CREATE ON DATABASE \""
                        + right.database() + "\" TO \"warehouse\"");
        asAdmin("GRANT CREATE ON DATABASE " + right.database() + " TO warehouse");
        replaceBy(1);
        asUser("DROP TABLE shop.lines");
        prepareAndUpload(2);
        assertThat(warehouse.check(Landing.load(2), List.of(), List.of()).liveRows())
                .containsOnlyKeys("orders");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    /** What {@code scripts/verify-redshift} runs on a cluster, here on the front and a landing on S3. */
    @Test
    void theProofsForAClusterRun() {
        Storage s3 = Storages.open("s3://" + S3Server.newBucket() + "/landing", S3Server.options());
        assertThat(RedshiftProof.run(options(), s3, folder.resolve("proof"), 2)).isEmpty();
        assertThat(schemas()).containsExactly("_millrace");
    }

    private String database() {
        return Engine.options(folder).server().database();
    }

    @Override
    protected void assertNothingLeftBut(int live, int previous) {
        assertThat(schemas())
                .containsExactly("_millrace", "shop", VersionTable.namespace("shop", Landing.runId(previous)));
    }

    private List<String> schemas() {
        try (Connection connection = PostgresServer.connect(database(), RedshiftFront.USER);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'"
                        + " AND nspname NOT IN ('public', 'information_schema') ORDER BY 1")) {
            List<String> names = new ArrayList<>();
            while (result.next()) {
                names.add(result.getString(1));
            }
            return names;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
