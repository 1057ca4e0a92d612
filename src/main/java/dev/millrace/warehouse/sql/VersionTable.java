package dev.millrace.warehouse.sql;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.warehouse.Load;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32;

/**
 * What the database says about the versions of one schema: our own tables in the schema {@code _millrace}, a row for
 * each version and each loaded file. What they say changes in the transaction in which it becomes true.
 */
public abstract class VersionTable {
    public static final String SCHEMA = "_millrace";

    protected static final int FORMAT = 1;
    protected static final String COLUMNS =
            "run, commit, job, namespace, definition, prepared_against, previous, is_live";
    private static final int NAME_BYTES = 63;

    private final SqlSession session;
    private final String schema;
    private final String versions;
    private final String files;

    /**
     * @param schema that readers use
     * @param versions name of the table of versions
     * @param files name of the ledger of loaded files
     */
    protected VersionTable(SqlSession session, String schema, String versions, String files) {
        this.session = session;
        this.schema = schema;
        this.versions = versions;
        this.files = files;
    }

    /** Until the transaction ends nobody else changes what versions there are. */
    public abstract void lock() throws SQLException;

    /** Makes our tables where there are none. */
    public abstract void create() throws SQLException;

    /** A version that is this transaction's alone; waits for those who load into it, where the engine can. */
    public abstract Optional<StoredVersion> claim(RunId run) throws SQLException;

    /** As {@link #claim}; empty where somebody loads into it, as far as the engine tells. */
    public abstract Optional<StoredVersion> tryClaim(RunId run) throws SQLException;

    /** The table of versions, as statements write it. */
    protected String versions() {
        return SCHEMA + "." + identifier(versions);
    }

    /** The ledger, as statements write it. */
    protected String files() {
        return SCHEMA + "." + identifier(files);
    }

    /** The schema that readers use. */
    protected String schema() {
        return schema;
    }

    protected boolean exists() throws SQLException {
        return session.number(
                        "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                                + " ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ?",
                        SCHEMA,
                        versions)
                > 0;
    }

    protected void requireFormat() throws SQLException {
        long newest = session.number("SELECT coalesce(max(format), 0) FROM " + versions());
        if (newest > FORMAT) {
            throw Fault.user("Invalid warehouse: its schema " + SCHEMA + " has format " + newest
                    + ", written by a newer Millrace; this one knows up to " + FORMAT + ": use the newer one");
        }
    }

    /**
     * What the user lacks of the rights that every job needs: to make schemas, and on our own tables, which belong to whoever
     * made them first. As statements that give them.
     */
    List<String> missingRights() throws SQLException {
        String to = " TO "
                + identifier(session.rows("SELECT current_user", row -> row.getString(1))
                        .get(0));
        List<String> grants = new ArrayList<>(session.rows(
                "SELECT current_database() WHERE NOT has_database_privilege(current_database(), 'CREATE')",
                row -> "GRANT CREATE ON DATABASE " + identifier(row.getString(1)) + to));
        String needed = exists() ? "USAGE" : "CREATE";
        grants.addAll(session.rows(
                "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = '" + SCHEMA
                        + "' AND NOT (has_schema_privilege(nspname, 'USAGE') AND has_schema_privilege(nspname, '"
                        + needed
                        + "'))",
                row -> "GRANT " + (exists() ? "USAGE" : "USAGE, CREATE") + " ON SCHEMA " + SCHEMA + to));
        grants.addAll(session.rows(
                "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE n.nspname = ? AND c.relname IN (?, ?) AND NOT (has_table_privilege(c.oid, 'SELECT')"
                        + " AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')"
                        + " AND has_table_privilege(c.oid, 'DELETE')) ORDER BY 1 DESC",
                row -> "GRANT SELECT, INSERT, UPDATE, DELETE ON " + SCHEMA + "." + identifier(row.getString(1)) + to,
                SCHEMA,
                versions,
                files));
        return grants;
    }

    /** Live and the versions a rollback can reach, newest first; then all others. */
    public List<StoredVersion> chain() throws SQLException {
        List<StoredVersion> all = all();
        List<StoredVersion> chain = new ArrayList<>();
        Optional<StoredVersion> next =
                all.stream().filter(StoredVersion::isLive).findFirst();
        while (next.isPresent()) {
            StoredVersion version = next.get();
            if (chain.contains(version)) {
                throw Fault.world("The versions of schema " + schema + " lead in a circle, at run " + version.run());
            }
            chain.add(version);
            next = version.previous().flatMap(run -> of(all, run));
        }
        return chain;
    }

    public List<StoredVersion> all() throws SQLException {
        if (!exists()) {
            return List.of();
        }
        return session.rows(
                "SELECT " + COLUMNS + " FROM " + versions() + " WHERE schema = ? ORDER BY run",
                VersionTable::read,
                schema);
    }

    private static Optional<StoredVersion> of(List<StoredVersion> all, RunId run) {
        return all.stream().filter(v -> v.run().equals(run)).findFirst();
    }

    /**
     * One version.
     *
     * @param how the row is locked, or empty
     */
    protected Optional<StoredVersion> find(RunId run, String how) throws SQLException {
        if (!exists()) {
            return Optional.empty();
        }
        return session
                .rows(
                        "SELECT " + COLUMNS + " FROM " + versions() + " WHERE schema = ? AND run = ?" + how,
                        VersionTable::read,
                        schema,
                        run.value())
                .stream()
                .findFirst();
    }

    private static StoredVersion read(ResultSet row) throws SQLException {
        long against = row.getLong(6);
        OptionalLong seen = row.wasNull() ? OptionalLong.empty() : OptionalLong.of(against);
        return new StoredVersion(
                new RunId(row.getString(1)),
                row.getLong(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                seen,
                Optional.ofNullable(row.getString(7)).map(RunId::new),
                row.getBoolean(8));
    }

    public StoredVersion add(Load load, String definition, OptionalLong against) throws SQLException {
        String namespace = namespace(schema, load.run());
        session.update(
                "INSERT INTO " + versions() + " (format, schema, " + COLUMNS
                        + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, false)",
                FORMAT,
                schema,
                load.run().value(),
                load.commit(),
                load.job(),
                namespace,
                definition,
                boxed(against));
        return new StoredVersion(
                load.run(), load.commit(), load.job(), namespace, definition, against, Optional.empty(), false);
    }

    public void preparedAgain(Load load, OptionalLong against) throws SQLException {
        session.update(
                "UPDATE " + versions() + " SET commit = ?, prepared_against = ? WHERE schema = ? AND run = ?",
                load.commit(),
                boxed(against),
                schema,
                load.run().value());
    }

    private static Long boxed(OptionalLong number) {
        return number.isPresent() ? number.getAsLong() : null;
    }

    /** Notes that a version went live in place of what was. */
    public void replaced(RunId run, long commit, Optional<RunId> previous) throws SQLException {
        madeLive(run);
        session.update(
                "UPDATE " + versions() + " SET commit = ?, previous = ? WHERE schema = ? AND run = ?",
                commit,
                previous.map(RunId::value).orElse(null),
                schema,
                run.value());
    }

    /** Notes which version is live. */
    public void madeLive(RunId run) throws SQLException {
        session.update("UPDATE " + versions() + " SET is_live = false WHERE schema = ? AND is_live", schema);
        session.update(
                "UPDATE " + versions() + " SET is_live = true WHERE schema = ? AND run = ?", schema, run.value());
    }

    /** Has what replaced a version lead to the one before it. */
    public void leadPast(RunId run, RunId before) throws SQLException {
        session.update(
                "UPDATE " + versions() + " SET previous = ? WHERE schema = ? AND previous = ?",
                before.value(),
                schema,
                run.value());
    }

    /** Forgets what was loaded into a version. */
    public void removeFiles(RunId run) throws SQLException {
        session.update("DELETE FROM " + files() + " WHERE schema = ? AND run = ?", schema, run.value());
    }

    public void remove(RunId run) throws SQLException {
        removeFiles(run);
        session.update("DELETE FROM " + versions() + " WHERE schema = ? AND run = ?", schema, run.value());
    }

    public List<DataFile> loaded(RunId run, String table) throws SQLException {
        return session.rows(
                "SELECT path, bytes, rows, etag FROM " + files() + " WHERE schema = ? AND run = ? AND \"table\" = ?",
                row -> new DataFile(table, row.getString(1), row.getLong(2), row.getLong(3), row.getString(4)),
                schema,
                run.value(),
                table);
    }

    /** The schema of a version that is not live: the live schema's name and the run's, at most 63 bytes. */
    public static String namespace(String schema, RunId run) {
        String end = "__" + run.value().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "_");
        int room = NAME_BYTES - end.length();
        if (schema.length() <= room) {
            return schema + end;
        }
        CRC32 crc = new CRC32();
        crc.update(schema.getBytes(StandardCharsets.UTF_8));
        String hash = String.format(Locale.ROOT, "_%08x", crc.getValue());
        return schema.substring(0, room - hash.length()) + hash + end;
    }

    /** As statements write the schema that a version lies in. */
    public String place(StoredVersion version) {
        return identifier(version.isLive() ? schema : version.namespace());
    }
}
