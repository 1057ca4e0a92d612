package dev.millrace.sample;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What runs in the server's own process: DynamoDB Local and a watchdog that ends it.
 *
 * <p>Uses nothing but the JDK, and DynamoDB Local by reflection, because this class alone of Millrace is on that
 * process's class path. It must have no nested classes: the class file is copied there by itself.
 *
 * <p>Arguments: folder, idle limit in milliseconds, and the id of the process it must not outlive, or 0.
 */
final class DynamoDbServer {
    private static final String RUNNER = "software.amazon.dynamodb.services.local.main.ServerRunner";

    private DynamoDbServer() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        Duration idle = Duration.ofMillis(Long.parseLong(args[1]));
        long owner = Long.parseLong(args[2]);
        if (owner != 0) {
            Optional<ProcessHandle> process = ProcessHandle.of(owner);
            if (process.isEmpty()) {
                throw new IllegalStateException("The process " + owner + " that wanted a server is gone");
            }
            Thread watcher = new Thread(() -> {
                process.get().onExit().join();
                Runtime.getRuntime().halt(0);
            });
            watcher.setDaemon(true);
            watcher.start();
        }

        // Held until this process ends, however it ends: others tell by it that the server lives.
        FileChannel alive = FileChannel.open(
                folder.resolve(EmbeddedDynamoDb.ALIVE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = alive.tryLock();
        if (held == null) {
            System.out.println("Another server uses " + folder);
            return;
        }
        alive.truncate(0);
        alive.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
        int port = serve();
        announce(folder, port);
        watch(folder, idle, held);
    }

    /** Starts DynamoDB Local on a free port of the loopback interface; by itself it would listen on all of them. */
    private static int serve() throws ReflectiveOperationException {
        String[] options = {"-inMemory", "-sharedDb", "-disableTelemetry"};
        Object proxy = Class.forName(RUNNER)
                .getMethod("createServerFromCommandLineArgs", String[].class)
                .invoke(null, (Object) options);
        Field field = proxy.getClass().getDeclaredField("server");
        field.setAccessible(true);
        Object jetty = field.get(proxy);
        Object[] connectors =
                (Object[]) jetty.getClass().getMethod("getConnectors").invoke(jetty);
        Object connector = connectors[0];
        connector.getClass().getMethod("setHost", String.class).invoke(connector, "127.0.0.1");
        connector.getClass().getMethod("setPort", int.class).invoke(connector, 0);
        proxy.getClass().getMethod("safeStart").invoke(proxy);
        return (int) connector.getClass().getMethod("getLocalPort").invoke(connector);
    }

    private static void announce(Path folder, int port) throws IOException {
        Path part = folder.resolve(EmbeddedDynamoDb.STATE + ".part");
        Files.writeString(
                part,
                "{\"pid\": %d, \"port\": %d, \"started\": \"%s\"}%n"
                        .formatted(ProcessHandle.current().pid(), port, Instant.now()));
        Files.move(part, folder.resolve(EmbeddedDynamoDb.STATE), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Ends this process when nobody has used the server for the idle limit. */
    private static void watch(Path folder, Duration idle, FileLock held) throws IOException, InterruptedException {
        long pause = Math.max(50, Math.min(5_000, idle.toMillis() / 10));
        while (held.isValid()) {
            Thread.sleep(pause);
            if (!isIdle(folder, idle)) {
                continue;
            }
            try (FileChannel starters = FileChannel.open(
                            folder.resolve(EmbeddedDynamoDb.LOCK),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
                    FileLock lock = starters.tryLock()) {
                // A starter that holds the lock may be about to use this server: look again later.
                if (lock != null && isIdle(folder, idle)) {
                    Files.deleteIfExists(folder.resolve(EmbeddedDynamoDb.STATE));
                    System.out.println("Idle for " + idle.toSeconds() + " s: stopping");
                    Runtime.getRuntime().halt(0);
                }
            }
        }
    }

    private static boolean isIdle(Path folder, Duration idle) throws IOException {
        Path lastUsed = folder.resolve(EmbeddedDynamoDb.LAST_USED);
        // The folder was deleted under us: nobody can find this server any more.
        if (!Files.exists(lastUsed)) {
            return true;
        }
        return Files.getLastModifiedTime(lastUsed).toInstant().plus(idle).isBefore(Instant.now());
    }
}
