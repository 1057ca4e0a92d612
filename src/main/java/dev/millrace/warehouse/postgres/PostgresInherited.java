package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.sql.Inherited;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What PostgreSQL keeps of grants, owners and comments; also indexes and constraints. */
final class PostgresInherited extends Inherited<PostgresSession> {
    private record Index(String table, String name, String statement) {}

    PostgresInherited(PostgresSession session, String from, String to) {
        super(session, from, to);
    }

    @Override
    protected String literal(String text) {
        return SqlText.literal(text);
    }

    @Override
    protected String maker() {
        return "ROLE";
    }

    /** Builds the indexes and constraints that live has and the next version lacks. */
    void indexes() throws SQLException {
        Set<String> there = new LinkedHashSet<>();
        for (Index index : concat(indexes(to()), constraints(to()))) {
            there.add(index.table() + "\t" + index.name());
        }
        Set<String> tables = places(to());
        for (Index index : concat(indexes(from()), constraints(from()))) {
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

    @Override
    protected Set<Grant> grants(String schema) throws SQLException {
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
        return new LinkedHashSet<>(session()
                .rows(
                        sql,
                        row -> new Grant(
                                On.valueOf(row.getString(1)),
                                row.getString(2),
                                row.getString(3),
                                row.getString(4).equals("PUBLIC") ? Grantee.PUBLIC : Grantee.USER,
                                row.getString(4),
                                row.getString(5),
                                row.getBoolean(6)),
                        schema,
                        schema,
                        schema,
                        schema));
    }

    @Override
    protected List<Comment> comments(String schema) throws SQLException {
        return session()
                .rows(
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

    /** Those that no constraint stands behind. */
    private List<Index> indexes(String schema) throws SQLException {
        return session()
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
        return session()
                .rows(
                        "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k"
                                + " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
                                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                                + " WHERE n.nspname = ? AND k.contype IN ('p', 'u', 'c', 'x')",
                        row -> new Index(
                                row.getString(1),
                                row.getString(2),
                                "ALTER TABLE " + at(row.getString(1)) + " ADD CONSTRAINT "
                                        + identifier(row.getString(2)) + " " + row.getString(3)),
                        schema);
    }
}
