package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.atLogin;
import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.literal;
import static dev.millrace.warehouse.snowflake.SnowflakeText.stored;

import dev.millrace.config.WarehouseSettings.Connector;
import dev.millrace.config.WarehouseSettings.Snowflake;
import dev.millrace.fault.Fault;
import dev.millrace.warehouse.RowReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * A connection of one caller, in UTC. Outside {@link #begin} each statement is a transaction of its own; a statement that
 * defines something (DDL) always is.
 */
final class SnowflakeSession implements AutoCloseable {
    /** The driver of version 4, and of version 3, which the connector for Spark brings along. */
    private static final List<String> DRIVERS =
            List.of("net.snowflake.client.api.driver.SnowflakeDriver", "net.snowflake.client.jdbc.SnowflakeDriver");

    /** What is no feature of the account's edition. */
    private static final String UNSUPPORTED = "0A000";

    private static final String CONNECTION = "08";

    private static final int SYNTAX = 1003;
    private static final int WRONG_PASSWORD = 390_100;
    private static final int LOCKED_OUT = 390_102;
    private static final int WRONG_TOKEN = 390_144;
    private static final int FIRST_TOKEN_FAILURE = 394_300;
    private static final int LAST_TOKEN_FAILURE = 394_399;
    private static final int UNKNOWN_ROLE = 390_189;
    private static final int UNKNOWN_OBJECT = 2003;
    private static final int UNKNOWN_OR_FORBIDDEN = 2043;
    private static final int FORBIDDEN = 3001;

    /** What is to be made, also IF NOT EXISTS, exists, and the role has no privilege on it. */
    private static final int UNSEEN = 3041;

    private static final int NO_WAREHOUSE = 606;
    private static final int LOCK_TIMEOUT = 625;

    /** How it is said that a stage cannot be read; of several codes. */
    private static final Pattern UNREADABLE_STAGE =
            Pattern.compile("(?i)stage area|AWS_ROLE|AssumeRole|Access Denied|storage integration");

    /** How it is said that a privilege on a database is missing. */
    private static final Pattern ON_DATABASE = Pattern.compile("(?i)\\boperate on database\\b");

    /** A resource monitor has suspended the warehouse. */
    private static final int SPENT = 90_073;

    /** Of the driver. */
    private static final int WRONG_KEY = 200_048;

    private final SnowflakeOptions options;
    private final Connection connection;
    private final Consumer<String> sent;
    private String tag = "";
    private String last = "";

    private SnowflakeSession(SnowflakeOptions options, Connection connection, Consumer<String> sent) {
        this.options = options;
        this.connection = connection;
        this.sent = sent;
    }

    /**
     * Logs in.
     *
     * @param sent told of every statement
     * @throws Fault WORLD with what to look at, when the server does not let us in
     */
    static SnowflakeSession open(SnowflakeOptions options, Consumer<String> sent) {
        Connection connection = connect(options);
        SnowflakeSession session = new SnowflakeSession(options, connection, sent);
        try {
            session.requireEntered();
            // Results in JSON, since those in Arrow need the JVM opened; a lock is waited for as long as the job says.
            session.execute("ALTER SESSION SET TIMEZONE = 'UTC' QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE"
                    + " JDBC_QUERY_RESULT_FORMAT = 'JSON' DATE_OUTPUT_FORMAT = 'YYYY-MM-DD'"
                    + " TIMESTAMP_NTZ_OUTPUT_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6' BINARY_OUTPUT_FORMAT = 'HEX'"
                    + " LOCK_TIMEOUT = "
                    + Math.max(1, options.account().patience().toSeconds()));
            return session;
        } catch (SQLException e) {
            session.close();
            throw failure(options, "Cannot connect", e);
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    private static Connection connect(SnowflakeOptions options) {
        options.key().ifPresent(PrivateKeys::require);
        try {
            return driver().connect(url(options), properties(options));
        } catch (SQLException e) {
            throw failure(options, "Cannot connect", e);
        }
    }

    /** Not by DriverManager: it does not see drivers that spark-submit adds by --jars. */
    private static Driver driver() {
        return DRIVERS.stream()
                .flatMap(name -> driver(name).stream())
                .findFirst()
                .orElseThrow(() -> Fault.user("The Snowflake driver is not on the class path: add --packages"
                        + " net.snowflake:snowflake-jdbc:4.4.1 or its jar"));
    }

    private static Optional<Driver> driver(String name) {
        try {
            return Optional.of(Class.forName(name)
                    .asSubclass(Driver.class)
                    .getDeclaredConstructor()
                    .newInstance());
        } catch (ClassNotFoundException e) {
            return Optional.empty();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String url(SnowflakeOptions options) {
        return "jdbc:snowflake://" + host(options.account()) + ":"
                + options.account().port() + "/";
    }

    static String host(Snowflake account) {
        return account.host().orElseGet(() -> account.account() + ".snowflakecomputing.com");
    }

    private static Properties properties(SnowflakeOptions options) {
        Snowflake account = options.account();
        Properties properties = new Properties();
        properties.setProperty("account", account.account());
        properties.setProperty("user", account.user());
        if (account.connector() == Connector.SPARK_SNOWFLAKE) {
            // The driver of version 3 reads no key from text.
            options.key().ifPresent(key -> properties.put("privateKey", PrivateKeys.plain(key)));
        } else {
            options.key()
                    .ifPresent(key -> properties.setProperty(
                            "private_key_base64",
                            Base64.getEncoder().encodeToString(key.getBytes(StandardCharsets.UTF_8))));
        }
        options.passphrase().ifPresent(passphrase -> properties.setProperty("private_key_pwd", passphrase));
        options.password().ifPresent(password -> properties.setProperty("password", password));
        account.role().ifPresent(role -> properties.setProperty("role", atLogin(role)));
        properties.setProperty("warehouse", atLogin(account.warehouse()));
        properties.setProperty("db", atLogin(account.database()));
        properties.setProperty("application", "Millrace");
        properties.setProperty("ssl", account.tls() ? "on" : "off");
        properties.setProperty("loginTimeout", "60");
        // Neither is of use to us, and both ask servers that are not there.
        properties.setProperty("disablePlatformDetection", "true");
        properties.setProperty("CLIENT_TELEMETRY_ENABLED", "false");
        return properties;
    }

    /** A login goes well also where database or warehouse are not there, or not ours to use. */
    private void requireEntered() throws SQLException {
        Snowflake account = options.account();
        List<Optional<String>> found = rows(
                        "SELECT CURRENT_DATABASE(), CURRENT_WAREHOUSE()",
                        row -> List.of(Optional.ofNullable(row.getString(1)), Optional.ofNullable(row.getString(2))))
                .get(0);
        String place = "Cannot connect: " + options + ": ";
        if (found.get(0).isEmpty()) {
            throw Fault.world(place + "no such database, or the role may not use it: check warehouse.snowflake.database"
                    + " and role, or GRANT USAGE ON DATABASE " + account.database());
        }
        if (found.get(1).isEmpty()) {
            throw Fault.world(place + "no such warehouse as " + account.warehouse()
                    + ", or the role may not use it: check"
                    + " warehouse.snowflake.warehouse and role, or GRANT USAGE ON WAREHOUSE " + account.warehouse());
        }
    }

    /** Has the server note with each statement whose it is: JSON of job and run. */
    void tag(String json) throws SQLException {
        if (!tag.equals(json)) {
            execute("ALTER SESSION SET QUERY_TAG = " + literal(json));
            tag = json;
        }
    }

    private void tell(String sql) {
        last = sql;
        sent.accept(sql);
    }

    void execute(String sql) throws SQLException {
        tell(sql);
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Rows changed. */
    long update(String sql) throws SQLException {
        tell(sql);
        try (Statement statement = connection.createStatement()) {
            return statement.executeLargeUpdate(sql);
        }
    }

    /** A result that is small by construction. */
    <T> List<T> rows(String sql, RowReader<T> reader) throws SQLException {
        tell(sql);
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            return reader.all(result);
        }
    }

    /** As {@link #rows}; empty where the server knows nothing of what is asked for, which nobody has then. */
    <T> List<T> rowsWhereSupported(String sql, RowReader<T> reader) throws SQLException {
        try {
            return rows(sql, reader);
        } catch (SQLException e) {
            if (isUnsupported(e)) {
                return List.of();
            }
            throw e;
        }
    }

    /**
     * As {@link #rows}; empty where it asks for no feature of the account's edition. A word that the server does not know is
     * no answer here: this is for statements that every release understands.
     */
    <T> List<T> rowsWhereInEdition(String sql, RowReader<T> reader) throws SQLException {
        try {
            return rows(sql, reader);
        } catch (SQLException e) {
            if (UNSUPPORTED.equals(e.getSQLState())) {
                return List.of();
            }
            throw e;
        }
    }

    /**
     * Whether the server does not know at all of what was asked for: no feature of the account's edition or region, or a
     * word that this release does not know. To be forbidden is another thing.
     */
    static boolean isUnsupported(SQLException e) {
        return UNSUPPORTED.equals(e.getSQLState()) || e.getErrorCode() == SYNTAX;
    }

    long number(String sql) throws SQLException {
        return rows(sql, row -> row.getLong(1)).get(0);
    }

    /** A statement of a caller that reads a large result, or one that a person wrote. */
    Statement statement(String sql) throws SQLException {
        tell(sql);
        return connection.createStatement();
    }

    /** Begins a transaction that lasts until {@link #commit}; closing the session undoes it. */
    void begin() throws SQLException {
        execute("BEGIN TRANSACTION");
    }

    void commit() throws SQLException {
        execute("COMMIT");
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

    /** Whether there is no such object, or the role may not know. */
    static boolean isUnknown(SQLException e) {
        return e.getErrorCode() == UNKNOWN_OBJECT || e.getErrorCode() == UNKNOWN_OR_FORBIDDEN;
    }

    /** Whether the role has not the right that a statement needs, as far as the server tells. */
    static boolean isLacking(SQLException e) {
        return isUnknown(e) || e.getErrorCode() == FORBIDDEN || e.getErrorCode() == UNSEEN;
    }

    /** Whether nobody but the network is to blame. */
    static boolean isOfConnection(SQLException e) {
        return String.valueOf(e.getSQLState()).startsWith(CONNECTION);
    }

    /** The server's message on one line. */
    static String message(SQLException e) {
        return String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /** The role that this session has, as statements write it. */
    String role() throws SQLException {
        return exactly(rows("SELECT CURRENT_ROLE()", row -> row.getString(1)).get(0));
    }

    Fault failure(String what, SQLException e) {
        if (!isLacking(e) || !OwnSchema.isWhatLacks(last, message(e))) {
            return failure(options, what, e);
        }
        String grants;
        try {
            grants = OwnSchema.grants(stored(options.account().database()), role());
        } catch (SQLException again) {
            again.addSuppressed(e);
            return failure(options, what, again);
        }
        return Fault.world(
                what + ": " + options + ": " + message(e)
                        + ": live is as it was: run again where somebody dropped it meanwhile, else have the role granted"
                        + " what it needs there before: " + grants,
                e);
    }

    private static Fault failure(SnowflakeOptions options, String what, SQLException e) {
        String place = what + ": " + options + ": " + message(e);
        int code = e.getErrorCode();
        if (code == WRONG_PASSWORD
                || code == LOCKED_OUT
                || code == WRONG_TOKEN
                || (code >= FIRST_TOKEN_FAILURE && code <= LAST_TOKEN_FAILURE)) {
            return Fault.world(
                    place
                            + ": check warehouse.snowflake.account, user, and key or password; a key's public half must be"
                            + " the user's RSA_PUBLIC_KEY",
                    e);
        }
        if (code == WRONG_KEY) {
            // What the driver says of a key is not repeated.
            return Fault.world(what + ": " + options + ": warehouse.snowflake.key is no private key in PKCS#8 PEM, or"
                    + " key-passphrase is not its own");
        }
        if (isOfConnection(e) && code != UNKNOWN_ROLE) {
            return Fault.world(
                    place
                            + ": check warehouse.snowflake.account, host and port, and whether it can be reached; then run"
                            + " again",
                    e);
        }
        return switch (code) {
            case UNKNOWN_ROLE -> Fault.world(place + ": check warehouse.snowflake.role, or grant it to the user", e);
            case FORBIDDEN ->
                Fault.world(
                        place + ": have the role granted "
                                + (ON_DATABASE.matcher(message(e)).find()
                                        ? "what it needs there: GRANT CREATE SCHEMA ON DATABASE "
                                                + options.account().database()
                                        : "what is named there, or OWNERSHIP where nothing is: Snowflake's query history has"
                                                + " the statement, with job and run in QUERY_TAG")
                                + "; then run again",
                        e);
            case UNKNOWN_OBJECT, UNKNOWN_OR_FORBIDDEN ->
                Fault.world(place + ": make it, or have the role granted what it needs to use it, and run again", e);
            case NO_WAREHOUSE -> Fault.world(place + ": check warehouse.snowflake.warehouse, or resume it", e);
            case LOCK_TIMEOUT ->
                Fault.world(
                        place + ": another run works on the schema; live is as it was; run again, or raise"
                                + " warehouse.snowflake.patience",
                        e);
            case SPENT ->
                Fault.world(
                        place
                                + ": have the monitor's credit quota raised (ALTER RESOURCE MONITOR), or wait for its next"
                                + " interval; live is as it was; then run again",
                        e);
            default ->
                UNREADABLE_STAGE.matcher(message(e)).find()
                        ? Fault.world(
                                place + ": check the stage's URL, and the rights of its storage integration or keys on"
                                        + " the bucket; live is as it was; then run again",
                                e)
                        : Fault.world(
                                place
                                        + ": run again; where that does not help, look at the statement in Snowflake's query"
                                        + " history: QUERY_TAG there names job and run",
                                e);
        };
    }
}
