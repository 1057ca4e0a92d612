package dev.millrace.warehouse.duckdb;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.table.TableDefinition;
import dev.millrace.warehouse.ColumnSet;
import dev.millrace.warehouse.Counting;
import dev.millrace.warehouse.Counts;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.QueryRows;
import dev.millrace.warehouse.ResultRows;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Uploaded;
import dev.millrace.warehouse.Version;
import dev.millrace.warehouse.Warehouse;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A DuckDB file as a warehouse, on a local disk.
 *
 * <p>A run loads a file of its own, which becomes live by an atomic rename: a reader in any process has the old or the
 * new file, whole. Nothing is held open between calls. Each file names the run that was live before it, so the live
 * file leads to all versions that are kept.
 */
public final class DuckDbWarehouse implements Warehouse {
    private static final Logger LOG = LoggerFactory.getLogger(DuckDbWarehouse.class);
    private static final String BUILD = "_build";
    private static final String LIVE = "_live";
    private static final String PREVIOUS = "_previous";
    private static final Set<String> RESERVED = Set.of(VersionState.SCHEMA, "information_schema", "pg_catalog");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final VersionFiles files;
    private final String schema;
    private final DuckDbOptions options;
    private final Steps steps;

    /**
     * @param database the file that readers open; made by the first replacement
     * @param schema in it that holds the tables
     * @param options what the engine may use
     */
    public DuckDbWarehouse(Path database, String schema, DuckDbOptions options) {
        this(database, schema, options, step -> LOG.debug("{}: {}", database, step));
    }

    /** @param steps told of each effect */
    public DuckDbWarehouse(Path database, String schema, DuckDbOptions options, Steps steps) {
        if (RESERVED.contains(schema.toLowerCase(Locale.ROOT))) {
            throw Fault.user("Invalid warehouse schema: " + schema + ": the name is taken, choose another");
        }
        this.files = new VersionFiles(database);
        this.schema = schema;
        this.options = options;
        this.steps = steps;
    }

    @Override
    public Optional<Version> live() {
        return liveState().map(VersionState::version);
    }

    @Override
    public Optional<Version> previous() {
        return chain().stream().skip(1).findFirst().map(VersionState::version);
    }

    @Override
    public void prepare(Load load) {
        load.requireSchema(schema);
        locked(() -> {
            List<VersionState> kept = chain();
            Optional<VersionState> live = kept.stream().findFirst();
            if (!isLive(live, load)) {
                refuseWhenLate(load, live, kept);
                refuseWhenRolledBack(load, live);
                removeLeftovers(load.run(), kept);
                steps.after("leftovers removed");
                OptionalLong against =
                        live.stream().mapToLong(VersionState::commit).findFirst();
                if (!resume(load, against)) {
                    build(load, against);
                }
            }
            return live;
        });
    }

    private void removeLeftovers(RunId run, List<VersionState> kept) {
        for (RunId other : files.runs()) {
            // A run that started later may be at work: it removes ours, should we be the dead one.
            if (other.compareTo(run) < 0 && kept.stream().noneMatch(v -> v.run().equals(other))) {
                // What was rolled back to a version that is kept still may be taken up again, and is to be refused.
                files.removeLeftover(other, kept.stream().anyMatch(v -> v.run().compareTo(other) < 0));
            }
        }
        files.removeRemains(run);
        files.removeDeadReaders();
    }

    /** Takes up this run's staging, if it has one with the same tables. */
    private boolean resume(Load load, OptionalLong against) {
        if (!files.hasVersion(load.run())) {
            return false;
        }
        Path file = files.version(load.run());
        boolean same = inBuild("Cannot prepare", load.run(), session -> {
            VersionState state = VersionState.read(session, BUILD, file);
            if (!state.definition().equals(load.definition()) || !state.schema().equals(schema)) {
                return false;
            }
            transaction(
                    session, () -> state.preparedAgain(load.commit(), against).write(session, BUILD));
            return true;
        });
        if (!same) {
            files.removeVersion(load.run());
            steps.after("outdated staging removed");
        }
        return same;
    }

    private void build(Load load, OptionalLong against) {
        Path file = files.unnamed(load.run());
        try (DuckDbSession session = DuckDbSession.open(options, files.spill(load.run()))) {
            session.attach(file, BUILD, false);
            steps.after("file created");
            transaction(session, () -> {
                VersionState.create(session, BUILD);
                new VersionState(
                                load.run(),
                                load.commit(),
                                load.job(),
                                schema,
                                load.definition(),
                                against,
                                Optional.empty())
                        .write(session, BUILD);
                session.execute("CREATE SCHEMA IF NOT EXISTS " + identifier(BUILD) + "." + identifier(schema));
                for (TableDefinition table : load.tables()) {
                    session.execute(SqlText.createTable(qualified(BUILD, table.name()), table, LandingSql::type));
                }
            });
            steps.after("tables created");
            session.detach(BUILD);
        } catch (SQLException e) {
            throw DuckDbSession.failure("Cannot prepare", file, e);
        }
        steps.after("file complete");
        files.name(load.run());
        steps.after("prepared");
    }

    @Override
    public Uploaded upload(Load load, LandedTable table, Storage staging, Consumer<DataFile> loaded) {
        load.requireSchema(schema);
        LandingFiles landing = new LandingFiles(table, staging);
        landing.requireLoadable(load);
        return inBuildOrLive("Cannot upload", load, (session, database) -> {
            List<DataFile> missing = landing.missing(ledger(session, database, table), loaded);
            if (database.equals(LIVE)) {
                LandingFiles.requireNone(missing, load);
            }
            new FileLoader(session, database, qualified(database, table.name()), landing, downloads(load), steps)
                    .load(missing, loaded);
            return landing.uploaded(missing);
        });
    }

    private Path downloads(Load load) {
        return files.downloads(load.run());
    }

    private static List<DataFile> ledger(DuckDbSession session, String database, LandedTable table)
            throws SQLException {
        return session.rows(
                "SELECT path, bytes, \"rows\", etag FROM " + FileLoader.ledger(database) + " WHERE \"table\" = "
                        + literal(table.name()),
                row -> new DataFile(table.name(), row.getString(1), row.getLong(2), row.getLong(3), row.getString(4)));
    }

    @Override
    public Counts check(Load load, List<ColumnSet> notNull, List<ColumnSet> unique) {
        load.requireSchema(schema);
        Map<String, Long> liveRows = liveState().map(this::countLive).orElse(Map.of());
        return inBuildOrLive(
                "Cannot count",
                load,
                (session, database) -> Counting.count(
                        session::number, table -> qualified(database, table), load, liveRows, notNull, unique));
    }

    private Map<String, Long> countLive(VersionState live) {
        return inLive("Cannot count", session -> {
            Map<String, Long> rows = new HashMap<>();
            for (String table : session.rows(
                    "SELECT table_name FROM duckdb_tables() WHERE database_name = " + literal(LIVE)
                            + " AND schema_name = " + literal(live.schema()),
                    row -> row.getString(1))) {
                String name = identifier(LIVE) + "." + identifier(live.schema()) + "." + identifier(table);
                rows.put(table, Counting.rows(session::number, name));
            }
            return rows;
        });
    }

    @Override
    public boolean replace(Load load) {
        load.requireSchema(schema);
        return locked(() -> {
            List<VersionState> chain = chain();
            Optional<VersionState> live = chain.stream().findFirst();
            if (isLive(live, load)) {
                files.removeRemains(load.run());
                return true;
            }
            refuseWhenLate(load, live, chain);
            refuseWhenRolledBack(load, live);
            requireBuild(load);
            if (!notePrevious(load, live)) {
                return false;
            }
            steps.after("previous noted");
            files.makeLive(load.run());
            steps.after("replaced");
            return true;
        });
    }

    /** False when another commit went live since the run was prepared. */
    private boolean notePrevious(Load load, Optional<VersionState> live) {
        return inBuild("Cannot replace", load.run(), session -> {
            VersionState state = VersionState.read(session, BUILD, files.version(load.run()));
            long seen = state.preparedAgainst().orElse(Long.MIN_VALUE);
            // Not only a higher number: a rollback brings back a lower one, and so does another ledger.
            if (live.isPresent() && live.get().commit() != seen) {
                return false;
            }
            VersionState noted = state.withPrevious(load.commit(), live.map(VersionState::run));
            transaction(session, () -> noted.write(session, BUILD));
            return true;
        });
    }

    private void refuseWhenLate(Load load, Optional<VersionState> live, List<VersionState> chain) {
        live.ifPresent(v -> load.requireReplaces(v.version(), files.live().toString()));
        if (live.isPresent()
                && (load.isBefore(live.get().version())
                        || chain.stream().anyMatch(v -> v.run().equals(load.run())))) {
            throw load.superseded(files.live().toString(), live.get().version());
        }
    }

    private void refuseWhenRolledBack(Load load, Optional<VersionState> live) {
        if (live.isPresent() && files.wasRolledBack(load.run())) {
            throw load.rolledBack(files.live().toString(), live.get().version());
        }
    }

    @Override
    public Version rollback() {
        if (!files.hasLive()) {
            throw Fault.user("Nothing to roll back: " + files.live() + " does not exist yet");
        }
        return locked(() -> {
            List<VersionState> chain = chain();
            if (chain.size() < 2) {
                throw Fault.user("Nothing to roll back to: " + files.live() + " is run "
                        + chain.get(0).run() + ", and no version before it is kept");
            }
            VersionState previous = chain.get(1);
            // Its own file tells what it replaced, but before it is live: it does not tell whether it ever was.
            files.noteRolledBack(chain.get(0).run());
            steps.after("rollback noted");
            files.makeLive(previous.run());
            steps.after("rolled back");
            return previous.version();
        });
    }

    @Override
    public void dropPrevious(int keep) {
        if (keep < 0) {
            throw new IllegalArgumentException("Invalid number of versions to keep: " + keep);
        }
        if (!files.hasLive()) {
            return;
        }
        locked(() -> {
            List<VersionState> chain = chain();
            // The oldest first: a chain that breaks off early still leads to all there are.
            for (int i = chain.size() - 1; i > keep; i--) {
                files.remove(chain.get(i).run());
                steps.after("version dropped");
            }
            return chain;
        });
    }

    @Override
    public void query(String sql, String nullText, QueryRows rows) {
        if (!files.hasLive()) {
            throw Fault.user("Nothing to query: " + files.live() + " does not exist yet: run the job first");
        }
        inLive("Cannot read", session -> {
            String readersSchema =
                    VersionState.read(session, LIVE, files.live()).schema();
            session.execute("USE " + identifier(LIVE) + "." + identifier(readersSchema));
            session.execute("SET preserve_insertion_order = true");
            session.execute("SET enable_external_access = false");
            session.execute("SET lock_configuration = true");
            // Within brackets there can be one select only; the engine's own text of every value is exact.
            String select = "SELECT COLUMNS(*)::VARCHAR FROM (\n" + SqlText.withoutSemicolon(sql) + "\n)";
            try (Statement statement = session.statement();
                    ResultSet result = statement.executeQuery(select)) {
                new ResultRows(rows, nullText).take(result);
            } catch (SQLException e) {
                throw Fault.user("The query failed: " + DuckDbSession.oneLine(e));
            }
            return rows;
        });
    }

    @Override
    public void close() {
        // Nothing is open between calls.
    }

    private static boolean isLive(Optional<VersionState> live, Load load) {
        return live.filter(v -> v.run().equals(load.run())).isPresent();
    }

    private Optional<VersionState> liveState() {
        if (!files.hasLive()) {
            return Optional.empty();
        }
        return Optional.of(inLive("Cannot read", session -> VersionState.read(session, LIVE, files.live())));
    }

    /** Live and the versions a rollback can reach, newest first. */
    private List<VersionState> chain() {
        List<VersionState> chain = new ArrayList<>();
        if (!files.hasLive()) {
            return chain;
        }
        inLive("Cannot read", session -> {
            Optional<VersionState> next = Optional.of(VersionState.read(session, LIVE, files.live()));
            while (next.isPresent()) {
                RunId run = next.get().run();
                if (chain.stream().anyMatch(v -> v.run().equals(run))) {
                    throw Fault.world("The versions of " + files.live() + " lead in a circle, at run " + run);
                }
                chain.add(next.get());
                Optional<RunId> previous = next.get().previous().filter(files::hasVersion);
                next = previous.isPresent() ? Optional.of(readVersion(session, previous.get())) : Optional.empty();
            }
            return chain;
        });
        return chain;
    }

    private VersionState readVersion(DuckDbSession session, RunId run) {
        Path file = files.version(run);
        try {
            session.attach(file, PREVIOUS, true);
            VersionState state = VersionState.read(session, PREVIOUS, file);
            session.execute("DETACH " + identifier(PREVIOUS));
            return state;
        } catch (SQLException e) {
            throw DuckDbSession.failure("Cannot read", file, e);
        }
    }

    private void requireBuild(Load load) {
        if (!files.hasVersion(load.run())) {
            refuseWhenRolledBack(load, liveState());
            throw load.noStaging(files.version(load.run()).toString());
        }
    }

    private String qualified(String database, String table) {
        return identifier(database) + "." + identifier(schema) + "." + SqlText.identifier(table);
    }

    /** Work with an open file that goes by the given name. */
    private interface WorkIn<T> {
        T run(DuckDbSession session, String database) throws SQLException;
    }

    /** Statements of one transaction. */
    private interface Statements {
        void run() throws SQLException;
    }

    private static void transaction(DuckDbSession session, Statements statements) throws SQLException {
        session.execute("BEGIN");
        try {
            statements.run();
            session.execute("COMMIT");
        } catch (SQLException e) {
            session.rollback(e);
            throw e;
        }
    }

    /** Alone among all who change what versions there are. */
    private <T> T locked(Supplier<T> work) {
        if (!files.hasFolder()) {
            // A foreign file is refused without a trace.
            liveState();
            files.createFolder();
        }
        Claim lock = Claim.await(files.lock(), PATIENCE);
        try {
            return work.get();
        } finally {
            lock.close();
        }
    }

    private <T> T inBuild(String what, RunId run, BuildFile.Work<T> work) {
        try (BuildFile build = openBuild(what, run)) {
            return build.run(what, work);
        }
    }

    /** Work in the run's staging or, when the run is live already, in live, where it can only read. */
    private <T> T inBuildOrLive(String what, Load load, WorkIn<T> work) {
        // Once open, nobody else can make it live: replace opens it too.
        Optional<BuildFile> open = locked(() -> {
            if (files.isLive(load.run())) {
                return Optional.empty();
            }
            requireBuild(load);
            return Optional.of(openBuild(what, load.run()));
        });
        if (open.isEmpty()) {
            return inLive(what, session -> work.run(session, LIVE));
        }
        try (BuildFile build = open.get()) {
            return build.run(what, session -> work.run(session, BUILD));
        }
    }

    private BuildFile openBuild(String what, RunId run) {
        return BuildFile.open(what, files.version(run), BUILD, () -> DuckDbSession.open(options, files.spill(run)));
    }

    private <T> T inLive(String what, BuildFile.Work<T> work) {
        try (DuckDbSession session = DuckDbSession.open(options, files.readersSpill())) {
            session.attach(files.live(), LIVE, true);
            return work.run(session);
        } catch (SQLException e) {
            if (DuckDbSession.isForeign(e)) {
                throw VersionState.foreign(files.live());
            }
            throw DuckDbSession.failure(what, files.live(), e);
        }
    }
}
