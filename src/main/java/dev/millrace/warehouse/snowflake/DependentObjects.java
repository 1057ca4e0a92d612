package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;

import dev.millrace.fault.Fault;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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
 * the schema would be swapped out of it.
 */
final class DependentObjects {
    /** What may lie in a schema beside tables and views, as SHOW names it, and a person. */
    private static final List<List<String>> KINDS = List.of(
            List.of("STREAMS", "stream"),
            List.of("TASKS", "task"),
            List.of("PIPES", "pipe"),
            List.of("STAGES", "stage"),
            List.of("FILE FORMATS", "file format"),
            List.of("SEQUENCES", "sequence"),
            List.of("USER FUNCTIONS", "function"),
            List.of("USER PROCEDURES", "procedure"));

    /** What keeps the text that it was made with, as SHOW names it, its column with the text, and a person. */
    private static final List<List<String>> BUILT = List.of(
            List.of("DYNAMIC TABLES", "text", "dynamic table"),
            List.of("MATERIALIZED VIEWS", "text", "materialized view"),
            List.of("PIPES", "definition", "pipe"));

    private DependentObjects() {}

    /** What is in a schema and not ours, as a person names it. */
    static List<String> within(SnowflakeSession session, String database, String schema, List<String> ours)
            throws SQLException {
        Set<String> stored = ours.stream().map(SnowflakeText::stored).collect(Collectors.toSet());
        Set<String> others = new TreeSet<>();
        String place = exactly(database, schema);
        session.rows("SHOW OBJECTS IN SCHEMA " + place, row -> {
            String name = row.getString("name");
            String kind = row.getString("kind");
            boolean isOurs =
                    stored.contains(name) && Set.of("TABLE", "TRANSIENT").contains(kind);
            if (!isOurs) {
                others.add((kind.equals("TRANSIENT") ? "table" : kind.toLowerCase(java.util.Locale.ROOT)) + " "
                        + exactly(schema, name) + ", which Millrace did not make");
            }
            return name;
        });
        for (List<String> kind : KINDS) {
            session.rows(
                    "SHOW " + kind.get(0) + " IN SCHEMA " + place,
                    row -> others.add(kind.get(1) + " " + exactly(schema, row.getString("name"))
                            + ", which Millrace did not make"));
        }
        return List.copyOf(others);
    }

    /** What elsewhere holds on to these tables, as a person names it. */
    private static List<String> elsewhere(SnowflakeSession session, String database, String schema, List<String> tables)
            throws SQLException {
        Set<String> found = new TreeSet<>();
        Set<String> names = tables.stream()
                .map(table -> database + "." + schema + "." + SnowflakeText.stored(table))
                .collect(Collectors.toSet());
        session.rows("SHOW STREAMS IN ACCOUNT", row -> {
            if (names.contains(String.valueOf(row.getString("table_name")).replace("\"", ""))) {
                found.add("stream "
                        + exactly(row.getString("database_name"), row.getString("schema_name"), row.getString("name"))
                        + " on " + row.getString("table_name"));
            }
            return found;
        });
        for (List<String> kind : BUILT) {
            session.rows("SHOW " + kind.get(0) + " IN ACCOUNT", row -> {
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
        String names =
                tables.stream().map(SnowflakeText::stored).map(Pattern::quote).collect(Collectors.joining("|"));
        Pattern name = Pattern.compile(
                "(?:\"?(?<database>[\\w$]+)\"?\\s*\\.\\s*)?(?<![\\w$])\"?" + Pattern.quote(schema)
                        + "\"?\\s*\\.\\s*\"?(?:" + names + ")(?![\\w$])",
                Pattern.CASE_INSENSITIVE);
        Matcher matcher = name.matcher(text);
        while (matcher.find()) {
            String in = matcher.group("database") == null ? home : matcher.group("database");
            if (in.equalsIgnoreCase(database)) {
                return true;
            }
        }
        return false;
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
