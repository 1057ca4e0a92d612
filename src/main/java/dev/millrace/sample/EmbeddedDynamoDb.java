package dev.millrace.sample;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.fault.Fault;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/**
 * DynamoDB Local as a process of its own on the loopback interface, kept up between runs.
 *
 * <p>All that use one folder agree on one server, whichever process started it: {@code server.json} there says where it
 * listens, and the server holds a lock on {@code server.alive} as long as it lives. Its tables are in memory and end
 * with it: at {@link #stop()}, or when nobody has used it for the idle limit.
 */
public final class EmbeddedDynamoDb {
    /** How long an unused server stays up. */
    public static final Duration IDLE_LIMIT = Duration.ofMinutes(30);
    /** The region of every client of an embedded server; it keeps one set of tables for all regions. */
    public static final Region REGION = Region.US_EAST_1;

    static final String STATE = "server.json";
    static final String LOCK = "server.lock";
    static final String ALIVE = "server.alive";
    static final String LAST_USED = "last-used";

    /** Each server unpacks its SQLite library there and leaves it when it is killed. */
    private static final String TEMPORARY = "tmp";

    private static final String LOG = "server.log";
    private static final Duration START_LIMIT = Duration.ofSeconds(20);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(10);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);
    private static final int LOG_LINES = 12;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final Supplier<String> classPath;
    private final Duration idleLimit;
    private final long owner;
    private final Duration answerLimit;

    /**
     * The server of an installation, which stops after {@link #IDLE_LIMIT} without use.
     *
     * @param home the installation's folder; the server's files are in {@code data/dynamodb-local} below it
     * @param classPath gives DynamoDB Local's own class path; asked only when a server has to be started
     */
    public EmbeddedDynamoDb(Path home, Supplier<String> classPath) {
        this(home, classPath, IDLE_LIMIT);
    }

    /** As above, with another idle limit. */
    public EmbeddedDynamoDb(Path home, Supplier<String> classPath, Duration idleLimit) {
        this(home.toAbsolutePath().resolve("data").resolve("dynamodb-local"), classPath, idleLimit, 0, ANSWER_LIMIT);
    }

    private EmbeddedDynamoDb(
            Path folder, Supplier<String> classPath, Duration idleLimit, long owner, Duration answerLimit) {
        if (idleLimit.isNegative() || idleLimit.isZero()) {
            throw new IllegalArgumentException("Invalid idle limit: " + idleLimit + ": must be positive");
        }
        this.folder = folder;
        this.classPath = classPath;
        this.idleLimit = idleLimit;
        this.owner = owner;
        this.answerLimit = answerLimit;
    }

    /** The same, but a server it starts also ends with the process of this id, however that ends. */
    public EmbeddedDynamoDb endingWith(long pid) {
        return new EmbeddedDynamoDb(folder, classPath, idleLimit, pid, answerLimit);
    }

    /** The same, but a server that does not answer for this long hangs; else it is 10 seconds. */
    EmbeddedDynamoDb waitingAtMost(Duration limit) {
        return new EmbeddedDynamoDb(folder, classPath, idleLimit, owner, limit);
    }

    /** A living server: its process, its port on 127.0.0.1 and the time it was ready. */
    public record Server(long pid, int port, Instant started) {
        public URI endpoint() {
            return URI.create("http://127.0.0.1:" + port);
        }
    }

    /**
     * The living server, or a new one, ready for requests.
     *
     * @throws Fault of the world when a new one is not ready within 20 seconds, with the end of its log
     */
    public Server start() {
        return alone(() -> {
            touch();
            if (isAlive()) {
                // Where it is not announced yet, its starter was killed while it came up.
                Optional<Server> server = read().isPresent() ? read().filter(this::answers) : await(() -> !isAlive());
                if (server.isPresent()) {
                    return server.get();
                }
                end();
            }
            return launch();
        });
    }

    /** The living server, if there is one. */
    public Optional<Server> find() {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        return alone(() -> isAlive() ? read().filter(this::answers) : Optional.empty());
    }

    /** Stops the living server and says whether there was one. */
    public boolean stop() {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        return alone(() -> isAlive() && end());
    }

    /** Keeps the server from being idle until closed. Closing throws nothing. */
    public KeepAlive keepAlive() {
        touch();
        long pause = Math.max(10, Math.min(60_000, idleLimit.toMillis() / 4));
        Thread thread = new Thread(
                () -> {
                    while (!Thread.currentThread().isInterrupted()) {
                        try {
                            TimeUnit.MILLISECONDS.sleep(pause);
                        } catch (InterruptedException e) {
                            return;
                        }
                        touch();
                    }
                },
                "dynamodb-local-keep-alive");
        thread.setDaemon(true);
        thread.start();
        return thread::interrupt;
    }

    /** Ends with {@link #close()}. */
    @FunctionalInterface
    public interface KeepAlive extends AutoCloseable {
        @Override
        void close();
    }

    /** A client of an embedded server, with credentials that mean nothing. */
    public static DynamoDbClient client(URI endpoint) {
        return DynamoDbClient.builder()
                .endpointOverride(endpoint)
                .region(REGION)
                .credentialsProvider(
                        StaticCredentialsProvider.create(AwsBasicCredentials.create("embedded", "embedded")))
                .httpClientBuilder(ApacheHttpClient.builder())
                .build();
    }

    private Server launch() throws IOException {
        Files.deleteIfExists(folder.resolve(STATE));
        deleteOldCopies();
        Path log = folder.resolve(LOG);
        Process process = new ProcessBuilder(command())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(log.toFile())
                .start();
        // A server whose starter was killed may have come before ours, which then ends: that one will do.
        Optional<Server> server = await(() -> !process.isAlive() && !isAlive());
        if (server.isPresent()) {
            return server.get();
        }
        if (!process.isAlive()) {
            throw Fault.world("DynamoDB Local ended with exit code " + process.exitValue()
                    + " instead of starting; the end of " + log + ":" + lastLines(log));
        }
        process.destroyForcibly();
        throw Fault.world("DynamoDB Local was not ready after " + START_LIMIT.toSeconds() + " s; the end of " + log
                + ":" + lastLines(log));
    }

    /** The server once it is announced and answers; none when it is lost or the limit has passed. */
    private Optional<Server> await(Action<Boolean> lost) throws IOException {
        Instant deadline = Instant.now().plus(START_LIMIT);
        while (Instant.now().isBefore(deadline)) {
            Optional<Server> server = read().filter(this::answers);
            if (server.isPresent()) {
                return server;
            }
            if (lost.run()) {
                break;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw Fault.world("Interrupted while DynamoDB Local was starting", e);
            }
        }
        return Optional.empty();
    }

    /**
     * Neither Ctrl-C nor the end of the terminal reaches the server: it has a session of its own where there is
     * {@code setsid}, and ignores both signals where there is not. {@code exec} keeps the process id.
     */
    private List<String> command() throws IOException {
        Path classes = copyOfServerClass();
        return List.of(
                "/bin/sh",
                "-c",
                "trap '' HUP INT; command -v setsid >/dev/null && exec setsid \"$@\"; exec \"$@\"",
                "dynamodb-local",
                java(),
                // For a table of this size the second compiler costs more than it saves: 9 CPU seconds against 19 to
                // fill and scan the sample shop.
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx1g",
                "-Djava.io.tmpdir=" + folder.resolve(TEMPORARY),
                "-cp",
                classPath.get() + File.pathSeparator + classes,
                DynamoDbServer.class.getName(),
                folder.toString(),
                Long.toString(idleLimit.toMillis()),
                Long.toString(owner));
    }

    /** The Java of this process: its path needs no system property this way. */
    private static String java() {
        return ProcessHandle.current()
                .info()
                .command()
                .filter(command -> command.endsWith("/java"))
                .orElse("java");
    }

    private void deleteOldCopies() throws IOException {
        Path temporary = Files.createDirectories(folder.resolve(TEMPORARY));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(temporary, "sqlite-*")) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }

    /**
     * A folder with the server's class alone. Our jar stays off that class path: it would mix two sets of libraries,
     * and it may be built anew while the server runs.
     */
    private Path copyOfServerClass() throws IOException {
        String name = DynamoDbServer.class.getName().replace('.', '/') + ".class";
        Path classes = folder.resolve("classes");
        Path target = classes.resolve(name);
        Files.createDirectories(target.getParent());
        try (InputStream in = DynamoDbServer.class.getClassLoader().getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("Missing class file: " + name);
            }
            Files.copy(in, target, StandardCopyOption.REPLACE_EXISTING);
        }
        return classes;
    }

    private boolean isAlive() throws IOException {
        try (FileChannel channel = open(ALIVE);
                FileLock lock = channel.tryLock()) {
            return lock == null;
        }
    }

    private Optional<Server> read() throws IOException {
        Path state = folder.resolve(STATE);
        if (!Files.exists(state)) {
            return Optional.empty();
        }
        JsonNode node = JSON.readTree(state.toFile());
        return Optional.of(new Server(
                node.path("pid").asLong(),
                node.path("port").asInt(),
                Instant.parse(node.path("started").asText())));
    }

    private boolean answers(Server server) {
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) server.endpoint().toURL().openConnection();
            connection.setConnectTimeout((int) answerLimit.toMillis());
            connection.setReadTimeout((int) answerLimit.toMillis());
            // An unsigned request is refused with 400, and that is an answer.
            return connection.getResponseCode() == HttpURLConnection.HTTP_BAD_REQUEST;
        } catch (IOException e) {
            return false;
        }
    }

    /** Ends the process that holds the lock of the living. */
    private boolean end() throws IOException {
        String pid = Files.readString(folder.resolve(ALIVE), StandardCharsets.US_ASCII);
        Files.deleteIfExists(folder.resolve(STATE));
        Optional<ProcessHandle> process = pid.isEmpty() ? Optional.empty() : ProcessHandle.of(Long.parseLong(pid));
        if (process.isEmpty()) {
            return false;
        }
        // Its tables are in memory: there is nothing to save.
        process.get().destroyForcibly();
        try {
            process.get().onExit().get(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw Fault.world(
                    "Cannot stop DynamoDB Local: process " + pid + " is still there; end it and try again", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.world("Interrupted while DynamoDB Local was stopping", e);
        }
        deleteOldCopies();
        return true;
    }

    private static String lastLines(Path log) throws IOException {
        List<String> lines = Files.exists(log)
                ? new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                        .lines()
                        .toList()
                : List.of();
        StringBuilder text = new StringBuilder();
        for (String line : lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size())) {
            text.append(System.lineSeparator()).append("  ").append(line);
        }
        return text.isEmpty() ? " (empty)" : text.toString();
    }

    private void touch() {
        Path lastUsed = folder.resolve(LAST_USED);
        try {
            Files.createDirectories(folder);
            if (Files.exists(lastUsed)) {
                Files.setLastModifiedTime(lastUsed, FileTime.from(Instant.now()));
            } else {
                Files.write(lastUsed, new byte[0], StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            }
        } catch (IOException e) {
            throw Fault.world("Cannot write " + lastUsed + ": " + e.getMessage(), e);
        }
    }

    private FileChannel open(String name) throws IOException {
        return FileChannel.open(folder.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** One starter or stopper at a time: among processes by the lock file, within this one by the monitor. */
    private <T> T alone(Action<T> action) {
        synchronized (EmbeddedDynamoDb.class) {
            try {
                Files.createDirectories(folder);
                try (FileChannel channel = open(LOCK);
                        FileLock lock = channel.lock()) {
                    assert lock.isValid();
                    return action.run();
                }
            } catch (IOException | UncheckedIOException e) {
                throw Fault.world("Cannot use the folder of DynamoDB Local " + folder + ": " + e.getMessage(), e);
            }
        }
    }

    @FunctionalInterface
    private interface Action<T> {
        T run() throws IOException;
    }
}
