package dev.millrace.warehouse.sql;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.warehouse.ColumnSet;
import dev.millrace.warehouse.Counting;
import dev.millrace.warehouse.Counts;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.QueryRows;
import dev.millrace.warehouse.ResultRows;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Uploaded;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A schema of a database as a warehouse, where DDL is undone with its transaction.
 *
 * <p>A run loads a schema of its own. It becomes live by two renames in one transaction that holds all tables of live
 * locked. What was live keeps its tables under another name, for a rollback. What {@code _millrace} says of the versions
 * changes in the same transactions.
 *
 * @param <S> a connection to the engine
 * @param <V> the engine's tables of versions
 */
public abstract class SchemaWarehouse<S extends SqlSession, V extends VersionTable> implements Warehouse {
    private static final Logger LOG = LoggerFactory.getLogger(SchemaWarehouse.class);
    private static final Set<String> RESERVED =
            Set.of(VersionTable.SCHEMA, "information_schema", "pg_catalog", "public");
    private static final int FETCHED_ROWS = 1000;

    private final String schema;
    private final Steps steps;

    /**
     * @param schema that readers use; made by the first replacement
     * @param steps told of each effect
     */
    protected SchemaWarehouse(String schema, Steps steps) {
        if (RESERVED.contains(schema.toLowerCase(Locale.ROOT))
                || schema.toLowerCase(Locale.ROOT).startsWith("pg_")) {
            throw Fault.user("Invalid warehouse schema: " + schema + ": the name is taken, choose another");
        }
        this.schema = schema;
        this.steps = steps;
    }

    /** The schema that readers use. */
    protected final String schema() {
        return schema;
    }

    protected final Steps steps() {
        return steps;
    }

    /** The server and database, as messages name them. */
    protected abstract String server();

    protected abstract S open();

    protected abstract V versions(S session) throws SQLException;

    /** Makes the schema and tables of a version. */
    protected abstract void build(S session, StoredVersion version, Load load) throws SQLException;

    /** Loads files that are not in the ledger yet, each exactly once. */
    protected abstract void load(Load load, LandingFiles landing, List<DataFile> missing, Consumer<DataFile> loaded);

    /** Refuses a user who is not shown what a replacement has to see of others. */
    protected void requireSight(S session) throws SQLException {
        // Everybody sees it, or what one does not see is waited for.
    }

    /** Whether the engine tells all by which a user may make schemas, so that one who lacks it can be refused before a run. */
    protected abstract boolean tellsRights();

    /** What takes long and is done before anything is locked. */
    protected abstract void makeReady(S session, Optional<StoredVersion> live, StoredVersion next, Load load)
            throws SQLException;

    /** Refuses a replacement whose live tables got, since {@link #makeReady}, what that would have given to the next version. */
    protected void requireReady(S session, Optional<StoredVersion> live, StoredVersion next) throws SQLException {
        // Nothing is made there that people could make too.
    }

    /**
     * A text that is another one when anything was given to live, taken from it or built on it, and is quick to get: it is
     * asked for while readers wait.
     */
    protected abstract String fingerprint(S session) throws SQLException;

    /**
     * What depends on live.
     *
     * @param live empty where the schema is nobody's yet
     */
    protected abstract Dependents dependents(S session, Optional<StoredVersion> live) throws SQLException;

    /** What waits for others within the transaction of a replacement; then nobody else loads into the version. */
    protected abstract void awaitOthers(S session, V versions, RunId run) throws SQLException;

    /** Gives the version what people gave to live, and compares. */
    protected abstract Inherited<S> inherited(S session, String from, String to);

    /** Whether views in other schemas are made anew. */
    protected abstract boolean recreatesViews();

    /**
     * Takes locks until the transaction ends.
     *
     * @param views on live tables, in other schemas
     * @param live tables that readers use, all as statements write them
     * @param next tables that take their place
     */
    protected abstract void lock(S session, List<String> views, List<String> live, List<String> next)
            throws SQLException;

    /** What is set for the transaction in which a version is dropped, so that it waits for no reader for long. */
    protected abstract void hurry(S session) throws SQLException;

    /** Opens the cursor {@code millrace_query} on a select, in a transaction that can change nothing. */
    protected abstract void openCursor(Statement statement, String sql) throws SQLException;

    /** Runs a query's reading in a transaction that can change nothing, in which the schema's tables need no schema. */
    protected abstract void reading(S session, SqlSession.Work<Boolean> work) throws SQLException;

    /** All tables with their columns, as text to compare; a line for each that begins with its name and a bracket. */
    protected String definition(Load load) {
        return load.definition();
    }

    protected final String where() {
        return "schema " + schema + " of " + server();
    }

    /** Work on a connection that is closed after it. */
    protected interface Work<S, V, T> {
        T run(S session, V versions) throws SQLException;
    }

    protected final <T> T connected(String what, Work<S, V, T> work) {
        try (S session = open()) {
            try {
                return work.run(session, versions(session));
            } catch (SQLException e) {
                throw session.failure(what, e, missingRights(session, e));
            }
        }
    }

    private List<String> missingRights(S session, SQLException e) {
        if (!SqlSession.is(e, SqlSession.INSUFFICIENT_PRIVILEGE)) {
            return List.of();
        }
        try {
            return versions(session).missingRights();
        } catch (SQLException noAnswer) {
            return List.of();
        }
    }

    /** In one transaction, alone among all who change what versions there are. */
    protected <T> T locked(S session, V versions, Work<S, V, T> work) throws SQLException {
        return session.transaction(() -> {
            versions.lock();
            return work.run(session, versions);
        });
    }

    private <T> T locked(String what, Work<S, V, T> work) {
        return connected(what, (session, versions) -> locked(session, versions, work));
    }

    @Override
    public Optional<Version> live() {
        return connected(
                "Cannot read", (session, versions) -> live(versions.chain()).map(StoredVersion::version));
    }

    private static Optional<StoredVersion> live(List<StoredVersion> chain) {
        return chain.stream().findFirst();
    }

    /** Also refuses who may not make schemas, and a schema that somebody else made: told before a source is read. */
    @Override
    public void requireUsable() {
        connected("Cannot load", (session, versions) -> {
            requireSight(session);
            List<String> missing = tellsRights() ? versions.missingRights() : List.of();
            if (!missing.isEmpty()) {
                throw session.failure(
                        "Cannot load",
                        new SQLException("rights are missing", SqlSession.INSUFFICIENT_PRIVILEGE),
                        missing);
            }
            if (versions.chain().isEmpty()) {
                requireNothingOfOthers(session);
            }
            return versions;
        });
    }

    @Override
    public Optional<Version> previous() {
        return connected(
                "Cannot read",
                (session, versions) ->
                        versions.chain().stream().skip(1).findFirst().map(StoredVersion::version));
    }

    @Override
    public void prepare(Load load) {
        load.requireSchema(schema);
        connected("Cannot prepare", (session, versions) -> {
            requireSight(session);
            dropLeftovers(session, versions, load);
            return load;
        });
        boolean isMade = locked("Cannot prepare", (session, versions) -> {
            versions.create();
            List<StoredVersion> chain = versions.chain();
            Optional<StoredVersion> live = live(chain);
            if (isLive(live, load)) {
                return false;
            }
            refuseWhenLate(load, chain);
            if (live.isEmpty()) {
                requireNothingOfOthers(session);
            }
            OptionalLong against =
                    live.stream().mapToLong(StoredVersion::commit).findFirst();
            Optional<StoredVersion> mine = versions.claim(load.run());
            refuseWhenRolledBack(load, mine, live);
            if (mine.isPresent()
                    && mine.get().definition().equals(definition(load))
                    && exists(session, mine.get().namespace())) {
                versions.preparedAgain(load, against);
                return false;
            }
            if (mine.isPresent()) {
                drop(session, mine.get());
                versions.remove(load.run());
            }
            build(session, versions.add(load, definition(load), against), load);
            return true;
        });
        if (isMade) {
            steps.after("prepared");
        }
    }

    /** Those of earlier runs. A run that started later may be at work: it removes ours, should we be the dead one. */
    private void dropLeftovers(S session, V versions, Load load) throws SQLException {
        for (StoredVersion other : versions.all()) {
            if (other.run().compareTo(load.run()) < 0 && load.replaces(other.job())) {
                tryDrop(
                        session,
                        versions,
                        other,
                        chain -> !isLive(live(chain), load)
                                && live(chain)
                                        .filter(v -> load.isBefore(v.version()))
                                        .isEmpty()
                                && !chain.contains(other));
            }
        }
    }

    /** A schema that somebody else made is left alone, unless it is empty: then it only holds rights. */
    private void requireNothingOfOthers(S session) throws SQLException {
        List<String> others = dependents(session, Optional.empty()).others();
        if (!others.isEmpty()) {
            throw Fault.user("Invalid warehouse: " + where()
                    + " is there, but Millrace did not make what is in it, and it is left as it is: choose another schema,"
                    + " or move it away: " + others.get(0)
                    + (others.size() == 1 ? "" : " and " + (others.size() - 1) + " more"));
        }
    }

    private static boolean exists(SqlSession session, String namespace) throws SQLException {
        return session.number("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = ?", namespace) > 0;
    }

    @Override
    public Uploaded upload(Load load, LandedTable table, Storage staging, Consumer<DataFile> loaded) {
        load.requireSchema(schema);
        LandingFiles landing = new LandingFiles(table, staging);
        landing.requireLoadable(load);
        List<DataFile> missing = connected("Cannot upload", (session, versions) -> {
            StoredVersion version = staging(versions, load);
            List<DataFile> absent = landing.missing(versions.loaded(load.run(), table.name()), loaded);
            if (version.isLive()) {
                LandingFiles.requireNone(absent, load);
            }
            return absent;
        });
        load(load, landing, missing, loaded);
        return landing.uploaded(missing);
    }

    protected final StoredVersion staging(V versions, Load load) throws SQLException {
        StoredVersion mine = versions.all().stream()
                .filter(v -> v.run().equals(load.run()))
                .findFirst()
                .orElseThrow(() -> load.noStaging(where()));
        if (mine.previous().isPresent() && !mine.isLive()) {
            // Its tables may be gone.
            List<StoredVersion> chain = versions.chain();
            if (!chain.contains(mine)) {
                refuseWhenRolledBack(load, Optional.of(mine), live(chain));
            }
        }
        return mine;
    }

    @Override
    public Counts check(Load load, List<ColumnSet> notNull, List<ColumnSet> unique) {
        load.requireSchema(schema);
        return connected("Cannot count", (session, versions) -> {
            Map<String, Long> liveRows = new HashMap<>();
            Optional<StoredVersion> live = live(versions.chain());
            if (live.isPresent() && exists(session, schema)) {
                for (String table : present(session, schema, live.get().tables())) {
                    liveRows.put(table, Counting.rows(session::number, identifier(schema) + "." + identifier(table)));
                }
            }
            String place = versions.place(staging(versions, load)) + ".";
            return Counting.count(session::number, table -> place + identifier(table), load, liveRows, notNull, unique);
        });
    }

    @Override
    public boolean replace(Load load) {
        load.requireSchema(schema);
        boolean isLive = connected("Cannot replace", (session, versions) -> {
            List<StoredVersion> chain = versions.chain();
            Optional<StoredVersion> live = live(chain);
            if (!isLive(live, load)) {
                refuseWhenLate(load, chain);
                requireSight(session);
                makeReady(session, live, staging(versions, load), load);
            }
            steps.after("analyzed");
            return locked(session, versions, (again, inside) -> replaced(again, inside, load));
        });
        steps.after("replaced");
        return isLive;
    }

    private boolean replaced(S session, V versions, Load load) throws SQLException {
        List<StoredVersion> chain = versions.chain();
        Optional<StoredVersion> live = live(chain);
        if (isLive(live, load)) {
            return true;
        }
        refuseWhenLate(load, chain);
        // Whoever still loads into it ends before.
        StoredVersion mine = versions.claim(load.run()).orElseThrow(() -> load.noStaging(where()));
        refuseWhenRolledBack(load, Optional.of(mine), live);
        // Not only a higher number: a rollback brings back a lower one, and so does another ledger.
        if (live.isPresent() && live.get().commit() != mine.preparedAgainst().orElse(Long.MIN_VALUE)) {
            return false;
        }
        awaitOthers(session, versions, load.run());
        swap(session, live, mine, true);
        versions.replaced(load.run(), load.commit(), live.map(StoredVersion::run));
        return true;
    }

    /**
     * Within the caller's transaction.
     *
     * @param isNew whether what is to be live was made ready for it just now
     */
    private void swap(S session, Optional<StoredVersion> live, StoredVersion next, boolean isNew) throws SQLException {
        if (!exists(session, schema)) {
            rename(session, next.namespace(), schema);
            return;
        }
        String seen = fingerprint(session);
        // Refused before anybody has to wait.
        Dependents dependents = compared(session, live, next, isNew);
        lock(
                session,
                dependents.views().stream().map(Dependents.View::name).toList(),
                places(
                        schema,
                        present(session, schema, live.map(StoredVersion::tables).orElse(List.of()))),
                places(next.namespace(), next.tables()));
        // Rights may have been given and taken while others were waited for, and views made; from here on nobody can
        // add to the tables.
        if (!seen.equals(fingerprint(session))) {
            dependents = compared(session, live, next, isNew);
        }
        if (live.isPresent()) {
            rename(session, schema, live.get().namespace());
        } else {
            requireNothingOfOthers(session);
            session.execute("DROP SCHEMA " + identifier(schema));
        }
        rename(session, next.namespace(), schema);
        dependents.recreate(session, "run " + next.run());
    }

    private Dependents compared(S session, Optional<StoredVersion> live, StoredVersion next, boolean isNew)
            throws SQLException {
        Dependents dependents = dependents(session, live);
        dependents.require("run " + next.run(), recreatesViews());
        inherited(session, schema, next.namespace()).giveAndCompare();
        if (isNew) {
            requireReady(session, live, next);
        }
        return dependents;
    }

    private static List<String> places(String schema, List<String> tables) {
        return tables.stream()
                .map(table -> identifier(schema) + "." + identifier(table))
                .toList();
    }

    private static void rename(SqlSession session, String from, String to) throws SQLException {
        session.execute("ALTER SCHEMA " + identifier(from) + " RENAME TO " + identifier(to));
    }

    private void refuseWhenLate(Load load, List<StoredVersion> chain) {
        Optional<StoredVersion> live = live(chain);
        live.ifPresent(v -> load.requireReplaces(v.version(), where()));
        if (live.isPresent()
                && (load.isBefore(live.get().version())
                        || chain.stream().anyMatch(v -> v.run().equals(load.run())))) {
            throw load.superseded(where(), live.get().version());
        }
    }

    /** What it replaced is noted in the transaction that makes it live, so it was; and it is not any more. */
    private void refuseWhenRolledBack(Load load, Optional<StoredVersion> mine, Optional<StoredVersion> live) {
        if (live.isPresent() && mine.flatMap(StoredVersion::previous).isPresent()) {
            throw load.rolledBack(where(), live.get().version());
        }
    }

    @Override
    public Version rollback() {
        Version live = locked("Cannot roll back", (session, versions) -> {
            List<StoredVersion> chain = versions.chain();
            if (chain.isEmpty()) {
                throw Fault.user("Nothing to roll back: " + where() + " does not exist yet");
            }
            if (chain.size() < 2) {
                throw Fault.user("Nothing to roll back to: " + where() + " is run "
                        + chain.get(0).run() + ", and no version before it is kept");
            }
            StoredVersion previous = chain.get(1);
            swap(session, live(chain), previous, false);
            versions.madeLive(previous.run());
            return previous.version();
        });
        steps.after("rolled back");
        return live;
    }

    @Override
    public void dropPrevious(int keep) {
        if (keep < 0) {
            throw new IllegalArgumentException("Invalid number of versions to keep: " + keep);
        }
        Set<RunId> staying = new HashSet<>();
        boolean goesOn = true;
        while (goesOn) {
            // The oldest first: a chain that breaks off early still leads to all there are.
            Optional<Boolean> isDropped = connected("Cannot drop", (session, versions) -> {
                List<StoredVersion> chain = versions.chain();
                for (int i = chain.size() - 1; i > keep; i--) {
                    StoredVersion oldest = chain.get(i);
                    if (!staying.contains(oldest.run())) {
                        boolean isGone = tryDrop(session, versions, oldest, now -> now.indexOf(oldest) > keep);
                        if (!isGone) {
                            staying.add(oldest.run());
                        }
                        return Optional.of(isGone);
                    }
                }
                return Optional.empty();
            });
            if (isDropped.equals(Optional.of(true))) {
                steps.after("version dropped");
            }
            goesOn = isDropped.isPresent();
        }
    }

    /**
     * Drops what is ours of a version; false, and nothing is dropped, where somebody reads it, loads it or built on it.
     *
     * @param isLeft whether it is to go, by what versions there are at last
     */
    private boolean tryDrop(S session, V versions, StoredVersion version, Function<List<StoredVersion>, Boolean> isLeft)
            throws SQLException {
        try {
            return session.transaction(() -> {
                hurry(session);
                versions.lock();
                List<StoredVersion> chain = versions.chain();
                if (!isLeft.apply(chain) || versions.tryClaim(version.run()).isEmpty()) {
                    return false;
                }
                drop(session, version);
                int place = chain.indexOf(version);
                if (place >= 0 && place + 1 < chain.size()) {
                    // An older one stays, and is to be found by the next run.
                    versions.leadPast(version.run(), chain.get(place + 1).run());
                }
                if (isStillToBeRefused(version, chain)) {
                    versions.removeFiles(version.run());
                } else {
                    versions.remove(version.run());
                }
                return true;
            });
        } catch (SQLException e) {
            LOG.warn("Schema {} stays for now: {}", version.namespace(), session.message(e));
            return false;
        }
    }

    /** Whether it was rolled back, to a version that is kept still: its run may be taken up again. */
    private static boolean isStillToBeRefused(StoredVersion version, List<StoredVersion> chain) {
        return version.previous().isPresent()
                && !chain.contains(version)
                && chain.stream().anyMatch(kept -> kept.run().compareTo(version.run()) < 0);
    }

    /** Those of our tables that are there: a person may have dropped one. */
    private static List<String> present(SqlSession session, String namespace, List<String> tables) throws SQLException {
        List<String> there = session.rows(
                "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE n.nspname = ? AND c.relkind = 'r' ORDER BY 1",
                row -> row.getString(1),
                namespace);
        return there.stream().filter(tables::contains).toList();
    }

    /** Drops its tables and its schema; fails where somebody built on it. */
    private void drop(S session, StoredVersion version) throws SQLException {
        String namespace = version.namespace();
        for (String table : present(session, namespace, version.tables())) {
            session.execute("DROP TABLE " + identifier(namespace) + "." + identifier(table));
        }
        if (exists(session, namespace)) {
            session.execute("DROP SCHEMA " + identifier(namespace));
        }
    }

    @Override
    public void query(String sql, String nullText, QueryRows rows) {
        connected("Cannot read", (session, versions) -> {
            if (versions.chain().isEmpty()) {
                throw Fault.user("Nothing to query: " + where() + " does not exist yet: run the job first");
            }
            reading(session, () -> {
                handOut(session, sql, nullText, rows);
                return true;
            });
            return rows;
        });
    }

    private void handOut(S session, String sql, String nullText, QueryRows rows) throws SQLException {
        try (Statement statement = session.statement()) {
            openCursor(statement, sql);
            ResultRows found = new ResultRows(rows, nullText, name -> name, SchemaWarehouse::text);
            int fetched = FETCHED_ROWS;
            while (fetched == FETCHED_ROWS && !found.isOver()) {
                try (ResultSet result =
                        statement.executeQuery("FETCH FORWARD " + FETCHED_ROWS + " FROM millrace_query")) {
                    fetched = found.take(result);
                }
            }
        } catch (SQLException e) {
            throw Fault.user("The query failed: " + session.message(e));
        }
    }

    private static String text(ResultSet result, int column, String value) throws SQLException {
        return result.getMetaData().getColumnType(column) == Types.BIT && (value.equals("t") || value.equals("f"))
                ? Boolean.toString(value.equals("t"))
                : value;
    }

    @Override
    public void close() {
        // Nothing is open between calls.
    }

    private static boolean isLive(Optional<StoredVersion> live, Load load) {
        return live.filter(v -> v.run().equals(load.run())).isPresent();
    }
}
