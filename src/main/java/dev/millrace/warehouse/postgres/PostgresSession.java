package dev.millrace.warehouse.postgres;

import dev.millrace.config.WarehouseSettings.Postgres;
import dev.millrace.config.WarehouseSettings.Tls;
import dev.millrace.fault.Fault;
import dev.millrace.warehouse.sql.SqlSession;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import javax.net.ssl.SSLException;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** A connection to PostgreSQL. */
final class PostgresSession extends SqlSession {
    /** <a href="https://www.postgresql.org/docs/15/errcodes-appendix.html">Error codes of PostgreSQL</a>. */
    static final String LOCK_NOT_AVAILABLE = "55P03";

    static final String QUERY_CANCELED = "57014";
    private static final String DUPLICATE_OBJECT = "42710";
    private static final String DUPLICATE_TABLE = "42P07";
    private static final String UNKNOWN_DATABASE = "3D000";
    private static final String DISK_FULL = "53100";
    private static final String READ_ONLY = "25006";
    private static final String AUTHORIZATION = "28";
    private static final String CONNECTION = "08";

    /** The driver's own: the server has no TLS. */
    private static final String CONNECTION_REJECTED = "08004";

    private final PostgresOptions options;

    private PostgresSession(PostgresOptions options, Connection connection) {
        super(connection);
        this.options = options;
    }

    /** @throws Fault WORLD with what to look at, when the server does not let us in */
    static PostgresSession open(PostgresOptions options) {
        try {
            // Not by DriverManager: it does not see drivers that spark-submit adds by --jars.
            Connection connection = new org.postgresql.Driver().connect(url(options), properties(options));
            PostgresSession session = new PostgresSession(options, connection);
            try {
                // What a role or a database may have set otherwise. A transaction that waits for others has to see what
                // they did meanwhile.
                session.execute("SET search_path = ''; SET TIME ZONE 'UTC'; SET datestyle = 'ISO';"
                        + " SET bytea_output = 'hex'; SET standard_conforming_strings = on;"
                        // Not all versions have all of them.
                        + " SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN"
                        + " ('statement_timeout', 'transaction_timeout', 'idle_session_timeout',"
                        + " 'idle_in_transaction_session_timeout');"
                        + " SET default_transaction_isolation = 'read committed';"
                        + " SET lock_timeout = " + options.server().patience().toMillis());
            } catch (SQLException e) {
                session.close();
                throw e;
            }
            return session;
        } catch (NoClassDefFoundError e) {
            throw Fault.user("The PostgreSQL driver is not on the class path: add --packages org.postgresql:postgresql"
                    + " or its jar");
        } catch (SQLException e) {
            throw failure(options, "Cannot connect", e, List.of());
        }
    }

    private static String url(PostgresOptions options) {
        return "jdbc:postgresql://" + options.server().host() + ":"
                + options.server().port() + "/"
                + URLEncoder.encode(options.server().database(), StandardCharsets.UTF_8);
    }

    private static Properties properties(PostgresOptions options) {
        Properties properties = new Properties();
        properties.setProperty("user", options.server().user());
        options.password().ifPresent(password -> properties.setProperty("password", password));
        properties.setProperty("ApplicationName", "Millrace");
        properties.setProperty("connectTimeout", "30");
        properties.setProperty("tcpKeepAlive", "true");
        switch (options.server().tls()) {
            case VERIFY_FULL -> {
                properties.setProperty("sslmode", "verify-full");
                if (options.server().certificates().isPresent()) {
                    properties.setProperty(
                            "sslrootcert", options.server().certificates().get().toString());
                } else {
                    properties.setProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
                }
            }
            case REQUIRE -> properties.setProperty("sslmode", "require");
            case DISABLE -> properties.setProperty("sslmode", "disable");
        }
        return properties;
    }

    /** Begins a COPY from what is written next. */
    CopyIn copyIn(String sql) throws SQLException {
        return connection().unwrap(PGConnection.class).getCopyAPI().copyIn(sql);
    }

    @Override
    public String message(SQLException e) {
        return text(e);
    }

    private static String text(SQLException e) {
        Optional<ServerErrorMessage> server =
                Optional.ofNullable(e instanceof PSQLException p ? p.getServerErrorMessage() : null);
        return oneLine(server.map(ServerErrorMessage::getMessage).orElseGet(() -> String.valueOf(e.getMessage())));
    }

    /** Where in a COPY it failed, as the server tells it: {@code COPY orders, line 3, column price: "..."}. */
    static Optional<String> where(SQLException e) {
        return e instanceof PSQLException p && p.getServerErrorMessage() != null
                ? Optional.ofNullable(p.getServerErrorMessage().getWhere())
                : Optional.empty();
    }

    /** Whether it failed for what a row holds: its value, a constraint or its size; not for want of space, say. */
    static boolean isOfValue(SQLException e) {
        return isOfClass(e, "22", "23", "54");
    }

    /** Whether a failure is of one of these classes, by the first two characters of its SQLSTATE. */
    private static boolean isOfClass(SQLException e, String... classes) {
        return List.of(classes).contains(String.format("%.2s", e.getSQLState()));
    }

    /** Whether a definition failed for what types can do, not for a row, a right, or a name that is taken. */
    static boolean isOfType(SQLException e) {
        return isOfClass(e, "0A", "42") && !is(e, INSUFFICIENT_PRIVILEGE, DUPLICATE_OBJECT, DUPLICATE_TABLE);
    }

    /**
     * Whether a statement failed for the server's state and may succeed when it is repeated: the connection is lost, another
     * transaction is in the way, memory or room is short, it was ended by a person, or the system failed.
     */
    static boolean isPassing(SQLException e) {
        return isOfClass(e, CONNECTION, "40", "53", "57", "58") || is(e, LOCK_NOT_AVAILABLE);
    }

    /** What to do where the connection could not be protected as {@code tls} says; empty for all other failures. */
    private static Optional<String> protection(Postgres server, SQLException e) {
        String said = String.valueOf(e.getMessage());
        if (server.tls() == Tls.DISABLE || !String.valueOf(e.getSQLState()).startsWith(CONNECTION)) {
            return Optional.empty();
        }
        if (e.getCause() instanceof SSLException) {
            return Optional.of(
                    server.certificates().isPresent()
                            ? "is its certificate of an authority in "
                                    + server.certificates().get() + " (warehouse.postgres.certificates)?"
                            : "its certificate is of no authority that this JVM trusts: name a file with the right one by"
                                    + " warehouse.postgres.certificates");
        }
        // The driver's texts are translated; the name of its class is not.
        if (said.contains("HostnameVerifier")) {
            return Optional.of("its certificate is for other names: set warehouse.postgres.host to one of those");
        }
        if (is(e, CONNECTION_REJECTED)) {
            return Optional.of("have TLS switched on there (ssl = on); only where nobody else can listen,"
                    + " warehouse.postgres.tls: disable does without");
        }
        return Optional.empty();
    }

    @Override
    protected Fault failure(String what, SQLException e, List<String> grants) {
        return failure(options, what, e, grants);
    }

    private static Fault failure(PostgresOptions options, String what, SQLException e, List<String> grants) {
        String place = what + ": PostgreSQL at " + options.server().host() + ":"
                + options.server().port() + ", database " + options.server().database() + ", user "
                + options.server().user() + ": " + text(e);
        String state = String.valueOf(e.getSQLState());
        if (state.startsWith(AUTHORIZATION)) {
            return Fault.world(place + ": check warehouse.postgres.user and password", e);
        }
        Optional<String> protection = protection(options.server(), e);
        if (protection.isPresent()) {
            return Fault.world(place + ": " + protection.get(), e);
        }
        if (state.startsWith(CONNECTION)) {
            return Fault.world(place + ": check host, port and tls, and whether the server is up; then run again", e);
        }
        return switch (state) {
            case UNKNOWN_DATABASE -> Fault.world(place + ": create it, or check warehouse.postgres.database", e);
            case INSUFFICIENT_PRIVILEGE ->
                Fault.world(place + toBeGranted(options.server().user(), grants), e);
            case READ_ONLY ->
                Fault.world(
                        place + ": name the primary by warehouse.postgres.host where this is a standby; else take"
                                + " default_transaction_read_only from the user or the database; then run again",
                        e);
            case DISK_FULL -> Fault.world(place + ": make room, and run again; live is as it was", e);
            case LOCK_NOT_AVAILABLE, QUERY_CANCELED ->
                Fault.world(place + ": another session holds what is needed; live is as it was; run again", e);
            default -> Fault.world(place + ": mend what the server says, and run again", e);
        };
    }
}
