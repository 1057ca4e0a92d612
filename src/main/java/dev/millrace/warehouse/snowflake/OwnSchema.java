package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.literal;
import static dev.millrace.warehouse.snowflake.SnowflakeText.stored;

import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.warehouse.RowReader;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Our own schema {@code _MILLRACE}: what was loaded, what tables a version has, a table to lock, file formats, and a stage
 * where the job names a storage integration. It is transient, and no swap moves it.
 *
 * <p>A person may drop it, or a table of it, and it is made again. What a version is stands elsewhere, in its schema's
 * comment. The ledger is lost then, so it tells which runs it knows: each has a row without a table from the time when
 * nothing of it was loaded.
 *
 * @param database as the server has it
 * @param schema that readers use, as the job file writes it
 */
record OwnSchema(String database, String schema) {
    private static final Logger LOG = LoggerFactory.getLogger(OwnSchema.class);
    private static final String NAME = "_MILLRACE";

    /** In the ledger, stands for the run itself. */
    private static final String NO_TABLE = "";

    /**
     * Whether a statement was refused for something in it.
     *
     * @param refusal what the server said
     */
    static boolean isWhatLacks(String sql, String refusal) {
        // A COPY reads a stage elsewhere, too, and to make the schema itself takes a right on the database.
        return sql.contains(exactly(NAME))
                && (refusal.contains(NAME) || (sql.contains(exactly(NAME) + ".") && !sql.startsWith("COPY ")));
    }

    /**
     * The statements that let a role work in it that did not make it: see
     * <a href="https://docs.snowflake.com/en/user-guide/security-access-control-privileges">Access control privileges</a>.
     *
     * @param database as the server has it
     * @param role as statements write it
     */
    static String grants(String database, String role) {
        String place = "SCHEMA " + exactly(database, NAME) + " TO ROLE " + role;
        List<String> grants = new ArrayList<>();
        grants.add("GRANT USAGE, CREATE TABLE, CREATE FILE FORMAT, CREATE STAGE ON " + place);
        for (String which : List.of("ALL", "FUTURE")) {
            grants.add("GRANT SELECT, INSERT, UPDATE, DELETE ON " + which + " TABLES IN " + place);
            grants.add("GRANT USAGE ON " + which + " FILE FORMATS IN " + place);
            grants.add("GRANT USAGE ON " + which + " STAGES IN " + place);
        }
        return String.join("; ", grants);
    }

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

    /** The comments of versions that are live, or were to go live. */
    private String comments() {
        return place("LIVE");
    }

    private String lockTable() {
        return place(lockName());
    }

    private String lockName() {
        return "LOCK_" + stored(schema);
    }

    /** Tells the rows of this schema, however the job file wrote its name then. */
    private String isOurs() {
        boolean hasOneName = stored(schema.toLowerCase(Locale.ROOT)).equals(stored(schema.toUpperCase(Locale.ROOT)));
        return (hasOneName ? "UPPER(SCHEMA_NAME) = " : "SCHEMA_NAME = ") + literal(stored(schema));
    }

    /** Makes what is not there, or not any more; whether something was not. */
    boolean ensure(SnowflakeSession session) throws SQLException {
        boolean isWhole;
        try {
            isWhole = Shown.whole(
                            session, "SHOW TABLES IN SCHEMA " + exactly(database, NAME), row -> row.getString("name"))
                    .containsAll(List.of("LOADED_FILE", "VERSION", "LIVE", lockName()));
        } catch (SQLException e) {
            if (!SnowflakeSession.isUnknown(e)) {
                throw e;
            }
            isWhole = false;
        }
        if (!isWhole) {
            create(session);
        }
        return !isWhole;
    }

    private void create(SnowflakeSession session) throws SQLException {
        session.execute("CREATE TRANSIENT SCHEMA IF NOT EXISTS " + exactly(database, NAME)
                + " COMMENT = 'Millrace: what was loaded; no data of its own'");
        session.execute("CREATE TRANSIENT TABLE IF NOT EXISTS " + ledger()
                + " (SCHEMA_NAME VARCHAR NOT NULL, RUN VARCHAR NOT NULL, TABLE_NAME VARCHAR NOT NULL,"
                + " PATH VARCHAR NOT NULL, BYTES NUMBER(19,0) NOT NULL, ROW_COUNT NUMBER(19,0) NOT NULL,"
                + " ETAG VARCHAR NOT NULL)");
        session.execute("CREATE TRANSIENT TABLE IF NOT EXISTS " + definitions()
                + " (SCHEMA_NAME VARCHAR NOT NULL, RUN VARCHAR NOT NULL, DEFINITION VARCHAR NOT NULL)");
        ifAllowed(
                session,
                () -> session.execute("CREATE TRANSIENT TABLE IF NOT EXISTS " + comments()
                        + " (SCHEMA_NAME VARCHAR NOT NULL, RUN VARCHAR NOT NULL, SCHEMA_COMMENT VARCHAR NOT NULL)"));
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

    /** A statement that fails when the ledger has a file of a table, or does not know the run. */
    String unlessLoaded(RunId run, String table) {
        return "SELECT CASE WHEN COUNT(*) = 1 AND MAX(TABLE_NAME) = " + literal(NO_TABLE)
                + " THEN 0 ELSE CAST('the table is loaded already' AS NUMBER(1,0)) END FROM " + ofTable(run, table);
    }

    /** The ledger's rows of a table, and the one of the run itself. */
    private String ofTable(RunId run, String table) {
        return ledger() + " WHERE " + isOurs() + " AND RUN = " + literal(run.value()) + " AND TABLE_NAME IN ("
                + literal(NO_TABLE) + ", " + literal(table) + ")";
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
        session.execute(definitionOf(run, definition));
        lock.require();
        session.execute(rowOf(run));
    }

    /** A statement that notes a version's tables: each on a line, with a parenthesis after its name. */
    String definitionOf(RunId run, String definition) {
        return "INSERT INTO " + definitions() + " VALUES (" + literal(schema) + ", " + literal(run.value()) + ", "
                + literal(definition) + ")";
    }

    private String rowOf(RunId run) {
        return "INSERT INTO " + ledger() + " VALUES (" + literal(schema) + ", " + literal(run.value()) + ", "
                + literal(NO_TABLE) + ", '', 0, 0, '')";
    }

    /** Forgets what was loaded of a run that the ledger does not know; throws also where no row could be added to it. */
    void forget(SnowflakeSession session, Held lock, RunId run) throws SQLException {
        lock.require();
        session.execute("DELETE FROM " + ledger() + " WHERE " + isOurs() + " AND RUN = " + literal(run.value()));
        lock.require();
        session.execute("INSERT INTO " + ledger() + " SELECT * FROM " + ledger() + " WHERE FALSE");
    }

    /** From here on the ledger knows a run, whose tables are empty. */
    void begin(SnowflakeSession session, Held lock, RunId run) throws SQLException {
        lock.require();
        session.execute(rowOf(run));
    }

    /** The tables of a version, as its definition names them; empty where it is noted no more. */
    Optional<List<String>> tables(SnowflakeSession session, RunId run) throws SQLException {
        return rowsIfThere(
                        session,
                        "SELECT DEFINITION FROM " + definitions() + " WHERE " + isOurs() + " AND RUN = "
                                + literal(run.value()),
                        row -> row.getString(1))
                .stream()
                .findFirst()
                .map(text -> text.lines()
                        .map(line -> line.substring(0, line.indexOf('(')))
                        .toList());
    }

    /** What is loaded of a table; empty where the ledger does not know the run, so that nobody can tell. */
    Optional<List<DataFile>> loaded(SnowflakeSession session, RunId run, String table) throws SQLException {
        List<DataFile> rows = rowsIfThere(
                session,
                "SELECT TABLE_NAME, PATH, BYTES, ROW_COUNT, ETAG FROM " + ofTable(run, table),
                row -> new DataFile(
                        row.getString(1), row.getString(2), row.getLong(3), row.getLong(4), row.getString(5)));
        List<DataFile> files =
                rows.stream().filter(file -> !file.table().equals(NO_TABLE)).toList();
        return files.size() < rows.size() ? Optional.of(files) : Optional.empty();
    }

    /** How many files of a run are loaded; empty where the ledger does not know it. */
    OptionalLong files(SnowflakeSession session, RunId run) throws SQLException {
        return rowsIfThere(
                        session,
                        "SELECT COUNT(*), MIN(TABLE_NAME) FROM " + ledger() + " WHERE " + isOurs() + " AND RUN = "
                                + literal(run.value()),
                        row -> NO_TABLE.equals(row.getString(2))
                                ? OptionalLong.of(row.getLong(1) - 1)
                                : OptionalLong.empty())
                .stream()
                .findFirst()
                .orElse(OptionalLong.empty());
    }

    /** Whether the ledger has been there since the run's staging was made. */
    boolean knows(SnowflakeSession session, RunId run) throws SQLException {
        return files(session, run).isPresent();
    }

    private static <T> List<T> rowsIfThere(SnowflakeSession session, String sql, RowReader<T> reader)
            throws SQLException {
        try {
            return session.rows(sql, reader);
        } catch (SQLException e) {
            if (SnowflakeSession.isUnknown(e)) {
                return List.of();
            }
            throw e;
        }
    }

    /** What is told when the ledger went while it was needed. */
    static Fault lost(RunId run) {
        return Fault.world("The ledger in schema " + NAME + " does not know run " + run
                + " any more: somebody dropped it, and what was loaded of the run cannot be told: run again: its staging is"
                + " emptied and loaded anew then");
    }

    /**
     * Notes the comment of a version that is to go live, for the case that a person overwrites it there, and forgets those
     * of all runs that are not among the others.
     */
    void noteComment(SnowflakeSession session, Held lock, SnowflakeVersion version, Collection<RunId> others)
            throws SQLException {
        RunId run = version.requireRun();
        String kept = others.stream()
                .filter(other -> !other.equals(run))
                .map(other -> literal(other.value()))
                .collect(Collectors.joining(", ", "(", ")"));
        ifAllowed(session, () -> {
            lock.require();
            session.execute("DELETE FROM " + comments() + " WHERE " + isOurs()
                    + (kept.equals("()") ? "" : " AND RUN NOT IN " + kept));
            lock.require();
            session.execute("INSERT INTO " + comments() + " VALUES (" + literal(schema) + ", " + literal(run.value())
                    + ", " + literal(version.comment("")) + ")");
        });
    }

    /** Forgets the comment of a version, before its schema goes. */
    void forgetComment(SnowflakeSession session, Held lock, RunId run) throws SQLException {
        ifAllowed(session, () -> {
            lock.require();
            session.execute("DELETE FROM " + comments() + " WHERE " + isOurs() + " AND RUN = " + literal(run.value()));
        });
    }

    /** Work on the noted comments. */
    private interface Note {
        void run() throws SQLException;
    }

    /** Nothing but a remedy is printed from the noted comments, so a role that may not work on them goes on without. */
    private void ifAllowed(SnowflakeSession session, Note note) throws SQLException {
        try {
            note.run();
        } catch (SQLException e) {
            if (!SnowflakeSession.isLacking(e)) {
                throw e;
            }
            LOG.warn(
                    "Cannot note the comment of schema {}, so no message could tell it, should a person overwrite it: {}:"
                            + " GRANT SELECT, INSERT, DELETE ON TABLE {} TO ROLE {}",
                    schema,
                    SnowflakeSession.message(e),
                    comments(),
                    session.role());
        }
    }

    /**
     * The comment that live had, without a person's words: the one of a run that no schema is of any more. Where a person
     * dropped versions before it, too, the one that followed them.
     *
     * @param others all runs that a schema is of
     * @return empty where nobody noted it, or nobody can tell which one it was
     */
    Optional<String> lostComment(SnowflakeSession session, Collection<RunId> others) throws SQLException {
        Set<String> runs = others.stream().map(RunId::value).collect(Collectors.toSet());
        List<SnowflakeVersion> lost = new ArrayList<>();
        try {
            // Who may not remove rows has left some of runs that went long ago.
            session.execute("DELETE FROM " + comments() + " WHERE FALSE");
            session.rows("SELECT RUN, SCHEMA_COMMENT FROM " + comments() + " WHERE " + isOurs(), row -> {
                if (!runs.contains(row.getString(1))) {
                    SnowflakeVersion.read(stored(schema), false, row.getString(2))
                            .ifPresent(lost::add);
                }
                return lost;
            });
        } catch (SQLException e) {
            if (!SnowflakeSession.isLacking(e)) {
                throw e;
            }
        }
        List<SnowflakeVersion> last = lost.stream()
                .filter(version -> lost.stream().noneMatch(other -> other.leftBehind(version.requireRun())))
                .toList();
        return last.size() == 1 ? Optional.of(last.get(0).comment()) : Optional.empty();
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
