package dev.millrace.warehouse.duckdb;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.fault.Fault;
import dev.millrace.warehouse.RowReader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;

/**
 * An engine of its own in this process, with database files attached by name. Closed, it holds no file open, so that
 * files can be renamed.
 */
final class DuckDbSession implements AutoCloseable {
    /** DuckDB 1.2 and later can read such files; this driver's own default needs 2.0. */
    static final String STORAGE_VERSION = "v1.2.0";

    private final Connection connection;

    private DuckDbSession(Connection connection) {
        this.connection = connection;
    }

    /** @param spill folder for what does not fit in memory; made and removed by the engine when needed */
    static DuckDbSession open(DuckDbOptions options, Path spill) {
        Properties settings = new Properties();
        settings.setProperty("memory_limit", options.memoryBytes() + "B");
        settings.setProperty("threads", Integer.toString(options.threads()));
        settings.setProperty("temp_directory", spill.toString());
        settings.setProperty("preserve_insertion_order", "false");
        settings.setProperty("autoinstall_known_extensions", "false");
        settings.setProperty("autoload_known_extensions", "false");
        try {
            // Not by DriverManager: it does not see drivers that spark-submit adds by --jars.
            DuckDbSession session = new DuckDbSession(new org.duckdb.DuckDBDriver().connect("jdbc:duckdb:", settings));
            session.execute("SET TimeZone = 'UTC'");
            return session;
        } catch (NoClassDefFoundError e) {
            throw Fault.user(
                    "The DuckDB driver is not on the class path: add --packages org.duckdb:duckdb_jdbc or its jar");
        } catch (SQLException e) {
            throw Fault.world("DuckDB does not start: " + oneLine(e), e);
        }
    }

    void attach(Path file, String name, boolean readOnly) throws SQLException {
        execute("ATTACH " + literal(file.toString()) + " AS " + identifier(name) + " ("
                + (readOnly ? "READ_ONLY" : "STORAGE_VERSION " + literal(STORAGE_VERSION)) + ")");
    }

    /** Writes everything to the file and lets go of it: no log stays beside it. */
    void detach(String name) throws SQLException {
        execute("CHECKPOINT " + identifier(name));
        execute("DETACH " + identifier(name));
    }

    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Rows changed. */
    long update(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeLargeUpdate(sql);
        }
    }

    /** A result that is small by construction. */
    <T> List<T> rows(String sql, RowReader<T> reader) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            return reader.all(result);
        }
    }

    long number(String sql) throws SQLException {
        return rows(sql, row -> row.getLong(1)).get(0);
    }

    Statement statement() throws SQLException {
        return connection.createStatement();
    }

    /** Ends a transaction that failed; the first failure is the one to tell. */
    void rollback(SQLException first) {
        try {
            execute("ROLLBACK");
        } catch (SQLException e) {
            first.addSuppressed(e);
        }
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw Fault.world("DuckDB does not close: " + oneLine(e), e);
        }
    }

    /** The engine's message without the statement's text, which follows after an empty line. */
    static String oneLine(SQLException e) {
        String message = String.valueOf(e.getMessage());
        int end = message.indexOf("\n\n");
        return (end < 0 ? message : message.substring(0, end)).strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /** The first line alone: those after it may show a row. */
    static String firstLine(SQLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    static boolean isLocked(SQLException e) {
        return String.valueOf(e.getMessage()).contains("Could not set lock on file");
    }

    static boolean isUnknownTable(SQLException e) {
        return String.valueOf(e.getMessage()).startsWith("Catalog Error");
    }

    static boolean isForeign(SQLException e) {
        return String.valueOf(e.getMessage()).contains("not a valid DuckDB database");
    }

    /** A failure with a database file. */
    static Fault failure(String what, Path file, SQLException e) {
        if (isLocked(e)) {
            return Fault.world(
                    what + ": another process holds " + file + ": close it, or open it read-only, and run again", e);
        }
        return Fault.world(what + ": " + file + ": " + oneLine(e), e);
    }
}
