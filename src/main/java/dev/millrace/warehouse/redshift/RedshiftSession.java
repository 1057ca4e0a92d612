package dev.millrace.warehouse.redshift;

import com.amazon.redshift.util.RedshiftException;
import com.amazon.redshift.util.ServerErrorMessage;
import dev.millrace.fault.Fault;
import dev.millrace.warehouse.sql.SqlSession;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;

/** A connection to Redshift. */
final class RedshiftSession extends SqlSession {
    private static final String AUTHORIZATION = "28";
    private static final String CONNECTION = "08";
    private static final String UNKNOWN_DATABASE = "3D000";
    private static final String SHUTDOWN = "57P";
    private static final String DISK_FULL = "53100";
    private static final String QUERY_CANCELED = "57014";
    private static final String SERIALIZATION_FAILURE = "40001";
    private static final String DEADLOCK = "40P01";

    private final RedshiftOptions options;

    private RedshiftSession(RedshiftOptions options, Connection connection) {
        super(connection);
        this.options = options;
    }

    /** @throws Fault WORLD with what to look at, when the server does not let us in */
    static RedshiftSession open(RedshiftOptions options) {
        try {
            // Not by DriverManager: it does not see drivers that spark-submit adds by --jars.
            Connection connection = new com.amazon.redshift.Driver().connect(url(options), properties(options));
            RedshiftSession session = new RedshiftSession(options, connection);
            try {
                // The catalog alone: views are shown with names in full.
                session.execute("SET search_path TO pg_catalog");
                session.execute("SET timezone TO 'UTC'");
                session.execute("SET datestyle TO 'ISO'");
                session.waitAtMost(Duration.ZERO);
            } catch (SQLException e) {
                session.close();
                throw e;
            }
            return session;
        } catch (NoClassDefFoundError e) {
            throw Fault.user("The Redshift driver is not on the class path: add --packages"
                    + " com.amazon.redshift:redshift-jdbc42 or its jar");
        } catch (SQLException e) {
            throw failure(options, "Cannot connect", e, List.of());
        }
    }

    private static String url(RedshiftOptions options) {
        return "jdbc:redshift://" + options.server().host() + ":"
                + options.server().port() + "/"
                + URLEncoder.encode(options.server().database(), StandardCharsets.UTF_8);
    }

    /** <a href="https://docs.aws.amazon.com/redshift/latest/mgmt/jdbc20-configuration-options.html">Options</a>. */
    private static Properties properties(RedshiftOptions options) {
        Properties properties = new Properties();
        properties.setProperty("user", options.server().user());
        properties.setProperty("password", options.password());
        properties.setProperty("ApplicationName", "Millrace");
        properties.setProperty("connectTimeout", "30");
        properties.setProperty("tcpKeepAlive", "true");
        // Numbers as the server writes them.
        properties.setProperty("binarytransfer", "false");
        switch (options.server().tls()) {
            case VERIFY_FULL -> properties.setProperty("sslmode", "verify-full");
            case REQUIRE -> properties.setProperty("sslfactory", "com.amazon.redshift.ssl.NonValidatingFactory");
            case DISABLE -> properties.setProperty("ssl", "false");
        }
        return properties;
    }

    /** The database's name, as the views of the catalog have it. */
    String database() throws SQLException {
        return rows("SELECT current_database()", row -> row.getString(1)).get(0);
    }

    @Override
    public String message(SQLException e) {
        return text(e);
    }

    private static String text(SQLException e) {
        Optional<ServerErrorMessage> server =
                Optional.ofNullable(e instanceof RedshiftException r ? r.getServerErrorMessage() : null);
        return oneLine(server.map(ServerErrorMessage::getMessage).orElseGet(() -> String.valueOf(e.getMessage())));
    }

    /**
     * How long a statement may take from here on, since Redshift has no setting for locks alone; zero sets no end. It is undone
     * where its transaction is.
     *
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_statement_timeout.html">statement_timeout</a>
     */
    void waitAtMost(Duration time) throws SQLException {
        execute("SET statement_timeout TO " + time.toMillis());
    }

    /**
     * Whether a transaction failed because of others and may succeed when it is repeated: a serializable conflict, a
     * deadlock, or a lock that was not got in time.
     *
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html">error 1023</a>
     */
    static boolean isPassing(SQLException e) {
        String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        return is(e, SERIALIZATION_FAILURE, DEADLOCK, QUERY_CANCELED)
                || text.contains("serializable isolation violation")
                || text.contains("deadlock detected");
    }

    /** Whether a statement took longer than it was given. */
    static boolean isOutOfTime(SQLException e) {
        return is(e, QUERY_CANCELED);
    }

    /** Whether something that a statement names is not there. */
    static boolean isMissing(SQLException e) {
        return is(e, "42P01", "3F000");
    }

    /** Whether the user has no right to it. */
    static boolean isForbidden(SQLException e) {
        return is(e, INSUFFICIENT_PRIVILEGE);
    }

    /**
     * Whether the role of a COPY may not be taken, or may not read the files.
     *
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-access-permissions.html">permissions to
     *     access other AWS resources</a>
     */
    static boolean isDeniedByS3(SQLException e) {
        String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        return text.contains("accessdenied")
                || (text.contains("s3serviceexception") && text.contains("access denied"))
                || (text.contains("not authorized") && text.contains("role"));
    }

    /**
     * Whether a schema has taken more than it may, which the server finds at the end of a transaction. Its words are not
     * documented: they are those that others were told.
     *
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_SCHEMA.html">CREATE SCHEMA</a>, QUOTA
     */
    static boolean isOverQuota(SQLException e) {
        return text(e).toLowerCase(Locale.ROOT).contains("disk space quota");
    }

    static boolean isOutOfSpace(SQLException e) {
        return is(e, DISK_FULL) || text(e).toLowerCase(Locale.ROOT).contains("disk full");
    }

    /** Whether the connection is gone, or was not to be had. */
    static boolean isLost(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.startsWith(CONNECTION) || state.startsWith(SHUTDOWN);
    }

    /** Whether a COPY may have failed of one of its files, so that the others can be loaded. */
    static boolean isPerhapsOfAFile(SQLException e) {
        return !isPassing(e) && !isLost(e) && !isForbidden(e) && !isOverQuota(e) && !isOutOfSpace(e);
    }

    /** Whether two made the same thing at once. */
    static boolean isMadeTwice(SQLException e) {
        return is(e, "23505", "42P06", "42P07");
    }

    @Override
    protected Fault failure(String what, SQLException e, List<String> grants) {
        return failure(options, what, e, grants);
    }

    private static Fault failure(RedshiftOptions options, String what, SQLException e, List<String> grants) {
        String place = what + ": Redshift at " + options.server().host() + ":"
                + options.server().port() + ", database " + options.server().database() + ", user "
                + options.server().user() + ": " + text(e);
        String state = String.valueOf(e.getSQLState());
        if (state.startsWith(AUTHORIZATION)) {
            return Fault.world(place + ": check warehouse.redshift.user and password", e);
        }
        if (isLost(e)) {
            return Fault.world(place + ": check host, port and tls, and whether the cluster is up; then run again", e);
        }
        if (isOverQuota(e)) {
            return Fault.world(
                    place + ": have a superuser raise it"
                            + (grants.isEmpty() ? " (ALTER SCHEMA … QUOTA …)" : ": " + String.join("; ", grants))
                            + ", and run again; live is as it was",
                    e);
        }
        if (isDeniedByS3(e)) {
            return Fault.world(
                    place + ": have the role that warehouse.redshift.iam-role names attached to the cluster, and let it"
                            + " list and read what is at staging.at (s3:ListBucket, s3:GetObject, kms:Decrypt), and run"
                            + " again; live is as it was",
                    e);
        }
        if (isOutOfSpace(e)) {
            return Fault.world(place + ": make room, and run again; live is as it was", e);
        }
        if (state.equals(UNKNOWN_DATABASE)) {
            return Fault.world(place + ": create it, or check warehouse.redshift.database", e);
        }
        if (state.equals(INSUFFICIENT_PRIVILEGE)) {
            return Fault.world(place + toBeGranted(options.server().user(), grants), e);
        }
        return isPassing(e)
                ? Fault.world(
                        place + ": other transactions are in the way; live is as it was; run again, or raise"
                                + " warehouse.redshift.patience",
                        e)
                : Fault.world(place + ": mend what the server says, and run again", e);
    }
}
