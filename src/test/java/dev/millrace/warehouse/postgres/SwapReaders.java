package dev.millrace.warehouse.postgres;

import dev.millrace.testing.PostgresServer;
import dev.millrace.warehouse.postgres.SwapReaders.Seen.Kind;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** Readers of {@link dev.millrace.warehouse.Landing}'s two tables, each of another habit, until they are told to stop. */
final class SwapReaders implements AutoCloseable {
    /** What a reader saw. */
    record Seen(Kind kind, int reads, int errors, int mixed, int empty, Set<Long> versions, String firstError) {
        enum Kind {
            /** A join, a transaction of its own. */
            AUTOCOMMIT,
            /** One table, then the other. */
            READ_COMMITTED,
            /** A snapshot that is taken before any table is touched, and both tables later. */
            REPEATABLE_READ,
            /** One table, 1.5 s of something else, the other. */
            LONG,
            /** A snapshot older than the load, and both tables once the swap is asked for. */
            OLD
        }

        @Override
        public String toString() {
            return kind + ": " + reads + " reads of " + versions.size() + " versions, " + errors + " errors, " + mixed
                    + " mixed, " + empty + " empty" + (firstError.isEmpty() ? "" : ": " + firstError);
        }

        boolean isWhole() {
            return errors == 0 && mixed == 0 && empty == 0;
        }
    }

    private static final String ORDERS = "SELECT min(version), max(version), count(*) FROM shop.orders";
    private static final String LINES = "SELECT min(version), max(version), count(*) / 2 FROM shop.lines";
    private static final long LONG_MILLIS = 1500;
    private static final long SHORT_MILLIS = 40;

    private final ExecutorService pool = Executors.newCachedThreadPool();
    private final AtomicBoolean isOver = new AtomicBoolean();
    private final Map<Kind, Future<Seen>> readers = new EnumMap<>(Kind.class);
    private final String database;
    private final Connection old;
    private final Tally oldSeen = new Tally(Kind.OLD);

    SwapReaders(String database) throws SQLException {
        this.database = database;
        for (Kind kind : EnumSet.complementOf(EnumSet.of(Kind.OLD))) {
            readers.put(kind, pool.submit(() -> read(kind)));
        }
        old = PostgresServer.connect(database, PostgresServer.LOADER);
        old.setAutoCommit(false);
        old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    }

    /** To be called before a load begins. */
    void takeOldSnapshot() throws SQLException {
        row(old, "SELECT 1");
    }

    /** Reads when the swap's transaction is there, which must wait for this one. */
    void readFromOldSnapshotWhileWaitedFor(Future<?> swap) throws SQLException {
        try (Connection watch = PostgresServer.connect(database, PostgresServer.LOADER)) {
            String holders = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                    + " WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()";
            while (!swap.isDone() && row(watch, holders).get(0) == 0) {
                Thread.onSpinWait();
            }
        }
        oldSeen.read(old);
    }

    /** Tells them to stop, and what they saw. */
    List<Seen> end() throws ExecutionException, InterruptedException {
        isOver.set(true);
        List<Seen> seen = new ArrayList<>();
        for (Future<Seen> reader : readers.values()) {
            seen.add(reader.get());
        }
        seen.add(oldSeen.seen());
        return seen;
    }

    private Seen read(Kind kind) throws SQLException {
        Tally tally = new Tally(kind);
        try (Connection connection = PostgresServer.connect(database, PostgresServer.LOADER)) {
            connection.setAutoCommit(kind == Kind.AUTOCOMMIT);
            connection.setTransactionIsolation(
                    kind == Kind.REPEATABLE_READ
                            ? Connection.TRANSACTION_REPEATABLE_READ
                            : Connection.TRANSACTION_READ_COMMITTED);
            while (!isOver.get()) {
                tally.read(connection);
            }
        }
        return tally.seen();
    }

    /** Counts what one reader sees. */
    private static final class Tally {
        private final Kind kind;
        private final Set<Long> versions = new TreeSet<>();
        private int reads;
        private int errors;
        private int mixed;
        private int empty;
        private String firstError = "";

        Tally(Kind kind) {
            this.kind = kind;
        }

        void read(Connection connection) throws SQLException {
            try {
                List<List<Long>> both = both(connection, kind);
                reads++;
                boolean isEmpty = both.stream().anyMatch(table -> table.get(2) == 0);
                empty += isEmpty ? 1 : 0;
                boolean isWhole = both.get(0).equals(both.get(1))
                        && both.get(0).get(0).equals(both.get(0).get(1));
                mixed += isWhole ? 0 : 1;
                versions.add(both.get(0).get(0));
            } catch (SQLException e) {
                errors++;
                firstError = firstError.isEmpty() ? e.getSQLState() + " " + e.getMessage() : firstError;
                if (kind != Kind.AUTOCOMMIT) {
                    connection.rollback();
                }
            }
        }

        Seen seen() {
            return new Seen(kind, reads, errors, mixed, empty, versions, firstError);
        }
    }

    private static List<List<Long>> both(Connection connection, Kind kind) throws SQLException {
        return switch (kind) {
            case AUTOCOMMIT -> {
                List<Long> row = row(connection, "SELECT * FROM (" + ORDERS + ") o, (" + LINES + ") l");
                yield List.of(row.subList(0, 3), row.subList(3, 6));
            }
            case READ_COMMITTED -> inTransaction(connection, "", 0, SHORT_MILLIS);
            case REPEATABLE_READ -> inTransaction(connection, "SELECT 1", SHORT_MILLIS, 0);
            case OLD -> inTransaction(connection, "", 0, 0);
            case LONG -> inTransaction(connection, "", 0, LONG_MILLIS);
        };
    }

    private static List<List<Long>> inTransaction(
            Connection connection, String first, long pauseBefore, long pauseBetween) throws SQLException {
        if (!first.isEmpty()) {
            row(connection, first);
        }
        pause(pauseBefore);
        List<Long> orders = row(connection, ORDERS);
        pause(pauseBetween);
        List<Long> lines = row(connection, LINES);
        connection.commit();
        return List.of(orders, lines);
    }

    /** What a reader does in between, not what a test waits for. */
    private static void pause(long millis) {
        if (millis > 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
        }
    }

    private static List<Long> row(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            List<Long> row = new ArrayList<>();
            for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                row.add(result.getLong(i));
            }
            return row;
        }
    }

    @Override
    public void close() {
        isOver.set(true);
        pool.shutdown();
        try {
            old.close();
        } catch (SQLException gone) {
            return;
        }
    }
}
