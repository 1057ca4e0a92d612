package dev.millrace.warehouse.redshift;

import dev.millrace.config.SecretRef;
import dev.millrace.config.WarehouseSettings.Dependents;
import dev.millrace.config.WarehouseSettings.Encoding;
import dev.millrace.config.WarehouseSettings.Json;
import dev.millrace.config.WarehouseSettings.Redshift;
import dev.millrace.config.WarehouseSettings.TableDesign;
import dev.millrace.config.WarehouseSettings.Tls;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.Warehouse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What only a Redshift cluster can prove, as {@code scripts/verify-redshift} runs it: that COPY takes our manifests, files and
 * types and gives the values back, that rights and comments go on to the next version, and what readers see of a swap.
 */
public final class RedshiftProof {
    private static final String SCHEMA = "millrace_proof";
    private static final TableDefinition VALUES = new TableDefinition(
            "all_types",
            List.of(
                    new Column("id", ColumnType.BIGINT, false),
                    new Column("text", ColumnType.STRING, true),
                    new Column("big", ColumnType.decimal(38, 0), true),
                    new Column("fine", ColumnType.decimal(38, 37), true),
                    new Column("price", ColumnType.decimal(18, 2), true),
                    new Column("real", ColumnType.DOUBLE, true),
                    new Column("flag", ColumnType.BOOLEAN, true),
                    new Column("data", ColumnType.BINARY, true),
                    new Column("day", ColumnType.DATE, true),
                    new Column("moment", ColumnType.TIMESTAMP, true),
                    new Column("document", ColumnType.JSON, true)),
            List.of("id"));
    private static final List<List<String>> ROWS = List.of(
            List.of(
                    "1",
                    "",
                    "99999999999999999999999999999999999999",
                    "9.9999999999999999999999999999999999999",
                    "9999999999999999.99",
                    "0.1",
                    "true",
                    "",
                    "0001-01-01",
                    "0001-01-01 00:00:00",
                    "{\"b\": 7.10, \"a\": [1]}"),
            List.of("2", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅"),
            List.of(
                    "3",
                    "a \"b\", 'c'|\\N\nd\r\n\t é€😀",
                    "-99999999999999999999999999999999999999",
                    "-0.0000000000000000000000000000000000001",
                    "-0.01",
                    "-2.5",
                    "false",
                    "00ff220a",
                    "9999-12-31",
                    "9999-12-31 23:59:59.999999",
                    "null"));

    private final RedshiftOptions options;
    private final Storage storage;
    private final Landing landing;
    private final List<String> failures = new ArrayList<>();

    private RedshiftProof(RedshiftOptions options, Storage storage, Path work) {
        this.options = options;
        this.storage = storage;
        this.landing = new Landing(work);
    }

    public static void main(String[] args) throws IOException {
        Map<String, String> env = System.getenv();
        RedshiftOptions options = new RedshiftOptions(
                new Redshift(
                        env.get("REDSHIFT_HOST"),
                        Integer.parseInt(env.getOrDefault("REDSHIFT_PORT", "5439")),
                        env.get("REDSHIFT_DATABASE"),
                        env.get("REDSHIFT_USER"),
                        SecretRef.parse("${env:REDSHIFT_PASSWORD}").orElseThrow(),
                        env.get("REDSHIFT_IAM_ROLE"),
                        Tls.VERIFY_FULL,
                        Duration.ofMinutes(2),
                        Dependents.RECREATE,
                        Json.TEXT,
                        Map.of()),
                env.get("REDSHIFT_PASSWORD"));
        Storage storage = Storages.open(
                env.get("REDSHIFT_LANDING"), new StorageOptions("", env.getOrDefault("REDSHIFT_REGION", ""), false));
        List<String> failures =
                run(options, storage, Files.createTempDirectory("verify-redshift-"), Integer.getInteger("swaps", 50));
        if (!failures.isEmpty()) {
            System.exit(1);
        }
    }

    private static Map<String, TableDesign> designs() {
        return Map.of(
                "lines",
                new TableDesign(
                        Optional.of("order_id"),
                        Optional.empty(),
                        List.of("order_id"),
                        Map.of("version", Encoding.AZ64)));
    }

    /** All proofs; what failed. Removes all it made. */
    static List<String> run(RedshiftOptions options, Storage storage, Path work, int swaps) {
        RedshiftProof proof = new RedshiftProof(options, storage, work);
        for (FileFormat format : FileFormat.values()) {
            proof.proved("values of every type come back from " + format, () -> proof.values(format));
            proof.clean();
        }
        proof.proved("a text that is too long is refused and told", proof::longText);
        proof.clean();
        proof.proved("rights and comments go on to the next version", proof::rights);
        proof.clean();
        proof.proved(swaps + " swaps under a reader", () -> proof.swaps(swaps));
        proof.clean();
        return List.copyOf(proof.failures);
    }

    private interface Proof {
        String run() throws SQLException;
    }

    /** A proof returns what went wrong, or what it saw with a plus in front. */
    private void proved(String what, Proof proof) {
        String found;
        try {
            found = proof.run();
        } catch (SQLException | RuntimeException e) {
            found = String.valueOf(e.getMessage());
        }
        boolean isProved = found.startsWith("+");
        System.out.println(
                (isProved ? "proved  " : "FAILED  ") + what + ": " + (isProved ? found.substring(1) : found));
        if (!isProved) {
            failures.add(what + ": " + found);
        }
    }

    private Warehouse open() {
        return new RedshiftWarehouse(options, SCHEMA);
    }

    /** Where tables are laid out as a job file declares. */
    private Warehouse openDesigned() {
        Redshift s = options.server();
        return new RedshiftWarehouse(
                new RedshiftOptions(
                        new Redshift(
                                s.host(),
                                s.port(),
                                s.database(),
                                s.user(),
                                s.password(),
                                s.iamRole(),
                                s.tls(),
                                s.patience(),
                                s.dependents(),
                                s.json(),
                                designs()),
                        options.password()),
                SCHEMA);
    }

    private static Load load(int k, List<TableDefinition> tables) {
        return new Load(Landing.runId(k), k, SCHEMA, tables, "verify-redshift");
    }

    /** The same files, where the cluster can read them. */
    private LandedTable brought(LandedTable table) {
        List<DataFile> files = table.files().stream()
                .map(file -> {
                    storage.delete(List.of(file.path()));
                    StoredFile there = storage.bring(landing.storage(), file.path(), file.path());
                    return new DataFile(file.table(), file.path(), there.bytes(), file.rows(), there.etag());
                })
                .toList();
        return Landing.table(table.definition(), table.format(), table.codec(), files);
    }

    private void replace(Load load, List<LandedTable> tables) {
        try (Warehouse warehouse = load.tables().contains(Landing.LINES) ? openDesigned() : open()) {
            warehouse.prepare(load);
            tables.forEach(table -> warehouse.upload(load, table, storage, file -> {}));
            warehouse.replace(load);
        }
    }

    private String values(FileFormat format) {
        DataFile file = switch (format) {
            case PARQUET -> landing.parquet("all_types", "values.parquet", ROWS.size(), select());
            case CSV -> landing.file("all_types", "values.csv", ROWS.size(), csv().getBytes(StandardCharsets.UTF_8));
        };
        Codec codec = format == FileFormat.CSV ? Codec.NONE : Codec.ZSTD;
        replace(load(1, List.of(VALUES)), List.of(brought(Landing.table(VALUES, format, codec, List.of(file)))));
        try (Warehouse warehouse = open()) {
            List<List<String>> found = Queried.of(
                            warehouse,
                            "SELECT id, text, big, fine, price, real, flag, lower(to_hex(data)) AS data, day, moment,"
                                    + " document FROM all_types ORDER BY id")
                    .rows();
            return found.equals(ROWS) ? "+" + found.size() + " rows" : "expected " + ROWS + ", found " + found;
        }
    }

    private static String select() {
        List<String> rows = new ArrayList<>();
        for (List<String> values : ROWS) {
            List<String> cells = new ArrayList<>();
            for (int i = 0; i < values.size(); i++) {
                Column column = VALUES.columns().get(i);
                String text = values.get(i).equals("∅") ? "NULL" : SqlText.literal(values.get(i));
                cells.add(switch (column.type().kind()) {
                            case STRING, JSON -> text + "::VARCHAR";
                            case BIGINT -> text + "::BIGINT";
                            case DECIMAL ->
                                text + "::DECIMAL(" + column.type().precision() + ","
                                        + column.type().scale() + ")";
                            case DOUBLE -> text + "::DOUBLE";
                            case BOOLEAN -> text + "::BOOLEAN";
                            case BINARY -> "from_hex(" + text + ")";
                            case DATE -> text + "::DATE";
                            case TIMESTAMP -> "make_timestamptz(epoch_us(" + text + "::TIMESTAMP))";
                        }
                        + " AS " + SqlText.identifier(column.name()));
            }
            rows.add("SELECT " + String.join(", ", cells));
        }
        return String.join(" UNION ALL ", rows);
    }

    private static String csv() {
        return "id,text,big,fine,price,real,flag,data,day,moment,document\n"
                + "1,\"\",99999999999999999999999999999999999999,9.9999999999999999999999999999999999999,9999999999999999.99,"
                + "0.1,true,\"\",0001-01-01,0001-01-01T00:00:00Z,\"{\"\"b\"\": 7.10, \"\"a\"\": [1]}\"\n"
                + "2,,,,,,,,,,\n"
                + "3,\"a \"\"b\"\", 'c'|\\N\nd\r\n\t é€😀\",-99999999999999999999999999999999999999,"
                + "-0.0000000000000000000000000000000000001,-0.01,-2.5,false,AP8iCg==,9999-12-31,"
                + "9999-12-31T23:59:59.999999Z,null\n";
    }

    private String longText() {
        TableDefinition table = new TableDefinition(
                "long",
                List.of(new Column("id", ColumnType.BIGINT, true), new Column("text", ColumnType.STRING, true)),
                List.of());
        DataFile file = landing.parquet(
                "long",
                "long.parquet",
                2,
                "SELECT i AS id, repeat('é', CASE i WHEN 2 THEN 40000 ELSE 1 END) AS text"
                        + " FROM (VALUES (1::BIGINT), (2)) v(i)");
        LandedTable landed = brought(Landing.table(table, FileFormat.PARQUET, Codec.ZSTD, List.of(file)));
        Load load = load(1, List.of(table));
        try (Warehouse warehouse = open()) {
            warehouse.prepare(load);
            warehouse.upload(load, landed, storage, f -> {});
            return "it was loaded";
        } catch (Fault refused) {
            return (refused.getMessage().contains("long.parquet") ? "+" : "") + refused.getMessage();
        }
    }

    private String rights() throws SQLException {
        landing.write(1, 2, 1);
        replace(
                load(1, tables()),
                landing.landed(1, 1).stream().map(this::brought).toList());
        try (RedshiftSession session = RedshiftSession.open(options)) {
            session.execute("GRANT USAGE ON SCHEMA " + SCHEMA + " TO PUBLIC");
            session.execute("GRANT SELECT ON " + SCHEMA + ".orders TO PUBLIC");
            session.execute("COMMENT ON TABLE " + SCHEMA + ".orders IS 'a back\\\\slash and a ''quote'''");
            List<String> before = comments(session);
            replace(
                    load(2, tables()),
                    landing.landed(2, 1).stream().map(this::brought).toList());
            long schema = session.number("SELECT count(*) FROM svv_schema_privileges WHERE namespace_name = '" + SCHEMA
                    + "' AND identity_type = 'public' AND privilege_type = 'USAGE'");
            long table = session.number("SELECT count(*) FROM svv_relation_privileges WHERE namespace_name = '" + SCHEMA
                    + "' AND relation_name = 'orders' AND identity_type = 'public' AND privilege_type = 'SELECT'");
            List<String> comments = comments(session);
            long began = System.nanoTime();
            RedshiftDependents.catalog(session, SCHEMA);
            RedshiftInherited.rights(session, SCHEMA);
            Duration asked = Duration.ofNanos(System.nanoTime() - began);
            return (schema == 1 && table == 1 && comments.equals(before) && comments.size() == 1 ? "+" : "") + schema
                    + " grant on the schema, " + table + " on its table, comments " + before + " became " + comments
                    + "; what a swap asks while readers wait takes " + asked.toMillis() + " ms";
        }
    }

    private static List<String> comments(RedshiftSession session) throws SQLException {
        return session.rows(
                "SELECT d.description FROM pg_catalog.pg_description d JOIN pg_catalog.pg_class c ON c.oid = d.objoid"
                        + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '" + SCHEMA
                        + "'",
                row -> row.getString(1));
    }

    private static List<TableDefinition> tables() {
        return List.of(Landing.ORDERS, Landing.LINES);
    }

    /** A reader who joins both tables as often as he can. */
    private String swaps(int swaps) {
        landing.write(1, swaps + 1, 1);
        List<List<LandedTable>> versions = new ArrayList<>();
        for (int k = 1; k <= swaps + 1; k++) {
            versions.add(landing.landed(k, 1).stream().map(this::brought).toList());
        }
        replace(load(1, tables()), versions.get(0));
        AtomicBoolean ends = new AtomicBoolean();
        AtomicInteger reads = new AtomicInteger();
        AtomicInteger mixed = new AtomicInteger();
        AtomicInteger missing = new AtomicInteger();
        List<String> errors = Collections.synchronizedList(new ArrayList<>());
        Thread reader = new Thread(() -> {
            try (RedshiftSession session = RedshiftSession.open(options)) {
                while (!ends.get()) {
                    read(session, reads, mixed, missing, errors);
                }
            }
        });
        reader.start();
        try (Warehouse warehouse = open()) {
            for (int k = 2; k <= swaps + 1; k++) {
                replace(load(k, tables()), versions.get(k - 1));
                warehouse.dropPrevious(1);
            }
        } finally {
            ends.set(true);
            join(reader);
        }
        String seen = reads + " reads, " + mixed + " of them of two versions or empty, " + missing
                + " told that the schema or a table is not there, " + errors.size() + " other errors"
                + (errors.isEmpty() ? "" : ", the first: " + errors.get(0));
        return (mixed.get() == 0 && errors.isEmpty() && reads.get() > 0 ? "+" : "") + seen;
    }

    private static void read(
            RedshiftSession session,
            AtomicInteger reads,
            AtomicInteger mixed,
            AtomicInteger missing,
            List<String> errors) {
        try {
            List<String> row = session.rows(
                    "SELECT (SELECT min(version) || ' ' || max(version) || ' ' || count(*) FROM " + SCHEMA
                            + ".orders) || ', ' || (SELECT min(version) || ' ' || max(version) || ' '"
                            + " || count(*) / 2 FROM " + SCHEMA + ".lines)",
                    r -> r.getString(1));
            reads.incrementAndGet();
            String both = String.valueOf(row.get(0));
            String version = both.split(" ", -1)[0];
            String whole = version + " " + version + " 10";
            if (!both.equals(whole + ", " + whole)) {
                mixed.incrementAndGet();
            }
        } catch (SQLException e) {
            if (RedshiftSession.isMissing(e) || String.valueOf(e.getMessage()).contains("does not exist")) {
                missing.incrementAndGet();
            } else {
                errors.add(e.getMessage());
            }
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Removes what this proof made; what is of others makes it fail. */
    private void clean() {
        try (RedshiftSession session = RedshiftSession.open(options)) {
            List<String> schemas = session.rows(
                    "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = '" + SCHEMA
                            + "' OR substring(nspname, 1, " + (SCHEMA.length() + 2) + ") = '" + SCHEMA
                            + "__' ORDER BY 1",
                    row -> row.getString(1));
            for (String schema : schemas) {
                for (String table : session.rows(
                        "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                                + " ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relkind = 'r'",
                        row -> row.getString(1),
                        schema)) {
                    session.execute("DROP TABLE " + SqlText.identifier(schema) + "." + SqlText.identifier(table));
                }
                session.execute("DROP SCHEMA " + SqlText.identifier(schema));
            }
            session.execute("DROP TABLE IF EXISTS _millrace." + SCHEMA + "__version");
            session.execute("DROP TABLE IF EXISTS _millrace." + SCHEMA + "__loaded_file");
        } catch (SQLException e) {
            failures.add("clean-up: " + e.getMessage());
            System.out.println("FAILED  clean-up: " + e.getMessage());
        }
    }
}
