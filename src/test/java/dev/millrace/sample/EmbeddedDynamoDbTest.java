package dev.millrace.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.testing.DynamoDbLocal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

class EmbeddedDynamoDbTest {
    @TempDir
    private Path home;

    private EmbeddedDynamoDb embedded;

    @BeforeEach
    void prepare() {
        embedded = embedded(EmbeddedDynamoDb.IDLE_LIMIT);
    }

    @AfterEach
    void stop() {
        embedded.stop();
    }

    @Test
    void startsOnceAndStops() {
        EmbeddedDynamoDb.Server server = embedded.start();
        assertThat(embedded(EmbeddedDynamoDb.IDLE_LIMIT).start()).isEqualTo(server);
        assertThat(embedded.find()).contains(server);
        try (DynamoDbClient client = EmbeddedDynamoDb.client(server.endpoint())) {
            assertThat(client.listTables().tableNames()).isEmpty();
        }

        assertThat(embedded.stop()).isTrue();
        assertThat(ProcessHandle.of(server.pid())).isEmpty();
        assertThat(embedded.find()).isEmpty();
        assertThat(embedded.stop()).isFalse();
    }

    @Test
    void listensOnLoopbackOnly() throws Exception {
        EmbeddedDynamoDb.Server server = embedded.start();
        String port = ":%04X".formatted(server.port());
        List<String> listening = Files.readAllLines(Path.of("/proc/net/tcp")).stream()
                .map(line -> line.strip().split("\\s+", -1)[1])
                .filter(address -> address.endsWith(port))
                .distinct()
                .toList();
        List<String> listening6 = Files.readAllLines(Path.of("/proc/net/tcp6")).stream()
                .map(line -> line.strip().split("\\s+", -1))
                .filter(fields -> fields[3].equals("0A"))
                .map(fields -> fields[1])
                .filter(address -> address.endsWith(port))
                .toList();
        assertThat(listening.isEmpty() ? listening6 : listening)
                .allMatch(address ->
                        address.startsWith("0100007F") || address.startsWith("0000000000000000FFFF00000100007F"))
                .isNotEmpty();
    }

    @Test
    void startsAnewAfterTheServerWasKilled() throws Exception {
        EmbeddedDynamoDb.Server first = embedded.start();
        kill(first);
        assertThat(home.resolve("data/dynamodb-local/server.json")).exists();
        assertThat(embedded.find()).isEmpty();
        assertThat(embedded.start().pid()).isNotEqualTo(first.pid());
    }

    @Test
    void stopsByItselfWhenIdle() throws Exception {
        EmbeddedDynamoDb shortLived = embedded(Duration.ofSeconds(2));
        EmbeddedDynamoDb.Server server = shortLived.start();
        Instant released;
        try (EmbeddedDynamoDb.KeepAlive alive = shortLived.keepAlive()) {
            assertThat(alive).isNotNull();
            assertThat(ended(server, Duration.ofSeconds(3)))
                    .as("ended while in use")
                    .isFalse();
            released = Instant.now();
        }
        assertThat(ended(server, Duration.ofSeconds(10))).isTrue();
        assertThat(Duration.between(released, Instant.now())).isGreaterThan(Duration.ofMillis(1200));
        assertThat(home.resolve("data/dynamodb-local/server.json")).doesNotExist();
        assertThat(home.resolve("data/dynamodb-local/server.log")).content().contains("Idle for 2 s: stopping");
    }

    @Test
    void endsWithItsOwner() throws Exception {
        Process owner = new ProcessBuilder("sleep", "600").start();
        EmbeddedDynamoDb.Server server = embedded.endingWith(owner.pid()).start();
        owner.destroyForcibly();
        assertThat(ended(server, Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void twoProcessesThatStartAtOnceAgreeOnOneServer() throws Exception {
        List<Process> starters = List.of(starter(), starter());
        List<String> found = new java.util.ArrayList<>();
        for (Process starter : starters) {
            found.add(new String(starter.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8));
            assertThat(starter.waitFor()).isZero();
        }
        String server = embedded.find().orElseThrow().toString();
        assertThat(found).containsExactly(server, server);
    }

    @Test
    void outlivesTheKeysThatEndAProgram() throws Exception {
        EmbeddedDynamoDb.Server server = embedded.start();
        for (String signal : List.of("-INT", "-HUP")) {
            assertThat(new ProcessBuilder("kill", signal, Long.toString(server.pid()))
                            .start()
                            .waitFor())
                    .isZero();
        }
        assertThat(ended(server, Duration.ofMillis(300))).isFalse();
        assertThat(embedded.find()).contains(server);
    }

    @Test
    void waitsForAServerWhoseStarterWasKilled() throws Exception {
        Process starter = starter();
        Path alive = home.resolve("data/dynamodb-local/server.alive");
        Instant deadline = Instant.now().plusSeconds(20);
        while (!Files.exists(alive) || Files.size(alive) == 0) {
            assertThat(Instant.now()).isBefore(deadline);
            assertThat(starter.waitFor(5, TimeUnit.MILLISECONDS) && starter.exitValue() != 0)
                    .isFalse();
        }
        starter.destroyForcibly().waitFor();
        long orphan = Long.parseLong(Files.readString(alive));
        assertThat(embedded.start().pid()).isEqualTo(orphan);
    }

    @Test
    void replacesAServerThatHangs() throws Exception {
        EmbeddedDynamoDb.Server hanging = embedded.start();
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(hanging.pid()))
                        .start()
                        .waitFor())
                .isZero();
        EmbeddedDynamoDb impatient = embedded.waitingAtMost(Duration.ofMillis(500));
        Instant deadline = Instant.now().plusSeconds(20);
        while (impatient.find().isPresent()) {
            assertThat(Instant.now()).isBefore(deadline);
        }
        assertThat(impatient.start().pid()).isNotEqualTo(hanging.pid());
        assertThat(ended(hanging, Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void saysWhyItDoesNotStart() {
        EmbeddedDynamoDb broken =
                new EmbeddedDynamoDb(home, () -> home.resolve("none.jar").toString());
        assertThatThrownBy(broken::start)
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.kind()).isEqualTo(Fault.Kind.WORLD))
                .hasMessageStartingWith("DynamoDB Local ended with exit code 1 instead of starting; the end of "
                        + home.resolve("data/dynamodb-local/server.log") + ":")
                .hasMessageContaining("ClassNotFoundException: software.amazon.dynamodb");
    }

    /** Starts a server as the launcher does, in a JVM of its own, and prints it. */
    static final class Starter {
        private Starter() {}

        public static void main(String[] args) {
            System.out.print(new EmbeddedDynamoDb(Path.of(args[0]), () -> args[1]).start());
        }
    }

    private Process starter() throws Exception {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Starter.class.getName(),
                        home.toString(),
                        DynamoDbLocal.classPath())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private EmbeddedDynamoDb embedded(Duration idleLimit) {
        return new EmbeddedDynamoDb(home, DynamoDbLocal::classPath, idleLimit);
    }

    private static void kill(EmbeddedDynamoDb.Server server) throws Exception {
        ProcessHandle process = ProcessHandle.of(server.pid()).orElseThrow();
        process.destroyForcibly();
        assertThat(ended(server, Duration.ofSeconds(10))).isTrue();
    }

    private static boolean ended(EmbeddedDynamoDb.Server server, Duration limit) throws Exception {
        java.util.Optional<ProcessHandle> process = ProcessHandle.of(server.pid());
        if (process.isEmpty()) {
            return true;
        }
        try {
            process.get().onExit().get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (java.util.concurrent.TimeoutException e) {
            return false;
        }
    }
}
