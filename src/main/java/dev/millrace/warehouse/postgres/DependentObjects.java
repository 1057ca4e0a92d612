package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.sql.Dependents;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;

/** Looks in PostgreSQL's catalog for what depends on the live schema. */
final class DependentObjects {
    private DependentObjects() {}

    /**
     * Looks for them.
     *
     * @param schema that is live
     * @param tables in it that are ours
     */
    static Dependents of(PostgresSession session, String schema, List<String> tables) throws SQLException {
        String ours = tables.isEmpty()
                ? "('')"
                : tables.stream().map(SqlText::literal).collect(Collectors.joining(", ", "(", ")"));
        String live =
                "(SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE n.nspname = " + literal(schema) + " AND c.relkind IN ('r', 'p') AND c.relname IN "
                        + ours + ")";
        String namespace = "(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = " + literal(schema) + ")";
        List<Dependents.View> views = session.rows(
                "SELECT DISTINCT n.nspname, v.relname, coalesce(array_to_string(v.reloptions, ', '), ''),"
                        + " pg_get_viewdef(v.oid) FROM pg_catalog.pg_depend d"
                        + " JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid"
                        + " JOIN pg_catalog.pg_class v ON v.oid = r.ev_class AND v.relkind = 'v'"
                        + " JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace"
                        + " WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN " + live
                        + " AND v.relnamespace <> " + namespace + " ORDER BY 1, 2",
                row -> new Dependents.View(
                        identifier(row.getString(1)) + "." + identifier(row.getString(2)),
                        row.getString(3),
                        row.getString(4).strip().replaceAll(";$", "")));
        List<String> others = session.rows(
                "SELECT text FROM (SELECT 'materialized view ' || v.oid::regclass::text AS text FROM pg_catalog.pg_depend d"
                        + " JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid"
                        + " JOIN pg_catalog.pg_class v ON v.oid = r.ev_class AND v.relkind = 'm'"
                        + " WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN " + live
                        + " AND v.relnamespace <> " + namespace
                        + " UNION SELECT 'foreign key ' || conname || ' of ' || conrelid::regclass::text"
                        + " FROM pg_catalog.pg_constraint WHERE contype = 'f' AND (confrelid IN " + live
                        + " OR conrelid IN " + live + ")"
                        + " UNION SELECT 'policy ' || polname || ' on ' || polrelid::regclass::text"
                        + " FROM pg_catalog.pg_policy WHERE polrelid IN " + live
                        + " UNION SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass::text"
                        + " FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid IN " + live
                        + " UNION SELECT 'rule ' || rulename || ' on ' || ev_class::regclass::text"
                        + " FROM pg_catalog.pg_rewrite WHERE ev_class IN " + live
                        + " UNION SELECT 'publication ' || p.pubname || ' of ' || r.prrelid::regclass::text"
                        + " FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid"
                        + " WHERE r.prrelid IN " + live
                        + " UNION SELECT 'publication ' || p.pubname || ' of the schema'"
                        + " FROM pg_catalog.pg_publication_namespace r"
                        + " JOIN pg_catalog.pg_publication p ON p.oid = r.pnpubid WHERE r.pnnspid = " + namespace
                        + " UNION SELECT 'function ' || d.objid::regprocedure::text FROM pg_catalog.pg_depend d"
                        + " WHERE d.classid = 'pg_proc'::regclass AND ((d.refclassid = 'pg_class'::regclass"
                        + " AND d.refobjid IN " + live + ") OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN"
                        + " (SELECT t.oid FROM pg_catalog.pg_type t WHERE t.typrelid IN " + live + ")))"
                        + " UNION SELECT 'table ' || inhrelid::regclass::text || ', which inherits' FROM pg_catalog.pg_inherits"
                        + " WHERE inhparent IN " + live
                        + " UNION SELECT CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view '"
                        + " WHEN 'S' THEN 'sequence ' ELSE 'table ' END || c.oid::regclass::text || ', which Millrace did not make'"
                        + " FROM pg_catalog.pg_class c WHERE c.relnamespace = " + namespace
                        + " AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.oid NOT IN " + live
                        + " UNION SELECT 'function ' || oid::regprocedure::text || ', which Millrace did not make'"
                        + " FROM pg_catalog.pg_proc WHERE pronamespace = " + namespace
                        + ") found ORDER BY text",
                row -> row.getString(1));
        return new Dependents(views, others);
    }
}
