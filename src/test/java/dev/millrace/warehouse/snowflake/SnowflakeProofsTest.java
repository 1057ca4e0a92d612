package dev.millrace.warehouse.snowflake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.WarehouseContract;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What only Snowflake itself can prove. Without an account ({@code scripts/verify-snowflake}) the test server stands for it,
 * so that the proofs are known to run.
 */
class SnowflakeProofsTest {
    private static final String CONSISTENT =
            "SELECT (SELECT min(version) || ' ' || max(version) || ' ' || count(*) FROM orders),"
                    + " (SELECT min(version) || ' ' || max(version) || ' ' || CAST(count(*) / 2 AS BIGINT) FROM lines)";

    /** A double of row {@code id} is the one that was landed: results in JSON would show some digits of it only. */
    private static final String REAL = "real IS NOT DISTINCT FROM CAST(CASE id "
            + WarehouseContract.ALL_VALUES.stream()
                    .filter(row -> !row.get(6).equals("∅"))
                    .map(row -> "WHEN " + row.get(0) + " THEN '" + row.get(6) + "'")
                    .collect(Collectors.joining(" "))
            + " END AS DOUBLE)";

    @TempDir
    private Path folder;

    private final String schema =
            "millrace_proof_" + UUID.randomUUID().toString().substring(0, 8);
    private SnowflakeAccount account;
    private Landing landing;
    private SnowflakeWarehouse warehouse;

    @BeforeEach
    void open() throws IOException {
        account = SnowflakeAccount.find();
        landing = new Landing(folder.resolve("staging"));
        warehouse = new SnowflakeWarehouse(account.options(), schema);
    }

    @AfterEach
    void clear() throws SQLException {
        warehouse.close();
        account.clear();
        try (SnowflakeSession session = SnowflakeSession.open(account.options(), sql -> {})) {
            String database = SnowflakeText.stored(account.options().account().database());
            for (String name : session.rows(
                    "SHOW SCHEMAS IN DATABASE " + SnowflakeText.exactly(database), row -> row.getString("name"))) {
                if (name.startsWith(schema.toUpperCase(Locale.ROOT))) {
                    session.execute("DROP SCHEMA " + SnowflakeText.exactly(database, name));
                }
            }
            String own = SnowflakeText.exactly(database, "_MILLRACE");
            session.execute("DROP TABLE IF EXISTS " + own + ".\"LOCK_" + schema.toUpperCase(Locale.ROOT) + "\"");
            for (String table : List.of("LOADED_FILE", "VERSION", "LIVE")) {
                session.execute(
                        "DELETE FROM " + own + "." + table + " WHERE SCHEMA_NAME = " + SnowflakeText.literal(schema));
            }
            for (String stage : session.rows(
                    "SHOW STAGES IN SCHEMA " + own,
                    row -> row.getString("url").startsWith(account.staging().root()) ? row.getString("name") : "")) {
                if (!stage.isEmpty()) {
                    session.execute("DROP STAGE " + own + "." + SnowflakeText.exactly(stage));
                }
            }
        }
    }

    private Load load(int k, List<TableDefinition> tables) {
        return new Load(Landing.runId(k), k, schema, tables, "proof");
    }

    private void replaceBy(int k) throws IOException {
        Load load = load(k, List.of(Landing.ORDERS, Landing.LINES));
        warehouse.prepare(load);
        for (LandedTable table : landing.written(k, 2)) {
            warehouse.upload(load, account.bring(table, landing.storage()), account.staging(), file -> {});
        }
        assertThat(warehouse.replace(load)).isTrue();
    }

    @Test
    void everyValueOfEveryTypeComesBackAsItWas() throws IOException {
        UnaryOperator<String> held = text -> text;
        DataFile parquet =
                landing.parquet("all_types", "all [types]*.parquet", 4, WarehouseContract.allTypesSelect(held));
        DataFile csv = landing.file(
                "all_types", "all.csv", 4, WarehouseContract.allTypesText().getBytes(StandardCharsets.UTF_8));
        int k = 1;
        for (LandedTable table : List.of(
                Landing.table(WarehouseContract.ALL_TYPES, FileFormat.PARQUET, Codec.ZSTD, List.of(parquet)),
                Landing.table(WarehouseContract.ALL_TYPES, FileFormat.CSV, Codec.NONE, List.of(csv)))) {
            Load load = load(k, List.of(WarehouseContract.ALL_TYPES));
            warehouse.prepare(load);
            warehouse.upload(load, account.bring(table, landing.storage()), account.staging(), file -> {});
            warehouse.replace(load);
            assertThat(Queried.of(
                                    warehouse,
                                    "SELECT id, text, whole, big, fine, price, " + REAL
                                            + ", flag, HEX_ENCODE(data) AS data, day, moment, document FROM all_types"
                                            + " ORDER BY id")
                            .rows())
                    .as(table.format().toString())
                    .isEqualTo(expected());
            k++;
        }
    }

    /** All values, with {@code true} for each double. */
    private static List<List<String>> expected() {
        List<List<String>> rows = new ArrayList<>();
        for (List<String> values : WarehouseContract.ALL_VALUES) {
            List<String> row = new ArrayList<>(values);
            row.set(6, "true");
            rows.add(row);
        }
        return rows;
    }

    @Test
    void jsonBecomesVariantOnRequestAndAllElseStaysAsItWas() throws IOException {
        DataFile parquet = landing.parquet("all_types", "v.parquet", 4, WarehouseContract.allTypesSelect(text -> text));
        LandedTable table = account.bring(
                Landing.table(WarehouseContract.ALL_TYPES, FileFormat.PARQUET, Codec.ZSTD, List.of(parquet)),
                landing.storage());
        Load load = load(1, List.of(WarehouseContract.ALL_TYPES));
        try (Warehouse variant = new SnowflakeWarehouse(account.variant(), schema)) {
            variant.prepare(load);
            variant.upload(load, table, account.staging(), file -> {});
            variant.replace(load);
            List<List<String>> found = Queried.of(
                            variant,
                            "SELECT id, text, whole, big, fine, price, " + REAL
                                    + ", flag, HEX_ENCODE(data) AS data, day, moment, document:a[0]::INT FROM all_types"
                                    + " ORDER BY id")
                    .rows();
            for (int i = 0; i < found.size(); i++) {
                List<String> row = found.get(i);
                List<String> expected = expected().get(i);
                assertThat(row.subList(0, row.size() - 1)).isEqualTo(expected.subList(0, expected.size() - 1));
            }
            assertThat(found.get(0)).endsWith("1");
        }
    }

    @Test
    void csvOfOneColumnKeepsItsMissingValuesAndAMisfitIsNamed() throws IOException {
        TableDefinition table =
                new TableDefinition("t", List.of(new Column("price", ColumnType.decimal(5, 2), true)), List.of());
        Load load = load(1, List.of(table));
        warehouse.prepare(load);
        DataFile good = landing.file("t", "a.csv", 3, "price\n1.50\n\n2\n".getBytes(StandardCharsets.UTF_8));
        warehouse.upload(
                load,
                account.bring(Landing.table(table, FileFormat.CSV, Codec.NONE, List.of(good)), landing.storage()),
                account.staging(),
                file -> {});
        DataFile bad = landing.file("t", "b.csv", 2, "price\n1.50\n1.005\n".getBytes(StandardCharsets.UTF_8));
        LandedTable both =
                account.bring(Landing.table(table, FileFormat.CSV, Codec.NONE, List.of(good, bad)), landing.storage());
        Fault refused =
                catchThrowableOfType(Fault.class, () -> warehouse.upload(load, both, account.staging(), file -> {}));
        assertThat(refused)
                .hasMessageContaining(account.staging().uri("b.csv"))
                .hasMessageContaining("row 2, column price: is no decimal(5,2)");
        assertThat(warehouse.check(load, List.of(), List.of()).stagingRows()).containsEntry("t", 3L);
    }

    @Test
    void readersSeeOneVersionWholeWhileItIsSwapped() throws IOException, ExecutionException, InterruptedException {
        int swaps = Integer.getInteger("millrace.swaps", 3);
        replaceBy(1);
        AtomicBoolean isOver = new AtomicBoolean();
        ExecutorService readers = Executors.newFixedThreadPool(2);
        try {
            List<Future<Set<String>>> seen = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                seen.add(readers.submit(() -> read(isOver)));
            }
            for (int k = 2; k <= swaps + 1; k++) {
                replaceBy(k);
                warehouse.dropPrevious(1);
            }
            isOver.set(true);
            for (Future<Set<String>> one : seen) {
                System.out.println("a reader saw " + one.get().size() + " versions, each whole");
                assertThat(one.get()).allSatisfy(row -> {
                    String[] halves = row.split("/", -1);
                    assertThat(halves[0]).isEqualTo(halves[1]).endsWith(" 20");
                });
                assertThat(one.get()).hasSizeGreaterThan(1);
            }
        } finally {
            isOver.set(true);
            readers.shutdownNow();
        }
    }

    private Set<String> read(AtomicBoolean isOver) {
        Set<String> seen = new TreeSet<>();
        try (Warehouse reading = new SnowflakeWarehouse(account.options(), schema)) {
            while (!isOver.get()) {
                seen.add(String.join("/", Queried.of(reading, CONSISTENT).rows().get(0)));
            }
        }
        return seen;
    }

    @Test
    void grantsSettingsAndCommentsAreCarriedOverAndARollbackIsOneSwap() throws IOException, SQLException {
        replaceBy(1);
        String database = SnowflakeText.stored(account.options().account().database());
        String live = schema.toUpperCase(Locale.ROOT);
        try (SnowflakeSession session = SnowflakeSession.open(account.options(), sql -> {})) {
            session.execute("GRANT USAGE ON SCHEMA " + SnowflakeText.exactly(database, live) + " TO ROLE PUBLIC");
            session.execute(
                    "GRANT SELECT ON TABLE " + SnowflakeText.exactly(database, live, "ORDERS") + " TO ROLE PUBLIC");
            session.execute(
                    "COMMENT ON TABLE " + SnowflakeText.exactly(database, live, "ORDERS") + " IS 'it''s \\\\ here'");
            session.execute("ALTER SCHEMA " + SnowflakeText.exactly(database, live)
                    + " SET MAX_DATA_EXTENSION_TIME_IN_DAYS = 7 REPLACE_INVALID_CHARACTERS = TRUE"
                    + " STORAGE_SERIALIZATION_POLICY = COMPATIBLE DEFAULT_DDL_COLLATION = 'en-ci'");
            session.execute("ALTER TABLE " + SnowflakeText.exactly(database, live, "ORDERS")
                    + " SET DATA_RETENTION_TIME_IN_DAYS = 0 MAX_DATA_EXTENSION_TIME_IN_DAYS = 5");
            replaceBy(2);
            assertThat(session.rows(
                            "SHOW PARAMETERS IN SCHEMA " + SnowflakeText.exactly(database, live),
                            row -> row.getString("level") + " " + row.getString("key") + " " + row.getString("value")))
                    .contains(
                            "SCHEMA MAX_DATA_EXTENSION_TIME_IN_DAYS 7",
                            "SCHEMA REPLACE_INVALID_CHARACTERS true",
                            "SCHEMA STORAGE_SERIALIZATION_POLICY COMPATIBLE",
                            "SCHEMA DEFAULT_DDL_COLLATION en-ci");
            assertThat(session.rows(
                            "SHOW TABLES LIKE 'ORDERS' IN SCHEMA " + SnowflakeText.exactly(database, live),
                            row -> row.getString("retention_time")))
                    .containsExactly("0");
            assertThat(session.rows(
                            "SHOW PARAMETERS IN TABLE " + SnowflakeText.exactly(database, live, "ORDERS"),
                            row -> row.getString("level") + " " + row.getString("key") + " " + row.getString("value")))
                    .contains("TABLE MAX_DATA_EXTENSION_TIME_IN_DAYS 5");
            assertThat(session.rows(
                            "SHOW GRANTS ON SCHEMA " + SnowflakeText.exactly(database, live),
                            row -> row.getString("privilege") + " " + row.getString("grantee_name")))
                    .contains("USAGE PUBLIC");
            assertThat(session.rows(
                            "SHOW GRANTS ON TABLE " + SnowflakeText.exactly(database, live, "ORDERS"),
                            row -> row.getString("privilege") + " " + row.getString("grantee_name")))
                    .contains("SELECT PUBLIC");
            assertThat(session.rows(
                            "SHOW TABLES LIKE 'ORDERS' IN SCHEMA " + SnowflakeText.exactly(database, live),
                            row -> row.getString("comment")))
                    .containsExactly("it's \\ here");
        }
        assertThat(warehouse.rollback()).isEqualTo(new Version(Landing.runId(1), 1, "proof"));
        assertThat(Queried.of(warehouse, CONSISTENT).rows()).containsExactly(List.of("1 1 20", "1 1 20"));
    }

    /** Should our own ledger be lost, Snowflake's record of what it loaded keeps a file from being loaded twice. */
    @Test
    void theServersOwnMetadataKeepsAFileFromBeingLoadedTwice() throws IOException, SQLException {
        Load load = load(1, List.of(Landing.ORDERS));
        warehouse.prepare(load);
        LandedTable orders = account.bring(landing.written(1, 2).get(0), landing.storage());
        warehouse.upload(load, orders, account.staging(), file -> {});
        String database = SnowflakeText.stored(account.options().account().database());
        try (SnowflakeSession session = SnowflakeSession.open(account.options(), sql -> {})) {
            session.execute("DELETE FROM " + SnowflakeText.exactly(database, "_MILLRACE", "LOADED_FILE")
                    + " WHERE TABLE_NAME <> '' AND SCHEMA_NAME = " + SnowflakeText.literal(schema));
        }
        Fault refused =
                catchThrowableOfType(Fault.class, () -> warehouse.upload(load, orders, account.staging(), file -> {}));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.SPOILED);
        assertThat(refused).hasMessageContaining("it has loaded it into this table before: the next run begins anew");
        assertThat(warehouse.check(load, List.of(), List.of()).stagingRows()).containsEntry("orders", 20L);
    }

    /** What a transaction loaded that was rolled back is in that record no more: our own retry relies on it. */
    @Test
    void aFileIsLoadedAgainAfterARollback() throws IOException {
        Load load = load(1, List.of(Landing.ORDERS));
        warehouse.prepare(load);
        LandedTable orders = account.bring(landing.written(1, 2).get(0), landing.storage());
        try (Warehouse brokenOff = new SnowflakeWarehouse(
                account.options(),
                schema,
                step -> {
                    if (step.equals("rows written")) {
                        throw new IllegalStateException("broken off after COPY");
                    }
                },
                sql -> {})) {
            assertThatThrownBy(() -> brokenOff.upload(load, orders, account.staging(), file -> {}))
                    .hasMessage("broken off after COPY");
        }
        warehouse.upload(load, orders, account.staging(), file -> {});
        assertThat(warehouse.check(load, List.of(), List.of()).stagingRows()).containsEntry("orders", 20L);
    }
}
