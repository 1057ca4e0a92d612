package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;

import dev.millrace.warehouse.snowflake.Given.By;
import dev.millrace.warehouse.snowflake.Given.Way;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Owners, grants and future grants that a schema and its tables have. The ways to give them lead to another schema. */
final class SnowflakeGrants {
    private final SnowflakeSession session;
    private final String database;
    private final String to;

    /**
     * @param database all names as the server has them
     * @param to the schema that is to get them
     */
    SnowflakeGrants(SnowflakeSession session, String database, String to) {
        this.session = session;
        this.database = database;
        this.to = to;
    }

    /** See <a href="https://docs.snowflake.com/en/sql-reference/sql/show-grants">SHOW GRANTS</a>. */
    void read(String kind, String schema, String table, Map<Given, Way> given, Map<Given, Way> owners)
            throws SQLException {
        String place = table.isEmpty() ? exactly(database, schema) : exactly(database, schema, table);
        String target = kind + " " + (table.isEmpty() ? exactly(database, to) : exactly(database, to, table));
        session.rows("SHOW GRANTS ON " + kind + " " + place, row -> {
            String privilege = row.getString("privilege");
            String grantee = grantee(database, row.getString("granted_to"), row.getString("grantee_name"));
            if (privilege.equals("MANAGE GRANTS")) {
                // The owner of a schema with managed access has it by that, and nobody can grant it on a schema.
                return grantee;
            }
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

    void readFuture(String schema, Map<Given, Way> given) throws SQLException {
        session.rows("SHOW FUTURE GRANTS IN SCHEMA " + exactly(database, schema), row -> {
            String privilege = row.getString("privilege");
            String kinds = plural(row.getString("grant_on"));
            String grantee = grantee(database, row.getString("grant_to"), row.getString("grantee_name"));
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
    static String grantee(String database, String kind, String name) {
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
}
