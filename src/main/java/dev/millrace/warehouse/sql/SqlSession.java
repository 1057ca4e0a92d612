package dev.millrace.warehouse.sql;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.RowReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** A connection of one caller. Outside {@link #transaction} each statement is a transaction of its own. */
public abstract class SqlSession implements AutoCloseable {
    /** Statements that hold together. */
    public interface Work<T> {
        T run() throws SQLException;
    }

    /** The user has no right to something. */
    protected static final String INSUFFICIENT_PRIVILEGE = "42501";

    private final Connection connection;

    protected SqlSession(Connection connection) {
        this.connection = connection;
    }

    /** The server's message on one line, without details that may show values. */
    public abstract String message(SQLException e);

    /**
     * What the server refused, as it is told.
     *
     * @param what could not be done
     */
    public final Fault failure(String what, SQLException e) {
        return failure(what, e, List.of());
    }

    /**
     * The same.
     *
     * @param grants statements that give the user what it is known to lack
     */
    protected abstract Fault failure(String what, SQLException e, List<String> grants);

    /** What to do where a right is missing: the server's own message names what it is missing on. */
    protected static String toBeGranted(String user, List<String> grants) {
        return grants.isEmpty()
                ? ": have the owner of what the server names grant it to " + user + ", and run again"
                : ": have this run by who may, and run again: " + String.join("; ", grants);
    }

    protected Connection connection() {
        return connection;
    }

    public void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Rows changed. */
    public long update(String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = prepared(sql, values)) {
            return statement.executeLargeUpdate();
        }
    }

    /** A result that is small by construction. */
    public <T> List<T> rows(String sql, RowReader<T> reader, Object... values) throws SQLException {
        try (PreparedStatement statement = prepared(sql, values);
                ResultSet result = statement.executeQuery()) {
            return reader.all(result);
        }
    }

    private PreparedStatement prepared(String sql, Object... values) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
        return statement;
    }

    public long number(String sql, Object... values) throws SQLException {
        return rows(sql, row -> row.getLong(1), values).get(0);
    }

    public Statement statement() throws SQLException {
        return connection.createStatement();
    }

    /** All of the work or, where it fails, nothing. */
    public <T> T transaction(Work<T> work) throws SQLException {
        boolean isDone = false;
        connection.setAutoCommit(false);
        try {
            T result = work.run();
            connection.commit();
            isDone = true;
            return result;
        } finally {
            if (!isDone) {
                rollback();
            }
            setAutoCommit();
        }
    }

    /** What failed before is what is told; a connection that is broken undoes by itself. */
    private void rollback() {
        try {
            connection.rollback();
        } catch (SQLException broken) {
            close();
        }
    }

    private void setAutoCommit() throws SQLException {
        if (!connection.isClosed()) {
            connection.setAutoCommit(true);
        }
    }

    /** Gives up the connection: the server undoes what is not committed. */
    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            // It is gone either way.
            return;
        }
    }

    /** Whether a failure is of one of these codes. */
    public static boolean is(SQLException e, String... codes) {
        return List.of(codes).contains(String.valueOf(e.getSQLState()));
    }

    /** On one line. */
    public static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
