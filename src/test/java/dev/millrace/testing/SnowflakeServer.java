package dev.millrace.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;

/**
 * A Snowflake server on loopback for tests ({@code src/test/python/snowflake_server.py}), in a process of its own, started
 * at its first use in a JVM and gone with the JVM, however that ends. It speaks plain HTTP, asks for a password or a key,
 * and its external stages read from the {@link S3Server}.
 */
public final class SnowflakeServer {
    public static final String ACCOUNT = "test";

    /** May do everything, in the role ACCOUNTADMIN. */
    public static final String ADMIN = "ADMIN";

    /** What a job logs in as, and the role that it has. */
    public static final String LOADER = "LOADER";

    public static final String PASSWORD = "tell-nobody-7";
    public static final String WAREHOUSE = "LOAD_XS";

    /** A storage integration that may be used for every bucket, also by the loader. */
    public static final String INTEGRATION = "LANDING_S3";

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private static int port;

    private SnowflakeServer() {}

    /** Its port. Where its Python environment is not installed the test is left out. */
    public static synchronized int port() {
        if (port == 0) {
            Path home = Path.of(System.getProperty("millrace.home", "."));
            Path python = home.resolve("target/snowflake/bin/python");
            Assumptions.assumeTrue(
                    Files.isExecutable(python), "No Snowflake test server is installed: scripts/install-test-tools");
            try {
                port = start(home, python);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return port;
    }

    /** Makes a database in which the loader may make schemas, and returns its name. */
    public static String newDatabase() {
        String name = "TEST_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
        execute(
                ADMIN,
                "CREATE DATABASE " + name,
                "GRANT USAGE ON DATABASE " + name + " TO ROLE " + LOADER,
                "GRANT CREATE SCHEMA ON DATABASE " + name + " TO ROLE " + LOADER);
        return name;
    }

    /** Where drivers find it; without a password or key. */
    public static String url() {
        return url(port());
    }

    private static String url(int port) {
        return "jdbc:snowflake://127.0.0.1:" + port + "/";
    }

    /** What a driver needs beside user and password to talk to this server, quickly and without files of its own. */
    public static Properties properties() {
        Properties properties = new Properties();
        properties.put("account", ACCOUNT);
        properties.put("ssl", "off");
        properties.put("maxHttpRetries", "1");
        properties.put("CLIENT_TELEMETRY_ENABLED", "false");
        properties.put("disablePlatformDetection", "true");
        properties.put("disableOCSPChecks", "true");
        properties.put("JDBC_QUERY_RESULT_FORMAT", "JSON");
        return properties;
    }

    /** A connection of a user, in the role of the same name or the administrator's. */
    public static Connection connect(String user) {
        return connect(port(), user);
    }

    private static Connection connect(int port, String user) {
        Properties properties = properties();
        properties.put("user", user);
        properties.put("password", PASSWORD);
        properties.put("warehouse", WAREHOUSE);
        try {
            return DriverManager.getConnection(url(port), properties);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs statements on a connection of their own. */
    public static void execute(String user, String... statements) {
        execute(port(), user, statements);
    }

    /** The first column of a query's rows. */
    public static List<String> rows(String user, String sql) {
        try (Connection connection = connect(user);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                rows.add(result.getString(1));
            }
            return rows;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void execute(int port, String user, String... statements) {
        try (Connection connection = connect(port, user);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int start(Path home, Path python) throws IOException {
        Path work = Files.createDirectories(home.resolve("target/servers"));
        Path log = Files.createTempFile(work, "snowflake-", ".log");
        // The driver keeps certificates' states in the home folder otherwise.
        System.setProperty("net.snowflake.jdbc.ocspResponseCacheDir", work.toString());
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        // It ends with its own input, which ends with this JVM.
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        python.toString(),
                        home.resolve("src/test/python/snowflake_server.py").toString(),
                        Integer.toString(free)))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment()
                .putAll(Map.of(
                        "SNOWFLAKE_TEST_PASSWORD",
                        PASSWORD,
                        "SNOWFLAKE_TEST_IDLE_SECONDS",
                        "3",
                        "SNOWFLAKE_TEST_S3",
                        S3Server.front().uri().toString()));
        Process process = builder.start();
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!answers(free)) {
            if (!process.isAlive() || Instant.now().isAfter(deadline)) {
                process.destroyForcibly();
                throw new IllegalStateException("The Snowflake test server did not start:\n" + Files.readString(log));
            }
        }
        execute(
                free,
                ADMIN,
                "CREATE WAREHOUSE " + WAREHOUSE,
                "CREATE ROLE " + LOADER,
                "CREATE USER " + LOADER + " PASSWORD = '" + PASSWORD + "' DEFAULT_ROLE = " + LOADER,
                "GRANT ROLE " + LOADER + " TO USER " + LOADER,
                "GRANT USAGE ON WAREHOUSE " + WAREHOUSE + " TO ROLE " + LOADER,
                "CREATE STORAGE INTEGRATION " + INTEGRATION + " TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3'"
                        + " STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::1:role/none' ENABLED = TRUE"
                        + " STORAGE_ALLOWED_LOCATIONS = ('s3://')",
                "GRANT USAGE ON INTEGRATION " + INTEGRATION + " TO ROLE " + LOADER);
        return free;
    }

    private static boolean answers(int at) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), at)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }
}
