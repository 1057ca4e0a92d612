package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.sql.Inherited;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What PostgreSQL keeps of grants, owners and comments; also indexes, constraints and settings of tables and columns. */
final class PostgresInherited extends Inherited<PostgresSession> {
    /**
     * Something that people made of a table.
     *
     * @param column that it is about alone, or empty
     * @param name as a person says it
     * @param statement that makes the same of the next version's table
     */
    private record Made(String table, String column, String name, String statement) {}

    private static final String COLUMNS = " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c"
            + " ON c.oid = a.attrelid AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
            + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

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

    /** Gives what holds for rows as they are written: storage, options and defaults. */
    void settings() throws SQLException {
        for (Made setting : missing(settings(from()), settings(to()))) {
            apply(setting.statement());
        }
    }

    /**
     * Gives also what rows are needed for, or would be in the way of: constraints, {@code NOT NULL}, indexes, statistics.
     *
     * @param made columns of live that are ours: what they may not hold, the next version's own say
     */
    void all(MadeColumns made) throws SQLException {
        for (Made missing : missing(made)) {
            apply(missing.statement());
        }
    }

    /**
     * Refuses where live has more of it than the next version.
     *
     * @throws Fault WORLD with the first
     */
    void requireAll(MadeColumns made) throws SQLException {
        Optional<Made> missing = missing(made).stream().findFirst();
        if (missing.isPresent()) {
            throw Fault.world("Cannot replace: since the replacement began, table "
                    + missing.get().table() + " got " + missing.get().name()
                    + ", which the next version has not: live is as it was; run again");
        }
    }

    private List<Made> missing(MadeColumns made) throws SQLException {
        return missing(of(from(), made), of(to(), made));
    }

    private List<Made> of(String schema, MadeColumns made) throws SQLException {
        List<Made> all = new ArrayList<>(settings(schema));
        all.addAll(constraints(schema));
        if (schema.equals(from())) {
            all.addAll(notNulls(schema).stream()
                    .filter(m -> !made.isNotNull(m.table(), m.column()))
                    .toList());
        } else {
            all.addAll(notNulls(schema));
        }
        all.addAll(indexes(schema));
        all.addAll(statistics(schema));
        return all;
    }

    /** What live has and the next version, which has the table and the column, has not. */
    private List<Made> missing(List<Made> live, List<Made> next) throws SQLException {
        Set<String> there = new LinkedHashSet<>();
        next.forEach(m -> there.add(m.table() + "\t" + m.name()));
        Set<String> places = places(to());
        return live.stream()
                .filter(m -> places.contains(m.table())
                        && (m.column().isEmpty() || places.contains(m.table() + "\t" + m.column()))
                        && !there.contains(m.table() + "\t" + m.name()))
                .toList();
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
    private List<Made> indexes(String schema) throws SQLException {
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
    private Optional<Made> index(String table, String name, String definition, String on) {
        int at = definition.indexOf(on);
        if (at < 0) {
            return Optional.empty();
        }
        return Optional.of(new Made(
                table,
                "",
                "index " + name,
                definition.substring(0, at) + identifier(name) + " ON " + at(table)
                        + definition.substring(at + on.length())));
    }

    private List<Made> constraints(String schema) throws SQLException {
        return session()
                .rows(
                        "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k"
                                + " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
                                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                                + " WHERE n.nspname = ? AND k.contype IN ('p', 'u', 'c', 'x')",
                        row -> new Made(
                                row.getString(1),
                                "",
                                "constraint " + row.getString(2),
                                "ALTER TABLE " + at(row.getString(1)) + " ADD CONSTRAINT "
                                        + identifier(row.getString(2)) + " " + row.getString(3)),
                        schema);
    }

    /** Those that lie in the schema of their table. */
    private List<Made> statistics(String schema) throws SQLException {
        return session()
                .rows(
                        "SELECT c.relname, s.stxname, substr(x.text, length(x.head) + 1,"
                                + " length(x.text) - length(x.head) - length(x.tail))"
                                + " FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid"
                                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.oid = s.stxnamespace,"
                                + " LATERAL (SELECT pg_get_statisticsobjdef(s.oid) AS text, 'CREATE STATISTICS '"
                                + " || quote_ident(n.nspname) || '.' || quote_ident(s.stxname) AS head, ' FROM '"
                                + " || quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS tail) x"
                                + " WHERE n.nspname = ?",
                        row -> new Made(
                                row.getString(1),
                                "",
                                "statistics " + row.getString(2),
                                "CREATE STATISTICS " + at(row.getString(2)) + row.getString(3) + " FROM "
                                        + at(row.getString(1))),
                        schema);
    }

    private List<Made> notNulls(String schema) throws SQLException {
        return altered(
                "SELECT c.relname, a.attname, 'ALTER COLUMN ' || quote_ident(a.attname) || ' SET NOT NULL'" + COLUMNS
                        + " WHERE a.attnotnull AND n.nspname = ?",
                schema);
    }

    /** Names and values of options stand in a list of {@code name=value}. */
    private List<Made> settings(String schema) throws SQLException {
        String option = "quote_ident(substring(o FROM '^[^=]*')) || ' = ' || quote_literal(substring(o FROM '=(.*)$'))";
        String tables = " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";
        List<Made> settings = new ArrayList<>(altered(
                "SELECT c.relname, '', 'SET (' || " + option + " || ')'" + tables
                        + ", unnest(c.reloptions) o WHERE c.relkind = 'r' AND n.nspname = ?",
                schema));
        settings.addAll(altered(
                "SELECT c.relname, '', 'SET (toast.' || " + option + " || ')'" + tables
                        + " JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid, unnest(t.reloptions) o"
                        + " WHERE n.nspname = ?",
                schema));
        settings.addAll(altered(
                "SELECT c.relname, a.attname, 'ALTER COLUMN ' || quote_ident(a.attname) || ' ' || x.text"
                        + COLUMNS + " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid, LATERAL ("
                        + "SELECT 'SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) AS text FROM pg_catalog.pg_attrdef d"
                        + " WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = ''"
                        + " UNION ALL SELECT 'SET STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN"
                        + " 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END WHERE a.attstorage <> t.typstorage"
                        + " UNION ALL SELECT 'SET STATISTICS ' || a.attstattarget WHERE a.attstattarget >= 0"
                        + " UNION ALL SELECT 'SET (' || " + option + " || ')' FROM unnest(a.attoptions) o) x"
                        + " WHERE n.nspname = ?",
                schema));
        return settings;
    }

    /** @param sql that gives tables, columns and what ALTER TABLE is to do */
    private List<Made> altered(String sql, String schema) throws SQLException {
        return session()
                .rows(
                        sql,
                        row -> new Made(
                                row.getString(1),
                                row.getString(2),
                                row.getString(3),
                                "ALTER TABLE " + at(row.getString(1)) + " " + row.getString(3)),
                        schema);
    }
}
