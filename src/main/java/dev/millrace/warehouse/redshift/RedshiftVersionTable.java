package dev.millrace.warehouse.redshift;

import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.warehouse.sql.StoredVersion;
import dev.millrace.warehouse.sql.VersionTable;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The tables {@code _millrace.<schema>__version} and {@code …__loaded_file}: two for each schema, because transactions on
 * one table collide in Redshift, whichever rows they touch.
 *
 * <p>Redshift has no advisory locks, no row locks and enforces no keys. {@code LOCK TABLE} stands for all of them: it
 * comes first in each transaction, before the transaction has its snapshot, so that what was committed while it waited is
 * seen.
 *
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html">LOCK</a>
 */
final class RedshiftVersionTable extends VersionTable {
    /** The most that a column holds. */
    private static final String TEXT = "varchar(65535)";

    private final RedshiftSession session;
    private boolean isMade;

    /** Looks whether the tables are there; outside of a transaction. */
    RedshiftVersionTable(RedshiftSession session, String schema) throws SQLException {
        super(session, schema, schema + "__version", schema + "__loaded_file");
        this.session = session;
        look();
    }

    /** The table of versions, as statements write it. */
    String name() {
        return versions();
    }

    /** Looks again, outside of a transaction. */
    void look() throws SQLException {
        isMade = super.exists();
    }

    @Override
    protected boolean exists() {
        return isMade;
    }

    @Override
    public void lock() throws SQLException {
        if (isMade) {
            session.execute("LOCK TABLE " + versions());
        }
    }

    @Override
    public void create() throws SQLException {
        if (isMade) {
            requireFormat();
            return;
        }
        session.execute("CREATE SCHEMA IF NOT EXISTS " + SCHEMA);
        session.execute(
                "CREATE TABLE " + versions() + " (format int NOT NULL, job " + TEXT + " NOT NULL, schema " + TEXT
                        + " NOT NULL, run " + TEXT + " NOT NULL, commit bigint NOT NULL, namespace " + TEXT
                        + " NOT NULL, definition " + TEXT + " NOT NULL, prepared_against bigint, previous " + TEXT
                        + ", is_live boolean NOT NULL) DISTSTYLE ALL");
        session.execute("CREATE TABLE " + files() + " (schema " + TEXT + " NOT NULL, run " + TEXT
                + " NOT NULL, \"table\" " + TEXT + " NOT NULL, path " + TEXT
                + " NOT NULL, bytes bigint NOT NULL, rows bigint NOT NULL, etag " + TEXT + " NOT NULL) DISTSTYLE AUTO");
        isMade = true;
    }

    /** Who loads into it holds its tables, which are locked by the swap. */
    @Override
    public Optional<StoredVersion> claim(RunId run) throws SQLException {
        return find(run, "");
    }

    /** Who loads into it holds its tables, which then cannot be dropped. */
    @Override
    public Optional<StoredVersion> tryClaim(RunId run) throws SQLException {
        return find(run, "");
    }

    /** Notes files as loaded by this transaction, which alone writes to their table. */
    void add(RunId run, Collection<DataFile> loaded) throws SQLException {
        session.execute("INSERT INTO " + files() + " VALUES "
                + loaded.stream().map(file -> row(run, file)).collect(Collectors.joining(", ")));
    }

    private String row(RunId run, DataFile file) {
        return "(" + RedshiftText.literal(schema()) + ", " + RedshiftText.literal(run.value()) + ", "
                + RedshiftText.literal(file.table()) + ", " + RedshiftText.literal(file.path()) + ", " + file.bytes()
                + ", " + file.rows() + ", " + RedshiftText.literal(file.etag()) + ")";
    }
}
