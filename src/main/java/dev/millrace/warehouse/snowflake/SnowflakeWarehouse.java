package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.stored;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.storage.Sha256;
import dev.millrace.storage.Storage;
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
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A schema of a Snowflake database as a warehouse.
 *
 * <p>A run loads a schema of its own. {@code ALTER SCHEMA … SWAP WITH}, one statement, makes it live: it renames both schemas
 * with all that is in them, see <a href="https://docs.snowflake.com/en/sql-reference/sql/alter-schema">ALTER SCHEMA</a>. What
 * a version is stands in its schema's comment, which goes with it; so the swap is the one act that changes what is live,
 * and what else there is to do, such as the proper name of what was live, any later call does.
 *
 * <p>Statements that define commit by themselves. So whoever changes what versions there are holds a lock meanwhile, in the
 * open transaction of a second session.
 */
public final class SnowflakeWarehouse implements Warehouse {
    private static final Logger LOG = LoggerFactory.getLogger(SnowflakeWarehouse.class);
    private static final Set<String> RESERVED = Set.of("_millrace", "information_schema", "public");

    /** Ends the name of a schema that somebody else made, and whose name the first version took. */
    private static final String BEFORE = "_BEFORE";

    private final SnowflakeOptions options;
    private final Snowflake account;
    private final String database;
    private final String schema;
    private final OwnSchema own;
    private final Steps steps;
    private final SnowflakeSessions sessions;
    private final Ownership ownership;

    // Of these this object has loaded something: a caller does not come back to it, should it be lost.
    private final Set<RunId> begun = ConcurrentHashMap.newKeySet();

    /** @param schema that readers use; made by the first replacement */
    public SnowflakeWarehouse(SnowflakeOptions options, String schema) {
        this(options, schema, step -> LOG.debug("{}: {}", schema, step), sql -> LOG.debug("{}: {}", schema, sql));
    }

    /**
     * A warehouse that is watched.
     *
     * @param steps told of each effect
     * @param sent told of each statement
     */
    public SnowflakeWarehouse(SnowflakeOptions options, String schema, Steps steps, Consumer<String> sent) {
        if (RESERVED.contains(schema.toLowerCase(Locale.ROOT))) {
            throw Fault.user("Invalid warehouse schema: " + schema + ": the name is taken, choose another");
        }
        this.options = options;
        this.account = options.account();
        this.database = stored(account.database());
        this.schema = schema;
        this.own = new OwnSchema(database, schema);
        this.steps = steps;
        this.sessions = new SnowflakeSessions(options, own, steps, sent);
        this.ownership = new Ownership(database, schema, own, where());
    }

    private String where() {
        return "schema " + schema + " of Snowflake database " + account.database() + ", account " + account.account();
    }

    private Versions versions(SnowflakeSession session) throws SQLException {
        return Versions.list(session, database, schema);
    }

    // What is there

    @Override
    public Optional<Version> live() {
        return sessions.connected("Cannot read", Optional.empty(), session -> {
            LandingStage.require(session, own, account, options.staging());
            return versions(session).live().map(SnowflakeVersion::version);
        });
    }

    @Override
    public void requireUsable() {
        sessions.connected("Cannot read", Optional.empty(), session -> {
            Versions versions = versions(session);
            ownership.requireNothingOfOthers(session, versions);
            ownership.requireNoMakers(session, versions, stored(schema), "job");
            return versions;
        });
    }

    @Override
    public Optional<Version> previous() {
        return sessions.connected(
                "Cannot read",
                Optional.empty(),
                session ->
                        versions(session).chain().stream().skip(1).findFirst().map(SnowflakeVersion::version));
    }

    // Prepare

    @Override
    public void prepare(Load load) {
        load.requireSchema(schema);
        boolean isMade = sessions.locked("Cannot prepare", Optional.of(load), (session, lock) -> {
            Versions versions = tidied(session, lock);
            Optional<SnowflakeVersion> live = versions.live();
            if (isLive(live, load)) {
                return false;
            }
            refuseWhenLate(load, versions);
            ownership.requireNothingOfOthers(session, versions);
            ownership.requireNoMakers(session, versions, stored(schema), "run " + load.run());
            List<SnowflakeVersion> chain = versions.chain();
            for (SnowflakeVersion other : versions.all()) {
                // A run that started later may be at work: it removes ours, should we be the dead one.
                if (other.requireRun().compareTo(load.run()) < 0
                        && load.replaces(other.job())
                        && !chain.contains(other)) {
                    drop(session, lock, versions, other);
                }
            }
            OptionalLong against =
                    live.stream().mapToLong(SnowflakeVersion::commit).findFirst();
            Optional<SnowflakeVersion> mine = versions.of(load.run());
            if (mine.isPresent()
                    && mine.get().isReady()
                    && mine.get().definition().equals(Sha256.hex(load.definition()))) {
                requireKnown(session, lock, mine.get(), load);
                versions.note(lock, mine.get().prepared(load.commit(), against));
                return false;
            }
            if (mine.isPresent() && !drop(session, lock, versions, mine.get())) {
                throw Fault.world("Cannot prepare: schema " + mine.get().name()
                        + " holds what Millrace did not make: move" + " it elsewhere, or start a new run");
            }
            build(session, lock, versions(session), load, against);
            return true;
        });
        if (isMade) {
            steps.after("prepared");
        }
    }

    /** A schema that is like live; where none is, transient, which keeps no fail-safe copies of what is replaced hourly. */
    private void build(
            SnowflakeSession session, OwnSchema.Held lock, Versions versions, Load load, OptionalLong against)
            throws SQLException {
        Optional<Versions.Listed> live = versions.schema(stored(schema));
        boolean isTransient = live.map(Versions.Listed::isTransient).orElse(true);
        String namespace = SnowflakeVersion.namespace(schema, load.run());
        own.define(
                session,
                lock,
                load.run(),
                load.definition(),
                versions.all().stream().map(SnowflakeVersion::requireRun).toList());
        SnowflakeVersion version = new SnowflakeVersion(
                namespace,
                isTransient,
                "",
                schema,
                load.job(),
                Optional.of(load.run()),
                load.commit(),
                Sha256.hex(load.definition()),
                Optional.of(SnowflakeVersion.hashOf(load.tables().stream()
                        .map(table -> stored(table.name()))
                        .toList())),
                against,
                Optional.empty(),
                false,
                List.of());
        lock.require();
        session.execute("CREATE " + (isTransient ? "TRANSIENT " : "") + "SCHEMA " + versions.place(version)
                + (live.filter(Versions.Listed::isManaged).isPresent() ? " WITH MANAGED ACCESS" : "") + " COMMENT = "
                + SnowflakeText.literal(version.comment()));
        steps.after("schema made");
        requireAlone(session, lock, namespace, load);
        Optional<SnowflakeInherited> inherited =
                live.map(schemaOfReaders -> new SnowflakeInherited(session, lock, database, stored(schema), namespace));
        if (inherited.isPresent()) {
            inherited.get().giveBeforeTables();
        }
        // No look at the lock for each: who works on the schema meanwhile has removed this one, or made its tables.
        for (TableDefinition table : load.tables()) {
            session.execute(SqlText.createTable(
                    exactly(database, namespace, stored(table.name())),
                    table,
                    SnowflakeText::identifier,
                    type -> CopyStatement.type(type, account.json())));
        }
        if (inherited.isPresent()) {
            inherited.get().giveBeforeRows();
        }
        versions.note(lock, version.ready());
    }

    /**
     * Takes back what future grants of the database gave others in a new schema: what they made there would go with it. A REVOKE
     * of what somebody else granted does nothing, and says that it succeeded: see
     * <a href="https://docs.snowflake.com/en/sql-reference/sql/revoke-privilege">REVOKE</a>, usage notes.
     *
     * @throws Fault GATE with who has which right, and what a person does about it
     */
    private void requireAlone(SnowflakeSession session, OwnSchema.Held lock, String namespace, Load load)
            throws SQLException {
        List<DependentObjects.Maker> makers = DependentObjects.makers(session, database, namespace);
        for (DependentObjects.Maker maker : makers) {
            LOG.info("Schema {} holds nothing but what Millrace makes: {}", namespace, maker.revoke());
            lock.require();
            session.execute(maker.revoke());
        }
        List<DependentObjects.Maker> left =
                makers.isEmpty() ? List.of() : DependentObjects.makers(session, database, namespace);
        if (!left.isEmpty()) {
            throw Fault.gate("The gate refused run " + load.run() + "; live is as it was:" + System.lineSeparator()
                    + left.stream()
                            .map(maker -> maker.textOfNew(database))
                            .collect(Collectors.joining(System.lineSeparator())));
        }
    }

    /**
     * Empties a staging whose ledger is lost, so that nothing of it is loaded twice. The ledger knows the run only when all is
     * empty, so it is done again where a process ends between. A ledger that the role may not write to is found before.
     */
    private void requireKnown(SnowflakeSession session, OwnSchema.Held lock, SnowflakeVersion version, Load load)
            throws SQLException {
        if (own.knows(session, load.run())) {
            return;
        }
        own.forget(session, lock, load.run());
        steps.after("ledger forgotten");
        LOG.warn("The ledger of run {} is gone: schema {} is emptied and loaded anew", load.run(), version.name());
        for (TableDefinition table : load.tables()) {
            lock.require();
            // Snowflake's own record of what it has loaded goes, too.
            session.execute("TRUNCATE TABLE " + exactly(database, version.name(), stored(table.name())));
            steps.after("table emptied");
        }
        own.begin(session, lock, load.run());
        steps.after("ledger begun");
    }

    // Upload

    @Override
    public Uploaded upload(Load load, LandedTable table, Storage staging, Consumer<DataFile> loaded) {
        load.requireSchema(schema);
        LandingFiles landing = new LandingFiles(table, staging);
        landing.requireLoadable(load);
        renewWhereLost(load);
        return sessions.connected("Cannot upload", Optional.of(load), session -> {
            SnowflakeVersion version = staging(versions(session), load);
            Optional<List<DataFile>> known = own.loaded(session, load.run(), table.name());
            if (known.isEmpty() && isLive(version)) {
                // Went live with all its files.
                return new Uploaded(0, 0, 0, table.files().size());
            }
            List<DataFile> missing = landing.missing(known.orElseThrow(() -> OwnSchema.lost(load.run())), loaded);
            begun.add(load.run());
            if (isLive(version)) {
                LandingFiles.requireNone(missing, load);
            }
            if (!missing.isEmpty() && account.connector() == Connector.SPARK_SNOWFLAKE) {
                ConnectorLoader.requireFormat(landing);
                if (missing.size() < table.files().size()) {
                    throw Fault.spoiled("Cannot upload " + missing.get(0).path() + ": other files of " + table.name()
                            + " are loaded already, without the Spark connector: the next run begins anew");
                }
                new ConnectorLoader(options.spark().get(), options, session, own, load.run(), landing, steps)
                        .load(
                                missing,
                                version.name(),
                                () -> target(session, load, table),
                                SnowflakeSessions.tag(Optional.of(load)),
                                loaded);
            } else if (!missing.isEmpty()) {
                LandingStage stage = LandingStage.open(session, own, account, staging.root());
                new FileLoader(session, own, load.run(), landing, stage, account.json(), steps)
                        .load(missing, () -> target(session, load, table), loaded);
            }
            return landing.uploaded(missing);
        });
    }

    /** Begins anew with a staging whose ledger was lost before this process loaded anything of it. */
    private void renewWhereLost(Load load) {
        if (begun.contains(load.run())) {
            return;
        }
        boolean isLost = sessions.connected("Cannot upload", Optional.of(load), session -> {
            SnowflakeVersion version = staging(versions(session), load);
            return !isLive(version) && !own.knows(session, load.run());
        });
        if (isLost) {
            sessions.locked("Cannot upload", Optional.of(load), (session, lock) -> {
                SnowflakeVersion version = staging(versions(session), load);
                if (!isLive(version)) {
                    requireKnown(session, lock, version, load);
                }
                return version;
            });
        }
    }

    /** Where the run's staging lies now: looked for anew under the lock of each transaction. */
    private String target(SnowflakeSession session, Load load, LandedTable table) throws SQLException {
        SnowflakeVersion version = staging(versions(session), load);
        if (isLive(version)) {
            throw Fault.world("Run " + load.run()
                    + " has no staging any more: it went live meanwhile: give this run up by scripts/millrace abandon "
                    + load.run() + ", and start a new one");
        }
        return exactly(database, version.name(), stored(table.name()));
    }

    private SnowflakeVersion staging(Versions versions, Load load) {
        return versions.of(load.run()).filter(SnowflakeVersion::isReady).orElseThrow(() -> load.noStaging(where()));
    }

    private boolean isLive(SnowflakeVersion version) {
        return version.name().equals(stored(schema));
    }

    // Check

    @Override
    public Counts check(Load load, List<ColumnSet> notNull, List<ColumnSet> unique) {
        load.requireSchema(schema);
        return sessions.connected("Cannot count", Optional.of(load), session -> {
            Versions versions = versions(session);
            SnowflakeVersion version = staging(versions, load);
            Map<String, Long> liveRows = new HashMap<>();
            Optional<SnowflakeVersion> live = versions.live();
            if (live.isPresent()) {
                for (String table : ownership.present(session, live.get())) {
                    liveRows.put(
                            load.table(table).map(TableDefinition::name).orElse(table),
                            Counting.rows(session::number, exactly(database, stored(schema), stored(table))));
                }
            }
            return Counting.count(
                    session::number,
                    table -> exactly(database, version.name(), stored(table)),
                    SnowflakeText::identifier,
                    load,
                    liveRows,
                    notNull,
                    unique);
        });
    }

    // Replace

    @Override
    public boolean hasAll(Load load, List<LandedTable> tables) {
        load.requireSchema(schema);
        long files = tables.stream().mapToLong(table -> table.files().size()).sum();
        return sessions.connected("Cannot replace", Optional.of(load), session -> {
            staging(versions(session), load);
            return own.files(session, load.run()).orElse(-1) >= files;
        });
    }

    @Override
    public boolean replace(Load load) {
        load.requireSchema(schema);
        boolean isLive = sessions.locked("Cannot replace", Optional.of(load), (session, lock) -> {
            Versions versions = tidied(session, lock);
            // Before anything is noted: to note a version forgets one that no schema is of any more.
            ownership.requireNothingOfOthers(session, versions);
            Optional<SnowflakeVersion> live = versions.live();
            if (isLive(live, load)) {
                return true;
            }
            refuseWhenLate(load, versions);
            SnowflakeVersion mine = staging(versions, load);
            if (live.isPresent()
                    && live.get().commit() != mine.preparedAgainst().orElse(Long.MIN_VALUE)) {
                return false;
            }
            if (!own.knows(session, load.run())) {
                return false;
            }
            SnowflakeVersion next = mine.following(
                    live.map(SnowflakeVersion::words).orElseGet(() -> words(versions)),
                    load.commit(),
                    live.map(SnowflakeVersion::requireRun));
            versions.note(lock, next);
            noteComment(session, lock, versions, next);
            steps.after("previous noted");
            Set<String> compared = swap(session, lock, versions, next);
            steps.after("swapped");
            tidied(session, lock, inherited -> inherited.follow(compared));
            return true;
        });
        steps.after("replaced");
        return isLive;
    }

    /** What a person wrote about a schema that held nothing but rights. */
    private String words(Versions versions) {
        return versions.schema(stored(schema))
                .map(listed -> SnowflakeVersion.words(listed.comment()))
                .orElse("");
    }

    private void noteComment(SnowflakeSession session, OwnSchema.Held lock, Versions versions, SnowflakeVersion version)
            throws SQLException {
        own.noteComment(
                session,
                lock,
                version,
                versions.all().stream().map(SnowflakeVersion::requireRun).toList());
    }

    /** @return what live had when it was compared */
    private Set<String> swap(SnowflakeSession session, OwnSchema.Held lock, Versions versions, SnowflakeVersion next)
            throws SQLException {
        String readers = exactly(database, stored(schema));
        Optional<Versions.Listed> there = versions.schema(stored(schema));
        if (there.isEmpty()) {
            lock.require();
            session.execute("ALTER SCHEMA " + versions.place(next) + " RENAME TO " + readers);
            return Set.of();
        }
        Optional<SnowflakeVersion> live = versions.live();
        List<String> tables = live.isPresent() ? ownership.requireTables(session, live.get()) : List.of();
        // Of the next too, which may be one of before: comparing takes from it what would tell so.
        for (String one : List.of(stored(schema), next.name())) {
            ownership.requireNoMakers(session, versions, one, "run " + next.requireRun());
        }
        DependentObjects.require(session, database, stored(schema), tables, "run " + next.requireRun());
        Set<String> compared =
                new SnowflakeInherited(session, lock, database, stored(schema), next.name()).giveAndCompare();
        if (live.isEmpty()) {
            versions.note(lock, emptied(there.get(), next));
            steps.after("empty schema noted");
        }
        lock.require();
        session.execute("ALTER SCHEMA " + readers + " SWAP WITH " + versions.place(next));
        return compared;
    }

    /** What tells later that this schema held nothing but rights, which the first version has now. */
    private SnowflakeVersion emptied(Versions.Listed listed, SnowflakeVersion next) {
        return new SnowflakeVersion(
                listed.name(),
                listed.isTransient(),
                next.words(),
                schema,
                next.job(),
                Optional.empty(),
                0,
                "",
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                false,
                List.of());
    }

    /** How live follows what was live before it. */
    private interface Following {
        /** A line for each thing that was done, or is to be. */
        List<String> told(SnowflakeInherited inherited) throws SQLException;
    }

    private Versions tidied(SnowflakeSession session, OwnSchema.Held lock) throws SQLException {
        return tidied(session, lock, SnowflakeInherited::differences);
    }

    /**
     * Does what follows a swap, and may not have been done: live gets what was live's to the last, and what was live a name of
     * its own.
     */
    private Versions tidied(SnowflakeSession session, OwnSchema.Held lock, Following following) throws SQLException {
        Versions versions = versions(session);
        Optional<SnowflakeVersion> swapped = versions.swapped();
        if (swapped.isPresent()) {
            following
                    .told(new SnowflakeInherited(
                            session, lock, database, swapped.get().name(), stored(schema)))
                    .forEach(line -> LOG.warn("Schema {} was swapped: {}", schema, line));
        }
        // The role need not see all that is in it.
        for (SnowflakeVersion emptied : versions.emptied()) {
            if (!emptied.name().endsWith(BEFORE)) {
                lock.require();
                session.execute("ALTER SCHEMA " + versions.place(emptied) + " RENAME TO "
                        + exactly(database, emptied.name() + BEFORE));
                steps.after("renamed");
                versions = versions(session);
            }
        }
        Optional<SnowflakeVersion> misnamed = versions.misnamed();
        while (misnamed.isPresent()) {
            SnowflakeVersion version = misnamed.get();
            lock.require();
            session.execute("ALTER SCHEMA " + versions.place(version) + " RENAME TO "
                    + exactly(database, SnowflakeVersion.namespace(schema, version.requireRun())));
            steps.after("renamed");
            versions = versions(session);
            misnamed = versions.misnamed();
        }
        return versions;
    }

    private void refuseWhenLate(Load load, Versions versions) {
        Optional<SnowflakeVersion> live = versions.live();
        if (live.isEmpty()) {
            return;
        }
        load.requireReplaces(live.get().version(), where());
        if (live.get().rolledBack().contains(load.run())) {
            throw load.rolledBack(where(), live.get().version());
        }
        List<SnowflakeVersion> chain = versions.chain();
        if (load.isBefore(live.get().version()) || chain.stream().anyMatch(v -> v.isOf(load.run()))) {
            throw load.superseded(where(), live.get().version());
        }
    }

    private static boolean isLive(Optional<SnowflakeVersion> live, Load load) {
        return live.filter(v -> v.isOf(load.run())).isPresent();
    }

    // Versions before

    @Override
    public Version rollback() {
        boolean isThere = sessions.connected("Cannot roll back", Optional.empty(), session -> {
            Versions versions = versions(session);
            ownership.requireNothingOfOthers(session, versions);
            return versions.live().isPresent();
        });
        if (!isThere) {
            throw Fault.user("Nothing to roll back: " + where() + " does not exist yet");
        }
        Version live = sessions.locked("Cannot roll back", Optional.empty(), (session, lock) -> {
            Versions versions = tidied(session, lock);
            ownership.requireNothingOfOthers(session, versions);
            List<SnowflakeVersion> chain = versions.chain();
            if (chain.size() < 2) {
                throw Fault.user("Nothing to roll back to: " + where() + " is run "
                        + chain.get(0).requireRun() + ", and no version before it is kept");
            }
            // With the swap, what it takes away is known as taken away, however this process ends.
            SnowflakeVersion next = chain.get(1).insteadOf(chain.get(0));
            versions.note(lock, next);
            noteComment(session, lock, versions, next);
            steps.after("rollback noted");
            Set<String> compared = swap(session, lock, versions, next);
            steps.after("swapped");
            tidied(session, lock, inherited -> inherited.follow(compared));
            return chain.get(1).version();
        });
        steps.after("rolled back");
        return live;
    }

    @Override
    public void dropPrevious(int keep) {
        if (keep < 0) {
            throw new IllegalArgumentException("Invalid number of versions to keep: " + keep);
        }
        boolean isThere = sessions.connected(
                "Cannot drop",
                Optional.empty(),
                session -> versions(session).live().isPresent());
        if (!isThere) {
            return;
        }
        sessions.locked("Cannot drop", Optional.empty(), (session, lock) -> {
            Versions versions = tidied(session, lock);
            versions.emptied()
                    .forEach(emptied -> LOG.warn(
                            "Schema {} is what {} was before Millrace, with all that somebody made in it: rename it, or, where"
                                    + " nobody needs it: DROP SCHEMA {}",
                            emptied.name(),
                            schema,
                            versions.place(emptied)));
            List<SnowflakeVersion> chain = versions.chain();
            // The oldest first: a chain that breaks off early still leads to all there are. One that stays keeps no
            // other:
            // when the chain leads there no more, the next run tries again to drop it.
            for (int i = chain.size() - 1; i > keep; i--) {
                if (drop(session, lock, versions, chain.get(i))) {
                    steps.after("version dropped");
                }
            }
            return chain;
        });
    }

    /** Drops a version; false, and nothing is dropped, where somebody put something there. Readers are in nobody's way. */
    private boolean drop(SnowflakeSession session, OwnSchema.Held lock, Versions versions, SnowflakeVersion version)
            throws SQLException {
        RunId run = version.requireRun();
        List<String> others = DependentObjects.within(
                session,
                database,
                version.name(),
                ownership.tables(session, version).orElse(List.of()));
        if (!others.isEmpty()) {
            LOG.warn("Schema {} stays for now: it holds {}", version.name(), others.get(0));
            return false;
        }
        // While a version was made, nobody else could make anything in it.
        List<DependentObjects.Maker> makers =
                version.isReady() ? DependentObjects.makers(session, database, version.name()) : List.of();
        if (!makers.isEmpty()) {
            LOG.warn(
                    "Schema {} stays for now: {}", version.name(), makers.get(0).text());
            return false;
        }
        own.forgetComment(session, lock, run);
        return tryDrop(session, lock, versions, version);
    }

    /**
     * The server refuses to drop a schema with a policy in use elsewhere, which the role may not even see: see
     * <a href="https://docs.snowflake.com/en/sql-reference/sql/drop-storage-lifecycle-policy">DROP STORAGE LIFECYCLE
     * POLICY</a>, usage notes; and, since we ask for that, one with a table to which a foreign key elsewhere refers. Of this it
     * only warns, and does not drop: see
     * <a href="https://docs.snowflake.com/en/sql-reference/sql/drop-schema">DROP SCHEMA</a>, RESTRICT. Live is as it should be
     * all the same, so the next run tries again.
     */
    private boolean tryDrop(SnowflakeSession session, OwnSchema.Held lock, Versions versions, SnowflakeVersion version)
            throws SQLException {
        lock.require();
        String answer;
        try {
            List<String> answers = session.rows(
                    "DROP SCHEMA IF EXISTS " + versions.place(version) + " RESTRICT", row -> row.getString(1));
            if (versions(session).schema(version.name()).isEmpty()) {
                return true;
            }
            answer = String.join(" ", answers);
        } catch (SQLException e) {
            if (SnowflakeSession.isOfConnection(e)) {
                throw e;
            }
            answer = SnowflakeSession.message(e);
        }
        LOG.warn(
                "Schema {} stays for now, the next run tries again to drop it: {}: move what keeps it elsewhere, or drop"
                        + " the schema by hand",
                version.name(),
                answer);
        return false;
    }

    // Queries

    @Override
    public void query(String sql, String nullText, QueryRows rows) {
        String select = SqlText.withoutSemicolon(sql);
        ReaderQuery.require(select);
        sessions.connected("Cannot read", Optional.empty(), session -> {
            use(session);
            // The server takes one statement at a time, unless a session asks for more.
            try (Statement statement = session.statement(select);
                    ResultSet result = statement.executeQuery(select)) {
                ResultText.handOut(result, nullText, rows);
            } catch (SQLException e) {
                throw Fault.user("The query failed: " + SnowflakeSession.message(e));
            }
            return rows;
        });
    }

    private void use(SnowflakeSession session) throws SQLException {
        try {
            session.execute("USE SCHEMA " + exactly(database, stored(schema)));
        } catch (SQLException e) {
            if (SnowflakeSession.isUnknown(e)) {
                throw Fault.user("Nothing to query: " + where() + " does not exist yet: run the job first");
            }
            throw e;
        }
    }

    @Override
    public void close() {
        sessions.close();
    }
}
