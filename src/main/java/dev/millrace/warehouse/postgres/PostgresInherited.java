package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.sql.Inherited;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What PostgreSQL keeps of grants, owners and comments; also indexes, constraints and settings of tables and columns. */
final class PostgresInherited extends Inherited<PostgresSession> {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresInherited.class);

    /** The first with a compression for each column. */
    private static final int COMPRESSES_COLUMNS = 140_000;

    /** The first that changes a table's access method. */
    private static final int CHANGES_ACCESS_METHODS = 150_000;

    /** What a table has that holds its long values: stands among its columns, which are written in small letters. */
    private static final String TOAST = "TOAST";

    /**
     * Something that people made of a table.
     *
     * @param columns that it names
     * @param name as a person says it
     * @param statement that makes the same of the next version's table
     * @param undo what takes it from that again; empty for what cannot be in the way
     */
    record Made(String table, List<String> columns, String name, String statement, String undo) {
        Made {
            columns = List.copyOf(columns);
        }

        Made(String table, List<String> columns, String name, String statement) {
            this(table, columns, name, statement, "");
        }
    }

    private static final String COLUMNS = " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c"
            + " ON c.oid = a.attrelid AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
            + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

    private static final String TABLES = " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            + " ON n.oid = c.relnamespace AND c.relkind = 'r'";

    private static final String INDEXES =
            " FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid"
                    + " JOIN pg_catalog.pg_class c ON c.oid = x.indrelid"
                    + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

    /** A constraint's columns may be its index's. */
    private static final String OF_INDEX = "SELECT 'pg_class'::regclass, i.oid UNION ALL"
            + " SELECT 'pg_constraint'::regclass, k.oid FROM pg_catalog.pg_constraint k"
            + " WHERE k.conindid = i.oid AND k.conrelid = c.oid";

    private static final String CONSTRAINTS =
            " FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
                    + " AND k.contype IN ('p', 'u', 'c', 'x') JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

    private static final String OF_CONSTRAINT =
            "SELECT 'pg_constraint'::regclass, k.oid UNION ALL SELECT 'pg_class'::regclass, k.conindid";

    /** Those that lie in the schema of their table. */
    private static final String STATISTICS =
            " FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid"
                    + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.oid = s.stxnamespace";

    private static final String OF_STATISTICS = "SELECT 'pg_statistic_ext'::regclass, s.oid";

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

    @Override
    protected boolean isPassing(SQLException e) {
        return PostgresSession.isPassing(e);
    }

    /** Gives what holds for rows as they are written: storage, options and defaults. */
    void settings() throws SQLException {
        give(missing(settings(from()), settings(to())));
    }

    /**
     * Gives also what rows are needed for, or would be in the way of: constraints, {@code NOT NULL}, indexes, statistics.
     *
     * @param made columns of live that are ours: what they may not hold, the next version's own say
     * @return all that live has of it, for {@link #requireNoMore}
     * @throws Fault GATE with what the next version does not have for all that
     */
    Set<Made> all(MadeColumns made) throws SQLException {
        List<Made> live = of(from(), made);
        undo(live);
        Set<Made> settled = give(missing(live, next()));
        Optional<Made> untaken =
                missing(live, next()).stream().filter(m -> !settled.contains(m)).findFirst();
        if (untaken.isPresent()) {
            throw Fault.gate("The gate refused schema " + to() + "; live is as it was: table "
                    + untaken.get().table() + " of live has " + untaken.get().name()
                    + ", and the staging has not, though it was given: take it from live, and start the job again: "
                    + untaken.get().statement());
        }
        return Set.copyOf(live);
    }

    /**
     * Refuses where live has got more of it.
     *
     * @param seen what it had when the next version was given all
     * @throws Fault WORLD with the first
     */
    void requireNoMore(MadeColumns made, Set<Made> seen) throws SQLException {
        Set<String> places = places(to());
        Optional<Made> more = of(from(), made).stream()
                .filter(m -> places.contains(m.table()) && !seen.contains(m))
                .findFirst();
        if (more.isPresent()) {
            throw Fault.world("Cannot replace: since the replacement began, table "
                    + more.get().table() + " got " + more.get().name()
                    + ", which the next version has not: live is as it was; run again");
        }
    }

    /** What an earlier try of the replacement gave may be gone from live by now, or be another. */
    private void undo(List<Made> live) throws SQLException {
        // The last first: it may be said of what was made before it.
        List<Made> made = new ArrayList<>(next());
        Collections.reverse(made);
        for (Made given : made) {
            if (!given.undo().isEmpty() && !live.contains(given)) {
                session().execute(given.undo());
            }
        }
    }

    private List<Made> next() throws SQLException {
        return of(to(), MadeColumns.of(Optional.empty()));
    }

    /**
     * All that a schema has of it, in the order in which it is given.
     *
     * @param made columns that are ours: what they may not hold is not told
     */
    private List<Made> of(String schema, MadeColumns made) throws SQLException {
        List<Made> all = new ArrayList<>(settings(schema));
        all.addAll(constraints(schema));
        all.addAll(notNulls(schema).stream()
                .filter(m -> !made.isNotNull(m.table(), m.columns().get(0)))
                .toList());
        all.addAll(indexes(schema));
        all.addAll(statistics(schema));
        all.addAll(uses(schema));
        all.addAll(samplings(schema));
        all.addAll(remarks(schema));
        return all;
    }

    /** What live has and the next version, which has the table, has not. */
    private List<Made> missing(List<Made> live, List<Made> next) throws SQLException {
        Set<String> there = new LinkedHashSet<>();
        next.forEach(m -> there.add(m.table() + "\t" + m.name()));
        Set<String> places = places(to());
        return live.stream()
                .filter(m -> places.contains(m.table()) && !there.contains(m.table() + "\t" + m.name()))
                .toList();
    }

    /**
     * Gives what can be given, within a transaction. What names a column that the next version has not is left behind; so is
     * what the server refuses for a column's new type.
     *
     * @return what the next version need not have by that name: it was left behind, or is told otherwise of the new type
     */
    private Set<Made> give(List<Made> missing) throws SQLException {
        Set<Made> settled = new LinkedHashSet<>();
        Map<String, String> live = missing.isEmpty() ? Map.of() : types(from());
        Map<String, String> next = missing.isEmpty() ? Map.of() : types(to());
        for (Made made : missing) {
            Optional<String> gone = first(made, column -> !next.containsKey(column));
            Optional<String> retyped = first(made, column -> !Objects.equals(next.get(column), live.get(column)));
            if (gone.isPresent()) {
                leaveBehind(made, "this run has no " + (gone.get().equals(TOAST) ? TOAST : "column " + gone.get()));
            } else if (retyped.isPresent()) {
                tryOn(made, retyped.get());
            } else {
                apply(made.statement());
                continue;
            }
            settled.add(made);
        }
        return settled;
    }

    private static Optional<String> first(Made made, Predicate<String> isSuch) {
        return made.columns().stream()
                .filter(column -> isSuch.test(made.table() + "\t" + column))
                .findFirst();
    }

    private void tryOn(Made made, String retyped) throws SQLException {
        session().execute("SAVEPOINT retyped");
        try {
            session().execute(made.statement());
            session().execute("RELEASE SAVEPOINT retyped");
        } catch (SQLException e) {
            if (isPassing(e)) {
                throw e;
            }
            if (!PostgresSession.isOfType(e)) {
                throw refused(made.statement(), e);
            }
            session().execute("ROLLBACK TO SAVEPOINT retyped");
            leaveBehind(
                    made,
                    "column " + retyped + " has another type, and PostgreSQL says "
                            + session().message(e));
        }
    }

    private void leaveBehind(Made made, String why) {
        LOG.warn(
                "What was made of table {} is not taken over: {}: {}",
                made.table(),
                why,
                made.statement().replace(identifier(to()) + ".", identifier(from()) + "."));
    }

    /** Of all columns by their table, with a tab between. */
    private Map<String, String> types(String schema) throws SQLException {
        Map<String, String> types = new HashMap<>();
        session()
                .rows(
                        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)" + COLUMNS
                                + " WHERE n.nspname = ? UNION ALL SELECT c.relname, '" + TOAST + "', ''" + TABLES
                                + " WHERE c.reltoastrelid <> 0 AND n.nspname = ?",
                        row -> types.put(row.getString(1) + "\t" + row.getString(2), row.getString(3)),
                        schema,
                        schema);
        return types;
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

    /**
     * The columns that something of a table depends on: those of its keys, expressions and conditions.
     *
     * @param objects a query of their classes and numbers in the catalog
     * @see <a href="https://www.postgresql.org/docs/15/catalog-pg-depend.html">pg_depend</a>
     */
    private static String columnsOf(String objects) {
        return ", ARRAY(SELECT DISTINCT a.attname::text FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a"
                + " ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.refclassid = 'pg_class'::regclass"
                + " AND d.refobjid = c.oid AND d.refobjsubid > 0 AND (d.classid, d.objid) IN (" + objects
                + ") ORDER BY 1)";
    }

    private static List<String> texts(ResultSet row, int column) throws SQLException {
        return List.of((String[]) row.getArray(column).getArray());
    }

    /** Those that no constraint stands behind. */
    private List<Made> indexes(String schema) throws SQLException {
        return session()
                .rows(
                        "SELECT c.relname, i.relname, pg_get_indexdef(i.oid),"
                                + " quote_ident(i.relname) || ' ON ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
                                + columnsOf(OF_INDEX)
                                + INDEXES
                                + " WHERE n.nspname = ?"
                                + " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.oid)",
                        row -> index(
                                row.getString(1), row.getString(2), row.getString(3), row.getString(4), texts(row, 5)),
                        schema)
                .stream()
                .flatMap(Optional::stream)
                .toList();
    }

    /** @param on how the server writes the index's name and its table */
    private Optional<Made> index(String table, String name, String definition, String on, List<String> columns) {
        int at = definition.indexOf(on);
        if (at < 0) {
            return Optional.empty();
        }
        return Optional.of(new Made(
                table,
                columns,
                "index " + name,
                definition.substring(0, at) + identifier(name) + " ON " + at(table)
                        + definition.substring(at + on.length()),
                "DROP INDEX " + at(name)));
    }

    /** What indexes are for beyond queries, those of constraints too, and where they lie. */
    private List<Made> uses(String schema) throws SQLException {
        return session()
                .rows(
                        "SELECT c.relname, u.text, CASE WHEN u.text LIKE 'SET %' THEN i.relname END"
                                + columnsOf(OF_INDEX)
                                + INDEXES
                                + ", LATERAL (SELECT 'REPLICA IDENTITY USING INDEX ' || quote_ident(i.relname) AS text"
                                + " WHERE x.indisreplident UNION ALL SELECT 'CLUSTER ON ' || quote_ident(i.relname)"
                                + " WHERE x.indisclustered UNION ALL SELECT 'SET TABLESPACE ' || quote_ident(t.spcname)"
                                + " FROM pg_catalog.pg_tablespace t WHERE t.oid = i.reltablespace) u WHERE n.nspname = ?",
                        row -> use(
                                row.getString(1),
                                row.getString(2),
                                Optional.ofNullable(row.getString(3)),
                                texts(row, 4)),
                        schema);
    }

    /** @param index that is changed itself, not its table */
    private Made use(String table, String text, Optional<String> index, List<String> columns) {
        return new Made(
                table,
                columns,
                index.map(name -> "index " + name + " ").orElse("") + text,
                "ALTER " + index.map(name -> "INDEX " + at(name)).orElseGet(() -> "TABLE " + at(table)) + " " + text);
    }

    private List<Made> constraints(String schema) throws SQLException {
        return session()
                .rows(
                        "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)" + columnsOf(OF_CONSTRAINT)
                                + CONSTRAINTS + " WHERE n.nspname = ?",
                        row -> new Made(
                                row.getString(1),
                                texts(row, 4),
                                "constraint " + row.getString(2),
                                "ALTER TABLE " + at(row.getString(1)) + " ADD CONSTRAINT "
                                        + identifier(row.getString(2)) + " " + row.getString(3),
                                "ALTER TABLE " + at(row.getString(1)) + " DROP CONSTRAINT "
                                        + identifier(row.getString(2))),
                        schema);
    }

    private List<Made> statistics(String schema) throws SQLException {
        return session()
                .rows(
                        "SELECT c.relname, s.stxname, substr(x.text, length(x.head) + 1,"
                                + " length(x.text) - length(x.head) - length(x.tail))"
                                + columnsOf(OF_STATISTICS)
                                + STATISTICS
                                + ", LATERAL (SELECT pg_get_statisticsobjdef(s.oid) AS text, 'CREATE STATISTICS '"
                                + " || quote_ident(n.nspname) || '.' || quote_ident(s.stxname) AS head, ' FROM '"
                                + " || quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS tail) x"
                                + " WHERE n.nspname = ?",
                        row -> new Made(
                                row.getString(1),
                                texts(row, 4),
                                "statistics " + row.getString(2),
                                "CREATE STATISTICS " + at(row.getString(2)) + row.getString(3) + " FROM "
                                        + at(row.getString(1)),
                                "DROP STATISTICS " + at(row.getString(2))),
                        schema);
    }

    /** How many values are sampled of expressions of indexes, and for statistics. */
    private List<Made> samplings(String schema) throws SQLException {
        return session()
                .rows(
                        "SELECT c.relname, 'INDEX', i.relname, 'ALTER COLUMN ' || a.attnum || ' SET STATISTICS ',"
                                + " a.attstattarget::int" + columnsOf(OF_INDEX) + INDEXES
                                + " JOIN pg_catalog.pg_attribute a ON a.attrelid = i.oid AND a.attstattarget >= 0"
                                + " WHERE n.nspname = ?"
                                + " UNION ALL SELECT c.relname, 'STATISTICS', s.stxname, 'SET STATISTICS ',"
                                + " s.stxstattarget::int" + columnsOf(OF_STATISTICS) + STATISTICS
                                + " WHERE s.stxstattarget >= 0 AND n.nspname = ?",
                        row -> sampling(
                                row.getString(1),
                                row.getString(2),
                                row.getString(3),
                                row.getString(4),
                                row.getInt(5),
                                texts(row, 6)),
                        schema,
                        schema);
    }

    private Made sampling(String table, String kind, String name, String set, int target, List<String> columns) {
        String alter = "ALTER " + kind + " " + at(name) + " " + set;
        return new Made(
                table,
                columns,
                kind.toLowerCase(Locale.ROOT) + " " + name + " " + set + target,
                alter + target,
                alter + "-1");
    }

    /** Comments on indexes, constraints and statistics; those on tables and columns are told by {@link #comments}. */
    private List<Made> remarks(String schema) throws SQLException {
        String description = " JOIN pg_catalog.pg_description d ON d.objsubid = 0 AND d.classoid = ";
        return session()
                .rows(
                        "SELECT c.relname, 'INDEX', i.relname, d.description" + columnsOf(OF_INDEX) + INDEXES
                                + description + "'pg_class'::regclass AND d.objoid = i.oid WHERE n.nspname = ?"
                                + " UNION ALL SELECT c.relname, 'CONSTRAINT', k.conname, d.description"
                                + columnsOf(OF_CONSTRAINT) + CONSTRAINTS
                                + description + "'pg_constraint'::regclass AND d.objoid = k.oid WHERE n.nspname = ?"
                                + " UNION ALL SELECT c.relname, 'STATISTICS', s.stxname, d.description"
                                + columnsOf(OF_STATISTICS) + STATISTICS
                                + description + "'pg_statistic_ext'::regclass AND d.objoid = s.oid WHERE n.nspname = ?",
                        row -> remark(
                                row.getString(1), row.getString(2), row.getString(3), row.getString(4), texts(row, 5)),
                        schema,
                        schema,
                        schema);
    }

    private Made remark(String table, String kind, String name, String text, List<String> columns) {
        String on = "COMMENT ON " + kind + " "
                + (kind.equals("CONSTRAINT") ? identifier(name) + " ON " + at(table) : at(name))
                + " IS ";
        return new Made(
                table,
                columns,
                "the comment " + literal(text) + " on " + kind.toLowerCase(Locale.ROOT) + " " + name,
                on + literal(text),
                on + "NULL");
    }

    private List<Made> notNulls(String schema) throws SQLException {
        return altered(
                "SELECT c.relname, a.attname, 'ALTER COLUMN ' || quote_ident(a.attname) || ' SET NOT NULL'" + COLUMNS
                        + " WHERE a.attnotnull AND n.nspname = ?",
                schema);
    }

    /**
     * Names and values of options stand in a list of {@code name=value}. Where rows lie, and whether they are logged, is said
     * of every table: what the next version's tables got by themselves may be neither.
     */
    private List<Made> settings(String schema) throws SQLException {
        long server = session().number("SELECT current_setting('server_version_num')::int");
        String option = "quote_ident(substring(o FROM '^[^=]*')) || ' = ' || quote_literal(substring(o FROM '=(.*)$'))";
        List<Made> settings = new ArrayList<>(altered(
                "SELECT c.relname, '', x.text" + TABLES
                        + ", LATERAL (SELECT 'SET TABLESPACE ' || quote_ident(t.spcname) AS text"
                        + " FROM pg_catalog.pg_tablespace t JOIN pg_catalog.pg_database b ON b.datname = current_database()"
                        + " AND t.oid = coalesce(nullif(c.reltablespace, 0), b.dattablespace)"
                        + " UNION ALL SELECT CASE c.relpersistence WHEN 'u' THEN 'SET UNLOGGED' ELSE 'SET LOGGED' END"
                        + (server < CHANGES_ACCESS_METHODS
                                ? ""
                                : " UNION ALL SELECT 'SET ACCESS METHOD ' || quote_ident(m.amname)"
                                        + " FROM pg_catalog.pg_am m WHERE m.oid = c.relam")
                        + " UNION ALL SELECT 'REPLICA IDENTITY ' || CASE c.relreplident WHEN 'f' THEN 'FULL'"
                        + " ELSE 'NOTHING' END WHERE c.relreplident IN ('f', 'n')"
                        + " UNION ALL SELECT 'SET (' || " + option + " || ')' FROM unnest(c.reloptions) o) x"
                        + " WHERE n.nspname = ?",
                schema));
        settings.addAll(altered(
                "SELECT c.relname, '" + TOAST + "', 'SET (toast.' || " + option + " || ')'" + TABLES
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
                        + (server < COMPRESSES_COLUMNS
                                ? ""
                                : " UNION ALL SELECT 'SET COMPRESSION ' || CASE a.attcompression WHEN 'p' THEN 'pglz'"
                                        + " ELSE 'lz4' END WHERE a.attcompression IN ('p', 'l')")
                        + " UNION ALL SELECT 'SET STATISTICS ' || a.attstattarget WHERE a.attstattarget >= 0"
                        + " UNION ALL SELECT 'SET (' || " + option + " || ')' FROM unnest(a.attoptions) o) x"
                        + " WHERE n.nspname = ?",
                schema));
        return settings;
    }

    /** @param sql that gives tables, columns or nothing, and what ALTER TABLE is to do */
    private List<Made> altered(String sql, String schema) throws SQLException {
        return session()
                .rows(
                        sql,
                        row -> new Made(
                                row.getString(1),
                                row.getString(2).isEmpty() ? List.of() : List.of(row.getString(2)),
                                row.getString(3),
                                "ALTER TABLE " + at(row.getString(1)) + " " + row.getString(3)),
                        schema);
    }
}
