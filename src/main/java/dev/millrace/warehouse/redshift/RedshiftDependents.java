package dev.millrace.warehouse.redshift;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.sql.Dependents;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Looks in Redshift's catalog for what depends on the live schema. Late-binding views, procedures and SQL functions find
 * tables by their names when they run, so they are no dependents: they see what is live.
 */
final class RedshiftDependents {
    private RedshiftDependents() {}

    /**
     * Looks for them.
     *
     * @param schema that is live
     * @param tables in it that are ours
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_DROP_TABLE.html">DROP TABLE</a>, "Finding dependencies"
     */
    static Dependents of(RedshiftSession session, String schema, List<String> tables) throws SQLException {
        String live = RedshiftText.literal(schema);
        String ours = tables.isEmpty()
                ? "('')"
                : tables.stream().map(RedshiftText::literal).collect(Collectors.joining(", ", "(", ")"));
        List<String> materialized = session.rows(
                "SELECT trim(schema_name), trim(name) FROM svv_mv_info",
                row -> identifier(row.getString(1)) + "." + identifier(row.getString(2)));
        List<Dependents.View> views = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (Dependents.View view : session.rows(
                "SELECT DISTINCT n.nspname, v.relname, pg_get_viewdef(v.oid)" + views(live) + " AND t.relname IN "
                        + ours + " ORDER BY 1, 2",
                row -> new Dependents.View(
                        identifier(row.getString(1)) + "." + identifier(row.getString(2)),
                        "",
                        row.getString(3).strip().replaceAll(";$", "")))) {
            if (materialized.contains(view.name())) {
                others.add("materialized view " + view.name());
            } else {
                views.add(view);
            }
        }
        others.addAll(session.rows(foreignKeys(live), row -> row.getString(1)));
        others.addAll(session.rows(
                "SELECT CASE c.relkind WHEN 'v' THEN 'view ' ELSE 'table ' END || n.nspname || '.' || c.relname"
                        + " || ', which Millrace did not make' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                        + " ON n.oid = c.relnamespace WHERE n.nspname = " + live + " AND c.relkind IN ('r', 'v')"
                        + " AND c.relname NOT IN " + ours,
                row -> row.getString(1)));
        others.addAll(session.rows(functions(live), row -> row.getString(1)));
        others.sort(String::compareTo);
        return new Dependents(views, others);
    }

    /** Views in other schemas that are bound to tables of a schema, which is {@code t}. */
    private static String views(String live) {
        return " FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace"
                + " JOIN pg_catalog.pg_depend dt ON dt.refobjid = t.oid"
                + " JOIN pg_catalog.pg_depend dv ON dv.objid = dt.objid AND dv.deptype = 'i'"
                + " JOIN pg_catalog.pg_class v ON v.oid = dv.refobjid AND v.oid <> t.oid AND v.relkind IN ('v', 'm')"
                + " JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace"
                + " WHERE tn.nspname = " + live + " AND n.nspname <> " + live;
    }

    private static String foreignKeys(String live) {
        return "SELECT 'foreign key ' || k.conname || ' of ' || n.nspname || '.' || c.relname"
                + " FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                + " LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid"
                + " LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace"
                + " WHERE k.contype = 'f' AND (n.nspname = " + live + " OR fn.nspname = " + live + ")";
    }

    private static String functions(String live) {
        return "SELECT 'function ' || n.nspname || '.' || p.proname || ', which Millrace did not make'"
                + " FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
                + " WHERE n.nspname = " + live;
    }

    /**
     * What a schema and its tables are, but for the rights on them, and what depends on them, as rows of the catalog: owners,
     * tables and views, columns, comments, views in other schemas with their queries, foreign keys and functions. One
     * statement on {@code pg_} tables alone, which the leader node answers.
     *
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/c_sql-functions-leader-node.html">what runs on the leader
     *     node</a>
     */
    static List<String> catalog(RedshiftSession session, String schema) throws SQLException {
        String live = RedshiftText.literal(schema);
        String relations = " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";
        String inLive = " WHERE n.nspname = " + live;
        return session.rows(
                "SELECT 'schema of ' || pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_namespace n" + inLive
                        + " UNION ALL SELECT 'table ' || c.relname || ' of ' || pg_get_userbyid(c.relowner)"
                        + relations + inLive
                        + " UNION ALL SELECT 'column ' || c.relname || '.' || a.attname" + relations
                        + " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                        + inLive
                        + " UNION ALL SELECT 'comment ' || c.relname || '.' || coalesce(a.attname, '') || ' '"
                        + " || d.description" + relations
                        + " JOIN pg_catalog.pg_description d ON d.objoid = c.oid"
                        + " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid"
                        + " AND d.objsubid > 0" + inLive
                        + " UNION ALL SELECT 'view ' || n.nspname || '.' || v.relname || ' ' || coalesce(pg_get_viewdef(v.oid), '')"
                        + views(live) + " UNION ALL " + foreignKeys(live) + " UNION ALL " + functions(live),
                row -> row.getString(1));
    }

    /**
     * Refuses what follows the tables and shows to some users only; outside of a transaction, which what is not permitted
     * would end. Datashares show to all who see rights too, by roles of theirs, {@code ds:…}, to which nobody can grant.
     *
     * @param who is to replace live, as messages name it
     * @throws Fault GATE with all of them, one a line
     * @see <a href="https://github.com/dbt-labs/dbt-adapters/issues/1808">dbt-adapters 1808</a>, on those roles
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_DATASHARE_OBJECTS.html">SVV_DATASHARE_OBJECTS</a>:
     *     superusers see rows
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_RLS_ATTACHED_POLICY.html">SVV_RLS_ATTACHED_POLICY</a>:
     *     for the role sys:secadmin
     * @see <a
     *     href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_ATTACHED_MASKING_POLICY.html">SVV_ATTACHED_MASKING_POLICY</a>:
     *     the same
     */
    static void requireNoneHidden(RedshiftSession session, String schema, String who) throws SQLException {
        String live = RedshiftText.literal(schema);
        Set<String> found = new TreeSet<>();
        found.addAll(session.rows(
                "SELECT DISTINCT 'datashare ' || substring(identity_name, 4) || ' of ' || namespace_name || '.'"
                        + " || relation_name FROM svv_relation_privileges WHERE namespace_name = " + live
                        + " AND identity_type = 'role' AND identity_name LIKE 'ds:%'",
                row -> row.getString(1)));
        found.addAll(permitted(
                session,
                "SELECT DISTINCT 'datashare ' || trim(share_name) || ' of ' || trim(object_name) FROM svv_datashare_objects"
                        + " WHERE share_type = 'OUTBOUND' AND (object_name = " + live
                        + " OR split_part(object_name, '.', 1) = "
                        + live + ")"));
        found.addAll(permitted(
                session,
                "SELECT DISTINCT 'row-level policy ' || trim(polname) || ' on ' || trim(relschema) || '.' || trim(relname)"
                        + " FROM svv_rls_attached_policy WHERE relschema = " + live));
        found.addAll(permitted(
                session,
                "SELECT DISTINCT 'masking policy ' || trim(policy_name) || ' on ' || trim(schema_name) || '.'"
                        + " || trim(table_name) FROM svv_attached_masking_policy WHERE schema_name = " + live));
        new Dependents(List.of(), List.copyOf(found)).require(who, true);
    }

    private static List<String> permitted(RedshiftSession session, String sql) throws SQLException {
        try {
            return session.rows(sql, row -> row.getString(1));
        } catch (SQLException e) {
            if (RedshiftSession.isForbidden(e)) {
                return List.of();
            }
            throw e;
        }
    }
}
