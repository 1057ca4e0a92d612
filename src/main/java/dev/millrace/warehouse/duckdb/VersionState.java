package dev.millrace.warehouse.duckdb;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.fault.Fault;
import dev.millrace.run.RunId;
import dev.millrace.warehouse.Version;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a version's file says about itself, in the one row of {@code _millrace.version}.
 *
 * @param run that made it
 * @param commit of the run
 * @param job whose run it is
 * @param schema that readers use
 * @param definition of all tables, as text to compare
 * @param preparedAgainst the commit that was live when it was prepared; empty when nothing was
 * @param previous the run that was live before it; set when it goes live
 */
record VersionState(
        RunId run,
        long commit,
        String job,
        String schema,
        String definition,
        OptionalLong preparedAgainst,
        Optional<RunId> previous) {
    /** The schema of our own tables. */
    static final String SCHEMA = "_millrace";

    static final int FORMAT = 1;

    Version version() {
        return new Version(run, commit, job);
    }

    VersionState withPrevious(long newCommit, Optional<RunId> newPrevious) {
        return new VersionState(run, newCommit, job, schema, definition, preparedAgainst, newPrevious);
    }

    VersionState preparedAgain(long newCommit, OptionalLong against) {
        return new VersionState(run, newCommit, job, schema, definition, against, previous);
    }

    /** The tables of ours in an attached file; within the caller's transaction. */
    static void create(DuckDbSession session, String database) throws SQLException {
        String ours = identifier(database) + "." + identifier(SCHEMA);
        session.execute("CREATE SCHEMA " + ours);
        session.execute("CREATE TABLE " + ours + ".version (format INTEGER NOT NULL, run VARCHAR NOT NULL, "
                + "\"commit\" BIGINT NOT NULL, job VARCHAR NOT NULL, \"schema\" VARCHAR NOT NULL, "
                + "definition VARCHAR NOT NULL, prepared_against BIGINT, previous VARCHAR)");
        session.execute("CREATE TABLE " + ours + ".loaded_file (\"table\" VARCHAR NOT NULL, path VARCHAR PRIMARY KEY, "
                + "bytes BIGINT NOT NULL, \"rows\" BIGINT NOT NULL, etag VARCHAR NOT NULL)");
    }

    /** Replaces the row in one transaction, the caller's or one of its own. */
    void write(DuckDbSession session, String database) throws SQLException {
        String table = identifier(database) + "." + identifier(SCHEMA) + ".version";
        session.execute("DELETE FROM " + table);
        session.execute("INSERT INTO " + table + " VALUES (" + FORMAT + ", " + literal(run.value()) + ", " + commit
                + ", " + literal(job) + ", " + literal(schema) + ", " + literal(definition) + ", "
                + (preparedAgainst.isPresent() ? preparedAgainst.getAsLong() : "NULL") + ", "
                + previous.map(p -> literal(p.value())).orElse("NULL") + ")");
    }

    /** Reads the row of an attached file. Refuses a file that is not ours. */
    static VersionState read(DuckDbSession session, String database, Path file) throws SQLException {
        String table = identifier(database) + "." + identifier(SCHEMA) + ".version";
        List<Long> formats;
        try {
            formats = session.rows("SELECT format FROM " + table, row -> row.getLong(1));
        } catch (SQLException e) {
            if (DuckDbSession.isUnknownTable(e)) {
                throw foreign(file);
            }
            throw e;
        }
        if (formats.size() != 1) {
            throw foreign(file);
        }
        if (formats.get(0) > FORMAT) {
            throw Fault.user("Invalid warehouse " + file + ": format " + formats.get(0)
                    + " was written by a newer Millrace; this one knows up to " + FORMAT + ": use the newer one");
        }
        return session.rows(
                        "SELECT run, \"commit\", job, \"schema\", definition, prepared_against, previous FROM " + table,
                        row -> {
                            long against = row.getLong(6);
                            OptionalLong seen = row.wasNull() ? OptionalLong.empty() : OptionalLong.of(against);
                            return new VersionState(
                                    new RunId(row.getString(1)),
                                    row.getLong(2),
                                    row.getString(3),
                                    row.getString(4),
                                    row.getString(5),
                                    seen,
                                    Optional.ofNullable(row.getString(7)).map(RunId::new));
                        })
                .get(0);
    }

    static Fault foreign(Path file) {
        return Fault.user("Invalid warehouse " + file
                + ": the file is there, but Millrace did not make it, and it is left as it is: "
                + "choose another path, or move it away");
    }
}
