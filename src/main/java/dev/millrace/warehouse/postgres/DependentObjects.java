package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.sql.Dependents;
import dev.millrace.warehouse.sql.StoredVersion;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Looks in PostgreSQL's catalog for what depends on the live schema, and for what somebody made in it. */
final class DependentObjects {
    /** The first that publishes whole schemas. */
    private static final int PUBLISHES_SCHEMAS = 150_000;

    private record LiveView(Dependents.View view, String owner, boolean isOurs) {}

    private DependentObjects() {}

    /**
     * Looks for them.
     *
     * @param schema that is live
     * @param version in it that is ours
     */
    static Dependents of(PostgresSession session, String schema, Optional<StoredVersion> version) throws SQLException {
        List<String> tables = version.map(StoredVersion::tables).orElse(List.of());
        String ours = tables.isEmpty()
                ? "('')"
                : tables.stream().map(SqlText::literal).collect(Collectors.joining(", ", "(", ")"));
        String live =
                "(SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE n.nspname = " + literal(schema) + " AND c.relkind IN ('r', 'p') AND c.relname IN "
                        + ours + ")";
        String namespace = "(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = " + literal(schema) + ")";
        List<LiveView> views = session.rows(
                "SELECT DISTINCT n.nspname, v.relname, coalesce(array_to_string(v.reloptions, ', '), ''),"
                        + " pg_get_viewdef(v.oid), pg_get_userbyid(v.relowner), pg_has_role(v.relowner, 'USAGE')"
                        + " FROM pg_catalog.pg_depend d"
                        + " JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid"
                        + " JOIN pg_catalog.pg_class v ON v.oid = r.ev_class AND v.relkind = 'v'"
                        + " JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace"
                        + " WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN " + live
                        + " AND v.relnamespace <> " + namespace + " ORDER BY 1, 2",
                row -> new LiveView(
                        new Dependents.View(
                                identifier(row.getString(1)) + "." + identifier(row.getString(2)),
                                row.getString(3),
                                row.getString(4).strip().replaceAll(";$", "")),
                        row.getString(5),
                        row.getBoolean(6)));
        List<String> others = new ArrayList<>();
        for (LiveView view : views) {
            if (!view.isOurs()) {
                others.add("view " + view.view().name() + ", which only its owner can make anew (GRANT "
                        + identifier(view.owner()) + " TO the job's user lets it)");
            }
        }
        others.addAll(session.rows(others(session, live, namespace), row -> row.getString(1)));
        others.addAll(columns(session, live, MadeColumns.of(version)));
        others.sort(String::compareTo);
        return new Dependents(
                views.stream().filter(LiveView::isOurs).map(LiveView::view).toList(), others);
    }

    /**
     * The versions of all rows of the catalog that say something of the schema's tables: each change makes a row anew, by a
     * transaction of its own. One query, so that it can be asked for while readers wait.
     */
    static String fingerprint(PostgresSession session, String schema) throws SQLException {
        return session.rows(
                        "WITH place AS (SELECT oid, xmin::text AS x FROM pg_catalog.pg_namespace WHERE nspname = "
                                + literal(schema)
                                + "), live AS (SELECT c.oid, c.xmin::text AS x FROM pg_catalog.pg_class c"
                                + " JOIN place ON c.relnamespace = place.oid), depends AS ("
                                + "SELECT d.classid, d.objid, d.objsubid, d.xmin::text AS x FROM live JOIN pg_catalog.pg_depend d"
                                + " ON d.refclassid = 'pg_class'::regclass AND d.refobjid = live.oid"
                                + " UNION ALL SELECT d.classid, d.objid, d.objsubid, d.xmin::text FROM live"
                                + " JOIN pg_catalog.pg_type t ON t.typrelid = live.oid JOIN pg_catalog.pg_depend d"
                                + " ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)"
                                + " UNION ALL SELECT d.classid, d.objid, d.objsubid, d.xmin::text FROM place"
                                + " JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_namespace'::regclass"
                                + " AND d.refobjid = place.oid)"
                                + " SELECT count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws(' ', k, a, b, c, x), 0)), 0)"
                                + " FROM (SELECT 'place' AS k, oid AS a, 0::oid AS b, 0 AS c, x FROM place"
                                + " UNION ALL SELECT 'class', oid, 0, 0, x FROM live"
                                + " UNION ALL SELECT 'column', a.attrelid, 0, a.attnum, a.xmin::text"
                                + " FROM live JOIN pg_catalog.pg_attribute a ON a.attrelid = live.oid AND a.attnum > 0"
                                + " UNION ALL SELECT 'constraint', k.oid, 0, 0, k.xmin::text"
                                + " FROM live JOIN pg_catalog.pg_constraint k ON k.conrelid = live.oid"
                                + " UNION ALL SELECT 'index', x.indexrelid, 0, 0, x.xmin::text"
                                + " FROM live JOIN pg_catalog.pg_index x ON x.indrelid = live.oid"
                                + " UNION ALL SELECT 'default', d.oid, 0, 0, d.xmin::text"
                                + " FROM place JOIN pg_catalog.pg_default_acl d ON d.defaclnamespace = place.oid"
                                + " UNION ALL SELECT 'comment', d.objoid, d.classoid, d.objsubid, d.xmin::text"
                                + " FROM pg_catalog.pg_description d WHERE d.classoid IN ('pg_class'::regclass,"
                                + " 'pg_namespace'::regclass) AND d.objoid IN (SELECT oid FROM live UNION ALL SELECT oid FROM place)"
                                + " UNION ALL SELECT 'label', l.objoid, l.classoid, l.objsubid, l.xmin::text"
                                + " FROM pg_catalog.pg_seclabel l WHERE l.objoid IN (SELECT oid FROM live UNION ALL SELECT oid FROM place)"
                                + " UNION ALL SELECT 'depends', objid, classid, objsubid, x FROM depends"
                                + " UNION ALL SELECT 'view', v.oid, 0, 0, v.xmin::text FROM depends JOIN pg_catalog.pg_rewrite r"
                                + " ON depends.classid = 'pg_rewrite'::regclass AND r.oid = depends.objid"
                                + " JOIN pg_catalog.pg_class v ON v.oid = r.ev_class) found",
                        row -> row.getString(1))
                .get(0);
    }

    /**
     * Each as a person names it. All that lies in a schema depends on it, of whatever kind it is. Subscriptions are named by
     * the view of their statistics, which has all of them: before version 15 not everybody may read their numbers in the catalog.
     *
     * @see <a href="https://www.postgresql.org/docs/13/monitoring-stats.html">pg_stat_subscription</a>
     */
    private static String others(PostgresSession session, String live, String namespace) throws SQLException {
        String types = "(SELECT t.oid FROM pg_catalog.pg_type t WHERE t.typrelid IN " + live
                + " UNION ALL SELECT t.typarray FROM pg_catalog.pg_type t WHERE t.typrelid IN " + live + ")";
        String schemas = session.number("SELECT current_setting('server_version_num')::int") < PUBLISHES_SCHEMAS
                ? ""
                : " UNION SELECT 'publication ' || p.pubname || ' of the schema'"
                        + " FROM pg_catalog.pg_publication_namespace r"
                        + " JOIN pg_catalog.pg_publication p ON p.oid = r.pnpubid WHERE r.pnnspid = "
                        + namespace;
        return "SELECT 'materialized view ' || v.oid::regclass::text FROM pg_catalog.pg_depend d"
                + " JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid"
                + " JOIN pg_catalog.pg_class v ON v.oid = r.ev_class AND v.relkind = 'm'"
                + " WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN " + live
                + " AND v.relnamespace <> " + namespace
                + " UNION SELECT 'foreign key ' || conname || ' of ' || conrelid::regclass::text"
                + " FROM pg_catalog.pg_constraint WHERE contype = 'f' AND (confrelid IN " + live
                + " OR conrelid IN " + live + ")"
                + " UNION SELECT 'policy ' || polname || ' on ' || polrelid::regclass::text"
                + " FROM pg_catalog.pg_policy WHERE polrelid IN " + live
                + " UNION SELECT 'row-level security of ' || oid::regclass::text"
                + " FROM pg_catalog.pg_class WHERE (relrowsecurity OR relforcerowsecurity) AND oid IN " + live
                + " UNION SELECT 'security label of ' || provider || ' on ' || objoid::regclass::text"
                + " FROM pg_catalog.pg_seclabel WHERE classoid = 'pg_class'::regclass AND objoid IN " + live
                + " UNION SELECT 'security label of ' || provider || ' on the schema'"
                + " FROM pg_catalog.pg_seclabel WHERE classoid = 'pg_namespace'::regclass AND objoid = " + namespace
                + " UNION SELECT 'subscription ' || s.subname || ' to ' || r.srrelid::regclass::text"
                + " FROM pg_catalog.pg_subscription_rel r JOIN pg_catalog.pg_stat_subscription s ON s.subid = r.srsubid"
                + " WHERE r.srrelid IN " + live
                + " UNION SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass::text"
                + " FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid IN " + live
                + " UNION SELECT 'rule ' || rulename || ' on ' || ev_class::regclass::text"
                + " FROM pg_catalog.pg_rewrite WHERE ev_class IN " + live
                + " UNION SELECT 'publication ' || p.pubname || ' of ' || r.prrelid::regclass::text"
                + " FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid"
                + " WHERE r.prrelid IN " + live
                + schemas
                + " UNION SELECT 'function ' || d.objid::regprocedure::text FROM pg_catalog.pg_depend d"
                + " WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass"
                + " AND d.refobjid IN " + live
                + " UNION SELECT i.type || ' ' || i.identity FROM pg_catalog.pg_depend d,"
                + " pg_identify_object(d.classid, d.objid, d.objsubid) i WHERE d.deptype = 'n'"
                + " AND d.refclassid = 'pg_type'::regclass AND d.refobjid IN " + types
                + " UNION SELECT 'table ' || inhrelid::regclass::text || ', which inherits' FROM pg_catalog.pg_inherits"
                + " WHERE inhparent IN " + live + " OR inhrelid IN " + live
                + " UNION SELECT 'statistics ' || stxname || ' of ' || stxrelid::regclass::text"
                + " FROM pg_catalog.pg_statistic_ext WHERE stxrelid IN " + live + " AND stxnamespace <> " + namespace
                + " UNION SELECT i.type || ' ' || i.identity || ', which Millrace did not make'"
                + " FROM pg_catalog.pg_depend d, pg_identify_object(d.classid, d.objid, 0) i WHERE d.deptype = 'n'"
                + " AND d.refclassid = 'pg_namespace'::regclass AND d.refobjid = " + namespace
                + " AND NOT (d.classid = 'pg_class'::regclass AND d.objid IN " + live + ")"
                + " AND NOT (d.classid = 'pg_statistic_ext'::regclass AND d.objid IN"
                + " (SELECT oid FROM pg_catalog.pg_statistic_ext WHERE stxrelid IN " + live + "))";
    }

    private static List<String> columns(PostgresSession session, String live, MadeColumns made) throws SQLException {
        record Found(String table, String column, String text) {}
        return session
                .rows(
                        "SELECT c.relname, a.attname, c.oid::regclass::text FROM pg_catalog.pg_attribute a"
                                + " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE a.attnum > 0"
                                + " AND NOT a.attisdropped AND c.oid IN " + live,
                        row -> new Found(row.getString(1), row.getString(2), row.getString(3)))
                .stream()
                .filter(found -> !made.has(found.table(), found.column()))
                .map(found -> "column " + found.column() + " of " + found.text() + ", which Millrace did not make")
                .toList();
    }
}
