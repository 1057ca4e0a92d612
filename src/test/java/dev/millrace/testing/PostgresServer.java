package dev.millrace.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.config.WarehouseSettings.Dependents;
import dev.millrace.config.WarehouseSettings.Postgres;
import dev.millrace.config.WarehouseSettings.Tls;
import dev.millrace.warehouse.postgres.PostgresOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A PostgreSQL server on loopback for tests, in processes of its own, started at its first use in a JVM and gone with the
 * JVM, however that ends. It asks for a password; its files are on a disk and never synced to it. To those who ask it talks
 * TLS, by a certificate that it has signed itself, for {@value #NAME} and 127.0.0.1.
 */
public final class PostgresServer {
    /** Owns every database. */
    public static final String ADMIN = "admin";

    /** What a job logs in as. */
    public static final String LOADER = "loader";

    public static final String PASSWORD = "tell-nobody-5";

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final AtomicInteger DATABASES = new AtomicInteger();

    /** A name that its certificate has, and that no network knows. */
    public static final String NAME = "db.millrace.test";

    private static int port;
    private static Path certificate;
    private static Path folder;

    private PostgresServer() {}

    /** Its port. Where PostgreSQL is not installed the test is left out. */
    public static synchronized int port() {
        if (port == 0) {
            Optional<Path> programs = programs();
            Assumptions.assumeTrue(programs.isPresent(), "PostgreSQL 15 is not installed: apt-get install postgresql");
            try {
                port = start(programs.get());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return port;
    }

    /** Its version, as in 15. */
    public static int major() {
        try (Connection connection = connect("postgres", ADMIN)) {
            return connection.getMetaData().getDatabaseMajorVersion();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Its certificate, which is its own authority. */
    public static synchronized Path certificate() {
        port();
        return certificate;
    }

    /** Where its files are; belongs to the user that it runs as. */
    public static synchronized Path folder() {
        port();
        return folder;
    }

    /** Makes it talk TLS or not, with connections that begin from now on. */
    public static void setTls(boolean on) {
        execute("postgres", ADMIN, "ALTER SYSTEM SET ssl = " + (on ? "on" : "off"), "SELECT pg_reload_conf()");
        try {
            boolean isOn = !on;
            while (isOn != on) {
                try (Connection connection = connect("postgres", ADMIN);
                        Statement statement = connection.createStatement();
                        ResultSet found = statement.executeQuery("SHOW ssl")) {
                    found.next();
                    isOn = found.getString(1).equals("on");
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Makes a database in which the loader may make schemas, and returns its name. */
    public static String newDatabase() {
        String name = "test_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
        execute("postgres", ADMIN, "CREATE DATABASE " + name);
        execute("postgres", ADMIN, "GRANT CREATE ON DATABASE " + name + " TO " + LOADER);
        return name;
    }

    /** How the loader reaches a database of the server at a port. */
    public static PostgresOptions options(int port, String database) {
        return options(port, database, 2, Duration.ofSeconds(30));
    }

    /** The same with other settings. */
    public static PostgresOptions options(int port, String database, int streams, Duration patience) {
        return new PostgresOptions(
                new Postgres(
                        "127.0.0.1",
                        port,
                        database,
                        LOADER,
                        Optional.empty(),
                        Tls.DISABLE,
                        Optional.empty(),
                        streams,
                        patience,
                        Dependents.RECREATE),
                Optional.of(PASSWORD));
    }

    /** A connection of a user. */
    public static Connection connect(String database, String user) {
        return connect(port(), database, user);
    }

    private static Connection connect(int port, String database, String user) {
        try {
            return DriverManager.getConnection(url(port, database), user, PASSWORD);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String url(int port, String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?sslmode=disable";
    }

    /** Runs statements, each in a transaction of its own. */
    public static void execute(String database, String user, String... statements) {
        try (Connection connection = connect(database, user);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The folder of {@code initdb} and {@code postgres}; {@code -Dmillrace.postgres} names that of another version. */
    private static Optional<Path> programs() {
        Optional<Path> named =
                Optional.ofNullable(System.getProperty("millrace.postgres")).map(Path::of);
        if (named.isPresent()) {
            return named;
        }
        Path debian = Path.of("/usr/lib/postgresql");
        if (!Files.isDirectory(debian)) {
            return Stream.of(System.getenv("PATH").split(":", -1))
                    .map(Path::of)
                    .filter(p -> Files.isExecutable(p.resolve("initdb")) && Files.isExecutable(p.resolve("postgres")))
                    .findFirst();
        }
        try (Stream<Path> versions = Files.list(debian)) {
            return versions.map(v -> v.resolve("bin"))
                    .filter(p -> Files.isExecutable(p.resolve("initdb")))
                    .max(Comparator.comparing(Path::toString));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int start(Path programs) throws IOException {
        Path work = Files.createTempDirectory("millrace-postgres-");
        Path password = Files.writeString(work.resolve("password"), PASSWORD);
        Certificates.write(work, "server", "DNS:" + NAME + ",IP:127.0.0.1");
        certificate = work.resolve("server.crt");
        folder = work;
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        // The server refuses to be root, and ends with the shell's own input, which ends with this JVM.
        String script =
                "set -e; as=(); if [[ $(id -u) == 0 ]]; then user=nobody; id -u postgres >/dev/null 2>&1 && user=postgres;"
                        + " chown -R $user \"$1\"; as=(setpriv --reuid=$user --clear-groups); fi; cd \"$1\";"
                        + " \"${as[@]}\" \"$2/initdb\" -D data -U " + ADMIN
                        + " --pwfile=\"$3\" -A md5 -E UTF8 --locale=C"
                        + " --no-sync >initdb.log 2>&1;"
                        + " printf \"ssl = on\\nssl_cert_file = '%s/server.crt'\\nssl_key_file = '%s/server.key'\\n\" \"$1\" \"$1\""
                        + " >>data/postgresql.conf;"
                        + " \"${as[@]}\" \"$2/postgres\" -D data -p $4 -c listen_addresses=127.0.0.1 -c unix_socket_directories="
                        + " -c fsync=off -c max_connections=60 -c shared_buffers=64MB </dev/null >server.log 2>&1 & server=$!;"
                        + " (cat >/dev/null; kill -QUIT $server 2>/dev/null; sleep 1; rm -rf \"$1\") <&0 & wait $server";
        Process process = new ProcessBuilder(List.of(
                        "bash",
                        "-c",
                        script,
                        "postgres",
                        work.toString(),
                        programs.toString(),
                        password.toString(),
                        Integer.toString(free)))
                .redirectErrorStream(true)
                .redirectOutput(work.resolve("shell.log").toFile())
                .start();
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!answers(free)) {
            if (!process.isAlive() || Instant.now().isAfter(deadline)) {
                process.destroyForcibly();
                throw new IllegalStateException("PostgreSQL did not start:\n" + logs(work));
            }
        }
        try (Connection connection = connect(free, "postgres", ADMIN);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE ROLE " + LOADER + " LOGIN PASSWORD '" + PASSWORD + "'");
            statement.execute("GRANT pg_read_all_stats TO " + LOADER);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return free;
    }

    private static boolean answers(int at) {
        try (Connection connection = DriverManager.getConnection(url(at, "postgres"), ADMIN, PASSWORD)) {
            return connection.isValid(5);
        } catch (SQLException notYet) {
            return false;
        }
    }

    private static String logs(Path work) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String name : List.of("shell.log", "initdb.log", "server.log")) {
            if (Files.exists(work.resolve(name))) {
                all.append(Files.readString(work.resolve(name), UTF_8));
            }
        }
        return all.toString();
    }
}
