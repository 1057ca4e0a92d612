package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.SqlText;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What people built on the tables of the live schema, or within it.
 *
 * <p>Views and tasks elsewhere find tables by their names, each time, so they go on with the tables that follow. Streams,
 * dynamic tables, materialized views and pipes hold on to a table itself, and would stay with the old one: see the types of
 * dependency at <a href="https://docs.snowflake.com/en/user-guide/object-dependencies">Object dependencies</a>. What lies in
 * the schema would be swapped out of it. All of it is found as far as the role may see it: SHOW lists nothing on which the
 * role has no privilege. So who may make things there that it does not see is told, too.
 */
final class DependentObjects {
    /**
     * What may lie in a schema beside what SHOW OBJECTS lists, as SHOW names it: see
     * <a href="https://docs.snowflake.com/en/sql-reference/sql/show">SHOW, database objects</a>.
     */
    private static final List<String> KINDS = List.of(
            "STREAMS",
            "TASKS",
            "PIPES",
            "STAGES",
            "FILE FORMATS",
            "SEQUENCES",
            "USER FUNCTIONS",
            "USER PROCEDURES",
            "DATA METRIC FUNCTIONS",
            "EXTERNAL TABLES",
            "EVENT TABLES",
            "ONLINE FEATURE TABLES",
            "SEMANTIC VIEWS",
            "MASKING POLICIES",
            "ROW ACCESS POLICIES",
            "AGGREGATION POLICIES",
            "PROJECTION POLICIES",
            "JOIN POLICIES",
            "PRIVACY POLICIES",
            "STORAGE LIFECYCLE POLICIES",
            "BACKUP POLICIES",
            "BACKUP SETS",
            "PASSWORD POLICIES",
            "SESSION POLICIES",
            "AUTHENTICATION POLICIES",
            "PACKAGES POLICIES",
            "TAGS",
            "ALERTS",
            "SECRETS",
            "NETWORK RULES",
            "CONTACTS",
            "GIT REPOSITORIES",
            "IMAGE REPOSITORIES",
            "SERVICES",
            "SNAPSHOTS",
            "MODELS",
            "MODEL MONITORS",
            "DATASETS",
            "CORTEX SEARCH SERVICES",
            "AGENTS",
            "MCP SERVERS",
            "STREAMLITS",
            "NOTEBOOKS",
            "NOTEBOOK PROJECTS",
            "DBT PROJECTS",
            "DCM PROJECTS",
            "WORKSPACES");

    /** What keeps the text that it was made with, as SHOW names it, its column with the text, and a person. */
    private static final List<List<String>> BUILT = List.of(
            List.of("DYNAMIC TABLES", "text", "dynamic table"),
            List.of("MATERIALIZED VIEWS", "text", "materialized view"),
            List.of("PIPES", "definition", "pipe"));

    /**
     * Who else may make things in a schema. Of what they make the role sees only what they let it see.
     *
     * @param grantee as a grant names whom it is for
     * @param rights such as {@code CREATE TABLE, CREATE VIEW}
     * @param place the schema, as statements write it
     */
    record Maker(String grantee, String rights, String place) {
        String revoke() {
            return "REVOKE " + rights + " ON SCHEMA " + place + " FROM " + grantee;
        }

        /** What they may have done, and what a person does about it. */
        String text() {
            return grantee + " may make things in schema " + place
                    + " that the job's role does not see: have what is there moved elsewhere, then, by who granted it or"
                    + " with MANAGE GRANTS: " + revoke();
        }

        /** The same of a schema that was made just now, where the right came by a future grant. */
        String textOfNew(String database) {
            return grantee + " gets " + rights + " in each new schema, which the job's role cannot take back: have it"
                    + " revoked by REVOKE " + rights + " ON FUTURE SCHEMAS IN DATABASE " + exactly(database) + " FROM "
                    + grantee + ", or grant the job's role MANAGE GRANTS ON ACCOUNT";
        }
    }

    private DependentObjects() {}

    /**
     * Who else may make things in a schema, as far as SHOW GRANTS tells: see
     * <a href="https://docs.snowflake.com/en/sql-reference/sql/show-grants">SHOW GRANTS</a>. Not told are roles to which those of
     * the job and of the schema's owner were granted, {@code ACCOUNTADMIN} for one: they may all the same, also where they were
     * granted it, too. Nor is who could once, and can no more.
     */
    static List<Maker> makers(SnowflakeSession session, String database, String schema) throws SQLException {
        String place = exactly(database, schema);
        Map<String, Set<String>> rights = new TreeMap<>();
        Set<String> owners = new HashSet<>();
        session.rows("SHOW GRANTS ON SCHEMA " + place, row -> {
            String privilege = row.getString("privilege");
            String grantee =
                    SnowflakeGrants.grantee(database, row.getString("granted_to"), row.getString("grantee_name"));
            if (privilege.equals("OWNERSHIP")) {
                owners.add(grantee);
            } else if (privilege.startsWith("CREATE ")) {
                rights.computeIfAbsent(grantee, g -> new TreeSet<>()).add(privilege);
            }
            return privilege;
        });
        rights.keySet().removeAll(owners);
        if (!rights.isEmpty()) {
            owners.add("ROLE " + session.role());
            rights.keySet().removeAll(owners);
            removeParents(session, owners, rights.keySet());
        }
        return rights.entrySet().stream()
                .map(maker -> new Maker(maker.getKey(), String.join(", ", maker.getValue()), place))
                .toList();
    }

    /** Takes out who has roles by grant, as {@code SYSADMIN} has all in most accounts, over any number of steps. */
    private static void removeParents(SnowflakeSession session, Set<String> roles, Set<String> grantees)
            throws SQLException {
        Deque<String> left = new ArrayDeque<>(roles);
        while (!left.isEmpty() && !grantees.isEmpty()) {
            String role = left.pop();
            try {
                session.rows("SHOW GRANTS OF " + role, row -> {
                    String parent = "ROLE " + exactly(row.getString("grantee_name"));
                    if (row.getString("granted_to").equals("ROLE") && roles.add(parent)) {
                        left.push(parent);
                    }
                    return parent;
                });
            } catch (SQLException e) {
                if (!SnowflakeSession.isLacking(e) && !SnowflakeSession.isUnknown(e)) {
                    throw e;
                }
                // Who may not see it is told of more than need be.
            }
            grantees.removeAll(roles);
        }
    }

    /** What is in a schema and not ours, as a person names it. */
    static List<String> within(SnowflakeSession session, String database, String schema, List<String> ours)
            throws SQLException {
        Set<String> stored = ours.stream().map(SnowflakeText::stored).collect(Collectors.toSet());
        Set<String> others = new TreeSet<>();
        String place = exactly(database, schema);
        Shown.whole(session, "SHOW OBJECTS IN SCHEMA " + place, row -> {
            String name = row.getString("name");
            String kind = row.getString("kind");
            boolean isOurs =
                    stored.contains(name) && Set.of("TABLE", "TRANSIENT").contains(kind);
            if (!isOurs) {
                others.add(other(kind.equals("TRANSIENT") ? "table" : kind.toLowerCase(Locale.ROOT), schema, name));
            }
            return name;
        });
        for (String kind : KINDS) {
            Shown.whole(
                    session,
                    "SHOW " + kind + " IN SCHEMA " + place,
                    row -> others.add(other(one(kind), schema, row.getString("name"))));
        }
        return List.copyOf(others);
    }

    private static String other(String kind, String schema, String name) {
        return kind + " " + exactly(schema, name) + ", which Millrace did not make";
    }

    /** One of a kind, as a person names it. */
    private static String one(String kind) {
        return kind.toLowerCase(Locale.ROOT)
                .replaceFirst("^user ", "")
                .replaceFirst("ies$", "y")
                .replaceFirst("s$", "");
    }

    /** What elsewhere holds on to these tables, as a person names it. */
    private static List<String> elsewhere(SnowflakeSession session, String database, String schema, List<String> tables)
            throws SQLException {
        Set<String> found = new TreeSet<>();
        Set<String> names = tables.stream()
                .map(table -> database + "." + schema + "." + SnowflakeText.stored(table))
                .collect(Collectors.toSet());
        Shown.everywhere(session, "STREAMS", row -> {
            // One on a view follows the tables behind it.
            if (names.contains(String.valueOf(row.getString("table_name")).replace("\"", ""))
                    || reads(
                            String.valueOf(row.getString("base_tables")),
                            row.getString("database_name"),
                            database,
                            schema,
                            tables)) {
                found.add("stream "
                        + exactly(row.getString("database_name"), row.getString("schema_name"), row.getString("name"))
                        + " on " + row.getString("table_name"));
            }
            return found;
        });
        for (List<String> kind : BUILT) {
            Shown.everywhere(session, kind.get(0), row -> {
                String home = row.getString("database_name");
                if (reads(String.valueOf(row.getString(kind.get(1))), home, database, schema, tables)) {
                    found.add(kind.get(2) + " " + exactly(home, row.getString("schema_name"), row.getString("name")));
                }
                return found;
            });
        }
        return List.copyOf(found);
    }

    /**
     * Whether a text names one of the tables with its schema. A name without its database means the one that the text lies
     * in.
     */
    static boolean reads(String text, String home, String database, String schema, List<String> tables) {
        String names = tables.stream()
                .map(SnowflakeText::stored)
                .map(DependentObjects::written)
                .collect(Collectors.joining("|"));
        Pattern name = Pattern.compile(
                "(?:(?:\"(?<quoted>(?:[^\"]|\"\")+)\"|(?<plain>[\\w$]+))\\s*\\.\\s*)?" + written(schema)
                        + "\\s*\\.\\s*(?:" + names + ")",
                Pattern.CASE_INSENSITIVE);
        Matcher matcher = name.matcher(text);
        while (matcher.find()) {
            String quoted = matcher.group("quoted");
            String plain = matcher.group("plain");
            String in = quoted != null ? quoted.replace("\"\"", "\"") : plain != null ? plain : home;
            if (in.equalsIgnoreCase(database)) {
                return true;
            }
        }
        return false;
    }

    /** A name in quotes, or without. */
    private static String written(String name) {
        return "(?:" + Pattern.quote(SqlText.identifier(name)) + "|(?<![\\w$\"])" + Pattern.quote(name) + "(?![\\w$]))";
    }

    /**
     * Refuses what a swap would leave behind or take along.
     *
     * @param who is to replace live, as messages name it
     * @param tables of live that are ours
     * @throws Fault GATE with all of them, one a line
     */
    static void require(SnowflakeSession session, String database, String schema, List<String> tables, String who)
            throws SQLException {
        List<String> refused = new ArrayList<>(within(session, database, schema, tables));
        if (!tables.isEmpty()) {
            refused.addAll(elsewhere(session, database, schema, tables));
        }
        if (!refused.isEmpty()) {
            throw Fault.gate("The gate refused " + who
                    + "; live is as it was: these depend on live tables or lie among them, and"
                    + " would stay with the old ones: drop them, or move them elsewhere:"
                    + System.lineSeparator() + String.join(System.lineSeparator(), refused));
        }
    }
}
