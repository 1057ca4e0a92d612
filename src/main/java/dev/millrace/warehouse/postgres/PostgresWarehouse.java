package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import dev.millrace.warehouse.ColumnSet;
import dev.millrace.warehouse.Counting;
import dev.millrace.warehouse.Counts;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.QueryRows;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Uploaded;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A schema of a PostgreSQL database as a warehouse.
 *
 * <p>A run loads a schema of its own. It becomes live by two renames in one transaction that holds all tables of live
 * locked: readers have the old tables or the new ones, all of them. What was live keeps its tables under another name, for
 * a rollback. What {@code _millrace} says of the versions changes in the same transactions.
 */
public final class PostgresWarehouse implements Warehouse {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresWarehouse.class);
    private static final Set<String> RESERVED =
            Set.of(VersionTable.SCHEMA, "information_schema", "pg_catalog", "public");
    private static final int FETCHED_ROWS = 1000;

    /** Dropping what nobody should read waits for no reader for longer. */
    private static final int DROP_WAIT_MILLIS = 2000;

    private final PostgresOptions options;
    private final String schema;
    private final Steps steps;

    /** @param schema that readers use; made by the first replacement */
    public PostgresWarehouse(PostgresOptions options, String schema) {
        this(options, schema, step -> LOG.debug("{}: {}", schema, step));
    }

    /** @param steps told of each effect */
    public PostgresWarehouse(PostgresOptions options, String schema, Steps steps) {
        if (RESERVED.contains(schema.toLowerCase(Locale.ROOT))
                || schema.toLowerCase(Locale.ROOT).startsWith("pg_")) {
            throw Fault.user("Invalid warehouse schema: " + schema + ": the name is taken, choose another");
        }
        this.options = options;
        this.schema = schema;
        this.steps = steps;
    }

    private String where() {
        return "schema " + schema + " of PostgreSQL " + options.server().host() + ":"
                + options.server().port() + "/" + options.server().database();
    }

    /** Work on a connection that is closed after it. */
    private interface Work<T> {
        T run(PostgresSession session, VersionTable versions) throws SQLException;
    }

    private <T> T connected(String what, Work<T> work) {
        try (PostgresSession session = PostgresSession.open(options)) {
            try {
                return work.run(session, new VersionTable(session, schema));
            } catch (SQLException e) {
                throw session.failure(what, e);
            }
        }
    }

    /** In one transaction, alone among all who change what versions there are. */
    private <T> T locked(String what, Work<T> work) {
        return connected(
                what,
                (session, versions) -> session.transaction(() -> {
                    versions.lock();
                    return work.run(session, versions);
                }));
    }

    @Override
    public Optional<Version> live() {
        return connected(
                "Cannot read", (session, versions) -> live(versions.chain()).map(StoredVersion::version));
    }

    private static Optional<StoredVersion> live(List<StoredVersion> chain) {
        return chain.stream().findFirst();
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
            for (StoredVersion other : versions.all()) {
                // A run that started later may be at work: it removes ours, should we be the dead one.
                if (other.run().compareTo(load.run()) < 0
                        && !chain.contains(other)
                        && versions.tryClaim(other.run()).isPresent()) {
                    drop(session, versions, other);
                }
            }
            OptionalLong against =
                    live.stream().mapToLong(StoredVersion::commit).findFirst();
            Optional<StoredVersion> mine = versions.claim(load.run());
            if (mine.isPresent()
                    && mine.get().definition().equals(load.definition())
                    && exists(session, mine.get().namespace())) {
                versions.preparedAgain(load, against);
                return false;
            }
            if (mine.isPresent()) {
                drop(session, versions, mine.get());
            }
            build(session, versions.add(load, against), load);
            return true;
        });
        if (isMade) {
            steps.after("prepared");
        }
    }

    private void build(PostgresSession session, StoredVersion version, Load load) throws SQLException {
        String namespace = version.namespace();
        session.execute("CREATE SCHEMA " + identifier(namespace));
        new Inherited(session, schema, namespace).defaults();
        for (TableDefinition table : load.tables()) {
            String name = identifier(namespace) + "." + identifier(table.name());
            session.execute(SqlText.createTable(name, table, PostgresWarehouse::type));
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

    /** A schema that somebody else made is left alone, unless it is empty: then it only holds rights. */
    private void requireNothingOfOthers(PostgresSession session) throws SQLException {
        List<String> others = DependentObjects.of(session, schema, List.of()).others();
        if (!others.isEmpty()) {
            throw Fault.user("Invalid warehouse: " + where()
                    + " is there, but Millrace did not make what is in it, and it is left as it is: choose another schema,"
                    + " or move it away: " + others.get(0)
                    + (others.size() == 1 ? "" : " and " + (others.size() - 1) + " more"));
        }
    }

    private static boolean exists(PostgresSession session, String namespace) throws SQLException {
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
            if (version.isLive() && !absent.isEmpty()) {
                throw Fault.world("Cannot upload " + absent.get(0).path() + ": run " + load.run()
                        + " is live already without it: start a new run");
            }
            return absent;
        });
        new Streams(options.server().streams())
                .run(FileLoader.batches(missing), () -> PostgresSession.open(options), (session, batch) -> {
                    new FileLoader(session, new VersionTable(session, schema), load.run(), landing, steps).load(batch);
                    synchronized (loaded) {
                        batch.forEach(loaded);
                    }
                });
        return new Uploaded(
                missing.size(),
                missing.stream().mapToLong(DataFile::rows).sum(),
                missing.stream().mapToLong(DataFile::bytes).sum(),
                table.files().size() - missing.size());
    }

    private StoredVersion staging(VersionTable versions, Load load) throws SQLException {
        return versions.all().stream()
                .filter(v -> v.run().equals(load.run()))
                .findFirst()
                .orElseThrow(() -> noStaging(load));
    }

    private Fault noStaging(Load load) {
        return Fault.world("Run " + load.run() + " has no staging in " + where()
                + ": prepare comes first, and a later run may have removed it");
    }

    @Override
    public Counts check(Load load, List<ColumnSet> notNull, List<ColumnSet> unique) {
        load.requireSchema(schema);
        return connected("Cannot count", (session, versions) -> {
            Map<String, Long> liveRows = new HashMap<>();
            Optional<StoredVersion> live = live(versions.chain());
            if (live.isPresent() && exists(session, schema)) {
                for (String table : tables(live.get())) {
                    liveRows.put(table, Counting.rows(session::number, identifier(schema) + "." + identifier(table)));
                }
            }
            String place = versions.place(staging(versions, load)) + ".";
            return Counting.count(session::number, table -> place + identifier(table), load, liveRows, notNull, unique);
        });
    }

    /** The tables of a version, by its definition. */
    private static List<String> tables(StoredVersion version) {
        return version.definition()
                .lines()
                .map(line -> line.substring(0, line.indexOf('(')))
                .toList();
    }

    @Override
    public boolean replace(Load load) {
        load.requireSchema(schema);
        makeReady(load);
        boolean isLive = locked("Cannot replace", (session, versions) -> {
            List<StoredVersion> chain = versions.chain();
            Optional<StoredVersion> live = live(chain);
            if (isLive(live, load)) {
                return true;
            }
            refuseWhenLate(load, chain);
            // Whoever still loads into it ends before.
            StoredVersion mine = versions.claim(load.run()).orElseThrow(() -> noStaging(load));
            if (live.isPresent() && live.get().commit() > mine.preparedAgainst().orElse(Long.MIN_VALUE)) {
                return false;
            }
            Optional<String> lastLoad = versions.lastLoad(load.run());
            if (lastLoad.isPresent()) {
                new TableLocks(session, options.server().patience()).awaitOlderSnapshots(lastLoad.get());
            }
            swap(session, live, mine);
            versions.replaced(load.run(), load.commit(), live.map(StoredVersion::run));
            return true;
        });
        steps.after("replaced");
        return isLive;
    }

    /** What takes long is done before anything is locked: the planner's statistics and indexes. */
    private void makeReady(Load load) {
        connected("Cannot replace", (session, versions) -> {
            List<StoredVersion> chain = versions.chain();
            Optional<StoredVersion> live = live(chain);
            if (isLive(live, load)) {
                return load;
            }
            refuseWhenLate(load, chain);
            StoredVersion mine = staging(versions, load);
            session.transaction(() -> {
                new Inherited(session, schema, mine.namespace()).indexes();
                return load;
            });
            for (TableDefinition table : load.tables()) {
                session.execute("ANALYZE " + identifier(mine.namespace()) + "." + identifier(table.name()));
            }
            return load;
        });
        steps.after("analyzed");
    }

    /** Within the caller's transaction. */
    private void swap(PostgresSession session, Optional<StoredVersion> live, StoredVersion next) throws SQLException {
        String who = "run " + next.run();
        if (!exists(session, schema)) {
            rename(session, next.namespace(), schema);
            return;
        }
        List<String> tables = live.map(PostgresWarehouse::tables).orElse(List.of());
        // Refused before anybody has to wait.
        DependentObjects known = DependentObjects.of(session, schema, tables);
        known.require(who, options.server().dependents());
        new Inherited(session, schema, next.namespace()).giveAndCompare();
        List<String> names = new ArrayList<>(
                known.views().stream().map(DependentObjects.View::name).toList());
        tables.forEach(table -> names.add(identifier(schema) + "." + identifier(table)));
        new TableLocks(session, options.server().patience()).take(names);
        // From here on nobody can add to it.
        DependentObjects dependents = DependentObjects.of(session, schema, tables);
        dependents.require(who, options.server().dependents());
        if (live.isPresent()) {
            rename(session, schema, live.get().namespace());
        } else {
            requireNothingOfOthers(session);
            session.execute("DROP SCHEMA " + identifier(schema));
        }
        rename(session, next.namespace(), schema);
        dependents.recreate(session, who);
    }

    private static void rename(PostgresSession session, String from, String to) throws SQLException {
        session.execute("ALTER SCHEMA " + identifier(from) + " RENAME TO " + identifier(to));
    }

    private void refuseWhenLate(Load load, List<StoredVersion> chain) {
        Optional<StoredVersion> live = live(chain);
        if (live.isPresent()
                && (live.get().commit() > load.commit()
                        || chain.stream().anyMatch(v -> v.run().equals(load.run())))) {
            throw load.superseded(where(), live.get().version());
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
            swap(session, live(chain), previous);
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
        boolean goesOn = true;
        while (goesOn) {
            // The oldest first: a chain that breaks off early still leads to all there are.
            goesOn = locked("Cannot drop", (session, versions) -> {
                List<StoredVersion> chain = versions.chain();
                return chain.size() > keep + 1 && drop(session, versions, chain.get(chain.size() - 1));
            });
            if (goesOn) {
                steps.after("version dropped");
            }
        }
    }

    /** Drops what is ours of a version; false, and nothing is dropped, where somebody reads it or built on it. */
    private boolean drop(PostgresSession session, VersionTable versions, StoredVersion version) throws SQLException {
        String namespace = version.namespace();
        List<String> tables = session.rows(
                "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE n.nspname = ? AND c.relkind = 'r'",
                row -> row.getString(1),
                namespace);
        List<String> ours = tables(version);
        session.execute("SAVEPOINT dropping");
        try {
            session.execute("SET LOCAL lock_timeout = " + DROP_WAIT_MILLIS);
            for (String table : tables) {
                if (ours.contains(table)) {
                    session.execute("DROP TABLE " + identifier(namespace) + "." + identifier(table));
                }
            }
            session.execute("DROP SCHEMA IF EXISTS " + identifier(namespace));
            versions.remove(version.run());
            session.execute(
                    "SET LOCAL lock_timeout = " + options.server().patience().toMillis());
            session.execute("RELEASE SAVEPOINT dropping");
            return true;
        } catch (SQLException e) {
            session.execute("ROLLBACK TO SAVEPOINT dropping");
            LOG.warn("Schema {} stays for now: {}", namespace, PostgresSession.message(e));
            return false;
        }
    }

    @Override
    public void query(String sql, String nullText, QueryRows rows) {
        connected("Cannot read", (session, versions) -> {
            if (versions.chain().isEmpty()) {
                throw Fault.user("Nothing to query: " + where() + " does not exist yet: run the job first");
            }
            return session.transaction(() -> {
                session.execute("SET TRANSACTION READ ONLY");
                session.execute("SET LOCAL search_path = " + identifier(schema));
                handOut(session, sql, nullText, rows);
                return rows;
            });
        });
    }

    /** A cursor takes one select and nothing else; the statement goes to it as a value. */
    private static void handOut(PostgresSession session, String sql, String nullText, QueryRows rows)
            throws SQLException {
        String open = "DECLARE found refcursor := 'millrace_query'; BEGIN OPEN found FOR EXECUTE "
                + literal(SqlText.withoutSemicolon(sql)) + "; END";
        try (Statement statement = session.statement()) {
            statement.execute("DO " + literal(open));
            boolean isFirst = true;
            int fetched = FETCHED_ROWS;
            while (fetched == FETCHED_ROWS) {
                fetched = 0;
                try (ResultSet result = statement.executeQuery("FETCH " + FETCHED_ROWS + " FROM millrace_query")) {
                    int width = result.getMetaData().getColumnCount();
                    if (isFirst) {
                        List<String> names = new ArrayList<>();
                        for (int i = 1; i <= width; i++) {
                            names.add(result.getMetaData().getColumnLabel(i));
                        }
                        rows.header(names);
                        isFirst = false;
                    }
                    while (result.next()) {
                        fetched++;
                        List<String> values = new ArrayList<>();
                        for (int i = 1; i <= width; i++) {
                            values.add(text(result, i, nullText));
                        }
                        if (!rows.row(values)) {
                            return;
                        }
                    }
                }
            }
        } catch (SQLException e) {
            throw Fault.user("The query failed: " + PostgresSession.message(e));
        }
    }

    private static String text(ResultSet result, int column, String nullText) throws SQLException {
        String value = result.getString(column);
        if (value == null) {
            return nullText;
        }
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
