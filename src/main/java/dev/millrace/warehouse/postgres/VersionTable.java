package dev.millrace.warehouse.postgres;

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
final class VersionTable {
    static final String SCHEMA = "_millrace";

    private static final int FORMAT = 1;
    private static final int NAME_BYTES = 63;
    private static final String COLUMNS = "run, commit, namespace, definition, prepared_against, previous, is_live";

    /** Of advisory locks: these are ours. */
    private static final int LOCKS = 0x4D696C6C;

    private final PostgresSession session;
    private final String schema;

    /** @param schema that readers use */
    VersionTable(PostgresSession session, String schema) {
        this.session = session;
        this.schema = schema;
    }

    /** Until the transaction ends nobody else changes what versions there are. */
    void lock() throws SQLException {
        CRC32 crc = new CRC32();
        crc.update(schema.getBytes(StandardCharsets.UTF_8));
        session.rows("SELECT pg_advisory_xact_lock(" + LOCKS + ", " + (int) crc.getValue() + ")", row -> row);
    }

    boolean exists() throws SQLException {
        return session.rows("SELECT to_regclass('" + SCHEMA + ".version') IS NOT NULL", row -> row.getBoolean(1))
                .get(0);
    }

    /** Makes our tables where there are none; within a transaction. */
    void create() throws SQLException {
        if (exists()) {
            requireFormat();
            return;
        }
        // Of several who begin at once the others wait here, and find the tables.
        session.rows("SELECT pg_advisory_xact_lock(" + LOCKS + ", 0)", row -> row);
        session.execute("CREATE SCHEMA IF NOT EXISTS " + SCHEMA);
        session.execute("CREATE TABLE IF NOT EXISTS " + SCHEMA + ".version (format int NOT NULL, job text NOT NULL,"
                + " schema text NOT NULL, run text NOT NULL, commit bigint NOT NULL, namespace text NOT NULL UNIQUE,"
                + " definition text NOT NULL, prepared_against bigint, previous text, is_live boolean NOT NULL,"
                + " PRIMARY KEY (schema, run))");
        session.execute("CREATE UNIQUE INDEX IF NOT EXISTS one_live ON " + SCHEMA + ".version (schema) WHERE is_live");
        session.execute(
                "CREATE TABLE IF NOT EXISTS " + SCHEMA + ".loaded_file (schema text NOT NULL, run text NOT NULL,"
                        + " \"table\" text NOT NULL, path text NOT NULL, bytes bigint NOT NULL, rows bigint NOT NULL,"
                        + " etag text NOT NULL, transaction bigint NOT NULL, PRIMARY KEY (schema, run, path))");
    }

    private void requireFormat() throws SQLException {
        long newest = session.number("SELECT coalesce(max(format), 0) FROM " + SCHEMA + ".version");
        if (newest > FORMAT) {
            throw Fault.user("Invalid warehouse: its schema " + SCHEMA + " has format " + newest
                    + ", written by a newer Millrace; this one knows up to " + FORMAT + ": use the newer one");
        }
    }

    /** Live and the versions a rollback can reach, newest first; then all others. */
    List<StoredVersion> chain() throws SQLException {
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

    List<StoredVersion> all() throws SQLException {
        if (!exists()) {
            return List.of();
        }
        return session.rows(
                "SELECT " + COLUMNS + " FROM " + SCHEMA + ".version WHERE schema = ? ORDER BY run",
                VersionTable::read,
                schema);
    }

    private static Optional<StoredVersion> of(List<StoredVersion> all, RunId run) {
        return all.stream().filter(v -> v.run().equals(run)).findFirst();
    }

    /** A version that stays until the transaction ends, though others may load into it too. */
    Optional<StoredVersion> share(RunId run) throws SQLException {
        return locked(run, "FOR SHARE");
    }

    /** A version that is this transaction's alone; waits for those who load into it. */
    Optional<StoredVersion> claim(RunId run) throws SQLException {
        return locked(run, "FOR UPDATE");
    }

    /** As {@link #claim}; empty where somebody loads into it. */
    Optional<StoredVersion> tryClaim(RunId run) throws SQLException {
        return locked(run, "FOR UPDATE SKIP LOCKED");
    }

    private Optional<StoredVersion> locked(RunId run, String how) throws SQLException {
        if (!exists()) {
            return Optional.empty();
        }
        return session
                .rows(
                        "SELECT " + COLUMNS + " FROM " + SCHEMA + ".version WHERE schema = ? AND run = ? " + how,
                        VersionTable::read,
                        schema,
                        run.value())
                .stream()
                .findFirst();
    }

    private static StoredVersion read(ResultSet row) throws SQLException {
        long against = row.getLong(5);
        OptionalLong seen = row.wasNull() ? OptionalLong.empty() : OptionalLong.of(against);
        return new StoredVersion(
                new RunId(row.getString(1)),
                row.getLong(2),
                row.getString(3),
                row.getString(4),
                seen,
                Optional.ofNullable(row.getString(6)).map(RunId::new),
                row.getBoolean(7));
    }

    StoredVersion add(Load load, OptionalLong against) throws SQLException {
        String namespace = namespace(schema, load.run());
        session.update(
                "INSERT INTO " + SCHEMA + ".version (format, job, schema, " + COLUMNS
                        + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, false)",
                FORMAT,
                load.job(),
                schema,
                load.run().value(),
                load.commit(),
                namespace,
                load.definition(),
                boxed(against));
        return new StoredVersion(
                load.run(), load.commit(), namespace, load.definition(), against, Optional.empty(), false);
    }

    void preparedAgain(Load load, OptionalLong against) throws SQLException {
        session.update(
                "UPDATE " + SCHEMA + ".version SET commit = ?, prepared_against = ? WHERE schema = ? AND run = ?",
                load.commit(),
                boxed(against),
                schema,
                load.run().value());
    }

    private static Long boxed(OptionalLong number) {
        return number.isPresent() ? number.getAsLong() : null;
    }

    /** Notes that a version went live in place of what was. */
    void replaced(RunId run, long commit, Optional<RunId> previous) throws SQLException {
        madeLive(run);
        session.update(
                "UPDATE " + SCHEMA + ".version SET commit = ?, previous = ? WHERE schema = ? AND run = ?",
                commit,
                previous.map(RunId::value).orElse(null),
                schema,
                run.value());
    }

    /** Notes which version is live. */
    void madeLive(RunId run) throws SQLException {
        session.update("UPDATE " + SCHEMA + ".version SET is_live = false WHERE schema = ? AND is_live", schema);
        session.update(
                "UPDATE " + SCHEMA + ".version SET is_live = true WHERE schema = ? AND run = ?", schema, run.value());
    }

    void remove(RunId run) throws SQLException {
        session.update("DELETE FROM " + SCHEMA + ".loaded_file WHERE schema = ? AND run = ?", schema, run.value());
        session.update("DELETE FROM " + SCHEMA + ".version WHERE schema = ? AND run = ?", schema, run.value());
    }

    List<DataFile> loaded(RunId run, String table) throws SQLException {
        return session.rows(
                "SELECT path, bytes, rows, etag FROM " + SCHEMA
                        + ".loaded_file WHERE schema = ? AND run = ? AND \"table\" = ?",
                row -> new DataFile(table, row.getString(1), row.getLong(2), row.getLong(3), row.getString(4)),
                schema,
                run.value(),
                table);
    }

    /** Notes a file as loaded by this transaction; false when another one has loaded it. */
    boolean add(RunId run, DataFile file) throws SQLException {
        return session.update(
                        "INSERT INTO " + SCHEMA
                                + ".loaded_file VALUES (?, ?, ?, ?, ?, ?, ?, pg_current_xact_id()::text::bigint)"
                                + " ON CONFLICT DO NOTHING",
                        schema,
                        run.value(),
                        file.table(),
                        file.path(),
                        file.bytes(),
                        file.rows(),
                        file.etag())
                == 1;
    }

    /** The last transaction that loaded a file of this run, by the number that its epoch is cut off. */
    Optional<String> lastLoad(RunId run) throws SQLException {
        return session.rows(
                        "SELECT (max(transaction) % 4294967296)::text FROM " + SCHEMA
                                + ".loaded_file WHERE schema = ? AND run = ?",
                        row -> Optional.ofNullable(row.getString(1)),
                        schema,
                        run.value())
                .get(0);
    }

    /** The schema of a version that is not live: the live schema's name and the run's, at most 63 bytes. */
    static String namespace(String schema, RunId run) {
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
    String place(StoredVersion version) {
        return identifier(version.isLive() ? schema : version.namespace());
    }
}
