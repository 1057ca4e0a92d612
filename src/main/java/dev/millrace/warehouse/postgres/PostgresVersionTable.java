package dev.millrace.warehouse.postgres;

import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.warehouse.sql.StoredVersion;
import dev.millrace.warehouse.sql.VersionTable;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Optional;
import java.util.zip.CRC32;

/** The tables {@code _millrace.version} and {@code _millrace.loaded_file} of a PostgreSQL database, of all schemas. */
final class PostgresVersionTable extends VersionTable {
    /** Of advisory locks: these are ours. */
    private static final int LOCKS = 0x4D696C6C;

    private final PostgresSession session;

    PostgresVersionTable(PostgresSession session, String schema) {
        super(session, schema, "version", "loaded_file");
        this.session = session;
    }

    @Override
    public void lock() throws SQLException {
        CRC32 crc = new CRC32();
        crc.update(schema().getBytes(StandardCharsets.UTF_8));
        session.rows("SELECT pg_advisory_xact_lock(" + LOCKS + ", " + (int) crc.getValue() + ")", row -> row);
    }

    /** Within a transaction. */
    @Override
    public void create() throws SQLException {
        if (exists()) {
            requireFormat();
            return;
        }
        // Of several who begin at once the others wait here, and find the tables.
        session.rows("SELECT pg_advisory_xact_lock(" + LOCKS + ", 0)", row -> row);
        session.execute("CREATE SCHEMA IF NOT EXISTS " + SCHEMA);
        session.execute("CREATE TABLE IF NOT EXISTS " + versions() + " (format int NOT NULL, job text NOT NULL,"
                + " schema text NOT NULL, run text NOT NULL, commit bigint NOT NULL, namespace text NOT NULL UNIQUE,"
                + " definition text NOT NULL, prepared_against bigint, previous text, is_live boolean NOT NULL,"
                + " PRIMARY KEY (schema, run))");
        session.execute("CREATE UNIQUE INDEX IF NOT EXISTS one_live ON " + versions() + " (schema) WHERE is_live");
        session.execute("CREATE TABLE IF NOT EXISTS " + files() + " (schema text NOT NULL, run text NOT NULL,"
                + " \"table\" text NOT NULL, path text NOT NULL, bytes bigint NOT NULL, rows bigint NOT NULL,"
                + " etag text NOT NULL, transaction bigint NOT NULL, PRIMARY KEY (schema, run, path))");
    }

    /** A version that stays until the transaction ends, though others may load into it too. */
    Optional<StoredVersion> share(RunId run) throws SQLException {
        return find(run, " FOR SHARE");
    }

    @Override
    public Optional<StoredVersion> claim(RunId run) throws SQLException {
        return find(run, " FOR UPDATE");
    }

    @Override
    public Optional<StoredVersion> tryClaim(RunId run) throws SQLException {
        return find(run, " FOR UPDATE SKIP LOCKED");
    }

    /** Notes a file as loaded by this transaction; false when another one has loaded it. */
    boolean add(RunId run, DataFile file) throws SQLException {
        return session.update(
                        "INSERT INTO " + files() + " VALUES (?, ?, ?, ?, ?, ?, ?, pg_current_xact_id()::text::bigint)"
                                + " ON CONFLICT DO NOTHING",
                        schema(),
                        run.value(),
                        file.table(),
                        file.path(),
                        file.bytes(),
                        file.rows(),
                        file.etag())
                == 1;
    }

    /**
     * The last transaction that wrote rows of this run, by the number that its epoch is cut off: it loaded a file, or wrote a
     * table anew, after which older snapshots see it empty. A table that was written anew has another file than its first;
     * where it was altered later, that later transaction is taken.
     *
     * @see <a href="https://www.postgresql.org/docs/15/mvcc-caveats.html">caveats</a>
     */
    Optional<String> lastWrite(RunId run) throws SQLException {
        return session
                .rows(
                        "SELECT w.x::text FROM (SELECT (max(transaction) % 4294967296)::text::xid AS x FROM " + files()
                                + " WHERE schema = ? AND run = ? UNION ALL SELECT c.xmin FROM " + versions()
                                + " v JOIN pg_catalog.pg_namespace n ON n.nspname = v.namespace"
                                + " JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r'"
                                + " AND c.relfilenode <> c.oid WHERE v.schema = ? AND v.run = ?) w"
                                + " WHERE w.x IS NOT NULL ORDER BY age(w.x) LIMIT 1",
                        row -> row.getString(1),
                        schema(),
                        run.value(),
                        schema(),
                        run.value())
                .stream()
                .findFirst();
    }
}
