package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.fault.Fault;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What people gave to the live schema and what the next version gets of it: owners, grants, default privileges, comments,
 * indexes and constraints. Of tables and columns that the next version has no more it takes nothing.
 */
final class Inherited {
    /**
     * A right, as both versions must have it.
     *
     * @param on {@code SCHEMA}, {@code TABLE}, {@code COLUMN} or, for what will be made, {@code DEFAULT}
     * @param object the table; for defaults what role makes what
     * @param column or empty
     * @param grantee a role, or {@code PUBLIC}
     */
    private record Grant(
            String on, String object, String column, String grantee, String privilege, boolean isGrantable) {
        /** As a person says it. */
        String text() {
            String place = switch (on) {
                case "SCHEMA" -> "the schema";
                case "COLUMN" -> "column " + column + " of " + object;
                case "DEFAULT" -> "what " + object.replace("\t", " makes of kind ");
                default -> "table " + object;
            };
            return privilege + " on " + place + " to " + grantee + (isGrantable ? " with grant option" : "");
        }
    }

    private record Comment(String table, String column, String text) {
        String place() {
            return table.isEmpty()
                    ? "the schema"
                    : column.isEmpty() ? "table " + table : "column " + column + " of " + table;
        }
    }

    private record Owner(String table, String role) {
        String text() {
            return (table.isEmpty() ? "the schema" : "table " + table) + " belongs to " + role;
        }
    }

    private record Index(String table, String name, String statement) {}

    /**
     * What one version has.
     *
     * @param places the schema itself as an empty text, its tables, and their columns behind a tab
     */
    private record Given(Set<String> places, Set<Grant> grants, List<Owner> owners, List<Comment> comments) {
        boolean has(String table, String column) {
            return places.contains(column.isEmpty() ? table : table + "\t" + column);
        }

        boolean has(Grant grant) {
            return grant.on().equals("DEFAULT") || has(grant.object(), grant.column());
        }

        /** What of it another version has a place for and has not, or not so. */
        List<Owner> ownersThatDiffer(Given other) {
            return owners.stream()
                    .filter(o -> other.has(o.table(), "") && !other.owners.contains(o))
                    .toList();
        }

        List<Grant> grantsMissingIn(Given other) {
            return grants.stream()
                    .filter(g -> other.has(g) && !other.grants.contains(g))
                    .toList();
        }

        List<Comment> commentsMissingIn(Given other) {
            return comments.stream()
                    .filter(c -> other.has(c.table(), c.column()) && !other.comments.contains(c))
                    .toList();
        }
    }

    private static final String TABLES = " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            + " ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relkind IN ('r', 'p')";

    private final PostgresSession session;
    private final String from;
    private final String to;

    /**
     * @param from the schema that is live
     * @param to the schema that is to replace it
     */
    Inherited(PostgresSession session, String from, String to) {
        this.session = session;
        this.from = from;
        this.to = to;
    }

    /** Gives the next version's schema what new tables in it are to have; before they are made. */
    void defaults() throws SQLException {
        for (Grant grant : grants(from)) {
            if (grant.on().equals("DEFAULT")) {
                apply(grantStatement(grant, true));
            }
        }
    }

    /** Builds the indexes and constraints that live has and the next version lacks. */
    void indexes() throws SQLException {
        Set<String> there = new LinkedHashSet<>();
        for (Index index : concat(indexes(to), constraints(to))) {
            there.add(index.table() + "\t" + index.name());
        }
        Set<String> tables = places(to);
        for (Index index : concat(indexes(from), constraints(from))) {
            if (tables.contains(index.table()) && !there.contains(index.table() + "\t" + index.name())) {
                apply(index.statement());
            }
        }
    }

    private static List<Index> concat(List<Index> indexes, List<Index> constraints) {
        List<Index> all = new ArrayList<>(constraints);
        all.addAll(indexes);
        return all;
    }

    /**
     * Gives owners, grants and comments, and compares.
     *
     * @throws Fault GATE that names what the next version could not be given
     */
    void giveAndCompare() throws SQLException {
        Given live = given(from);
        for (Owner owner : live.ownersThatDiffer(given(to))) {
            apply("ALTER " + (owner.table().isEmpty() ? "SCHEMA " + identifier(to) : "TABLE " + at(owner.table()))
                    + " OWNER TO " + identifier(owner.role()));
        }
        // A new owner changes what is granted.
        Given next = given(to);
        for (Grant grant : next.grantsMissingIn(live)) {
            apply(grantStatement(grant, false));
        }
        for (Grant grant : live.grantsMissingIn(next)) {
            apply(grantStatement(grant, true));
        }
        for (Comment comment : live.commentsMissingIn(next)) {
            apply(commentStatement(comment));
        }
        compare(live, given(to));
    }

    private void compare(Given live, Given next) {
        List<String> differences = new ArrayList<>();
        live.grantsMissingIn(next)
                .forEach(grant -> differences.add("live has " + grant.text() + ", the staging has not"));
        next.grantsMissingIn(live)
                .forEach(grant -> differences.add("the staging has " + grant.text() + ", live has not"));
        live.commentsMissingIn(next)
                .forEach(comment -> differences.add("live has another comment on " + comment.place()));
        live.ownersThatDiffer(next)
                .forEach(owner -> differences.add(owner.text() + " in live, to another role in the staging"));
        if (!differences.isEmpty()) {
            throw Fault.gate("The gate refused schema " + to + "; live is as it was:" + System.lineSeparator()
                    + String.join(System.lineSeparator(), differences));
        }
    }

    private Given given(String schema) throws SQLException {
        return new Given(places(schema), grants(schema), owners(schema), comments(schema));
    }

    private void apply(String statement) throws SQLException {
        session.execute("SAVEPOINT inherited");
        try {
            session.execute(statement);
        } catch (SQLException e) {
            session.execute("ROLLBACK TO SAVEPOINT inherited");
            throw Fault.gate(
                    "The gate refused schema " + to + "; live is as it was: what live has cannot be given to it: "
                            + statement + ": " + PostgresSession.message(e));
        }
        session.execute("RELEASE SAVEPOINT inherited");
    }

    private Set<String> places(String schema) throws SQLException {
        Set<String> places = new LinkedHashSet<>(Set.of(""));
        places.addAll(session.rows("SELECT c.relname" + TABLES, row -> row.getString(1), schema));
        places.addAll(session.rows(
                "SELECT c.relname || E'\\t' || a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c"
                        + " ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE n.nspname = ? AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped",
                row -> row.getString(1),
                schema));
        return places;
    }

    private Set<Grant> grants(String schema) throws SQLException {
        String who = ", CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee) END, x.privilege_type,"
                + " bool_or(x.is_grantable)";
        String sql = "SELECT 'SCHEMA', '', ''" + who
                + " FROM pg_catalog.pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x"
                + " WHERE n.nspname = ? GROUP BY 1, 2, 3, 4, 5"
                + " UNION ALL SELECT 'TABLE', c.relname, ''" + who
                + " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,"
                + " aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x"
                + " WHERE n.nspname = ? AND c.relkind IN ('r', 'p') GROUP BY 1, 2, 3, 4, 5"
                + " UNION ALL SELECT 'COLUMN', c.relname, a.attname" + who
                + " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                + " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) x"
                + " WHERE n.nspname = ? AND c.relkind IN ('r', 'p') GROUP BY 1, 2, 3, 4, 5"
                + " UNION ALL SELECT 'DEFAULT', pg_get_userbyid(d.defaclrole) || E'\\t' || CASE d.defaclobjtype"
                + " WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END, ''"
                + who
                + " FROM pg_catalog.pg_default_acl d JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace,"
                + " aclexplode(d.defaclacl) x WHERE n.nspname = ? GROUP BY 1, 2, 3, 4, 5";
        return new LinkedHashSet<>(session.rows(
                sql,
                row -> new Grant(
                        row.getString(1),
                        row.getString(2),
                        row.getString(3),
                        row.getString(4),
                        row.getString(5),
                        row.getBoolean(6)),
                schema,
                schema,
                schema,
                schema));
    }

    private String grantStatement(Grant grant, boolean isGiven) {
        String grantee = grant.grantee().equals("PUBLIC") ? "PUBLIC" : identifier(grant.grantee());
        String what = grant.privilege()
                + switch (grant.on()) {
                    case "SCHEMA" -> " ON SCHEMA " + identifier(to);
                    case "COLUMN" -> " (" + identifier(grant.column()) + ") ON " + at(grant.object());
                    case "DEFAULT" ->
                        " ON " + grant.object().substring(grant.object().indexOf('\t') + 1);
                    default -> " ON " + at(grant.object());
                };
        String forDefaults = grant.on().equals("DEFAULT")
                ? "ALTER DEFAULT PRIVILEGES FOR ROLE "
                        + identifier(grant.object().substring(0, grant.object().indexOf('\t'))) + " IN SCHEMA "
                        + identifier(to) + " "
                : "";
        return forDefaults
                + (isGiven
                        ? "GRANT " + what + " TO " + grantee + (grant.isGrantable() ? " WITH GRANT OPTION" : "")
                        : "REVOKE " + what + " FROM " + grantee);
    }

    private List<Owner> owners(String schema) throws SQLException {
        return session.rows(
                "SELECT '', pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace WHERE nspname = ?"
                        + " UNION ALL SELECT c.relname, pg_get_userbyid(c.relowner)" + TABLES,
                row -> new Owner(row.getString(1), row.getString(2)),
                schema,
                schema);
    }

    private List<Comment> comments(String schema) throws SQLException {
        return session.rows(
                "SELECT '', '', obj_description(n.oid, 'pg_namespace') AS text FROM pg_catalog.pg_namespace n"
                        + " WHERE n.nspname = ? AND obj_description(n.oid, 'pg_namespace') IS NOT NULL"
                        + " UNION ALL SELECT c.relname, coalesce(a.attname, ''), d.description"
                        + " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass"
                        + " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid"
                        + " AND d.objsubid > 0 WHERE n.nspname = ? AND c.relkind IN ('r', 'p')",
                row -> new Comment(row.getString(1), row.getString(2), row.getString(3)),
                schema,
                schema);
    }

    private String commentStatement(Comment comment) {
        String place = comment.table().isEmpty()
                ? "SCHEMA " + identifier(to)
                : comment.column().isEmpty()
                        ? "TABLE " + at(comment.table())
                        : "COLUMN " + at(comment.table()) + "." + identifier(comment.column());
        return "COMMENT ON " + place + " IS " + literal(comment.text());
    }

    /** Those that no constraint stands behind. */
    private List<Index> indexes(String schema) throws SQLException {
        return session
                .rows(
                        "SELECT c.relname, i.relname, pg_get_indexdef(i.oid),"
                                + " quote_ident(i.relname) || ' ON ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
                                + " FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid"
                                + " JOIN pg_catalog.pg_class c ON c.oid = x.indrelid"
                                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ?"
                                + " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.oid)",
                        row -> index(row.getString(1), row.getString(2), row.getString(3), row.getString(4)),
                        schema)
                .stream()
                .flatMap(Optional::stream)
                .toList();
    }

    /** @param on how the server writes the index's name and its table */
    private Optional<Index> index(String table, String name, String definition, String on) {
        int at = definition.indexOf(on);
        if (at < 0) {
            return Optional.empty();
        }
        return Optional.of(new Index(
                table,
                name,
                definition.substring(0, at) + identifier(name) + " ON " + at(table)
                        + definition.substring(at + on.length())));
    }

    private List<Index> constraints(String schema) throws SQLException {
        return session.rows(
                "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k"
                        + " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
                        + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE n.nspname = ? AND k.contype IN ('p', 'u', 'c', 'x')",
                row -> new Index(
                        row.getString(1),
                        row.getString(2),
                        "ALTER TABLE " + at(row.getString(1)) + " ADD CONSTRAINT " + identifier(row.getString(2)) + " "
                                + row.getString(3)),
                schema);
    }

    /** A table of the next version. */
    private String at(String table) {
        return identifier(to) + "." + identifier(table);
    }
}
