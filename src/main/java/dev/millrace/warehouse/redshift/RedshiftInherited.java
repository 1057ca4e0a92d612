package dev.millrace.warehouse.redshift;

import dev.millrace.warehouse.sql.Inherited;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What Redshift keeps of grants, owners and comments. A schema has no comment in Redshift.
 *
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_RELATION_PRIVILEGES.html">SVV_RELATION_PRIVILEGES</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_SCHEMA_PRIVILEGES.html">SVV_SCHEMA_PRIVILEGES</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMN_PRIVILEGES.html">SVV_COLUMN_PRIVILEGES</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_DEFAULT_PRIVILEGES.html">SVV_DEFAULT_PRIVILEGES</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html">GRANT</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/t_scoped-permissions.html">scoped permissions</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/t_scoped-permissions-considerations.html">who may grant
 *     them</a>: superusers and holders of the grant option, not the owner of a schema
 */
final class RedshiftInherited extends Inherited<RedshiftSession> {
    RedshiftInherited(RedshiftSession session, String from, String to) {
        super(session, from, to);
    }

    @Override
    protected String literal(String text) {
        return RedshiftText.literal(text);
    }

    @Override
    protected String maker() {
        return "USER";
    }

    @Override
    protected boolean isPassing(SQLException e) {
        return RedshiftSession.isPassing(e) || RedshiftSession.isLost(e) || RedshiftSession.isOutOfSpace(e);
    }

    /** Without those that an owner has of what is his. */
    @Override
    protected Set<Grant> grants(String schema) throws SQLException {
        Set<Grant> grants = rights(session(), schema);
        List<Owner> owners = owners(schema);
        grants.removeIf(grant -> (grant.on() == On.SCHEMA || grant.on() == On.TABLE)
                && grant.kind() == Grantee.USER
                && owners.contains(new Owner(grant.object(), grant.grantee())));
        return grants;
    }

    /**
     * All rights on a schema and what is in it. They are asked of these views alone: only they are documented to show what is
     * granted to roles and on all tables of a schema, which the lists of rights in {@code pg_class} and its like are not.
     */
    static Set<Grant> rights(RedshiftSession session, String schema) throws SQLException {
        Set<Grant> grants = new LinkedHashSet<>(session.rows(
                "SELECT p.identity_type, p.identity_name, p.privilege_type, p.admin_option, p.privilege_scope"
                        + " FROM svv_schema_privileges p WHERE p.namespace_name = ?",
                row -> new Grant(
                        scope(row.getString(5)).isEmpty() ? On.SCHEMA : On.SCOPE,
                        scope(row.getString(5)),
                        "",
                        kind(row.getString(1)),
                        name(row.getString(1), row.getString(2)),
                        row.getString(3),
                        row.getBoolean(4)),
                schema));
        grants.addAll(session.rows(
                "SELECT p.identity_type, p.identity_name, p.privilege_type, p.admin_option, p.relation_name"
                        + " FROM svv_relation_privileges p WHERE p.namespace_name = ?",
                row -> new Grant(
                        On.TABLE,
                        row.getString(5),
                        "",
                        kind(row.getString(1)),
                        name(row.getString(1), row.getString(2)),
                        row.getString(3),
                        row.getBoolean(4)),
                schema));
        grants.addAll(session.rows(
                "SELECT p.identity_type, p.identity_name, p.privilege_type, p.relation_name, p.column_name"
                        + " FROM svv_column_privileges p WHERE p.namespace_name = ?",
                row -> new Grant(
                        On.COLUMN,
                        row.getString(4),
                        row.getString(5),
                        kind(row.getString(1)),
                        name(row.getString(1), row.getString(2)),
                        row.getString(3),
                        false),
                schema));
        grants.addAll(session.rows(
                "SELECT p.grantee_type, p.grantee_name, p.privilege_type, p.admin_option, p.owner_name, p.object_type"
                        + " FROM svv_default_privileges p WHERE p.schema_name = ?",
                row -> new Grant(
                        On.DEFAULT,
                        row.getString(5) + "\t" + made(row.getString(6)),
                        "",
                        kind(row.getString(1)),
                        name(row.getString(1), row.getString(2)),
                        row.getString(3),
                        row.getBoolean(4)),
                schema));
        return grants;
    }

    /** What a scoped permission is for; empty where a right is the schema's own. */
    private static String scope(String text) {
        String scope = text == null ? "" : text.strip().toUpperCase(Locale.ROOT);
        return scope.equals("SCHEMA") ? "" : scope;
    }

    private static Grantee kind(String text) {
        return Grantee.valueOf(text.strip().toUpperCase(Locale.ROOT));
    }

    private static String name(String kind, String text) {
        return kind(kind) == Grantee.PUBLIC ? "PUBLIC" : text.strip();
    }

    /** A kind of object, as ALTER DEFAULT PRIVILEGES writes it. */
    private static String made(String kind) {
        return switch (kind.strip().toUpperCase(Locale.ROOT)) {
            case "RELATION" -> "TABLES";
            case "FUNCTION" -> "FUNCTIONS";
            case "PROCEDURE" -> "PROCEDURES";
            default -> kind.strip().toUpperCase(Locale.ROOT);
        };
    }

    @Override
    protected List<Comment> comments(String schema) throws SQLException {
        return session()
                .rows(
                        "SELECT c.relname, coalesce(a.attname, ''), d.description FROM pg_catalog.pg_class c"
                                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                                + " JOIN pg_catalog.pg_description d ON d.objoid = c.oid"
                                + " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid"
                                + " AND d.objsubid > 0 WHERE n.nspname = ? AND c.relkind = 'r'",
                        row -> new Comment(row.getString(1), row.getString(2), row.getString(3)),
                        schema);
    }
}
