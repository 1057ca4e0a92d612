package dev.millrace.warehouse.postgres;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.SqlText;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * Locks on all tables at once, and what must have ended before. Readers come first: a try that finds a table in use gives
 * all locks back before the server would look for a deadlock and end one of the readers, and is made again later.
 */
final class TableLocks {
    private static final Duration FIRST_TRY = Duration.ofMillis(25);
    private static final Duration LONGEST_TRY = Duration.ofMillis(400);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(20);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(250);

    private final PostgresSession session;
    private final Duration patience;

    TableLocks(PostgresSession session, Duration patience) {
        this.session = session;
        this.patience = patience;
    }

    /**
     * Takes them for this transaction.
     *
     * @param names of tables and views, as statements write them
     * @throws Fault WORLD that names who has them, when patience ends
     */
    void take(List<String> names) throws SQLException {
        if (names.isEmpty()) {
            return;
        }
        long deadline = System.nanoTime() + patience.toNanos();
        long longest = Math.min(
                LONGEST_TRY.toMillis(),
                session.number("SELECT extract(epoch FROM current_setting('deadlock_timeout')::interval) * 400"));
        long millis = Math.min(longest, FIRST_TRY.toMillis());
        while (!tryTake(statements(names), millis)) {
            if (System.nanoTime() > deadline) {
                throw Fault.world("Cannot go on: readers hold the tables for longer than " + patience.toSeconds()
                        + " s: " + holders(names)
                        + ": live is as it was; run again when they have ended, or raise warehouse.postgres.patience");
            }
            pause();
            millis = Math.min(longest, 2 * millis);
        }
    }

    /**
     * Who waits for a table and holds no other is in nobody's way who still has to come to those. So the tables that have
     * most readers come first; once they are had, the others are soon.
     *
     * <p>{@code LOCK TABLE} on a view would lock all that the view reads, by the rights of the view's owner, who may have
     * none to lock it. To tell a view's owner anew locks the view alone, and changes nothing.
     *
     * @see <a href="https://www.postgresql.org/docs/15/sql-lock.html">LOCK</a>, on views
     */
    private List<String> statements(List<String> names) throws SQLException {
        record Place(String name, Optional<String> viewOf) {}
        List<Place> places = session.rows(
                "SELECT t.name, CASE c.relkind WHEN 'v' THEN pg_get_userbyid(c.relowner) END"
                        + " FROM (SELECT unnest(ARRAY[" + literals(names)
                        + "]) AS name) t LEFT JOIN pg_catalog.pg_class c ON c.oid = to_regclass(t.name)"
                        + " ORDER BY (SELECT count(*) FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation'"
                        + " AND l.granted AND l.pid <> pg_backend_pid() AND l.relation = c.oid) DESC, random()",
                row -> new Place(row.getString(1), Optional.ofNullable(row.getString(2))));
        List<String> statements = new ArrayList<>();
        List<String> tables = new ArrayList<>();
        for (Place place : places) {
            if (place.viewOf().isEmpty()) {
                tables.add(place.name());
            } else {
                lockAll(tables, statements);
                statements.add("ALTER VIEW " + place.name() + " OWNER TO "
                        + identifier(place.viewOf().get()));
            }
        }
        lockAll(tables, statements);
        return statements;
    }

    /** Those that come one after the other, by one statement. */
    private static void lockAll(List<String> tables, List<String> statements) {
        if (!tables.isEmpty()) {
            statements.add("LOCK TABLE " + String.join(", ", tables) + " IN ACCESS EXCLUSIVE MODE");
            tables.clear();
        }
    }

    private static String literals(List<String> names) {
        return names.stream().map(SqlText::literal).collect(Collectors.joining(", "));
    }

    /** As one statement: the time is for all of them together. */
    private boolean tryTake(List<String> statements, long millis) throws SQLException {
        session.execute("SAVEPOINT locks");
        try {
            session.execute("SET LOCAL statement_timeout = " + millis);
            session.execute("DO " + SqlText.literal("BEGIN " + String.join("; ", statements) + "; END"));
            session.execute("SET LOCAL statement_timeout = 0");
            session.execute("RELEASE SAVEPOINT locks");
            return true;
        } catch (SQLException e) {
            session.execute("ROLLBACK TO SAVEPOINT locks");
            if (!PostgresSession.is(e, PostgresSession.LOCK_NOT_AVAILABLE, PostgresSession.QUERY_CANCELED)) {
                throw e;
            }
            return false;
        }
    }

    private static void pause() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(
                ThreadLocalRandom.current().nextLong(SHORTEST_PAUSE.toMillis(), LONGEST_PAUSE.toMillis())));
        if (Thread.currentThread().isInterrupted()) {
            throw Fault.world("Cannot replace: interrupted; live is as it was: run again");
        }
    }

    private String holders(List<String> names) throws SQLException {
        List<String> holders = session.rows(
                "SELECT DISTINCT 'process ' || l.pid || coalesce(' of ' || a.usename, '')"
                        + " || coalesce(' (' || nullif(a.application_name, '') || ')', '')"
                        + " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
                        + " WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid()"
                        + " AND l.relation = ANY (ARRAY[" + literals(names) + "]::regclass[]) ORDER BY 1",
                row -> row.getString(1));
        return holders.isEmpty() ? "nobody any more" : String.join(", ", holders);
    }

    /**
     * Waits for transactions whose snapshot is older than what was loaded: they would see the new tables, and see them
     * empty.
     *
     * @param lastWrite number of the last transaction that loaded or wrote a table anew
     * @throws Fault WORLD that names them, when patience ends
     */
    void awaitOlderSnapshots(String lastWrite) throws SQLException {
        long deadline = System.nanoTime() + patience.toNanos();
        boolean seesAll = session.rows("SELECT pg_has_role('pg_read_all_stats', 'USAGE')", row -> row.getBoolean(1))
                .get(0);
        List<String> begun = seesAll ? List.of() : transactions();
        List<String> older = seesAll ? older(lastWrite) : begun;
        while (!older.isEmpty()) {
            if (System.nanoTime() > deadline) {
                throw Fault.world("Cannot replace: transactions that began before the load, and would see empty tables,"
                        + " have not ended for " + patience.toSeconds() + " s: " + String.join(", ", older)
                        + ": live is as it was; run again when they have ended, or raise warehouse.postgres.patience");
            }
            pause();
            List<String> now = seesAll ? older(lastWrite) : transactions();
            older = seesAll ? now : begun.stream().filter(now::contains).toList();
        }
    }

    private List<String> older(String lastWrite) throws SQLException {
        lookAnew();
        return session.rows(
                "SELECT 'process ' || pid || ' of ' || usename || coalesce(' (' || nullif(application_name, '') || ')', '')"
                        + " || ', ' || state || ', begun ' || to_char(xact_start, 'HH24:MI:SS')"
                        + " FROM pg_catalog.pg_stat_activity WHERE datname = current_database()"
                        + " AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL"
                        + " AND age(backend_xmin) >= age('" + lastWrite + "'::xid) ORDER BY pid",
                row -> row.getString(1));
    }

    /** All that are open in this database: who may not see others' snapshots sees that they are there. */
    private List<String> transactions() throws SQLException {
        lookAnew();
        return session.rows(
                "SELECT 'process ' || l.pid || ' (transaction ' || l.virtualtransaction || ')'"
                        + " FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
                        + " WHERE l.locktype = 'virtualxid' AND l.pid <> pg_backend_pid()"
                        + " AND a.datname = current_database() ORDER BY l.pid",
                row -> row.getString(1));
    }

    /** Within a transaction the server shows what sessions did when they were first looked at. */
    private void lookAnew() throws SQLException {
        session.rows("SELECT pg_stat_clear_snapshot()", row -> row);
    }
}
