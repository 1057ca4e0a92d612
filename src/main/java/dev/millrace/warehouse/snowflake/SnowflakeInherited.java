package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.Given.place;
import static dev.millrace.warehouse.snowflake.Given.shown;
import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.literal;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.RowReader;
import dev.millrace.warehouse.snowflake.Given.By;
import dev.millrace.warehouse.snowflake.Given.Way;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What people gave to the live schema and what the next version gets of it: owners, grants (to shares too), future grants,
 * parameters, comments, tags, policies, clustering, retention, change tracking, schema evolution. A swap takes all of these
 * along with the objects that have them, so the next version must have them before. Of tables and columns that it has no
 * more it takes nothing.
 */
final class SnowflakeInherited {
    /**
     * What one version has, in the order in which it is given.
     *
     * @param places see {@link Given#place}
     * @param budgets that watch what is at a place, by that place
     */
    private record All(
            Set<String> places, Map<Given, Way> given, Set<SnowflakePolicies.Seen> seen, Map<String, String> budgets) {
        boolean hasPlaceFor(Given one) {
            return places.contains(one.place());
        }

        /** What of it another version has a place for and has not. */
        List<Given> missingIn(All other) {
            return given.keySet().stream()
                    .filter(one -> other.hasPlaceFor(one) && !other.given.containsKey(one))
                    .toList();
        }

        Set<String> texts() {
            return given.keySet().stream().map(Given::text).collect(Collectors.toSet());
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(SnowflakeInherited.class);

    private static final String BY_HAND = "make live so by hand";

    /** After so many tables the lock is asked for: its session must not stand idle for minutes while others wait. */
    private static final int TABLES_A_LOOK = 10;

    private static final String RETENTION = "DATA_RETENTION_TIME_IN_DAYS";

    /**
     * Parameters whose text is a keyword; all others take theirs in quotes, those that name a volume, catalog or warehouse,
     * too: see the syntax of <a href="https://docs.snowflake.com/en/sql-reference/sql/alter-schema">ALTER SCHEMA</a>, and the
     * examples at <a href="https://docs.snowflake.com/en/user-guide/tables-iceberg-configure-external-volume">Iceberg tables,
     * external volume</a>.
     */
    private static final Set<String> KEYWORDS = Set.of("STORAGE_SERIALIZATION_POLICY", "OBJECT_VISIBILITY");

    private final SnowflakeSession session;
    private final OwnSchema.Held lock;
    private final String database;
    private final String from;
    private final String to;
    private final SnowflakeGrants grants;
    private final SnowflakePolicies policies;

    /**
     * @param database all names as the server has them
     * @param from the schema that is live
     * @param to the schema that is to replace it
     */
    SnowflakeInherited(SnowflakeSession session, OwnSchema.Held lock, String database, String from, String to) {
        this.session = session;
        this.lock = lock;
        this.database = database;
        this.from = from;
        this.to = to;
        this.grants = new SnowflakeGrants(session, database, to);
        this.policies = new SnowflakePolicies(session, database, to);
    }

    /** Gives a schema without tables what has to be there before them. */
    void giveBeforeTables() throws SQLException {
        Map<Given, Way> given = new LinkedHashMap<>();
        parameters(from, given);
        grants.readFuture(from, given);
        for (Way way : given.values()) {
            if (way.give().isPresent()) {
                apply(way.give().get());
            }
        }
    }

    /** Gives tables without rows what has to be there before them; what cannot be given is told at the swap. */
    void giveBeforeRows() throws SQLException {
        All live = all(from, By.ROWS);
        policies.requireSeen(from, live.seen());
        give(live, all(to, By.ROWS), By.ROWS);
    }

    /**
     * Gives the rest, takes what live has not, and compares.
     *
     * @return what live had when it was compared, as a person says it
     * @throws Fault GATE that names what the next version could not be given
     */
    Set<String> giveAndCompare() throws SQLException {
        All live = all(from, By.SWAP);
        policies.requireSeen(from, live.seen());
        All next = all(to, By.SWAP);
        boolean isGiven = give(live, next, By.SWAP);
        if (isGiven) {
            next = all(to, By.SWAP);
        }
        boolean isTaken = false;
        for (Given one : next.missingIn(live)) {
            Optional<String> take = next.given().get(one).take();
            if (take.isPresent()) {
                apply(take.get());
                isTaken = true;
            }
        }
        compare(live, isTaken ? all(to, By.SWAP) : next);
        tellBudgets(live, next);
        return live.texts();
    }

    /**
     * After the swap: gives live, and takes from it, what somebody gave to the version before it, or took, while they were
     * compared, which takes a while with many tables.
     *
     * @param compared what {@link #giveAndCompare} returned
     * @return what was done, or is for a person to do, a line each
     */
    List<String> follow(Set<String> compared) throws SQLException {
        All before = all(from, By.SWAP);
        if (before.texts().equals(compared)) {
            return List.of();
        }
        All live = all(to, By.SWAP);
        List<String> told = new ArrayList<>();
        List<Given> kept = new ArrayList<>();
        for (Given one : live.missingIn(before)) {
            if (compared.contains(one.text())) {
                Optional<String> take = live.given().get(one).take();
                if (take.isPresent()) {
                    told.add("the version before lost " + one.text() + ": " + done(take.get()));
                } else {
                    kept.add(one);
                }
            }
        }
        for (Given one : before.missingIn(live)) {
            if (!compared.contains(one.text())) {
                Optional<String> give = before.given().get(one).give();
                told.add("the version before got " + one.text() + ": " + (give.isEmpty() ? BY_HAND : done(give.get())));
            }
        }
        if (!kept.isEmpty()) {
            // A comment or an owner goes where another comes.
            All now = all(to, By.SWAP);
            kept.stream()
                    .filter(now.given()::containsKey)
                    .forEach(one -> told.add("the version before lost " + one.text() + ": " + BY_HAND));
        }
        return told;
    }

    /**
     * After the swap, where the process that compared has ended: nobody knows which of both versions somebody changed since, so
     * nothing is done.
     *
     * @return how they differ, and what follows the version before, a line each
     */
    List<String> differences() throws SQLException {
        All before = all(from, By.SWAP);
        All live = all(to, By.SWAP);
        List<String> told = new ArrayList<>();
        live.missingIn(before)
                .forEach(one -> told.add("live has " + one.text() + ", the version before has not"
                        + following(live.given().get(one).take())));
        before.missingIn(live)
                .forEach(one -> told.add("the version before has " + one.text() + ", live has not"
                        + following(before.given().get(one).give())));
        return told;
    }

    private static String following(Optional<String> statement) {
        return statement
                .map(sql -> ": if that was changed before the swap, follow it by: " + sql)
                .orElse("");
    }

    /** Runs a statement, and tells what came of it: what is live stays so, so nothing is refused. */
    private String done(String statement) throws SQLException {
        return refusal(statement)
                .map(said -> BY_HAND + ", since this failed: " + statement + ": " + said)
                .orElse(statement);
    }

    /** Runs a statement; what the server says where it refuses it. */
    private Optional<String> refusal(String statement) throws SQLException {
        lock.require();
        try {
            session.execute(statement);
            return Optional.empty();
        } catch (SQLException e) {
            if (SnowflakeSession.isOfConnection(e)) {
                throw e;
            }
            return Optional.of(SnowflakeSession.message(e));
        }
    }

    /** Whether there was anything to give. */
    private boolean give(All live, All next, By by) throws SQLException {
        boolean isGiven = false;
        for (Given one : live.missingIn(next)) {
            Way way = live.given().get(one);
            if (way.by().compareTo(by) <= 0 && way.give().isPresent()) {
                apply(way.give().get());
                isGiven = true;
            }
        }
        return isGiven;
    }

    private void compare(All live, All next) {
        List<String> differences = new ArrayList<>();
        live.missingIn(next).forEach(one -> differences.add("live has " + one.text() + ", the staging has not"));
        next.missingIn(live).forEach(one -> differences.add("the staging has " + one.text() + ", live has not"));
        if (!differences.isEmpty()) {
            throw Fault.gate("The gate refused schema " + to
                    + "; live is as it was: Millrace could not make these alike: make them so by hand, in live, and run"
                    + " again:" + System.lineSeparator()
                    + String.join(System.lineSeparator(), differences));
        }
    }

    /**
     * Tells how budgets get what follows live. They go on with the old objects, by whose numbers they know them: see
     * <a href="https://docs.snowflake.com/en/sql-reference/classes/budget/methods/get_linked_resources">GET_LINKED_RESOURCES</a>;
     * to add others takes rights on the budget that a loader has not. Readers do not need it, so nothing is refused.
     */
    private void tellBudgets(All live, All next) throws SQLException {
        for (Map.Entry<String, String> one : live.budgets().entrySet()) {
            String table = one.getKey();
            String budget = one.getValue();
            boolean isOfSchema =
                    !table.isEmpty() && budget.equals(live.budgets().get(""));
            if (isOfSchema
                    || !next.places().contains(table)
                    || budget.equals(next.budgets().get(table))) {
                continue;
            }
            String kind = table.isEmpty() ? "SCHEMA" : "TABLE";
            String name = literal(table.isEmpty() ? exactly(database, from) : exactly(database, from, table));
            LOG.warn(
                    "Budget {} watches {} of live, and not what follows; once that is live: CALL {}!ADD_RESOURCE(SELECT"
                            + " SYSTEM$REFERENCE('{}', {}, 'SESSION', 'APPLYBUDGET')); or, once for all runs, let it watch"
                            + " database {}, or a tag of live's",
                    budget,
                    shown(table),
                    fullName(budget, kind, name),
                    kind,
                    name,
                    database);
        }
    }

    /**
     * A budget's name with its schema and database, as far as the role may know it: see
     * <a href="https://docs.snowflake.com/en/sql-reference/functions/system_show_budgets_for_resource">SYSTEM$SHOW_BUDGETS_FOR_RESOURCE</a>.
     */
    private String fullName(String budget, String kind, String name) throws SQLException {
        String list;
        try {
            list = session.rows(
                            "SELECT SYSTEM$SHOW_BUDGETS_FOR_RESOURCE('" + kind + "', " + name + ")",
                            row -> text(row.getString(1)))
                    .get(0);
        } catch (SQLException e) {
            if (SnowflakeSession.isOfConnection(e)) {
                throw e;
            }
            return budget;
        }
        return Stream.of(list.replaceAll("^\\[|\\]$", "").split(",", -1))
                .map(String::strip)
                .filter(one -> one.equals(budget) || one.endsWith("." + budget) || one.endsWith("." + exactly(budget)))
                .findFirst()
                .orElse(budget);
    }

    private void apply(String statement) throws SQLException {
        Optional<String> said = refusal(statement);
        if (said.isPresent()) {
            throw Fault.gate(
                    "The gate refused schema " + to + "; live is as it was: what live has cannot be given to it: "
                            + statement + ": " + said.get()
                            + ": have the role granted what it needs for that (APPLY on policies and tags, MANAGE GRANTS for"
                            + " grants, MODIFY LOG LEVEL and the like for levels), or take it from live, and run again");
        }
    }

    /**
     * All that a schema has; the ways to give it lead to the next version.
     *
     * @param by up to when it has to be given: what may be given later is not looked for, since grants take a statement for
     *     each table
     */
    private All all(String schema, By by) throws SQLException {
        Set<String> places = new HashSet<>(Set.of(""));
        Map<Given, Way> given = new LinkedHashMap<>();
        Set<SnowflakePolicies.Seen> seen = new HashSet<>();
        Map<String, String> budgets = new LinkedHashMap<>();
        List<String> tables = new ArrayList<>();
        Map<Given, Way> owners = new LinkedHashMap<>();
        String retention = parameters(schema, given);
        Shown.whole(session, "SHOW TABLES IN SCHEMA " + exactly(database, schema), row -> {
            String table = row.getString("name");
            tables.add(table);
            places.add(table);
            tableProperties(row, table, retention, given);
            budget(Shown.told(row, "budget"), table, budgets);
            return table;
        });
        RowReader<String> columns = row -> column(row, places, given);
        if (Shown.ifWhole(session, "SHOW COLUMNS IN SCHEMA " + exactly(database, schema), columns)
                .isEmpty()) {
            ofEach(
                    tables,
                    table ->
                            Shown.whole(session, "SHOW COLUMNS IN TABLE " + exactly(database, schema, table), columns));
        }
        grants.readFuture(schema, given);
        policies.readTags(schema, tables, given, seen);
        policies.readPolicies(schema, tables, given, seen);
        if (by == By.SWAP) {
            management(schema, given, budgets);
            grants.read("SCHEMA", schema, "", given, owners);
            ofEach(tables, table -> {
                grants.read("TABLE", schema, table, given, owners);
                parametersOfTable(schema, table, given);
            });
        }
        // A new owner may keep us from giving the rest.
        given.putAll(owners);
        return new All(places, given, seen, budgets);
    }

    /** What is asked of a table. */
    private interface OfTable {
        void ask(String table) throws SQLException;
    }

    private void ofEach(List<String> tables, OfTable what) throws SQLException {
        for (int i = 0; i < tables.size(); i++) {
            if (i % TABLES_A_LOOK == 0) {
                lock.require();
            }
            what.ask(tables.get(i));
        }
    }

    private String column(ResultSet row, Set<String> places, Map<Given, Way> given) throws SQLException {
        String table = row.getString("table_name");
        String column = row.getString("column_name");
        places.add(place(table, column));
        String comment = text(row.getString("comment"));
        if (!comment.isEmpty()) {
            given.put(
                    new Given(table, column, "the comment " + literal(comment)),
                    new Way(
                            By.ROWS,
                            Optional.of("COMMENT ON COLUMN " + at(table) + "." + exactly(column) + " IS "
                                    + literal(comment)),
                            Optional.empty()));
        }
        return column;
    }

    /**
     * Parameters that are set on the schema itself: see
     * <a href="https://docs.snowflake.com/en/sql-reference/sql/show-parameters">SHOW PARAMETERS</a>. Whatever they are, they are
     * set alike: see <a href="https://docs.snowflake.com/en/sql-reference/sql/alter-schema">ALTER SCHEMA</a>.
     *
     * @return the days for which its tables keep old rows, as far as they have none of their own; wherever that is set
     */
    private String parameters(String schema, Map<Given, Way> given) throws SQLException {
        List<String> retention = new ArrayList<>();
        session.rows("SHOW PARAMETERS IN SCHEMA " + exactly(database, schema), row -> {
            String key = row.getString("key");
            if (key.equals(RETENTION)) {
                retention.add(text(row.getString("value")));
            }
            if (text(row.getString("level")).equals("SCHEMA")) {
                parameter(row, "", "ALTER SCHEMA " + exactly(database, to), By.TABLES, given);
            }
            return key;
        });
        return retention.isEmpty() ? "" : retention.get(0);
    }

    /**
     * Parameters that are set on a table itself, but for its retention: see
     * <a href="https://docs.snowflake.com/en/sql-reference/sql/alter-table">ALTER TABLE</a>. They are of no meaning to rows that
     * are loaded.
     */
    private void parametersOfTable(String schema, String table, Map<Given, Way> given) throws SQLException {
        session.rows("SHOW PARAMETERS IN TABLE " + exactly(database, schema, table), row -> {
            String key = row.getString("key");
            if (text(row.getString("level")).equals("TABLE") && !key.equals(RETENTION)) {
                parameter(row, table, "ALTER TABLE " + at(table), By.SWAP, given);
            }
            return key;
        });
    }

    private static void parameter(ResultSet row, String table, String alter, By by, Map<Given, Way> given)
            throws SQLException {
        String key = row.getString("key");
        String value = text(row.getString("value"));
        boolean isQuoted = text(row.getString("type")).equals("STRING") && !KEYWORDS.contains(key);
        String written = key + " = " + (isQuoted ? literal(value) : value);
        given.put(
                new Given(table, "", written),
                new Way(by, Optional.of(alter + " SET " + written), Optional.of(alter + " UNSET " + key)));
    }

    private void management(String schema, Map<Given, Way> given, Map<String, String> budgets) throws SQLException {
        Optional<Versions.Listed> listed =
                Versions.list(session, database, schema).schema(schema);
        budget(listed.map(Versions.Listed::budget).orElse(""), "", budgets);
        if (listed.filter(Versions.Listed::isManaged).isPresent()) {
            given.put(
                    new Given("", "", "managed access"),
                    new Way(
                            By.SWAP,
                            Optional.of("ALTER SCHEMA " + exactly(database, to) + " ENABLE MANAGED ACCESS"),
                            Optional.of("ALTER SCHEMA " + exactly(database, to) + " DISABLE MANAGED ACCESS")));
        }
    }

    private static void budget(String budget, String place, Map<String, String> budgets) {
        if (!budget.isEmpty()) {
            budgets.put(place, budget);
        }
    }

    /** See <a href="https://docs.snowflake.com/en/sql-reference/sql/show-tables">SHOW TABLES</a>, output. */
    private void tableProperties(ResultSet row, String table, String schemasRetention, Map<Given, Way> given)
            throws SQLException {
        String alter = "ALTER TABLE " + at(table);
        String comment = text(row.getString("comment"));
        if (!comment.isEmpty()) {
            given.put(
                    new Given(table, "", "the comment " + literal(comment)),
                    new Way(
                            By.ROWS,
                            Optional.of("COMMENT ON TABLE " + at(table) + " IS " + literal(comment)),
                            Optional.empty()));
        }
        String cluster = text(row.getString("cluster_by"));
        if (!cluster.isEmpty()) {
            String keys = cluster.replaceFirst("(?i)^LINEAR\\s*", "");
            given.put(
                    new Given(table, "", "clustering by " + cluster),
                    new Way(
                            By.ROWS,
                            Optional.of(alter + " CLUSTER BY " + (keys.startsWith("(") ? keys : "(" + keys + ")")),
                            Optional.of(alter + " DROP CLUSTERING KEY")));
            if (Shown.told(row, "automatic_clustering").equals("OFF")) {
                given.put(
                        new Given(table, "", "automatic clustering suspended"),
                        new Way(
                                By.ROWS,
                                Optional.of(alter + " SUSPEND RECLUSTER"),
                                Optional.of(alter + " RESUME RECLUSTER")));
            }
        }
        String retention = Shown.told(row, "retention_time");
        if (!retention.isEmpty() && !retention.equals(schemasRetention)) {
            given.put(
                    new Given(table, "", RETENTION + " = " + retention),
                    new Way(
                            By.ROWS,
                            Optional.of(alter + " SET " + RETENTION + " = " + retention),
                            Optional.of(alter + " UNSET " + RETENTION)));
        }
        if (Shown.told(row, "enable_schema_evolution").equals("Y")) {
            // Not before rows: files with other columns than the table's would change it, not be refused.
            given.put(
                    new Given(table, "", "schema evolution"),
                    new Way(
                            By.SWAP,
                            Optional.of(alter + " SET ENABLE_SCHEMA_EVOLUTION = TRUE"),
                            Optional.of(alter + " SET ENABLE_SCHEMA_EVOLUTION = FALSE")));
        }
        if (Shown.told(row, "change_tracking").equals("ON")) {
            given.put(
                    new Given(table, "", "change tracking"),
                    new Way(
                            By.ROWS,
                            Optional.of(alter + " SET CHANGE_TRACKING = TRUE"),
                            Optional.of(alter + " SET CHANGE_TRACKING = FALSE")));
        }
        if (Shown.told(row, "search_optimization").equals("ON")) {
            // Which columns it is for is not told, so a person has to decide.
            given.put(
                    new Given(table, "", "search optimization"), new Way(By.SWAP, Optional.empty(), Optional.empty()));
        }
    }

    /** A table of the next version. */
    private String at(String table) {
        return exactly(database, to, table);
    }

    private static String text(String value) {
        return value == null ? "" : value;
    }
}
