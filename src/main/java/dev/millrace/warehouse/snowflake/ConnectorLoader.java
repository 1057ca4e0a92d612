package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.stored;

import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.table.Column;
import dev.millrace.table.FileFormat;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Steps;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * Loads a table by Snowflake's connector for Spark, which reads the landing, brings it to a stage of its own and copies it
 * from there, in a transaction of its own: see
 * <a href="https://docs.snowflake.com/en/user-guide/spark-connector-use">Using the Spark connector</a>.
 *
 * <p>That transaction empties the table, loads all its files, and is refused when the ledger knows one of them. The ledger
 * gets them afterwards, all in one transaction that counts the rows. So a load that was broken off is made anew, whole.
 */
final class ConnectorLoader {
    /** As {@code --packages} takes it; the newest that runs with Spark 3.5 and brings the driver that it needs. */
    static final String PACKAGE = "net.snowflake:spark-snowflake_2.12:3.0.0";

    private static final String SOURCE = "net.snowflake.spark.snowflake";

    /** How the connector has dates written; timestamps are as we say. */
    private static final String DATE = "'+0000 'yyyy-MM-dd' 00:00:00.000000000'";

    private final SparkSession spark;
    private final SnowflakeOptions options;
    private final SnowflakeSession session;
    private final OwnSchema own;
    private final RunId run;
    private final LandingFiles landing;
    private final Steps steps;

    ConnectorLoader(
            SparkSession spark,
            SnowflakeOptions options,
            SnowflakeSession session,
            OwnSchema own,
            RunId run,
            LandingFiles landing,
            Steps steps) {
        // What is set on it is set for nobody else.
        this.spark = spark.newSession();
        this.options = options;
        this.session = session;
        this.own = own;
        this.run = run;
        this.landing = landing;
        this.steps = steps;
    }

    /**
     * Loads all files.
     *
     * @param namespace of the run's staging
     * @param target finds the table's place anew, under the lock
     * @param tag of the connector's statements
     * @throws Fault WORLD when a value does not fit, or files changed meanwhile; USER without the connector
     */
    void load(List<DataFile> files, String namespace, FileLoader.Target target, String tag, Consumer<DataFile> loaded)
            throws SQLException {
        requireConnector();
        FileLoader.requireWhole(landing, files);
        write(files, namespace, tag);
        steps.after("rows written");
        // Again: what was read must be what the manifest describes.
        FileLoader.requireSame(landing, files);
        OwnSchema.Held lock = own.lock(session, run.value());
        if (own.loaded(session, run, landing.table().name())
                .orElseThrow(() -> OwnSchema.lost(run))
                .isEmpty()) {
            long expected = files.stream().mapToLong(DataFile::rows).sum();
            long found = session.number("SELECT COUNT(*) FROM " + target.find());
            if (found != expected) {
                throw Fault.world("Cannot load " + landing.table().name() + ": its files have " + expected
                        + " rows, the Spark connector loaded " + found + ": run again");
            }
            lock.require();
            own.add(session, run, files);
        }
        lock.require();
        session.commit();
        steps.after("files loaded");
        files.forEach(loaded);
    }

    private static void requireConnector() {
        try {
            Class.forName(SOURCE + ".DefaultSource", false, ConnectorLoader.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw Fault.user("Invalid warehouse.snowflake.connector: spark-snowflake is not on the class path: add"
                    + " --packages " + PACKAGE + " in place of snowflake-jdbc, or take copy");
        }
    }

    private void write(List<DataFile> files, String namespace, String tag) {
        String table = exactly(
                stored(options.account().database()),
                namespace,
                stored(landing.table().name()));
        List<String> before = List.of(
                "ALTER SESSION SET QUERY_TAG = " + SnowflakeText.literal(tag),
                own.lockStatement(run.value()),
                own.unlessLoaded(run, landing.table().name()),
                "DELETE FROM " + table);
        if (before.stream().anyMatch(statement -> statement.contains(";") || statement.contains("%s"))) {
            throw Fault.user("Invalid warehouse.snowflake.connector: spark-snowflake loads no table or schema with ; or"
                    + " %s in its name: take copy");
        }
        try {
            rows(files)
                    .write()
                    .format(SOURCE)
                    .options(connection(namespace))
                    .option("dbtable", table)
                    .option("preactions", String.join(";", before))
                    .mode(SaveMode.Append)
                    .save();
        } catch (RuntimeException e) {
            throw failure(files, e);
        } catch (Exception e) {
            // Scala declares no checked exceptions, and throws them.
            throw failure(files, e);
        }
    }

    /** The landing's rows, with text where the connector would write by zone and calendar of its JVM, or not tell null. */
    private Dataset<Row> rows(List<DataFile> files) {
        spark.conf().set("spark.sql.session.timeZone", "UTC");
        // Plans in the UI and the event log show a write's options but those of such names; a key is none by default.
        spark.conf()
                .set(
                        "spark.sql.redaction.options.regex",
                        "(?i)url|secret|password|token|access[.]?key|private_?key|passphrase");
        // Landing files hold days and moments of one calendar, whoever wrote them.
        spark.conf().set("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED");
        String[] places = files.stream()
                .map(file -> landing.uri(file).replaceFirst("^s3://", "s3a://"))
                .toArray(String[]::new);
        Dataset<Row> rows = spark.read().parquet(places);
        return rows.select(landing.table().definition().columns().stream()
                .map(ConnectorLoader::written)
                .toArray(org.apache.spark.sql.Column[]::new));
    }

    private static org.apache.spark.sql.Column written(Column column) {
        String name = column.name();
        org.apache.spark.sql.Column value = functions.col("`" + name.replace("`", "``") + "`");
        return switch (column.type().kind()) {
            case DATE -> functions.date_format(value, DATE).as(name);
            case TIMESTAMP ->
                functions.date_format(value, "yyyy-MM-dd HH:mm:ss.SSSSSS").as(name);
            // As a text, in which no bytes are not null; Spark breaks it into lines.
            case BINARY ->
                functions.regexp_replace(functions.base64(value), "\\s", "").as(name);
            case STRING, JSON, BIGINT, DECIMAL, DOUBLE, BOOLEAN -> value;
        };
    }

    private Map<String, String> connection(String namespace) {
        Snowflake account = options.account();
        Map<String, String> map = new HashMap<>(Map.of(
                "sfURL", SnowflakeSession.host(account) + ":" + account.port(),
                "sfAccount", account.account(),
                "sfUser", account.user(),
                "sfDatabase", exactly(stored(account.database())),
                "sfSchema", exactly(namespace),
                "sfWarehouse", exactly(stored(account.warehouse())),
                "sfSSL", account.tls() ? "on" : "off",
                "sfTimezone", "UTC"));
        account.role().ifPresent(role -> map.put("sfRole", exactly(stored(role))));
        options.password().ifPresent(password -> map.put("sfPassword", password));
        options.key().ifPresent(key -> map.put("pem_private_key", PrivateKeys.body(key)));
        // Into the table that is there, in one transaction, by columns in their order.
        map.put("usestagingtable", "off");
        map.put("truncate_table", "on");
        map.put("column_mapping", "order");
        map.put("string_timestamp_format", "YYYY-MM-DD HH24:MI:SS.FF6");
        map.put("internal_execute_query_in_sync_mode", "true");
        return map;
    }

    private Fault failure(List<DataFile> files, Exception e) {
        String what =
                "Cannot load " + files.size() + " files of " + landing.table().name() + " by the Spark connector";
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof Fault fault) {
                return fault;
            }
            if (cause instanceof SQLException sql) {
                return session.failure(what, sql);
            }
        }
        return Fault.world(
                what + ": " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
    }

    /** Throws a USER fault when the connector cannot load a landing of such files. */
    static void requireFormat(LandingFiles landing) {
        if (landing.table().format() != FileFormat.PARQUET) {
            throw Fault.user("Invalid warehouse.snowflake.connector: spark-snowflake loads landings in Parquet: set"
                    + " staging.format to parquet, or take copy");
        }
    }
}
