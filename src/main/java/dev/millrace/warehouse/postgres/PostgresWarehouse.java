package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.config.WarehouseSettings;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.sql.Dependents;
import dev.millrace.warehouse.sql.SchemaWarehouse;
import dev.millrace.warehouse.sql.SqlSession;
import dev.millrace.warehouse.sql.StoredVersion;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A schema of a PostgreSQL database as a warehouse: readers have the old tables or the new ones, all of them, because a
 * swap holds all tables of live locked.
 */
public final class PostgresWarehouse extends SchemaWarehouse<PostgresSession, PostgresVersionTable> {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresWarehouse.class);

    /** Dropping what nobody should read waits for no reader for longer. */
    private static final int DROP_WAIT_MILLIS = 2000;

    private final PostgresOptions options;

    /** What people had made of live when the replacement began that is at work. */
    private Set<PostgresInherited.Made> seen = Set.of();

    /** @param schema that readers use; made by the first replacement */
    public PostgresWarehouse(PostgresOptions options, String schema) {
        this(options, schema, step -> LOG.debug("{}: {}", schema, step));
    }

    /** @param steps told of each effect */
    public PostgresWarehouse(PostgresOptions options, String schema, Steps steps) {
        super(schema, steps);
        this.options = options;
    }

    @Override
    protected String server() {
        return "PostgreSQL " + options.server().host() + ":" + options.server().port() + "/"
                + options.server().database();
    }

    @Override
    protected PostgresSession open() {
        return PostgresSession.open(options);
    }

    @Override
    protected PostgresVersionTable versions(PostgresSession session) {
        return new PostgresVersionTable(session, schema());
    }

    @Override
    protected void build(PostgresSession session, StoredVersion version, Load load) throws SQLException {
        String namespace = version.namespace();
        session.execute("CREATE SCHEMA " + identifier(namespace));
        inherited(session, schema(), namespace).defaults();
        for (TableDefinition table : load.tables()) {
            String name = identifier(namespace) + "." + identifier(table.name());
            session.execute(SqlText.createTable(name, table, PostgresWarehouse::type));
        }
        inherited(session, schema(), namespace).settings();
        for (String publication : session.rows(
                "SELECT pubname FROM pg_catalog.pg_publication WHERE puballtables", row -> row.getString(1))) {
            LOG.warn(
                    "Publication {} is for all tables of the database: what is loaded into {} is published too",
                    publication,
                    namespace);
        }
    }

    /** Timestamps are without zone, in UTC: what a reader sees does not depend on its session's zone. */
    private static String type(ColumnType type) {
        return switch (type.kind()) {
            case STRING -> "text";
            case JSON -> "json";
            case BIGINT -> "bigint";
            case DECIMAL -> "numeric(" + type.precision() + "," + type.scale() + ")";
            case DOUBLE -> "double precision";
            case BOOLEAN -> "boolean";
            case BINARY -> "bytea";
            case DATE -> "date";
            case TIMESTAMP -> "timestamp";
        };
    }

    @Override
    protected void load(Load load, LandingFiles landing, List<DataFile> missing, Consumer<DataFile> loaded) {
        int streams = options.server().streams();
        new Streams(streams).run(FileLoader.batches(missing, streams), this::open, (session, batch) -> {
            new FileLoader(session, versions(session), load.run(), landing, steps()).load(batch);
            synchronized (loaded) {
                batch.forEach(loaded);
            }
        });
    }

    @Override
    protected boolean tellsRights() {
        return true;
    }

    /** What people made of live's tables, indexes first of all, and the planner's statistics. */
    @Override
    protected void makeReady(PostgresSession session, Optional<StoredVersion> live, StoredVersion next, Load load)
            throws SQLException {
        session.transaction(() -> {
            seen = inherited(session, schema(), next.namespace()).all(MadeColumns.of(live));
            return load;
        });
        for (TableDefinition table : load.tables()) {
            session.execute("ANALYZE " + identifier(next.namespace()) + "." + identifier(table.name()));
        }
    }

    @Override
    protected void requireReady(PostgresSession session, Optional<StoredVersion> live, StoredVersion next)
            throws SQLException {
        inherited(session, schema(), next.namespace()).requireNoMore(MadeColumns.of(live), seen);
    }

    @Override
    protected String fingerprint(PostgresSession session) throws SQLException {
        return DependentObjects.fingerprint(session, schema());
    }

    @Override
    protected Dependents dependents(PostgresSession session, Optional<StoredVersion> live) throws SQLException {
        return DependentObjects.of(session, schema(), live);
    }

    @Override
    protected void awaitOthers(PostgresSession session, PostgresVersionTable versions, RunId run) throws SQLException {
        Optional<String> lastWrite = versions.lastWrite(run);
        if (lastWrite.isPresent()) {
            new TableLocks(session, options.server().patience()).awaitOlderSnapshots(lastWrite.get());
        }
    }

    @Override
    protected PostgresInherited inherited(PostgresSession session, String from, String to) {
        return new PostgresInherited(session, from, to);
    }

    @Override
    protected boolean recreatesViews() {
        return options.server().dependents() == WarehouseSettings.Dependents.RECREATE;
    }

    /** Nobody can reach the next version's tables before the renames are committed. */
    @Override
    protected void lock(PostgresSession session, List<String> views, List<String> live, List<String> next)
            throws SQLException {
        new TableLocks(session, options.server().patience())
                .take(Stream.concat(views.stream(), live.stream()).toList());
    }

    @Override
    protected void hurry(PostgresSession session) throws SQLException {
        session.execute("SET LOCAL lock_timeout = " + DROP_WAIT_MILLIS);
    }

    @Override
    protected void reading(PostgresSession session, SqlSession.Work<Boolean> work) throws SQLException {
        session.transaction(() -> {
            session.execute("SET TRANSACTION READ ONLY");
            session.execute("SET LOCAL search_path = " + identifier(schema()));
            return work.run();
        });
    }

    /** A cursor takes one select and nothing else; the statement goes to it as a value. */
    @Override
    protected void openCursor(Statement statement, String sql) throws SQLException {
        String open = "DECLARE found refcursor := 'millrace_query'; BEGIN OPEN found FOR EXECUTE "
                + literal(SqlText.withoutSemicolon(sql)) + "; END";
        statement.execute("DO " + literal(open));
    }
}
