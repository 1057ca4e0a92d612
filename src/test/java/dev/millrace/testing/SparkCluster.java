package dev.millrace.testing;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A standalone Spark cluster on loopback, of the installed Spark: a master, and workers of one core that go by different
 * hosts. Spark repeats a slow task on another host only, so neither {@code local} nor {@code local-cluster}, whose
 * workers share a host, ever does. The processes end with this JVM.
 */
public final class SparkCluster implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path folder;
    private final List<Process> processes = new ArrayList<>();
    private final String master;

    /**
     * @param folder for logs and the workers' files
     * @param workers at most 9
     */
    public SparkCluster(Path folder, int workers) throws IOException {
        this.folder = Files.createDirectories(folder);
        String port = Integer.toString(freePort());
        this.master = "spark://127.0.0.1:" + port;
        start("master", "127.0.0.1", "master.Master", "--host", "127.0.0.1", "--port", port, "--webui-port", "0");
        // A worker that finds no master asks again much later.
        awaitMaster(Integer.parseInt(port));
        for (int i = 1; i <= workers; i++) {
            String host = "127.0.0." + i;
            start(
                    "worker-" + i,
                    host,
                    "worker.Worker",
                    "--host",
                    host,
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    "--webui-port",
                    "0",
                    "--work-dir",
                    folder.resolve("work-" + i).toString(),
                    master);
        }
    }

    private void awaitMaster(int port) throws IOException {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (true) {
            try {
                new Socket(InetAddress.getLoopbackAddress(), port).close();
                return;
            } catch (ConnectException e) {
                if (!processes.get(0).isAlive() || Instant.now().isAfter(deadline)) {
                    close();
                    throw new IllegalStateException(
                            "The master did not start:\n" + Files.readString(folder.resolve("master.log")), e);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
    }

    /** Whether the system has the loopback addresses of so many workers; Linux has, others may not. */
    public static boolean isPossible(int workers) {
        for (int i = 1; i <= workers; i++) {
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0." + i))) {
                if (!socket.isBound()) {
                    return false;
                }
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }

    /** For {@code --master}. */
    public String master() {
        return master;
    }

    private void start(String name, String host, String... daemon) throws IOException {
        // The shell ends the process when its own input ends, which is when this JVM is gone.
        String script =
                "\"$@\" </dev/null & server=$!; (cat >/dev/null; kill -9 $server 2>/dev/null) <&0 & wait $server";
        List<String> command = new ArrayList<>(List.of("bash", "-c", script, "spark"));
        command.add(SparkSubmit.installed("spark-class").toString());
        command.add("org.apache.spark.deploy." + daemon[0]);
        command.addAll(List.of(daemon).subList(1, daemon.length));
        ProcessBuilder builder = SparkSubmit.process(folder, command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile());
        Map<String, String> environment = builder.environment();
        environment.put("SPARK_LOCAL_IP", host);
        environment.put("SPARK_DAEMON_MEMORY", "256m");
        environment.put("SPARK_DAEMON_JAVA_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1");
        processes.add(builder.start());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        for (Process process : processes) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
