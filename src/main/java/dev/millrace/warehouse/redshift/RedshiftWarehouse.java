package dev.millrace.warehouse.redshift;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.config.WarehouseSettings;
import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.table.TableDefinition;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.sql.Dependents;
import dev.millrace.warehouse.sql.Inherited;
import dev.millrace.warehouse.sql.SchemaWarehouse;
import dev.millrace.warehouse.sql.SqlSession;
import dev.millrace.warehouse.sql.StoredVersion;
import dev.millrace.warehouse.sql.VersionTable;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A schema of a Redshift database as a warehouse.
 *
 * <p>The swap renames two schemas in one transaction that holds all tables of both locked. Redshift's catalog is not part
 * of a transaction's snapshot, and a rename has been reported to show before its commit; a reader that comes between the
 * two renames may then be told that the schema does not exist. It never gets rows of two versions: those wait for the locks.
 *
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html">serializable isolation</a>, on
 *     catalog tables
 */
public final class RedshiftWarehouse extends SchemaWarehouse<RedshiftSession, RedshiftVersionTable> {
    private static final Logger LOG = LoggerFactory.getLogger(RedshiftWarehouse.class);

    /** Dropping what nobody should read waits for no reader for longer. */
    private static final Duration DROP_WAIT = Duration.ofSeconds(2);

    /**
     * A try waits for less than the second after which servers of this family look for a deadlock, and would end one of the
     * readers; who comes meanwhile waits behind us for so long at most.
     */
    private static final Duration LOCK_WAIT = Duration.ofMillis(400);

    private final RedshiftOptions options;
    private final TableLayout layout;
    private final Set<String> refusedQuotas = ConcurrentHashMap.newKeySet();

    /** @param schema that readers use; made by the first replacement */
    public RedshiftWarehouse(RedshiftOptions options, String schema) {
        this(options, schema, step -> LOG.debug("{}: {}", schema, step));
    }

    /** @param steps told of each effect */
    public RedshiftWarehouse(RedshiftOptions options, String schema, Steps steps) {
        super(schema, steps);
        this.options = options;
        this.layout = new TableLayout(options.server());
    }

    @Override
    protected String server() {
        return "Redshift " + options.server().host() + ":" + options.server().port() + "/"
                + options.server().database();
    }

    @Override
    protected RedshiftSession open() {
        return RedshiftSession.open(options);
    }

    @Override
    protected RedshiftVersionTable versions(RedshiftSession session) throws SQLException {
        return new RedshiftVersionTable(session, schema());
    }

    /** Tried again where it collides with others. */
    @Override
    protected <T> T locked(
            RedshiftSession session, RedshiftVersionTable versions, Work<RedshiftSession, RedshiftVersionTable, T> work)
            throws SQLException {
        Retry retry = new Retry(options.server().patience());
        while (true) {
            AtomicBoolean isAlone = new AtomicBoolean();
            try {
                // Nobody holds what is ours for so long, but a process that stands still or a client that looked there.
                session.waitAtMost(options.server().patience());
                versions.look();
                return super.locked(session, versions, (inside, table) -> {
                    isAlone.set(true);
                    inside.waitAtMost(Duration.ZERO);
                    return work.run(inside, table);
                });
            } catch (SQLException e) {
                boolean passes = RedshiftSession.isPassing(e) || RedshiftSession.isMadeTwice(e);
                if (passes && retry.again()) {
                    continue;
                }
                if (RedshiftSession.isOutOfTime(e)) {
                    String held = isAlone.get() ? schema() : VersionTable.SCHEMA;
                    throw Fault.world("Cannot go on: "
                            + (isAlone.get() ? "readers hold the tables" : "others hold " + versions.name())
                            + " for longer than " + options.server().patience().toSeconds() + " s: "
                            + transactions(session).holders(held)
                            + ": live is as it was; run again when they have ended, or raise"
                            + " warehouse.redshift.patience");
                }
                throw e;
            }
        }
    }

    private OpenTransactions transactions(RedshiftSession session) {
        return new OpenTransactions(session, options.server().patience());
    }

    @Override
    public void prepare(Load load) {
        layout.require(load);
        super.prepare(load);
    }

    @Override
    protected String definition(Load load) {
        return layout.definition(load);
    }

    /** What live may use at most, the next version may. */
    @Override
    protected void build(RedshiftSession session, StoredVersion version, Load load) throws SQLException {
        String namespace = version.namespace();
        Optional<SchemaQuota> quota = SchemaQuota.of(session, schema());
        session.execute("CREATE SCHEMA " + identifier(namespace) + (quota.isEmpty() ? "" : SchemaQuota.clause(quota)));
        inherited(session, schema(), namespace).defaults();
        for (TableDefinition table : load.tables()) {
            session.execute(layout.createTable(identifier(namespace) + "." + identifier(table.name()), table));
        }
    }

    @Override
    protected void load(Load load, LandingFiles landing, List<DataFile> missing, Consumer<DataFile> loaded) {
        if (missing.isEmpty()) {
            return;
        }
        connected("Cannot load " + landing.table().name(), (session, versions) -> {
            SchemaQuota.require(
                    session,
                    schema(),
                    staging(versions, load).namespace(),
                    landing.table().name(),
                    refusedQuotas);
            CopyLoader loader = new CopyLoader(options, layout, session, versions, load, landing, steps());
            for (List<DataFile> batch : CopyLoader.batches(missing)) {
                loader.load(batch);
                batch.forEach(loaded);
            }
            return load;
        });
    }

    @Override
    protected void requireSight(RedshiftSession session) throws SQLException {
        new SightOfOthers(session, server()).require();
    }

    /** Roles may have CREATE SCHEMA, and no page says that the functions on privileges know of roles. */
    @Override
    protected boolean tellsRights() {
        return false;
    }

    @Override
    protected void makeReady(RedshiftSession session, Optional<StoredVersion> live, StoredVersion next, Load load)
            throws SQLException {
        for (TableDefinition table : load.tables()) {
            session.execute("ANALYZE " + identifier(next.namespace()) + "." + identifier(table.name()));
        }
        if (live.isPresent()) {
            RedshiftDependents.requireNoneHidden(session, schema(), "run " + load.run());
            transactions(session).await();
        }
    }

    @Override
    public Version rollback() {
        connected("Cannot roll back", (session, versions) -> {
            requireSight(session);
            RedshiftDependents.requireNoneHidden(session, schema(), "the rollback");
            return versions;
        });
        return super.rollback();
    }

    /**
     * All that is compared of live, but no more than that: a statement on the catalog, and those that ask for rights. It knows
     * nothing of datashares and policies, which {@link #makeReady} looks for, nor of what was given to the next version.
     */
    @Override
    protected String fingerprint(RedshiftSession session) throws SQLException {
        return Stream.concat(
                        RedshiftDependents.catalog(session, schema()).stream(),
                        RedshiftInherited.rights(session, schema()).stream().map(Inherited.Grant::toString))
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    @Override
    protected Dependents dependents(RedshiftSession session, Optional<StoredVersion> live) throws SQLException {
        return RedshiftDependents.of(
                session, schema(), live.map(StoredVersion::tables).orElse(List.of()));
    }

    /** Was waited for before: no transaction of ours is open meanwhile. */
    @Override
    protected void awaitOthers(RedshiftSession session, RedshiftVersionTable versions, RunId run) {
        // Nothing is left to wait for.
    }

    @Override
    protected Inherited<RedshiftSession> inherited(RedshiftSession session, String from, String to) {
        return new RedshiftInherited(session, from, to);
    }

    @Override
    protected boolean recreatesViews() {
        return options.server().dependents() == WarehouseSettings.Dependents.RECREATE;
    }

    /**
     * Of both versions: a reader that sees a new name waits for the commit too. Views cannot be locked. All locks at once,
     * within a time, or the transaction is undone and tried again.
     */
    @Override
    protected void lock(RedshiftSession session, List<String> views, List<String> live, List<String> next)
            throws SQLException {
        List<String> names = Stream.concat(live.stream(), next.stream()).toList();
        if (names.isEmpty()) {
            return;
        }
        session.waitAtMost(LOCK_WAIT);
        session.execute("LOCK TABLE " + names.stream().sorted().collect(Collectors.joining(", ")));
        session.waitAtMost(Duration.ZERO);
    }

    @Override
    protected void hurry(RedshiftSession session) throws SQLException {
        session.waitAtMost(DROP_WAIT);
    }

    @Override
    protected void reading(RedshiftSession session, SqlSession.Work<Boolean> work) throws SQLException {
        session.execute("SET search_path TO " + identifier(schema()));
        session.execute("BEGIN READ ONLY");
        try {
            work.run();
        } finally {
            session.close();
        }
    }

    @Override
    protected void openCursor(Statement statement, String sql) throws SQLException {
        try {
            statement.execute("DECLARE millrace_query CURSOR FOR " + RedshiftText.oneSelect(sql));
        } catch (IllegalArgumentException e) {
            throw new SQLException(e.getMessage(), e);
        }
    }
}
