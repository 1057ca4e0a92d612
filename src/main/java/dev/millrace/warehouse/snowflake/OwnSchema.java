package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.literal;
import static dev.millrace.warehouse.snowflake.SnowflakeText.stored;

import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.zip.CRC32;

/**
 * Our own schema {@code _MILLRACE}: what was loaded, what tables a version has, a table to lock, file formats, and a stage
 * where the job names a storage integration. It is transient, and no swap moves it.
 *
 * @param database as the server has it
 * @param schema that readers use, as the job file writes it
 */
record OwnSchema(String database, String schema) {
    private static final String NAME = "_MILLRACE";

    /** An object of it, as statements write it. */
    private String place(String name) {
        return exactly(database, NAME, name);
    }

    private String ledger() {
        return place("LOADED_FILE");
    }

    private String definitions() {
        return place("VERSION");
    }

    private String lockTable() {
        return place("LOCK_" + stored(schema));
    }

    /** Tells the rows of this schema, however the job file wrote its name then. */
    private String isOurs() {
        boolean hasOneName = stored(schema.toLowerCase(Locale.ROOT)).equals(stored(schema.toUpperCase(Locale.ROOT)));
        return (hasOneName ? "UPPER(SCHEMA_NAME) = " : "SCHEMA_NAME = ") + literal(stored(schema));
    }

    /** Makes what is not there yet. */
    void create(SnowflakeSession session) throws SQLException {
        session.execute("CREATE TRANSIENT SCHEMA IF NOT EXISTS " + exactly(database, NAME)
                + " COMMENT = 'Millrace: what was loaded; no data of its own'");
        session.execute("CREATE TRANSIENT TABLE IF NOT EXISTS " + ledger()
                + " (SCHEMA_NAME VARCHAR NOT NULL, RUN VARCHAR NOT NULL, TABLE_NAME VARCHAR NOT NULL,"
                + " PATH VARCHAR NOT NULL, BYTES NUMBER(19,0) NOT NULL, ROW_COUNT NUMBER(19,0) NOT NULL,"
                + " ETAG VARCHAR NOT NULL)");
        session.execute("CREATE TRANSIENT TABLE IF NOT EXISTS " + definitions()
                + " (SCHEMA_NAME VARCHAR NOT NULL, RUN VARCHAR NOT NULL, DEFINITION VARCHAR NOT NULL)");
        session.execute("CREATE TRANSIENT TABLE IF NOT EXISTS " + lockTable() + " (HOLDER VARCHAR NOT NULL)");
    }

    /**
     * A lock that this session's open transaction holds. It belongs to the transaction: a session that ends, also with its
     * process, gives it up, the latter after five minutes in which somebody wanted it. See
     * <a href="https://docs.snowflake.com/en/sql-reference/transactions">Transactions, aborting transactions</a>.
     */
    record Held(SnowflakeSession session, String transaction) {
        /** Throws when the server has ended the transaction meanwhile: asked before each effect. */
        void require() throws SQLException {
            if (!transaction.equals(current(session))) {
                throw Fault.world(
                        "The server took back the lock of the schema, since this process stood still: it changes"
                                + " nothing more; run again");
            }
        }
    }

    private static String current(SnowflakeSession session) throws SQLException {
        return session.rows("SELECT CURRENT_TRANSACTION()", row -> String.valueOf(row.getString(1)))
                .get(0);
    }

    /**
     * Begins a transaction in which nobody else loads into this schema's versions or changes what versions there are. An
     * UPDATE waits for the transaction of another UPDATE of the same rows.
     */
    Held lock(SnowflakeSession session, String holder) throws SQLException {
        String update = lockStatement(holder);
        session.begin();
        while (session.update(update) == 0) {
            // A row of each who finds none; an update takes them all.
            session.execute("INSERT INTO " + lockTable() + " VALUES (" + literal(holder) + ")");
            session.commit();
            session.begin();
        }
        return new Held(session, current(session));
    }

    /** What locks within a transaction, once {@link #lock} has made the row. */
    String lockStatement(String holder) {
        return "UPDATE " + lockTable() + " SET HOLDER = " + literal(holder);
    }

    /** A statement that fails when the ledger has a file of a table. */
    String unlessLoaded(RunId run, String table) {
        return "SELECT CASE WHEN COUNT(*) = 0 THEN 0 ELSE CAST('the table is loaded already' AS NUMBER(1,0)) END FROM "
                + ledger() + " WHERE " + isOurs() + " AND RUN = " + literal(run.value())
                + " AND TABLE_NAME = " + literal(table);
    }

    /** Notes a version's tables, and forgets those of all runs that are not among the others. */
    void define(SnowflakeSession session, Held lock, RunId run, String definition, Collection<RunId> others)
            throws SQLException {
        String runs = others.stream().map(other -> literal(other.value())).collect(Collectors.joining(", ", "(", ")"));
        String gone = " WHERE " + isOurs() + (others.isEmpty() ? "" : " AND RUN NOT IN " + runs);
        lock.require();
        session.execute("DELETE FROM " + ledger() + gone);
        lock.require();
        session.execute("DELETE FROM " + definitions() + gone);
        lock.require();
        session.execute("INSERT INTO " + definitions() + " VALUES (" + literal(schema) + ", " + literal(run.value())
                + ", " + literal(definition) + ")");
    }

    /** The tables of a version, as its definition names them; none where nobody noted them. */
    List<String> tables(SnowflakeSession session, RunId run) throws SQLException {
        Optional<String> definition = session
                .rows(
                        "SELECT DEFINITION FROM " + definitions() + " WHERE " + isOurs() + " AND RUN = "
                                + literal(run.value()),
                        row -> row.getString(1))
                .stream()
                .findFirst();
        return definition
                .map(text -> text.lines()
                        .map(line -> line.substring(0, line.indexOf('(')))
                        .toList())
                .orElse(List.of());
    }

    List<DataFile> loaded(SnowflakeSession session, RunId run, String table) throws SQLException {
        return session.rows(
                "SELECT PATH, BYTES, ROW_COUNT, ETAG FROM " + ledger() + " WHERE " + isOurs() + " AND RUN = "
                        + literal(run.value()) + " AND TABLE_NAME = " + literal(table),
                row -> new DataFile(table, row.getString(1), row.getLong(2), row.getLong(3), row.getString(4)));
    }

    /** Notes files as loaded by this transaction. */
    void add(SnowflakeSession session, RunId run, List<DataFile> files) throws SQLException {
        session.execute(files.stream()
                .map(file -> "(" + literal(schema) + ", " + literal(run.value()) + ", " + literal(file.table()) + ", "
                        + literal(file.path()) + ", " + file.bytes() + ", " + file.rows() + ", " + literal(file.etag())
                        + ")")
                .collect(Collectors.joining(", ", "INSERT INTO " + ledger() + " VALUES ", "")));
    }

    /** The name of a file format, made where it is not there yet. */
    String format(SnowflakeSession session, String name, String options) throws SQLException {
        session.execute("CREATE FILE FORMAT IF NOT EXISTS " + place(name) + " " + options);
        return place(name);
    }

    /** The stage of a folder, made where it is not there yet. */
    String stage(SnowflakeSession session, Snowflake account, String integration, String url) throws SQLException {
        CRC32 crc = new CRC32();
        crc.update((url + "\n" + integration).getBytes(StandardCharsets.UTF_8));
        String name = place("STAGE_" + String.format(Locale.ROOT, "%08X", crc.getValue()));
        session.execute("CREATE STAGE IF NOT EXISTS " + name + " URL = " + literal(url) + " STORAGE_INTEGRATION = "
                + exactly(stored(integration)));
        return name;
    }
}
