package dev.millrace.warehouse.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.WarehouseSettings.Dependents;
import dev.millrace.config.WarehouseSettings.Postgres;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import dev.millrace.testing.PostgresServer;
import dev.millrace.testing.SmallDisk;
import dev.millrace.testing.Warnings;
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
import java.nio.ByteBuffer;
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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The contract on a PostgreSQL server, and what is special about one. */
class PostgresWarehouseTest extends WarehouseContract {
    /** A database of its own for each folder, which says where it is. */
    public static final class Engine implements WarehouseEngine {
        @Override
        public Warehouse open(Path folder, Steps steps) {
            return new PostgresWarehouse(options(folder), SCHEMA, steps);
        }

        static PostgresOptions options(Path folder) {
            Path place = folder.resolve("postgres");
            try {
                if (!Files.exists(place)) {
                    Files.writeString(place, PostgresServer.port() + " " + PostgresServer.newDatabase());
                }
                String[] words = Files.readString(place).split(" ", -1);
                return PostgresServer.options(Integer.parseInt(words[0]), words[1]);
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

    private String database() {
        return Engine.options(folder).server().database();
    }

    private void asAdmin(String... statements) {
        PostgresServer.execute(database(), PostgresServer.ADMIN, statements);
    }

    private void asLoader(String... statements) {
        PostgresServer.execute(database(), PostgresServer.LOADER, statements);
    }

    @Test
    void aValueThatTheServerCannotHoldIsNamedByFileRowAndColumn() {
        TableDefinition table = new TableDefinition(
                "t",
                List.of(new Column("id", ColumnType.BIGINT, true), new Column("text", ColumnType.STRING, true)),
                List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        DataFile file = landing.parquet(
                "t",
                "t.parquet",
                3,
                "SELECT i AS id, 'a' || chr(CASE i WHEN 2 THEN 0 ELSE 65 END) AS text"
                        + " FROM (VALUES (1::BIGINT), (2), (3)) v(i)");
        Fault refused = fault(() -> warehouse.upload(
                load, Landing.table(table, FileFormat.PARQUET, Codec.ZSTD, List.of(file)), landing.storage(), f -> {}));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.SPOILED);
        assertThat(refused)
                .hasMessageStartingWith("Cannot load " + landing.storage().uri("t.parquet")
                        + " into t: row 2, column text: invalid byte sequence for encoding \"UTF8\": 0x00");
        assertThat(warehouse.check(load, List.of(), List.of()).stagingRows()).containsEntry("t", 0L);
    }

    @Test
    void aValueOfACsvFileThatTheServerCannotHoldIsNamedWithWhatToDo() {
        TableDefinition table = new TableDefinition("t", List.of(new Column("id", ColumnType.BIGINT, true)), List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        DataFile file = landing.file("t", "t.csv", 2, bytes("id\n1\nsecret\n"));
        Fault refused = fault(() -> warehouse.upload(
                load, Landing.table(table, FileFormat.CSV, Codec.NONE, List.of(file)), landing.storage(), f -> {}));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.SPOILED);
        assertThat(refused)
                .hasMessage(
                        "Cannot load " + landing.storage().uri("t.csv") + " into t: row 2, column id holds what is no"
                                + " bigint: leave the column out or compute another, and run again");
    }

    /** Its header begins the file's content, and its rows a frame of Zstandard. */
    @Test
    void aPageThatCannotBeDecodedEndsItsRun() throws IOException {
        Load load = Landing.load(1);
        warehouse.prepare(load);
        DataFile file = landing.written(1, 1).get(0).files().get(0);
        Path path = landing.storage().localPath(file.path()).orElseThrow();
        byte[] content = Files.readAllBytes(path);
        int frame = 4;
        while (ByteBuffer.wrap(content).getInt(frame) != 0x28B52FFD) {
            frame++;
        }
        for (int bad : List.of(4, frame)) {
            byte[] corrupt = content.clone();
            corrupt[bad] ^= 0x55;
            DataFile broken = landing.file("orders", file.path(), 10, corrupt);
            Fault refused = fault(() -> warehouse.upload(
                    load,
                    Landing.table(Landing.ORDERS, FileFormat.PARQUET, Codec.ZSTD, List.of(broken)),
                    landing.storage(),
                    f -> {}));
            assertThat(refused.kind()).as(refused.getMessage()).isEqualTo(Fault.Kind.SPOILED);
            assertThat(refused)
                    .hasMessageStartingWith("Cannot load " + landing.storage().uri(file.path())
                            + " into orders: it is no whole Parquet file: ")
                    .hasMessageEndingWith(": the next run extracts again");
        }
    }

    @Test
    void aDiskThatIsFullIsToldAndTheRunGoesOnOnceThereIsRoom() throws IOException {
        Path place = PostgresServer.folder().resolve("small");
        try (SmallDisk disk = SmallDisk.mount(place, 2_000)) {
            Files.setOwner(place, Files.getOwner(PostgresServer.folder()));
            asAdmin(
                    "CREATE TABLESPACE small LOCATION '" + place + "'",
                    "GRANT CREATE ON TABLESPACE small TO loader",
                    "ALTER DATABASE " + database() + " SET default_tablespace = small");
            try {
                replaceBy(1);
                TableDefinition large =
                        new TableDefinition("large", List.of(new Column("text", ColumnType.STRING, true)), List.of());
                Load load = Landing.load(2, List.of(Landing.ORDERS, Landing.LINES, large));
                DataFile file = landing.parquet(
                        "large", "large.parquet", 40_000, "SELECT md5(range::VARCHAR) AS text FROM range(40000)");
                List<LandedTable> tables = new ArrayList<>(landing.written(2, 1));
                tables.add(Landing.table(large, FileFormat.PARQUET, Codec.ZSTD, List.of(file)));
                warehouse.prepare(load);
                Fault full = fault(() -> upload(load, tables));
                assertThat(full.kind()).isEqualTo(Fault.Kind.WORLD);
                assertThat(full)
                        .hasMessageStartingWith(
                                "Cannot load " + landing.storage().uri("large.parquet") + " into large: ")
                        .hasMessageContaining("No space left on device")
                        .hasMessageEndingWith(": make room, and run again; live is as it was");
                assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
                disk.resize(50_000);
                warehouse.prepare(load);
                upload(load, tables);
                assertThat(warehouse.replace(load)).isTrue();
                assertThat(Queried.of(warehouse, "SELECT count(*) FROM large").rows())
                        .containsExactly(List.of("40000"));
            } finally {
                PostgresServer.execute(
                        "postgres",
                        PostgresServer.ADMIN,
                        "DROP DATABASE " + database() + " WITH (FORCE)",
                        "DROP TABLESPACE small");
            }
        }
    }

    @Test
    void theNextVersionGetsWhatPeopleGaveToLive() {
        replaceBy(1);
        asAdmin("DROP ROLE IF EXISTS analyst, keeper", "CREATE ROLE analyst", "CREATE ROLE keeper ROLE loader");
        asLoader(
                "GRANT CREATE, USAGE ON SCHEMA shop TO keeper",
                "ALTER TABLE shop.orders OWNER TO keeper",
                "GRANT USAGE ON SCHEMA shop TO analyst",
                "GRANT SELECT ON shop.orders TO analyst WITH GRANT OPTION",
                "GRANT UPDATE (text) ON shop.lines TO analyst",
                "REVOKE TRUNCATE ON shop.lines FROM loader",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO analyst",
                "COMMENT ON SCHEMA shop IS 'it''s the shop'",
                "COMMENT ON TABLE shop.orders IS 'orders'",
                "COMMENT ON COLUMN shop.lines.text IS 'text'",
                "CREATE UNIQUE INDEX \"by ON shop.orders id\" ON shop.orders USING btree (id DESC) WHERE id > 0",
                "ALTER TABLE shop.lines ADD CONSTRAINT positive CHECK (order_id >= 0)",
                "ALTER TABLE shop.lines ALTER COLUMN text SET DEFAULT 'it''s none', ALTER COLUMN text SET NOT NULL,"
                        + " ALTER COLUMN text SET STORAGE EXTERNAL, ALTER COLUMN text SET STATISTICS 500,"
                        + " ALTER COLUMN version SET (n_distinct = 1)",
                "ALTER TABLE shop.lines SET (fillfactor = 70, toast.autovacuum_enabled = false)",
                "CREATE STATISTICS shop.\"to gether\" (ndistinct) ON order_id, version FROM shop.lines",
                "COMMENT ON INDEX shop.\"by ON shop.orders id\" IS 'it''s for reports'",
                "COMMENT ON CONSTRAINT positive ON shop.lines IS 'ids of orders'",
                "COMMENT ON STATISTICS shop.\"to gether\" IS 'they depend'",
                "ALTER STATISTICS shop.\"to gether\" SET STATISTICS 200",
                "CREATE INDEX halves ON shop.orders ((id / 2))",
                "ALTER INDEX shop.halves ALTER COLUMN 1 SET STATISTICS 300");
        TableDefinition more =
                new TableDefinition("more", List.of(new Column("id", ColumnType.BIGINT, true)), List.of());
        for (int k = 2; k <= 3; k++) {
            Load load = Landing.load(k, List.of(Landing.ORDERS, Landing.LINES, more));
            warehouse.prepare(load);
            upload(load, landing.written(k, 1));
            assertThat(warehouse.replace(load)).isTrue();
            assertThat(Queried.of(
                                    warehouse,
                                    "SELECT (SELECT tableowner::text FROM pg_tables WHERE schemaname = 'shop' AND tablename = 'orders'),"
                                            + " has_schema_privilege('analyst', 'shop', 'USAGE'),"
                                            + " has_table_privilege('analyst', 'shop.orders', 'SELECT WITH GRANT OPTION'),"
                                            + " has_table_privilege('analyst', 'shop.lines', 'SELECT'),"
                                            + " has_column_privilege('analyst', 'shop.lines', 'text', 'UPDATE'),"
                                            + " has_table_privilege('analyst', 'shop.more', 'SELECT'),"
                                            + " has_table_privilege('loader', 'shop.lines', 'TRUNCATE'),"
                                            + " obj_description('shop'::regnamespace, 'pg_namespace'),"
                                            + " obj_description('shop.orders'::regclass, 'pg_class'),"
                                            + " col_description('shop.lines'::regclass, 2)")
                            .rows())
                    .containsExactly(List.of(
                            "keeper",
                            "true",
                            "true",
                            "false",
                            "true",
                            "true",
                            "false",
                            "it's the shop",
                            "orders",
                            "text"));
            assertThat(Queried.of(
                                    warehouse,
                                    "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'shop' UNION ALL SELECT conname"
                                            + " FROM pg_constraint WHERE connamespace = 'shop'::regnamespace"
                                            + " AND contype <> 'n' ORDER BY 1")
                            .rows())
                    .containsExactly(List.of("by ON shop.orders id"), List.of("halves"), List.of("positive"));
            assertThat(listed("SELECT stxstattarget FROM pg_statistic_ext WHERE stxnamespace = 'shop'::regnamespace"
                            + " UNION ALL SELECT attstattarget FROM pg_attribute"
                            + " WHERE attrelid = 'shop.halves'::regclass"))
                    .containsExactly("200", "300");
            assertThat(listed("SELECT obj_description('shop.\"by ON shop.orders id\"'::regclass, 'pg_class') UNION ALL"
                            + " SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'positive'"
                            + " AND connamespace = 'shop'::regnamespace UNION ALL"
                            + " SELECT obj_description(oid, 'pg_statistic_ext') FROM pg_statistic_ext"
                            + " WHERE stxnamespace = 'shop'::regnamespace"))
                    .containsExactly("it's for reports", "ids of orders", "they depend");
            assertThat(Queried.of(
                                    warehouse,
                                    "SELECT pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.attstorage::text,"
                                            + " a.attstattarget, v.attoptions::text, c.reloptions::text,"
                                            + " (SELECT t.reloptions::text FROM pg_class t WHERE t.oid = c.reltoastrelid),"
                                            + " (SELECT pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s"
                                            + " WHERE s.stxrelid = c.oid) FROM pg_class c"
                                            + " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'text'"
                                            + " JOIN pg_attribute v ON v.attrelid = c.oid AND v.attname = 'version'"
                                            + " JOIN pg_attrdef d ON d.adrelid = c.oid WHERE c.oid = 'shop.lines'::regclass")
                            .rows())
                    .containsExactly(List.of(
                            "'it''s none'::text",
                            "true",
                            "e",
                            "500",
                            "{n_distinct=1}",
                            "{fillfactor=70}",
                            "{autovacuum_enabled=false}",
                            "CREATE STATISTICS shop.\"to gether\" (ndistinct) ON order_id, version FROM lines"));
        }
    }

    @Test
    void whereRowsLieAndHowTheyAreKeptIsTheNextVersionsToo() throws IOException {
        Path place = Files.createDirectories(PostgresServer.folder().resolve("other"));
        Files.setOwner(place, Files.getOwner(PostgresServer.folder()));
        replaceBy(1);
        asAdmin(
                "CREATE TABLESPACE other LOCATION '" + place + "'",
                "GRANT CREATE ON TABLESPACE other TO loader",
                "CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler");
        try {
            // Tables change their access method from 15 on, columns their compression from 14 on.
            boolean hasMethods = PostgresServer.major() >= 15;
            boolean hasCompression = PostgresServer.major() >= 14;
            asLoader(
                    hasMethods ? "ALTER TABLE shop.lines SET ACCESS METHOD heap_too" : "SELECT 1",
                    hasCompression ? "ALTER TABLE shop.lines ALTER COLUMN text SET COMPRESSION pglz" : "SELECT 1",
                    "ALTER TABLE shop.lines SET UNLOGGED",
                    "ALTER TABLE shop.lines SET TABLESPACE other",
                    "ALTER TABLE shop.lines REPLICA IDENTITY FULL",
                    "CREATE UNIQUE INDEX one ON shop.orders (id)",
                    "ALTER INDEX shop.one SET TABLESPACE other",
                    "ALTER TABLE shop.orders ADD CONSTRAINT key PRIMARY KEY (version, id)",
                    "ALTER TABLE shop.orders REPLICA IDENTITY USING INDEX one",
                    "ALTER TABLE shop.orders CLUSTER ON key");
            for (int k = 2; k <= 3; k++) {
                replaceBy(k);
                assertThat(
                                listed(
                                        "SELECT c.relname || ' ' || m.amname || ' ' || relpersistence::text || relreplident::text || ' '"
                                                + " || coalesce(t.spcname, '') || ' ' || coalesce(to_jsonb(a)->>'attcompression', '')"
                                                + " FROM pg_class c"
                                                + " JOIN pg_am m ON m.oid = c.relam JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 2"
                                                + " LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace"
                                                + " WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' ORDER BY 1"))
                        .containsExactly(
                                "lines heap" + (hasMethods ? "_too" : "") + " uf other " + (hasCompression ? "p" : ""),
                                "orders heap pi  ");
                assertThat(listed("SELECT i.relname || ' ' || coalesce(t.spcname, '') || ' ' || x.indisreplident || ' '"
                                + " || x.indisclustered FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
                                + " LEFT JOIN pg_tablespace t ON t.oid = i.reltablespace"
                                + " WHERE i.relnamespace = 'shop'::regnamespace ORDER BY 1"))
                        .containsExactly("key  false true", "one other true false");
            }
            asLoader("ALTER TABLE shop.lines SET LOGGED");
            replaceBy(4);
            assertThat(listed("SELECT relpersistence FROM pg_class WHERE oid = 'shop.lines'::regclass"))
                    .containsExactly("p");
            asAdmin("REVOKE CREATE ON TABLESPACE other FROM loader");
            Fault refused = fault(() -> warehouse.prepare(Landing.load(5)));
            assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
            assertThat(refused)
                    .hasMessageContaining("\"lines\" SET TABLESPACE other: permission denied for tablespace other: ");
        } finally {
            PostgresServer.execute(
                    "postgres",
                    PostgresServer.ADMIN,
                    "DROP DATABASE " + database() + " WITH (FORCE)",
                    "DROP TABLESPACE other");
        }
    }

    @Test
    void whatNamesAColumnThatIsGoneOrDoesNotFitItsNewTypeIsLeftBehindWithItsStatement() {
        TableDefinition before = new TableDefinition(
                "t",
                List.of(
                        new Column("id", ColumnType.BIGINT, true),
                        new Column("gone", ColumnType.STRING, true),
                        new Column("size", ColumnType.STRING, true)),
                List.of());
        TableDefinition after = new TableDefinition(
                "t",
                List.of(new Column("id", ColumnType.BIGINT, true), new Column("size", ColumnType.BIGINT, true)),
                List.of());
        replaceTable(1, before, "SELECT 1::BIGINT AS id, 'a' AS gone, '1' AS size");
        asLoader(
                "CREATE INDEX gone ON shop.t (gone)",
                "CREATE INDEX of_expression ON shop.t (lower(gone))",
                "CREATE INDEX of_part ON shop.t (id) WHERE gone > ''",
                "CREATE STATISTICS shop.together ON id, gone FROM shop.t",
                "ALTER TABLE shop.t ADD CONSTRAINT filled CHECK (gone <> ''), ADD CONSTRAINT once UNIQUE (id, gone)",
                "CREATE INDEX fitting ON shop.t (size)",
                "CREATE INDEX of_text ON shop.t (size text_pattern_ops)",
                "COMMENT ON INDEX shop.of_text IS 'fast'",
                "COMMENT ON INDEX shop.fitting IS 'fits'",
                "ALTER TABLE shop.t ADD CONSTRAINT sized CHECK (size <> ''), ADD CONSTRAINT given CHECK (size IS NOT NULL)",
                "ALTER TABLE shop.t ALTER COLUMN gone SET DEFAULT 'none', ALTER COLUMN size SET DEFAULT 'none',"
                        + " ALTER COLUMN size SET STORAGE EXTERNAL, ALTER COLUMN size SET STATISTICS 500",
                "ALTER TABLE shop.t SET (toast.autovacuum_enabled = false)");
        List<String> told;
        try (Warnings warnings = new Warnings(PostgresInherited.class)) {
            replaceTable(2, after, "SELECT 1::BIGINT AS id, 1::BIGINT AS size");
            told = warnings.told().stream().distinct().sorted().toList();
        }
        assertThat(told).allMatch(line -> line.startsWith("What was made of table t is not taken over: "));
        assertThat(told.stream()
                        .map(line ->
                                line.substring(line.indexOf(": ") + 2).replaceAll("shop__[0-9a-z_]+", "shop__RUN")))
                .containsExactly(
                        "column size has another type, and PostgreSQL says column \"size\" is of type bigint but default"
                                + " expression is of type text: ALTER TABLE \"shop\".\"t\" ALTER COLUMN size SET DEFAULT"
                                + " 'none'::text",
                        "column size has another type, and PostgreSQL says column data type bigint can only have storage"
                                + " PLAIN: ALTER TABLE \"shop\".\"t\" ALTER COLUMN size SET STORAGE EXTERNAL",
                        "column size has another type, and PostgreSQL says operator class \"text_pattern_ops\" does not"
                                + " accept data type bigint: CREATE INDEX \"of_text\" ON \"shop\".\"t\" USING btree (size"
                                + " text_pattern_ops)",
                        "column size has another type, and PostgreSQL says operator does not exist: bigint <> text: ALTER"
                                + " TABLE \"shop\".\"t\" ADD CONSTRAINT \"sized\" CHECK ((size <> ''::text))",
                        "column size has another type, and PostgreSQL says relation \"shop__RUN.of_text\" does not exist:"
                                + " COMMENT ON INDEX \"shop\".\"of_text\" IS 'fast'",
                        "this run has no TOAST: ALTER TABLE \"shop\".\"t\" SET (toast.autovacuum_enabled = 'false')",
                        "this run has no column gone: ALTER TABLE \"shop\".\"t\" ADD CONSTRAINT \"filled\" CHECK ((gone <>"
                                + " ''::text))",
                        "this run has no column gone: ALTER TABLE \"shop\".\"t\" ADD CONSTRAINT \"once\" UNIQUE (id, gone)",
                        "this run has no column gone: ALTER TABLE \"shop\".\"t\" ALTER COLUMN gone SET DEFAULT 'none'::text",
                        "this run has no column gone: CREATE INDEX \"gone\" ON \"shop\".\"t\" USING btree (gone)",
                        "this run has no column gone: CREATE INDEX \"of_expression\" ON \"shop\".\"t\" USING btree"
                                + " (lower(gone))",
                        "this run has no column gone: CREATE INDEX \"of_part\" ON \"shop\".\"t\" USING btree (id) WHERE"
                                + " (gone > ''::text)",
                        "this run has no column gone: CREATE STATISTICS \"shop\".\"together\" ON id, gone FROM"
                                + " \"shop\".\"t\"");
        assertThat(listed("SELECT indexname FROM pg_indexes WHERE schemaname = 'shop' UNION ALL SELECT conname"
                        + " FROM pg_constraint WHERE connamespace = 'shop'::regnamespace AND contype <> 'n' UNION ALL SELECT stxname"
                        + " FROM pg_statistic_ext WHERE stxnamespace = 'shop'::regnamespace ORDER BY 1"))
                .containsExactly("fitting", "given");
        assertThat(listed("SELECT attstattarget::text FROM pg_attribute WHERE attrelid = 'shop.t'::regclass"
                        + " AND attname = 'size'"))
                .containsExactly("500");

        asLoader("ALTER TABLE shop.t ADD CONSTRAINT few CHECK (size < 3)");
        try (Warnings warnings = new Warnings(PostgresInherited.class)) {
            replaceTable(3, after, "SELECT 1::BIGINT AS id, 2::BIGINT AS size");
            assertThat(warnings.told()).isEmpty();
        }
        // What does not hold for the rows is refused, whatever the type.
        TableDefinition fine = new TableDefinition(
                "t",
                List.of(new Column("id", ColumnType.BIGINT, true), new Column("size", ColumnType.decimal(5, 2), true)),
                List.of());
        Fault refused = fault(() -> replaceTable(4, fine, "SELECT 1::BIGINT AS id, 3.00::DECIMAL(5,2) AS size"));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused).hasMessageContaining("ADD CONSTRAINT \"few\"");
        assertThat(listed("SELECT size::text FROM shop.t")).containsExactly("2");

        asLoader("ALTER TABLE shop.t DROP CONSTRAINT few, ADD CONSTRAINT once UNIQUE (size)");
        Fault tooLong = fault(() -> replaceTable(
                5,
                text("size"),
                "SELECT 1::BIGINT AS id, (SELECT string_agg(md5(i::VARCHAR), '') FROM range(999) r(i)) AS size"));
        assertThat(tooLong.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(tooLong).hasMessageContaining("ADD CONSTRAINT \"once\"").hasMessageContaining("index row ");
    }

    private static TableDefinition text(String column) {
        return new TableDefinition(
                "t",
                List.of(new Column("id", ColumnType.BIGINT, true), new Column(column, ColumnType.STRING, true)),
                List.of());
    }

    /** An index on a column as it was, and on one of another type. */
    @Test
    void aServerThatGoesAwayWhileSomethingIsGivenEndsNoRun() {
        TableDefinition numbers = new TableDefinition(
                "t",
                List.of(new Column("id", ColumnType.BIGINT, true), new Column("size", ColumnType.BIGINT, true)),
                List.of());
        replaceTable(1, numbers, "SELECT 1::BIGINT AS id, 1::BIGINT AS size");
        asAdmin("CREATE FUNCTION public.stop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN"
                + " PERFORM pg_terminate_backend(pg_backend_pid()); END'");
        DataFile file = landing.parquet("t", "2.parquet", 1, "SELECT 1::BIGINT AS id, '1' AS size");
        Load load = Landing.load(2, List.of(text("size")));
        warehouse.prepare(load);
        upload(load, List.of(Landing.table(text("size"), FileFormat.PARQUET, Codec.ZSTD, List.of(file))));
        for (String column : List.of("id", "size")) {
            asLoader("DROP INDEX IF EXISTS shop.given", "CREATE INDEX given ON shop.t (" + column + ")");
            asAdmin("CREATE EVENT TRIGGER stop ON ddl_command_end WHEN TAG IN ('CREATE INDEX')"
                    + " EXECUTE FUNCTION public.stop()");
            Fault lost = fault(() -> warehouse.replace(load));
            asAdmin("DROP EVENT TRIGGER stop");
            assertThat(lost.kind()).as(column).isEqualTo(Fault.Kind.WORLD);
            assertThat(lost).hasMessageContaining("terminating connection");
        }
        assertThat(warehouse.replace(load)).isTrue();
        assertThat(listed("SELECT indexname FROM pg_indexes WHERE schemaname = 'shop'"))
                .containsExactly("given");
    }

    private void replaceTable(int k, TableDefinition table, String select) {
        DataFile file = landing.parquet("t", k + ".parquet", 1, select);
        Load load = Landing.load(k, List.of(table));
        warehouse.prepare(load);
        upload(load, List.of(Landing.table(table, FileFormat.PARQUET, Codec.ZSTD, List.of(file))));
        assertThat(warehouse.replace(load)).isTrue();
    }

    @Test
    void whatDoesNotTakeIsToldAsThat() {
        replaceBy(1);
        asLoader("CREATE INDEX by_text ON shop.lines (text)");
        asAdmin(
                "CREATE FUNCTION public.undo() RETURNS event_trigger LANGUAGE plpgsql AS 'DECLARE made record; BEGIN"
                        + " FOR made IN SELECT object_identity AS name FROM pg_event_trigger_ddl_commands() LOOP"
                        + " EXECUTE ''DROP INDEX '' || made.name; END LOOP; END'",
                "CREATE EVENT TRIGGER undo ON ddl_command_end WHEN TAG IN ('CREATE INDEX')"
                        + " EXECUTE FUNCTION public.undo()");
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        Fault refused = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused)
                .hasMessageContaining("; live is as it was: table lines of live has index by_text, and the staging has"
                        + " not, though it was given: take it from live, and start the job again: CREATE INDEX");
        asAdmin("DROP EVENT TRIGGER undo");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
    }

    /** A default of one millisecond ends whoever does something else within a transaction. */
    @Test
    void whatIsSetForAllSessionsOfADatabaseHindersNoRun() {
        asAdmin(
                "ALTER DATABASE " + database() + " SET idle_in_transaction_session_timeout = 1",
                "ALTER DATABASE " + database() + " SET default_transaction_isolation = 'serializable'");
        replaceBy(1);
        replaceBy(2);
        asAdmin("ALTER DATABASE " + database() + " SET default_transaction_read_only = on");
        Fault readOnly = fault(() -> warehouse.prepare(Landing.load(3)));
        assertThat(readOnly.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(readOnly)
                .hasMessageContaining(" in a read-only transaction: name the primary by warehouse.postgres.host")
                .hasMessageEndingWith("; then run again");
    }

    @Test
    void whatAVersionForbadeOfItselfTheNextOneMayHave() {
        for (int k = 1; k <= 2; k++) {
            TableDefinition table = new TableDefinition(
                    "t",
                    List.of(
                            new Column("price, net", ColumnType.decimal(9, 2), k == 2),
                            new Column("id", ColumnType.BIGINT, k == 2)),
                    List.of());
            DataFile file = landing.parquet(
                    "t",
                    k + ".parquet",
                    1,
                    k == 1
                            ? "SELECT 1.00::DECIMAL(9,2) AS \"price, net\", 1::BIGINT AS id"
                            : "SELECT NULL::DECIMAL(9,2) AS \"price, net\", NULL::BIGINT AS id");
            Load load = Landing.load(k, List.of(table));
            warehouse.prepare(load);
            upload(load, List.of(Landing.table(table, FileFormat.PARQUET, Codec.ZSTD, List.of(file))));
            assertThat(warehouse.replace(load)).isTrue();
        }
        assertThat(Queried.of(warehouse, "SELECT * FROM t").rows()).containsExactly(List.of("∅", "∅"));
    }

    @Test
    void whatCannotBeGivenIsToldWithItsStatement() {
        replaceBy(1);
        asAdmin(
                "CREATE ROLE stranger_of_shop",
                "ALTER DEFAULT PRIVILEGES FOR ROLE stranger_of_shop IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC");
        Fault refused = fault(() -> warehouse.prepare(Landing.load(2)));
        asAdmin("DROP OWNED BY stranger_of_shop", "DROP ROLE stranger_of_shop");
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused)
                .hasMessageContaining("what live has cannot be given to it: ALTER DEFAULT PRIVILEGES FOR ROLE"
                        + " \"stranger_of_shop\" IN SCHEMA ")
                .hasMessageEndingWith(
                        ": let the job's user run this statement, or take it from live, and start the job again");
        replaceBy(3);
    }

    @Test
    void viewsInOtherSchemasReadTheNewTables() {
        replaceBy(1);
        asAdmin("DROP ROLE IF EXISTS viewer", "CREATE ROLE viewer");
        asLoader(
                "CREATE SCHEMA reports",
                "CREATE VIEW reports.newest WITH (security_barrier=true) AS SELECT max(version) AS version FROM shop.orders",
                "CREATE VIEW reports.both AS SELECT n.version, (SELECT count(*) FROM shop.lines) AS lines"
                        + " FROM reports.newest n",
                "GRANT SELECT ON reports.both TO viewer");
        replaceBy(2);
        assertThat(Queried.of(
                                warehouse,
                                "SELECT version, lines, has_table_privilege('viewer', 'reports.both', 'SELECT')"
                                        + " FROM reports.both")
                        .rows())
                .containsExactly(List.of("2", "20", "true"));
        warehouse.rollback();
        assertThat(Queried.of(warehouse, "SELECT version FROM reports.both").rows())
                .containsExactly(List.of("1"));
        warehouse.dropPrevious(0);
        assertThat(Queried.of(warehouse, "SELECT version FROM reports.both").rows())
                .containsExactly(List.of("1"));
    }

    /** Of a view the server would lock all that it reads, by the rights of the view's owner. */
    @Test
    void aViewThatReadsWhatItsOwnerMayOnlyReadIsNoObstacle() {
        replaceBy(1);
        asAdmin(
                "DROP ROLE IF EXISTS view_analyst",
                "CREATE ROLE view_analyst",
                "CREATE SCHEMA hr",
                "CREATE TABLE hr.region AS SELECT 'north' AS name",
                "CREATE SCHEMA theirs AUTHORIZATION view_analyst",
                "GRANT USAGE ON SCHEMA hr TO loader, view_analyst",
                "GRANT SELECT ON hr.region TO loader, view_analyst");
        asLoader(
                "CREATE SCHEMA reports",
                "CREATE VIEW reports.ours AS SELECT max(o.version) AS version FROM shop.orders o, hr.region",
                "GRANT USAGE ON SCHEMA shop TO view_analyst",
                "GRANT SELECT ON ALL TABLES IN SCHEMA shop TO view_analyst");
        replaceBy(2);
        assertThat(Queried.of(warehouse, "SELECT version FROM reports.ours").rows())
                .containsExactly(List.of("2"));

        asAdmin(
                "SET ROLE view_analyst",
                "CREATE VIEW theirs.regions AS SELECT max(l.version) AS version FROM shop.lines l, hr.region");
        warehouse.prepare(Landing.load(3));
        upload(Landing.load(3), landing.written(3, 1));
        Fault refused = fault(() -> warehouse.replace(Landing.load(3)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines().skip(1))
                .containsExactly("view \"theirs\".\"regions\", which only its owner can make anew (GRANT"
                        + " \"view_analyst\" TO the job's user lets it)");
        asAdmin("GRANT view_analyst TO loader");
        assertThat(warehouse.replace(Landing.load(3))).isTrue();
        assertThat(Queried.of(warehouse, "SELECT version FROM theirs.regions").rows())
                .containsExactly(List.of("3"));
        asAdmin("DROP SCHEMA hr, theirs CASCADE", "DROP OWNED BY view_analyst", "DROP ROLE view_analyst");
    }

    @Test
    void whatIsGivenAndTakenWhileReadersAreWaitedForHolds() throws Exception {
        // Who looks once a transaction would not see what was given meanwhile.
        asAdmin("ALTER DATABASE " + database() + " SET default_transaction_isolation = 'repeatable read'");
        replaceBy(1);
        asAdmin(
                "DROP ROLE IF EXISTS early, late",
                "CREATE ROLE early",
                "CREATE ROLE late",
                // A transaction would not see what others do after its first statement.
                "ALTER DATABASE " + database() + " SET default_transaction_isolation = 'repeatable read'",
                "ALTER DATABASE " + database() + " SET idle_in_transaction_session_timeout = 1");
        asLoader(
                "GRANT SELECT ON shop.orders TO early",
                "CREATE SCHEMA reports",
                "CREATE VIEW reports.newest AS SELECT max(version) AS version FROM shop.orders");
        whileReadersAreWaitedFor(2, reader -> {
            asLoader("GRANT SELECT ON shop.orders TO late", "REVOKE SELECT ON shop.orders FROM early");
            // Who has the view comes to a table that the swap would have: one of both has to give way.
            reader.execute("SELECT count(*) FROM shop.lines");
        });
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
        assertThat(Queried.of(
                                warehouse,
                                "SELECT has_table_privilege('early', 'shop.orders', 'SELECT'),"
                                        + " has_table_privilege('late', 'shop.orders', 'SELECT')")
                        .rows())
                .containsExactly(List.of("false", "true"));

        asLoader(
                "CREATE INDEX other ON shop.lines (text)",
                "CREATE STATISTICS shop.together ON text, version FROM shop.lines",
                "ALTER TABLE shop.lines ADD CONSTRAINT few CHECK (version < 9)",
                "CREATE INDEX told ON shop.lines (version, text)",
                "COMMENT ON INDEX shop.other IS 'gone with it'",
                "COMMENT ON INDEX shop.told IS 'before'");
        Fault refused =
                fault(() -> whileReadersAreWaitedFor(3, reader -> asLoader("CREATE INDEX late ON shop.lines (text)")));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(refused)
                .hasMessage("Cannot replace: since the replacement began, table lines got index late, which the next"
                        + " version has not: live is as it was; run again");
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
        // The next version has these by now.
        asLoader(
                "DROP INDEX shop.other",
                "CREATE INDEX other ON shop.lines (version)",
                "COMMENT ON INDEX shop.told IS NULL",
                "DROP STATISTICS shop.together",
                "ALTER TABLE shop.lines DROP CONSTRAINT few");
        assertThat(warehouse.replace(Landing.load(3))).isTrue();
        assertThat(listed("SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'shop.lines'::regclass"
                        + " UNION ALL SELECT conname FROM pg_constraint WHERE conrelid = 'shop.lines'::regclass"
                        + " AND contype <> 'n'"
                        + " UNION ALL SELECT stxname FROM pg_statistic_ext WHERE stxrelid = 'shop.lines'::regclass"
                        + " ORDER BY 1"))
                .containsExactly(
                        "CREATE INDEX late ON shop.lines USING btree (text)",
                        "CREATE INDEX other ON shop.lines USING btree (version)",
                        "CREATE INDEX told ON shop.lines USING btree (version, text)");
        assertThat(listed("SELECT obj_description('shop.told'::regclass, 'pg_class')"))
                .containsExactly((String) null);

        asLoader("ALTER TABLE shop.lines CLUSTER ON late");
        Fault moved =
                fault(() -> whileReadersAreWaitedFor(4, reader -> asLoader("ALTER TABLE shop.lines CLUSTER ON other")));
        assertThat(moved.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(moved).hasMessageContaining("table lines got CLUSTER ON other, which the next version has not");
        assertThat(warehouse.replace(Landing.load(4))).isTrue();
        assertThat(listed("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'shop.lines'::regclass"
                        + " AND indisclustered"))
                .containsExactly("shop.other");
    }

    @Test
    void aLiveTableThatSomebodyDroppedComesBack() {
        replaceBy(1);
        asLoader("DROP TABLE shop.lines");
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        assertThat(warehouse.check(Landing.load(2), List.of(), List.of()).liveRows())
                .containsOnlyKeys("orders");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
        assertThat(warehouse.rollback()).isEqualTo(version(1));
        replaceBy(3);
        replaceBy(4);
        assertThat(consistent()).containsExactly("4 4 10", "4 4 10");
    }

    /** What is done while a reader holds a view and its table, and a replacement waits for it. */
    private interface Meanwhile {
        void act(Statement reader) throws SQLException;
    }

    private void whileReadersAreWaitedFor(int k, Meanwhile meanwhile) {
        warehouse.prepare(Landing.load(k));
        upload(Landing.load(k), landing.written(k, 1));
        ExecutorService pool = Executors.newSingleThreadExecutor();
        try (Connection reader = PostgresServer.connect(database(), PostgresServer.LOADER);
                Statement statement = reader.createStatement()) {
            statement.execute("SET idle_in_transaction_session_timeout = 0");
            reader.setAutoCommit(false);
            statement.execute("SELECT version FROM reports.newest");
            Future<Boolean> swap = pool.submit(() -> warehouse.replace(Landing.load(k)));
            while (!swap.isDone()
                    && listed("SELECT pid FROM pg_locks WHERE NOT granted").isEmpty()) {
                Thread.onSpinWait();
            }
            meanwhile.act(statement);
            reader.commit();
            assertThat(swap.get()).isTrue();
        } catch (SQLException | InterruptedException e) {
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            throw (Fault) e.getCause();
        } finally {
            pool.shutdown();
        }
    }

    /** Of each kind one, made inside the schema or bound to its tables. */
    @Test
    void whateverSomebodyBuiltIsListedByNameAndKind() {
        replaceBy(1);
        asLoader(
                "CREATE SCHEMA reports",
                "CREATE TYPE shop.mood AS ENUM ('good')",
                "CREATE DOMAIN shop.positive AS int CHECK (VALUE > 0)",
                "CREATE TYPE shop.pair AS (a int, b int)",
                "CREATE COLLATION shop.c FROM \"C\"",
                "CREATE SEQUENCE shop.numbers",
                "CREATE VIEW shop.seen AS SELECT 1 AS one",
                "CREATE FUNCTION shop.one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "CREATE FUNCTION reports.taking(o shop.orders) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
                "CREATE FUNCTION reports.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                "CREATE TRIGGER touched BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION reports.touch()",
                "CREATE RULE quiet AS ON DELETE TO shop.orders DO INSTEAD NOTHING",
                "CREATE TABLE reports.child () INHERITS (shop.lines)",
                "CREATE TABLE reports.copies (o shop.orders)",
                "CREATE STATISTICS reports.far ON order_id, version FROM shop.lines",
                "ALTER TABLE shop.lines ENABLE ROW LEVEL SECURITY",
                "ALTER TABLE shop.orders ADD COLUMN note text");
        List<String> younger = new ArrayList<>();
        if (PostgresServer.major() >= 14) {
            asLoader("CREATE FUNCTION reports.counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM"
                    + " shop.orders; END");
            younger.add("function reports.counted()");
        }
        if (PostgresServer.major() >= 15) {
            asAdmin("CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA shop");
            younger.add("publication of_schema of the schema");
        }
        asAdmin(
                "CREATE PUBLICATION of_table FOR TABLE shop.orders",
                "CREATE PUBLICATION of_all FOR ALL TABLES",
                "CREATE SUBSCRIPTION fed CONNECTION 'host=nowhere' PUBLICATION p"
                        + " WITH (connect = false, slot_name = NONE, enabled = false)",
                // As a publisher, and a provider of labels, would have it.
                "SET allow_system_table_mods = on",
                "INSERT INTO pg_subscription_rel SELECT oid, 'shop.orders'::regclass, 'r', '0/0' FROM pg_subscription"
                        + " WHERE subname = 'fed'",
                "INSERT INTO pg_seclabel SELECT 'shop'::regnamespace, 'pg_namespace'::regclass, 0, 'labels', 'secret'",
                // As it is before version 15.
                "REVOKE SELECT (oid) ON pg_subscription FROM PUBLIC");
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        Fault refused = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines().skip(1)).isSorted().containsAll(younger);
        assertThat(refused.getMessage().lines().skip(1).filter(line -> !younger.contains(line)))
                .containsExactly(
                        "collation shop.c, which Millrace did not make",
                        "column note of shop.orders, which Millrace did not make",
                        "function reports.taking(shop.orders)",
                        "function shop.one(), which Millrace did not make",
                        "publication of_table of shop.orders",
                        "row-level security of shop.lines",
                        "rule quiet on shop.orders",
                        "security label of labels on the schema",
                        "sequence shop.numbers, which Millrace did not make",
                        "statistics far of shop.lines",
                        "subscription fed to shop.orders",
                        "table column reports.copies.o",
                        "table reports.child, which inherits",
                        "trigger touched on shop.orders",
                        "type shop.mood, which Millrace did not make",
                        "type shop.pair, which Millrace did not make",
                        "type shop.positive, which Millrace did not make",
                        "view shop.seen, which Millrace did not make");
        asAdmin(
                "DROP SUBSCRIPTION fed",
                "DELETE FROM pg_seclabel",
                "DROP PUBLICATION IF EXISTS of_table, of_schema",
                "DROP SCHEMA reports CASCADE",
                "DROP TYPE shop.mood, shop.pair, shop.positive",
                "DROP COLLATION shop.c",
                "DROP SEQUENCE shop.numbers",
                "DROP VIEW shop.seen",
                "DROP FUNCTION shop.one",
                "DROP RULE quiet ON shop.orders",
                "ALTER TABLE shop.lines DISABLE ROW LEVEL SECURITY",
                "ALTER TABLE shop.orders DROP COLUMN note");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        replaceBy(3);
        asAdmin("DROP PUBLICATION of_all");
    }

    @Test
    void whatWouldStayWithTheOldTablesIsListedAndRefused() {
        replaceBy(1);
        asLoader(
                "CREATE SCHEMA reports",
                "CREATE MATERIALIZED VIEW reports.m AS SELECT count(*) FROM shop.orders",
                "ALTER TABLE shop.orders ADD PRIMARY KEY (id)",
                "CREATE TABLE reports.note (order_id bigint REFERENCES shop.orders)",
                "CREATE TABLE shop.mine (id int)",
                "ALTER TABLE shop.lines ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY own ON shop.lines USING (true)");
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        Fault refused = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines().skip(1))
                .containsExactly(
                        "foreign key note_order_id_fkey of reports.note",
                        "materialized view reports.m",
                        "policy own on shop.lines",
                        "row-level security of shop.lines",
                        "table shop.mine, which Millrace did not make");
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
        asLoader(
                "DROP TABLE reports.note, shop.mine",
                "DROP MATERIALIZED VIEW reports.m",
                "DROP POLICY own ON shop.lines",
                "ALTER TABLE shop.lines DISABLE ROW LEVEL SECURITY");
        assertThat(warehouse.replace(Landing.load(2))).isTrue();
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    @Test
    void aSchemaOfOthersIsLeftAloneAndAnEmptyOneIsTakenWithItsRights() {
        asAdmin("DROP ROLE IF EXISTS reader", "CREATE ROLE reader");
        asLoader("CREATE SCHEMA shop", "GRANT USAGE ON SCHEMA shop TO reader", "CREATE TABLE shop.theirs (id int)");
        Fault refused = fault(() -> warehouse.prepare(Landing.load(1)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
        assertThat(refused).hasMessageContaining("table shop.theirs, which Millrace did not make");
        // Before anything is read.
        assertThat(fault(warehouse::requireUsable)).hasMessage(refused.getMessage());
        asLoader("DROP TABLE shop.theirs");
        warehouse.requireUsable();
        replaceBy(1);
        assertThat(Queried.of(warehouse, "SELECT has_schema_privilege('reader', 'shop', 'USAGE')")
                        .rows())
                .containsExactly(List.of("true"));
    }

    @Test
    void whoMayNotEnterIsTold() {
        Postgres right = Engine.options(folder).server();
        for (List<String> wrong : List.of(
                List.of(right.database(), "loader", "wrong", "check warehouse.postgres.user and password"),
                List.of(
                        right.database(),
                        "nobody",
                        PostgresServer.PASSWORD,
                        "check warehouse.postgres.user and password"),
                List.of("none", "loader", PostgresServer.PASSWORD, "check warehouse.postgres.database"))) {
            PostgresOptions options = new PostgresOptions(
                    new Postgres(
                            right.host(),
                            right.port(),
                            wrong.get(0),
                            wrong.get(1),
                            right.password(),
                            right.tls(),
                            right.certificates(),
                            right.streams(),
                            right.patience(),
                            right.dependents()),
                    Optional.of(wrong.get(2)));
            Fault refused = fault(() -> new PostgresWarehouse(options, "shop").live());
            assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(refused.getMessage())
                    .contains(wrong.get(3), "database " + wrong.get(0), "user " + wrong.get(1))
                    .doesNotContain("\n", PostgresServer.PASSWORD);
            assertThat(options.toString()).doesNotContain(wrong.get(2));
        }
        asAdmin("REVOKE CREATE ON DATABASE " + right.database() + " FROM loader");
        Fault noRight = fault(() -> warehouse.prepare(Landing.load(1)));
        assertThat(noRight.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(noRight)
                .hasMessageContaining("permission denied for database " + right.database())
                .hasMessageEndingWith(": have this run by who may, and run again: GRANT CREATE ON DATABASE \""
                        + right.database() + "\" TO \"loader\"");
        assertThat(fault(warehouse::requireUsable))
                .hasMessageStartingWith("Cannot load: PostgreSQL at ")
                .hasMessageEndingWith(": rights are missing: have this run by who may, and run again: GRANT CREATE ON"
                        + " DATABASE \"" + right.database() + "\" TO \"loader\"");
        asAdmin("GRANT CREATE ON DATABASE " + right.database() + " TO loader");
        replaceBy(1);
    }

    /** What is ours in a database belongs to the first who loads into it. */
    @Test
    void anotherJobsUserIsToldWhichRightsItNeeds() {
        replaceBy(1);
        asAdmin(
                "DROP ROLE IF EXISTS second_loader",
                "CREATE ROLE second_loader LOGIN PASSWORD '" + PostgresServer.PASSWORD + "'");
        Postgres first = Engine.options(folder).server();
        Warehouse second = new PostgresWarehouse(
                new PostgresOptions(
                        new Postgres(
                                first.host(),
                                first.port(),
                                first.database(),
                                "second_loader",
                                first.password(),
                                first.tls(),
                                first.certificates(),
                                first.streams(),
                                first.patience(),
                                first.dependents()),
                        Optional.of(PostgresServer.PASSWORD)),
                "stock");
        Fault refused = fault(second::live);
        assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
        String remedy = ": have this run by who may, and run again: ";
        assertThat(refused).hasMessageContaining("permission denied for schema _millrace" + remedy);
        List<String> grants = List.of(
                "GRANT CREATE ON DATABASE \"" + database() + "\" TO \"second_loader\"",
                "GRANT USAGE ON SCHEMA _millrace TO \"second_loader\"",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON _millrace.\"version\" TO \"second_loader\"",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON _millrace.\"loaded_file\" TO \"second_loader\"");
        assertThat(refused).hasMessageEndingWith(remedy + String.join("; ", grants));
        asAdmin(grants.toArray(String[]::new));
        assertThat(second.live()).isEmpty();
        Load load = new Load(Landing.runId(2), 1, "stock", List.of(Landing.ORDERS, Landing.LINES), "stock-job");
        second.prepare(load);
        landing.written(2, 1).forEach(table -> second.upload(load, table, landing.storage(), f -> {}));
        assertThat(second.replace(load)).isTrue();
        second.dropPrevious(0);
        assertThat(second.live()).isPresent();
        asAdmin("DROP OWNED BY second_loader CASCADE", "DROP ROLE second_loader");
    }

    /** More of them by {@code scripts/prove-swaps}. */
    @Test
    void readersOfAllHabitsSeeOneVersionWhole() throws ExecutionException, InterruptedException, SQLException {
        int swaps = Integer.getInteger("millrace.swaps", 4);
        replaceBy(1);
        landing.write(2, swaps + 1, 1);
        List<Long> millis = new ArrayList<>();
        ExecutorService pool = Executors.newSingleThreadExecutor();
        try (SwapReaders readers = new SwapReaders(database())) {
            for (int k = 2; k <= swaps + 1; k++) {
                readers.takeOldSnapshot();
                Load load = Landing.load(k);
                warehouse.prepare(load);
                upload(load, landing.landed(k, 1));
                long begin = System.nanoTime();
                Future<Boolean> swap = pool.submit(() -> warehouse.replace(load));
                readers.readFromOldSnapshotWhileWaitedFor(swap);
                assertThat(swap.get()).isTrue();
                millis.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
                warehouse.dropPrevious(1);
            }
            List<SwapReaders.Seen> seen = readers.end();
            System.out.println(swaps + " swaps, each waited for readers at most "
                    + millis.stream().max(Long::compare).orElseThrow() + " ms");
            seen.forEach(System.out::println);
            assertThat(seen).allMatch(SwapReaders.Seen::isWhole);
            assertThat(seen.get(0).versions()).hasSizeGreaterThan(swaps / 2);
            assertThat(seen.get(seen.size() - 1).versions())
                    .containsExactlyElementsOf(
                            LongStream.rangeClosed(1, swaps).boxed().toList());
        } finally {
            pool.shutdown();
        }
        assertThat(warehouse.live()).contains(version(swaps + 1));
    }

    private PostgresWarehouse with(Duration patience, Dependents dependents) {
        Postgres server = Engine.options(folder).server();
        return new PostgresWarehouse(
                new PostgresOptions(
                        new Postgres(
                                server.host(),
                                server.port(),
                                server.database(),
                                server.user(),
                                server.password(),
                                server.tls(),
                                server.certificates(),
                                server.streams(),
                                patience,
                                dependents),
                        Optional.of(PostgresServer.PASSWORD)),
                WarehouseEngine.SCHEMA);
    }

    @Test
    void aReplacementThatCannotGoOnNamesWhoIsInItsWay() throws SQLException {
        replaceBy(1);
        Warehouse hasty = with(Duration.ofMillis(300), Dependents.RECREATE);
        try (Connection reader = PostgresServer.connect(database(), PostgresServer.LOADER);
                Statement statement = reader.createStatement()) {
            statement.execute("SET application_name = 'a long report'");
            reader.setAutoCommit(false);
            reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("SELECT 1");
            warehouse.prepare(Landing.load(2));
            upload(Landing.load(2), landing.written(2, 1));
            Fault older = fault(() -> hasty.replace(Landing.load(2)));
            assertThat(older.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(older)
                    .hasMessageContaining("began before the load")
                    .hasMessageContaining(" of loader (a long report)")
                    .hasMessageContaining("warehouse.postgres.patience");
            reader.commit();
            reader.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            statement.execute("SELECT count(*) FROM shop.orders");
            Fault held = fault(() -> hasty.replace(Landing.load(2)));
            assertThat(held.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(held)
                    .hasMessageContaining("readers hold the tables")
                    .hasMessageContaining(" of loader (a long report)");
            reader.commit();
        }
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
        assertThat(hasty.replace(Landing.load(2))).isTrue();
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    /** Its rows are new then: snapshots from before would see none, though the load was before them. */
    @Test
    void aTableThatIsWrittenAnewAfterItsLoadIsWaitedForToo() throws SQLException {
        replaceBy(1);
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        asLoader("ALTER TABLE shop.lines SET UNLOGGED");
        Warehouse hasty = with(Duration.ofMillis(300), Dependents.RECREATE);
        try (Connection reader = PostgresServer.connect(database(), PostgresServer.LOADER);
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("SELECT 1");
            // The second one finds it written anew.
            for (int i = 0; i < 2; i++) {
                Fault older = fault(() -> hasty.replace(Landing.load(2)));
                assertThat(older.kind()).isEqualTo(Fault.Kind.WORLD);
                assertThat(older).hasMessageContaining("began before the load");
            }
            reader.commit();
        }
        assertThat(hasty.replace(Landing.load(2))).isTrue();
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    /** Who may not look at other sessions' snapshots waits for all transactions that had begun. */
    @Test
    void aUserOfFewRightsWaitsForAllOlderTransactions() throws SQLException {
        PostgresServer.execute("postgres", PostgresServer.ADMIN, "REVOKE pg_read_all_stats FROM loader");
        try (Connection other = PostgresServer.connect(database(), PostgresServer.ADMIN);
                Statement statement = other.createStatement()) {
            replaceBy(1);
            warehouse.prepare(Landing.load(2));
            upload(Landing.load(2), landing.written(2, 1));
            other.setAutoCommit(false);
            statement.execute("SELECT 1");
            Warehouse hasty = with(Duration.ofMillis(300), Dependents.RECREATE);
            assertThat(fault(() -> hasty.replace(Landing.load(2)))).hasMessageContaining("began before the load");
            other.commit();
            assertThat(hasty.replace(Landing.load(2))).isTrue();
        } finally {
            PostgresServer.execute("postgres", PostgresServer.ADMIN, "GRANT pg_read_all_stats TO loader");
        }
    }

    @Test
    void thatARunWasRolledBackIsKnownAsLongAsAVersionBeforeItIsKept() {
        replaceBy(1);
        replaceBy(2);
        warehouse.rollback();
        replaceBy(3);
        assertThat(runs()).contains(Landing.runId(2).value());
        assertThat(schemas()).doesNotContain(VersionTable.namespace("shop", Landing.runId(2)));
        Fault refused = fault(() -> upload(Landing.load(2), landing.landed(2, 1)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused).hasMessageContaining(" was live and was rolled back; live stays run " + Landing.runId(3));
        replaceBy(4);
        assertThat(runs()).contains(Landing.runId(2).value());
        assertThat(schemas()).doesNotContain(VersionTable.namespace("shop", Landing.runId(2)));
        warehouse.dropPrevious(1);
        warehouse.prepare(Landing.load(5));
        assertThat(runs()).doesNotContain(Landing.runId(2).value());
    }

    @Test
    void aVersionThatIsReadStillIsDroppedLater() throws SQLException {
        replaceBy(1);
        try (Connection reader = PostgresServer.connect(database(), PostgresServer.LOADER);
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
    void aVersionThatStaysKeepsNoOtherFromBeingDropped() {
        for (int k = 1; k <= 4; k++) {
            replaceBy(k);
        }
        asLoader(
                "CREATE SCHEMA reports",
                "CREATE VIEW reports.old AS SELECT * FROM \"" + VersionTable.namespace("shop", Landing.runId(2))
                        + "\".orders");
        warehouse.dropPrevious(1);
        assertVersionsBeforeLive(2, 3);
        replaceBy(5);
        warehouse.dropPrevious(1);
        assertVersionsBeforeLive(2, 4);
        asLoader("DROP VIEW reports.old");
        warehouse.dropPrevious(1);
        assertVersionsBeforeLive(4);
        assertThat(warehouse.rollback()).isEqualTo(version(4));
    }

    private void assertVersionsBeforeLive(Integer... runs) {
        assertThat(schemas())
                .filteredOn(schema -> schema.startsWith("shop__"))
                .containsExactly(Stream.of(runs)
                        .map(k -> VersionTable.namespace("shop", Landing.runId(k)))
                        .toArray(String[]::new));
    }

    @Test
    void viewsAreListedAndRefusedWhereTheJobSaysSo() {
        replaceBy(1);
        asLoader("CREATE SCHEMA reports", "CREATE VIEW reports.v AS SELECT count(*) FROM shop.orders");
        Warehouse strict = with(Duration.ofSeconds(5), Dependents.REFUSE);
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        Fault refused = fault(() -> strict.replace(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused.getMessage().lines().skip(1)).containsExactly("view \"reports\".\"v\"");
    }

    @Override
    protected int leastEffects() {
        return 7;
    }

    @Override
    protected void assertNothingLeftBut(int live, int previous) {
        assertThat(schemas())
                .containsExactly("_millrace", "shop", VersionTable.namespace("shop", Landing.runId(previous)));
    }

    private List<String> schemas() {
        return listed("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'"
                + " AND nspname NOT IN ('public', 'information_schema') ORDER BY 1");
    }

    /** The runs that the state of versions knows. */
    private List<String> runs() {
        return listed("SELECT run FROM _millrace.version ORDER BY 1");
    }

    private List<String> listed(String sql) {
        try (Connection connection = PostgresServer.connect(database(), PostgresServer.LOADER);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
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
