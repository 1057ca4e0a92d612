package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.Given.place;
import static dev.millrace.warehouse.snowflake.Given.shown;
import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.literal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.fault.Fault;
import dev.millrace.warehouse.RowReader;
import dev.millrace.warehouse.snowflake.Given.By;
import dev.millrace.warehouse.snowflake.Given.Way;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Tags and policies that a schema, its tables and columns have. The ways to give them lead to another schema. */
final class SnowflakePolicies {
    /**
     * A tag or policy that something has.
     *
     * @param isByTag whether a column has it by a tag, and no other
     */
    record Seen(Kind kind, String name, String place, boolean isByTag) {}

    enum Kind {
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

    private static final ObjectMapper JSON = new ObjectMapper();

    /** A name as GET_DDL writes it; the schemas before it are not of interest. */
    private static final String NAME = "(?:(?:\"(?:[^\"]|\"\")+\"|[\\w$]+)\\.)*(\"(?:[^\"]|\"\")+\"|[\\w$]+)";

    private static final Pattern CREATE_TABLE = Pattern.compile("(?i)^create or replace .*?\\btable\\s+" + NAME);

    private static final Pattern COLUMN = Pattern.compile("^\\t" + NAME + "\\s");

    private static final Pattern UNKNOWN_MASKING = Pattern.compile("(?i)\\bMASKING\\s+POLICY\\s+#unknown_policy");

    /** Table functions that are asked in one query. */
    private static final int ASKED_AT_ONCE = 20;

    private final SnowflakeSession session;
    private final String database;
    private final String to;

    /**
     * @param database all names as the server has them
     * @param to the schema that is to get them
     */
    SnowflakePolicies(SnowflakeSession session, String database, String to) {
        this.session = session;
        this.database = database;
        this.to = to;
    }

    /**
     * Tags that are set on the objects themselves: see
     * <a href="https://docs.snowflake.com/en/sql-reference/functions/tag_references_all_columns">TAG_REFERENCES_ALL_COLUMNS</a>.
     */
    void readTags(String schema, List<String> tables, Map<Given, Way> given, Set<Seen> seen) throws SQLException {
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
                        given.put(new Given("", "", what), Way.byRows("ALTER SCHEMA " + exactly(database, to) + set));
                    }
                }
                case "TABLE" -> {
                    // Each column has the tags of its table.
                    seen.add(new Seen(Kind.TAG, row.getString(3), place(table, ""), false));
                    given.put(new Given(table, "", what), Way.byRows("ALTER TABLE " + at(table) + set));
                }
                case "COLUMN" -> {
                    seen.add(new Seen(Kind.TAG, row.getString(3), place(table, column), false));
                    given.put(
                            new Given(table, column, what),
                            Way.byRows("ALTER TABLE " + at(table) + " MODIFY COLUMN " + exactly(column) + set));
                }
                default -> {
                    // Set on the database or the account, which all schemas have.
                }
            }
            return tag;
        });
    }

    /** See <a href="https://docs.snowflake.com/en/sql-reference/functions/policy_references">POLICY_REFERENCES</a>. */
    void readPolicies(String schema, List<String> tables, Map<Given, Way> given, Set<Seen> seen) throws SQLException {
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
    void requireSeen(String schema, Set<Seen> told) throws SQLException {
        String text = session.rows(
                        "SELECT GET_DDL('SCHEMA', " + literal(exactly(database, schema)) + ")", row -> row.getString(1))
                .get(0);
        Map<String, String> defined = defined(text);
        for (Kind kind : Kind.values()) {
            List<String> hidden = new ArrayList<>();
            defined.forEach((place, definition) -> {
                long unknown = kind.unknown.matcher(definition).results().count();
                List<Seen> here = told.stream()
                        .filter(one -> one.kind() == kind && one.place().equals(place))
                        .filter(one -> !kind.isSpelled(one.name(), definition))
                        .toList();
                long byTag = here.stream().filter(Seen::isByTag).count();
                long masking = UNKNOWN_MASKING.matcher(definition).results().count();
                if (unknown > here.size() - byTag + Math.min(byTag, masking)) {
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
