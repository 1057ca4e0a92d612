package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.literal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.fault.Fault;
import dev.millrace.warehouse.RowReader;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    /** Up to when something has to be given. */
    private enum By {
        /** The tables are made, which future grants and parameters are for. */
        TABLES,
        /** The first row is there, which a policy may be to hide. */
        ROWS,
        /** The swap. */
        SWAP
    }

    /**
     * Where something is, and what, as a person says it.
     *
     * @param table or empty for the schema
     * @param column or empty
     */
    private record Given(String table, String column, String what) {
        String text() {
            String place = table.isEmpty()
                    ? "the schema"
                    : column.isEmpty() ? "table " + table : "column " + column + " of " + table;
            return what + " on " + place;
        }
    }

    /**
     * How the next version gets it, or loses it.
     *
     * @param give empty where Millrace knows no way
     */
    private record Way(By by, Optional<String> give, Optional<String> take) {}

    /**
     * A tag or policy that something has.
     *
     * @param isByTag whether a column has it by a tag, and no other
     */
    private record Seen(Kind kind, String name, String place, boolean isByTag) {}

    private enum Kind {
        POLICY("(?i)#unknown_policy", "(?is)\\bPOLICY\\s+(?:\\S*\\.)?"),
        TAG("(?i)#unknown_tag", "(?i)(?<![\\w$])");

        /** What GET_DDL writes in place of a name. */
        private final Pattern unknown;

        /** What stands before the name, where GET_DDL writes it. */
        private final String before;

        Kind(String unknown, String before) {
            this.unknown = Pattern.compile(unknown);
            this.before = before;
        }

        boolean isSpelled(String name, String text) {
            return Pattern.compile(before + "\"?" + Pattern.quote(name.replace("\"", "\"\"")) + "\"?(?![\\w$])")
                    .matcher(text)
                    .find();
        }
    }

    /**
     * What one version has, in the order in which it is given.
     *
     * @param places see {@link #place}
     * @param budgets that watch what is at a place, by that place
     */
    private record All(Set<String> places, Map<Given, Way> given, Set<Seen> seen, Map<String, String> budgets) {
        boolean hasPlaceFor(Given one) {
            return places.contains(place(one.table(), one.column()));
        }

        /** What of it another version has a place for and has not. */
        List<Given> missingIn(All other) {
            return given.keySet().stream()
                    .filter(one -> other.hasPlaceFor(one) && !other.given.containsKey(one))
                    .toList();
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(SnowflakeInherited.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String RETENTION = "DATA_RETENTION_TIME_IN_DAYS";

    /**
     * Parameters whose text is a keyword; all others take theirs in quotes, those that name a volume, catalog or warehouse,
     * too: see the syntax of <a href="https://docs.snowflake.com/en/sql-reference/sql/alter-schema">ALTER SCHEMA</a>, and the
     * examples at <a href="https://docs.snowflake.com/en/user-guide/tables-iceberg-configure-external-volume">Iceberg tables,
     * external volume</a>.
     */
    private static final Set<String> KEYWORDS = Set.of("STORAGE_SERIALIZATION_POLICY", "OBJECT_VISIBILITY");

    /** A name as GET_DDL writes it; the schemas before it are not of interest. */
    private static final String NAME = "(?:(?:\"(?:[^\"]|\"\")+\"|[\\w$]+)\\.)*(\"(?:[^\"]|\"\")+\"|[\\w$]+)";

    private static final Pattern CREATE_TABLE = Pattern.compile("(?i)^create or replace .*?\\btable\\s+" + NAME);

    private static final Pattern COLUMN = Pattern.compile("^\\t" + NAME + "\\s");

    private static final Pattern UNKNOWN_MASKING = Pattern.compile("(?i)\\bMASKING\\s+POLICY\\s+#unknown_policy");

    /** Table functions that are asked in one query. */
    private static final int ASKED_AT_ONCE = 20;

    private final SnowflakeSession session;
    private final OwnSchema.Held lock;
    private final String database;
    private final String from;
    private final String to;

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
    }

    /** Gives a schema without tables what has to be there before them. */
    void giveBeforeTables() throws SQLException {
        Map<Given, Way> given = new LinkedHashMap<>();
        parameters(from, given);
        futureGrants(from, given);
        for (Way way : given.values()) {
            if (way.give().isPresent()) {
                apply(way.give().get());
            }
        }
    }

    /** Gives tables without rows what has to be there before them; what cannot be given is told at the swap. */
    void giveBeforeRows() throws SQLException {
        All live = all(from, By.ROWS);
        requireSeen(live);
        give(live, all(to, By.ROWS), By.ROWS);
    }

    /**
     * Gives the rest, takes what live has not, and compares.
     *
     * @throws Fault GATE that names what the next version could not be given
     */
    void giveAndCompare() throws SQLException {
        All live = all(from, By.SWAP);
        requireSeen(live);
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
                    + "; live is as it was: Millrace could not make these alike: make them so by hand, in live or in the"
                    + " staging, and run again:" + System.lineSeparator()
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
        lock.require();
        try {
            session.execute(statement);
        } catch (SQLException e) {
            if (SnowflakeSession.isOfConnection(e)) {
                throw e;
            }
            throw Fault.gate(
                    "The gate refused schema " + to + "; live is as it was: what live has cannot be given to it: "
                            + statement + ": " + SnowflakeSession.message(e)
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
        Set<Seen> seen = new HashSet<>();
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
            for (String table : tables) {
                Shown.whole(session, "SHOW COLUMNS IN TABLE " + exactly(database, schema, table), columns);
            }
        }
        futureGrants(schema, given);
        tags(schema, tables, given, seen);
        policies(schema, tables, given, seen);
        if (by == By.SWAP) {
            management(schema, given, budgets);
            grants("SCHEMA", schema, "", given, owners);
            for (String table : tables) {
                grants("TABLE", schema, table, given, owners);
                parametersOfTable(schema, table, given);
            }
        }
        // A new owner may keep us from giving the rest.
        given.putAll(owners);
        return new All(places, given, seen, budgets);
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

    /** See <a href="https://docs.snowflake.com/en/sql-reference/sql/show-grants">SHOW GRANTS</a>. */
    private void grants(String kind, String schema, String table, Map<Given, Way> given, Map<Given, Way> owners)
            throws SQLException {
        String place = table.isEmpty() ? exactly(database, schema) : exactly(database, schema, table);
        String target = kind + " " + (table.isEmpty() ? exactly(database, to) : at(table));
        session.rows("SHOW GRANTS ON " + kind + " " + place, row -> {
            String privilege = row.getString("privilege");
            String grantee = grantee(row.getString("granted_to"), row.getString("grantee_name"));
            boolean isKnown = isKnownGrantee(row.getString("granted_to"));
            boolean isGrantable = Boolean.parseBoolean(row.getString("grant_option"));
            if (privilege.equals("OWNERSHIP")) {
                owners.put(
                        new Given(table, "", "ownership of " + grantee),
                        new Way(
                                By.SWAP,
                                Optional.of("GRANT OWNERSHIP ON " + target + " TO " + grantee + " COPY CURRENT GRANTS"),
                                Optional.empty()));
                return grantee;
            }
            given.put(
                    new Given(table, "", privilege + " of " + grantee + (isGrantable ? " with grant option" : "")),
                    new Way(
                            By.SWAP,
                            isKnown
                                    ? Optional.of("GRANT " + privilege + " ON " + target + " TO " + grantee
                                            + (isGrantable ? " WITH GRANT OPTION" : ""))
                                    : Optional.empty(),
                            isKnown
                                    ? Optional.of("REVOKE " + privilege + " ON " + target + " FROM " + grantee)
                                    : Optional.empty()));
            return grantee;
        });
    }

    private void futureGrants(String schema, Map<Given, Way> given) throws SQLException {
        session.rows("SHOW FUTURE GRANTS IN SCHEMA " + exactly(database, schema), row -> {
            String privilege = row.getString("privilege");
            String kinds = plural(row.getString("grant_on"));
            String grantee = grantee(row.getString("grant_to"), row.getString("grantee_name"));
            boolean isGrantable = Boolean.parseBoolean(row.getString("grant_option"));
            String what = privilege + " ON FUTURE " + kinds + " IN SCHEMA " + exactly(database, to);
            given.put(
                    new Given(
                            "",
                            "",
                            "future " + privilege + " on " + kinds + " of " + grantee
                                    + (isGrantable ? " with grant option" : "")),
                    new Way(
                            By.TABLES,
                            Optional.of("GRANT " + what + " TO " + grantee + (isGrantable ? " WITH GRANT OPTION" : "")),
                            Optional.of("REVOKE " + what + " FROM " + grantee)));
            return grantee;
        });
    }

    private static String plural(String kind) {
        String words = kind.replace('_', ' ').toUpperCase(Locale.ROOT);
        return words.endsWith("Y") ? words.substring(0, words.length() - 1) + "IES" : words + "S";
    }

    private static boolean isKnownGrantee(String kind) {
        return Set.of("ROLE", "DATABASE_ROLE", "DATABASE ROLE", "SHARE", "USER").contains(kind);
    }

    /** As a grant names whom it is for. A database role is one of our database; a share is named without its account. */
    private String grantee(String kind, String name) {
        return switch (kind) {
            case "ROLE" -> "ROLE " + exactly(name);
            case "USER" -> "USER " + exactly(name);
            case "SHARE" -> "SHARE " + exactly(name.substring(name.lastIndexOf('.') + 1));
            case "DATABASE_ROLE", "DATABASE ROLE" ->
                "DATABASE ROLE "
                        + exactly(
                                database,
                                name.startsWith(database + ".") ? name.substring(database.length() + 1) : name);
            default -> kind + " " + name;
        };
    }

    /**
     * Tags that are set on the objects themselves: see
     * <a href="https://docs.snowflake.com/en/sql-reference/functions/tag_references_all_columns">TAG_REFERENCES_ALL_COLUMNS</a>.
     */
    private void tags(String schema, List<String> tables, Map<Given, Way> given, Set<Seen> seen) throws SQLException {
        String columns =
                "SELECT TAG_DATABASE, TAG_SCHEMA, TAG_NAME, TAG_VALUE, LEVEL, OBJECT_NAME, COLUMN_NAME FROM TABLE("
                        + exactly(database) + ".INFORMATION_SCHEMA.";
        List<String> questions = new ArrayList<>();
        questions.add(columns + "TAG_REFERENCES(" + literal(exactly(database, schema)) + ", 'SCHEMA'))");
        for (String table : tables) {
            questions.add(columns + "TAG_REFERENCES_ALL_COLUMNS(" + literal(exactly(database, schema, table))
                    + ", 'TABLE'))");
        }
        ask(questions, row -> {
            String tag = exactly(row.getString(1), row.getString(2), row.getString(3));
            String set = " SET TAG " + tag + " = " + literal(text(row.getString(4)));
            String table = row.getString(6);
            String column = text(row.getString(7));
            String what = "tag " + tag + " = " + literal(text(row.getString(4)));
            switch (row.getString(5)) {
                case "SCHEMA" -> {
                    if (table.equals(schema)) {
                        seen.add(new Seen(Kind.TAG, row.getString(3), place("", ""), false));
                        given.put(new Given("", "", what), byRows("ALTER SCHEMA " + exactly(database, to) + set));
                    }
                }
                case "TABLE" -> {
                    // Each column has the tags of its table.
                    seen.add(new Seen(Kind.TAG, row.getString(3), place(table, ""), false));
                    given.put(new Given(table, "", what), byRows("ALTER TABLE " + at(table) + set));
                }
                case "COLUMN" -> {
                    seen.add(new Seen(Kind.TAG, row.getString(3), place(table, column), false));
                    given.put(
                            new Given(table, column, what),
                            byRows("ALTER TABLE " + at(table) + " MODIFY COLUMN " + exactly(column) + set));
                }
                default -> {
                    // Set on the database or the account, which all schemas have.
                }
            }
            return tag;
        });
    }

    private static Way byRows(String statement) {
        return new Way(By.ROWS, Optional.of(statement), Optional.empty());
    }

    /** See <a href="https://docs.snowflake.com/en/sql-reference/functions/policy_references">POLICY_REFERENCES</a>. */
    private void policies(String schema, List<String> tables, Map<Given, Way> given, Set<Seen> seen)
            throws SQLException {
        List<String> questions = new ArrayList<>();
        for (String table : tables) {
            questions.add("SELECT POLICY_DB, POLICY_SCHEMA, POLICY_NAME, POLICY_KIND, REF_ENTITY_NAME, REF_COLUMN_NAME,"
                    + " REF_ARG_COLUMN_NAMES, TAG_NAME, POLICY_STATUS FROM TABLE(" + exactly(database)
                    + ".INFORMATION_SCHEMA.POLICY_REFERENCES(REF_ENTITY_NAME => "
                    + literal(exactly(database, schema, table)) + ", REF_ENTITY_DOMAIN => 'TABLE'))");
        }
        ask(questions, row -> {
            String place = place(row.getString(5), text(row.getString(6)));
            // What comes by a tag goes with the tag.
            if (row.getString(8) != null) {
                if (text(row.getString(9)).equals("ACTIVE")) {
                    seen.add(new Seen(Kind.POLICY, row.getString(3), place, true));
                }
            } else {
                seen.add(new Seen(Kind.POLICY, row.getString(3), place, false));
                policy(
                        exactly(row.getString(1), row.getString(2), row.getString(3)),
                        row.getString(4),
                        row.getString(5),
                        text(row.getString(6)),
                        columnNames(row.getString(7)),
                        given);
            }
            return row.getString(3);
        });
    }

    private void policy(
            String policy, String kind, String table, String column, List<String> arguments, Map<Given, Way> given) {
        String names = arguments.stream().map(SnowflakeText::exactly).collect(Collectors.joining(", "));
        String tableStatement = "ALTER TABLE " + at(table) + " ";
        String columnStatement = tableStatement + "MODIFY COLUMN " + (column.isEmpty() ? "" : exactly(column)) + " ";
        Optional<String> give = switch (kind) {
            case "MASKING_POLICY" -> {
                List<String> others =
                        arguments.stream().filter(a -> !a.equals(column)).toList();
                yield Optional.of(columnStatement + "SET MASKING POLICY " + policy
                        + (others.isEmpty()
                                ? ""
                                : " USING (" + exactly(column) + ", "
                                        + others.stream()
                                                .map(SnowflakeText::exactly)
                                                .collect(Collectors.joining(", "))
                                        + ")"));
            }
            case "PROJECTION_POLICY" -> Optional.of(columnStatement + "SET PROJECTION POLICY " + policy);
            case "ROW_ACCESS_POLICY" ->
                Optional.of(tableStatement + "ADD ROW ACCESS POLICY " + policy + " ON (" + names + ")");
            case "AGGREGATION_POLICY" ->
                Optional.of(tableStatement + "SET AGGREGATION POLICY " + policy
                        + (names.isEmpty() ? "" : " ENTITY KEY (" + names + ")"));
            default -> Optional.empty();
        };
        String what = kind.toLowerCase(Locale.ROOT).replace('_', ' ') + " " + policy
                + (names.isEmpty() ? "" : " for " + names);
        given.put(new Given(table, column, what), new Way(By.ROWS, give, Optional.empty()));
    }

    /**
     * Throws where live has a tag or policy that the role may not see: the functions above leave it out, and what follows
     * would be without it. GET_DDL tells of it, as {@code #UNKNOWN_POLICY} or {@code #UNKNOWN_TAG='#UNKNOWN_VALUE'}, to who has
     * not the privilege on the account to apply all of its kind; so also of one that the functions do tell, where the role may
     * apply just that one: see <a href="https://docs.snowflake.com/en/sql-reference/functions/get_ddl">GET_DDL</a>, usage
     * notes for tables with a tag or policy.
     *
     * <p>Whether it writes a masking policy that a column has by a tag, the page does not say. So one that the functions tell
     * may stand for one that it writes there, if the column has no other: {@code POLICY_STATUS} is {@code ACTIVE} then, see
     * <a href="https://docs.snowflake.com/en/user-guide/tag-based-masking-policies">Tag-based masking policies</a>, tag and
     * policy discovery.
     *
     * @throws Fault GATE that names the places
     */
    private void requireSeen(All live) throws SQLException {
        String text = session.rows(
                        "SELECT GET_DDL('SCHEMA', " + literal(exactly(database, from)) + ")", row -> row.getString(1))
                .get(0);
        Map<String, String> defined = defined(text);
        for (Kind kind : Kind.values()) {
            List<String> hidden = new ArrayList<>();
            defined.forEach((place, definition) -> {
                long unknown = kind.unknown.matcher(definition).results().count();
                List<Seen> told = live.seen().stream()
                        .filter(one -> one.kind() == kind && one.place().equals(place))
                        .filter(one -> !kind.isSpelled(one.name(), definition))
                        .toList();
                long byTag = told.stream().filter(Seen::isByTag).count();
                long masking = UNKNOWN_MASKING.matcher(definition).results().count();
                if (unknown > told.size() - byTag + Math.min(byTag, masking)) {
                    hidden.add(shown(place));
                }
            });
            if (!hidden.isEmpty()) {
                String word = kind.name().toLowerCase(Locale.ROOT);
                throw Fault.gate("The gate refused schema " + to + "; live is as it was: live has a " + word
                        + " that the role may not see, and that what follows would be without: look at "
                        + String.join(", ", hidden) + "; GRANT APPLY ON "
                        + (kind == Kind.TAG ? "TAG" : "MASKING POLICY (or of another kind)")
                        + " … to the role, and USAGE on the " + word + "'s schema, and run again"
                        + (kind == Kind.TAG ? "" : "; where a tag brings it: GRANT APPLY MASKING POLICY ON ACCOUNT"));
            }
        }
    }

    /** The parts of a schema's definition, by place: its own, and of each table and column. */
    private static Map<String, String> defined(String definition) {
        Map<String, String> parts = new LinkedHashMap<>();
        String table = "";
        for (String line : definition.lines().toList()) {
            Matcher create = CREATE_TABLE.matcher(line);
            if (create.find()) {
                table = unquoted(create.group(1));
            }
            Matcher column = COLUMN.matcher(line);
            String place = place(table, column.find() ? unquoted(column.group(1)) : "");
            parts.merge(place, line, (before, more) -> before + System.lineSeparator() + more);
        }
        return parts;
    }

    private static String unquoted(String name) {
        return name.startsWith("\"") ? name.substring(1, name.length() - 1).replace("\"\"", "\"") : name;
    }

    /** A table, a column of one, or, where both are empty, the schema. */
    private static String place(String table, String column) {
        return column.isEmpty() ? table : table + "\t" + column;
    }

    /** A place as a person says it. */
    private static String shown(String place) {
        int tab = place.indexOf('\t');
        return place.isEmpty()
                ? "the schema"
                : tab < 0
                        ? "table " + place
                        : "column " + place.substring(tab + 1) + " of table " + place.substring(0, tab);
    }

    /** Names in a JSON list. */
    private static List<String> columnNames(String json) {
        List<String> names = new ArrayList<>();
        if (json != null && !json.isBlank()) {
            try {
                for (JsonNode name : JSON.readTree(json)) {
                    names.add(name.asText());
                }
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("Not a list of columns: " + json, e);
            }
        }
        return names;
    }

    private void ask(List<String> questions, RowReader<String> reader) throws SQLException {
        for (int i = 0; i < questions.size(); i += ASKED_AT_ONCE) {
            List<String> some = questions.subList(i, Math.min(questions.size(), i + ASKED_AT_ONCE));
            session.rowsWhereInEdition(String.join(" UNION ALL ", some), reader);
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
