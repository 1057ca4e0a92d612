package dev.millrace.warehouse.sql;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What people gave to the live schema and what the next version gets of it: owners, grants, default privileges and
 * comments. Of tables and columns that the next version has no more it takes nothing.
 *
 * @param <S> a connection to the engine
 */
public abstract class Inherited<S extends SqlSession> {
    /** Who has a right. */
    public enum Grantee {
        USER,
        ROLE,
        GROUP,
        PUBLIC
    }

    /** What a right is about. */
    public enum On {
        SCHEMA,
        TABLE,
        COLUMN,
        /** All that is in the schema and of one kind, now and later. */
        SCOPE,
        /** What will be made. */
        DEFAULT;

        /** Whether it holds for a schema's tables without naming any, so that it can be given before they are made. */
        boolean namesNoTable() {
            return this == SCOPE || this == DEFAULT;
        }
    }

    /**
     * A right, as both versions must have it.
     *
     * @param object the table; for scopes the kind of what is in the schema, such as {@code TABLES}; for defaults who
     *     makes it and what, with a tab between
     * @param column or empty
     * @param kind of the grantee; engines that tell no kinds call all of them users
     */
    public record Grant(
            On on, String object, String column, Grantee kind, String grantee, String privilege, boolean isGrantable) {
        /** As a person says it. */
        String text() {
            String place = switch (on) {
                case SCHEMA -> "the schema";
                case COLUMN -> "column " + column + " of " + object;
                case DEFAULT -> "what " + object.replace("\t", " makes of kind ");
                case TABLE -> "table " + object;
                case SCOPE -> "all " + object + " in the schema";
            };
            String who = switch (kind) {
                case USER -> grantee;
                case ROLE, GROUP -> kind.name().toLowerCase(Locale.ROOT) + " " + grantee;
                case PUBLIC -> "PUBLIC";
            };
            return privilege + " on " + place + " to " + who + (isGrantable ? " with grant option" : "");
        }

        /** The grantee, as statements write it. */
        String grantedTo() {
            return switch (kind) {
                case USER -> identifier(grantee);
                case ROLE, GROUP -> kind.name() + " " + identifier(grantee);
                case PUBLIC -> "PUBLIC";
            };
        }
    }

    /**
     * A comment.
     *
     * @param table or empty, for the schema's
     * @param column or empty, for the table's
     */
    public record Comment(String table, String column, String text) {
        String place() {
            return table.isEmpty()
                    ? "the schema"
                    : column.isEmpty() ? "table " + table : "column " + column + " of " + table;
        }
    }

    /**
     * An owner.
     *
     * @param table or empty, for the schema's
     */
    public record Owner(String table, String role) {
        String text() {
            return (table.isEmpty() ? "the schema" : "table " + table) + " belongs to " + role;
        }
    }

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
            return grant.on().namesNoTable() || has(grant.object(), grant.column());
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

    /** Partitioned ones too, where the engine has them. */
    private static final String TABLES = " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            + " ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relkind IN ('r', 'p')";

    private final S session;
    private final String from;
    private final String to;

    /**
     * @param from the schema that is live
     * @param to the schema that is to replace it
     */
    protected Inherited(S session, String from, String to) {
        this.session = session;
        this.from = from;
        this.to = to;
    }

    /** The schema itself as an empty text, its tables, and their columns behind a tab. */
    protected final Set<String> places(String schema) throws SQLException {
        Set<String> places = new LinkedHashSet<>(Set.of(""));
        places.addAll(session.rows("SELECT c.relname" + TABLES, row -> row.getString(1), schema));
        places.addAll(session.rows(
                "SELECT c.relname, a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c"
                        + " ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE n.nspname = ? AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped",
                row -> row.getString(1) + "\t" + row.getString(2),
                schema));
        return places;
    }

    protected abstract Set<Grant> grants(String schema) throws SQLException;

    protected final List<Owner> owners(String schema) throws SQLException {
        List<Owner> owners = session.rows(
                "SELECT pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace WHERE nspname = ?",
                row -> new Owner("", row.getString(1)),
                schema);
        owners.addAll(session.rows(
                "SELECT c.relname, pg_get_userbyid(c.relowner)" + TABLES,
                row -> new Owner(row.getString(1), row.getString(2)),
                schema));
        return owners;
    }

    protected abstract List<Comment> comments(String schema) throws SQLException;

    /** A text as statements write it. */
    protected abstract String literal(String text);

    /** What stands before a role that makes something: {@code ROLE} or {@code USER}. */
    protected abstract String maker();

    protected final S session() {
        return session;
    }

    protected final String from() {
        return from;
    }

    protected final String to() {
        return to;
    }

    /**
     * Gives the next version's schema what new tables in it are to have; before they are made.
     *
     * @throws Fault GATE with the statement and why it was refused
     */
    public void defaults() throws SQLException {
        for (Grant grant : grants(from)) {
            if (grant.on().namesNoTable()) {
                apply(grantStatement(grant, true));
            }
        }
    }

    /**
     * Gives owners, grants and comments, and compares.
     *
     * @throws Fault GATE that names what the next version could not be given
     */
    public void giveAndCompare() throws SQLException {
        Given live = given(from);
        Given next = given(to);
        if (differences(live, next).isEmpty()) {
            return;
        }
        List<Owner> owners = live.ownersThatDiffer(next);
        if (!owners.isEmpty()) {
            // Who is to own a table must have the right to make one in its schema.
            for (Grant grant : live.grantsMissingIn(next)) {
                if (grant.on() == On.SCHEMA) {
                    apply(grantStatement(grant, true));
                }
            }
        }
        for (Owner owner : owners) {
            apply("ALTER " + (owner.table().isEmpty() ? "SCHEMA " + identifier(to) : "TABLE " + at(owner.table()))
                    + " OWNER TO " + identifier(owner.role()));
        }
        if (!owners.isEmpty()) {
            // A new owner changes what is granted.
            next = given(to);
        }
        for (Grant grant : next.grantsMissingIn(live)) {
            apply(grantStatement(grant, false));
        }
        for (Grant grant : live.grantsMissingIn(next)) {
            apply(grantStatement(grant, true));
        }
        for (Comment comment : live.commentsMissingIn(next)) {
            apply(commentStatement(comment));
        }
        List<String> differences = differences(live, given(to));
        if (!differences.isEmpty()) {
            throw Fault.gate(
                    "The gate refused schema " + to + "; live is as it was: let the job's user give these, as their"
                            + " owner or with grant option, or take them from live, and start the job again:"
                            + System.lineSeparator()
                            + String.join(System.lineSeparator(), differences));
        }
    }

    private static List<String> differences(Given live, Given next) {
        List<String> differences = new ArrayList<>();
        live.grantsMissingIn(next)
                .forEach(grant -> differences.add("live has " + grant.text() + ", the staging has not"));
        next.grantsMissingIn(live)
                .forEach(grant -> differences.add("the staging has " + grant.text() + ", live has not"));
        live.commentsMissingIn(next)
                .forEach(comment -> differences.add("live has another comment on " + comment.place()));
        live.ownersThatDiffer(next)
                .forEach(owner -> differences.add(owner.text() + " in live, to another role in the staging"));
        return differences;
    }

    private Given given(String schema) throws SQLException {
        return new Given(places(schema), grants(schema), owners(schema), comments(schema));
    }

    /**
     * Runs what gives something to the next version.
     *
     * @throws Fault GATE with the statement and why it was refused
     */
    protected final void apply(String statement) throws SQLException {
        try {
            session.execute(statement);
        } catch (SQLException e) {
            if (isPassing(e)) {
                throw e;
            }
            throw refused(statement, e);
        }
    }

    /** As it is told where the server refuses to give something. */
    protected final Fault refused(String statement, SQLException e) {
        return Fault.gate("The gate refused schema " + to
                + "; live is as it was: what live has cannot be given to it: "
                + statement + ": " + session.message(e) + ": let the job's user run this statement, or take it"
                + " from live, and start the job again");
    }

    /** Whether a statement may succeed when it is repeated. */
    protected boolean isPassing(SQLException e) {
        return false;
    }

    private String grantStatement(Grant grant, boolean isGiven) {
        String grantee = grant.grantedTo();
        String what = grant.privilege()
                + switch (grant.on()) {
                    case SCHEMA -> " ON SCHEMA " + identifier(to);
                    case COLUMN -> " (" + identifier(grant.column()) + ") ON " + at(grant.object());
                    case DEFAULT ->
                        " ON " + grant.object().substring(grant.object().indexOf('\t') + 1);
                    case TABLE -> " ON " + at(grant.object());
                    case SCOPE -> " FOR " + grant.object() + " IN SCHEMA " + identifier(to);
                };
        String forDefaults = grant.on() == On.DEFAULT
                ? "ALTER DEFAULT PRIVILEGES FOR " + maker() + " "
                        + identifier(grant.object().substring(0, grant.object().indexOf('\t'))) + " IN SCHEMA "
                        + identifier(to) + " "
                : "";
        return forDefaults
                + (isGiven
                        ? "GRANT " + what + " TO " + grantee + (grant.isGrantable() ? " WITH GRANT OPTION" : "")
                        : "REVOKE " + what + " FROM " + grantee);
    }

    private String commentStatement(Comment comment) {
        String place = comment.table().isEmpty()
                ? "SCHEMA " + identifier(to)
                : comment.column().isEmpty()
                        ? "TABLE " + at(comment.table())
                        : "COLUMN " + at(comment.table()) + "." + identifier(comment.column());
        return "COMMENT ON " + place + " IS " + literal(comment.text());
    }

    /** A table of the next version. */
    protected final String at(String table) {
        return identifier(to) + "." + identifier(table);
    }
}
