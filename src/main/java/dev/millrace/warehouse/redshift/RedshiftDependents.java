package dev.millrace.warehouse.redshift;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.sql.Dependents;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
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
        String bound = " FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace"
                + " JOIN pg_catalog.pg_depend dt ON dt.refobjid = t.oid"
                + " JOIN pg_catalog.pg_depend dv ON dv.objid = dt.objid AND dv.deptype = 'i'"
                + " JOIN pg_catalog.pg_class v ON v.oid = dv.refobjid AND v.oid <> t.oid AND v.relkind IN ('v', 'm')"
                + " JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace"
                + " WHERE tn.nspname = " + live + " AND t.relname IN " + ours + " AND n.nspname <> " + live;
        List<String> materialized = session.rows(
                "SELECT trim(schema_name), trim(name) FROM svv_mv_info",
                row -> identifier(row.getString(1)) + "." + identifier(row.getString(2)));
        List<Dependents.View> views = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (Dependents.View view : session.rows(
                "SELECT DISTINCT n.nspname, v.relname, pg_get_viewdef(v.oid)" + bound + " ORDER BY 1, 2",
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
        others.addAll(session.rows(
                "SELECT 'foreign key ' || k.conname || ' of ' || n.nspname || '.' || c.relname"
                        + " FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
                        + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid"
                        + " LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace"
                        + " WHERE k.contype = 'f' AND (n.nspname = " + live + " OR fn.nspname = " + live + ")",
                row -> row.getString(1)));
        others.addAll(session.rows(
                "SELECT CASE c.relkind WHEN 'v' THEN 'view ' ELSE 'table ' END || n.nspname || '.' || c.relname"
                        + " || ', which Millrace did not make' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                        + " ON n.oid = c.relnamespace WHERE n.nspname = " + live + " AND c.relkind IN ('r', 'v')"
                        + " AND c.relname NOT IN " + ours,
                row -> row.getString(1)));
        others.addAll(session.rows(
                "SELECT 'function ' || n.nspname || '.' || p.proname || ', which Millrace did not make'"
                        + " FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
                        + " WHERE n.nspname = " + live,
                row -> row.getString(1)));
        others.sort(String::compareTo);
        return new Dependents(views, others);
    }

    /**
     * Refuses what follows the tables and shows to some users only; outside of a transaction, which what is not permitted
     * would end.
     *
     * @param who is to replace live, as messages name it
     * @throws Fault GATE with all of them, one a line
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
        List<String> found = new ArrayList<>();
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
        found.sort(String::compareTo);
        new Dependents(List.of(), found).require(who, true);
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
