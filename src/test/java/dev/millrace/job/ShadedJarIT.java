package dev.millrace.job;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.testing.Processes;
import dev.millrace.testing.SparkSubmit;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar as it is handed to spark-submit, EMR and Glue. */
class ShadedJarIT {
    private static final long MAX_BYTES = 60_000_000;
    private static final Path CLIENTS =
            Path.of(System.getProperty("millrace.home"), "src/test/resources/dev/millrace/job/ShadedClients.java");

    @TempDir
    private Path folder;

    @Test
    void staysSmall() throws IOException {
        assertThat(Files.size(SparkSubmit.jar())).isLessThan(MAX_BYTES);
    }

    @Test
    void holdsNoClassUnderANameThatThePlatformMayHaveToo() throws IOException {
        try (JarFile jar = new JarFile(SparkSubmit.jar().toFile())) {
            List<String> classes = jar.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.endsWith(".class"))
                    .toList();
            assertThat(classes).hasSizeGreaterThan(1_000);
            assertThat(classes.stream().filter(name -> !name.startsWith("dev/millrace/")))
                    .isEmpty();
        }
    }

    @Test
    void namesOnlyClassesThatItHolds() throws IOException {
        try (JarFile jar = new JarFile(SparkSubmit.jar().toFile())) {
            List<JarEntry> lists = jar.stream()
                    .filter(e -> !e.isDirectory())
                    .filter(e -> e.getName().startsWith("META-INF/services/")
                            || e.getName().endsWith("execution.interceptors"))
                    .toList();
            assertThat(lists).isNotEmpty();
            for (JarEntry list : lists) {
                String text = new String(jar.getInputStream(list).readAllBytes(), UTF_8);
                assertThat(text.lines().map(String::strip).filter(line -> !line.isEmpty() && !line.startsWith("#")))
                        .as(list.getName())
                        .isNotEmpty()
                        .allMatch(name -> jar.getEntry(name.replace('.', '/') + ".class") != null);
            }
        }
    }

    @Test
    void startsBesideSparkAlone() {
        Processes.Ended ended = SparkSubmit.runJava(folder, List.of("dev.millrace.job.Millrace", "--version"));
        assertThat(ended.output()).startsWith("millrace ").doesNotContain("built from source");
        assertThat(ended.exitCode()).isZero();
    }

    @Test
    void callsEachServiceWithItsRelocatedClients() throws IOException {
        Map<String, String> seen = new ConcurrentHashMap<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> answer(exchange, seen));
        server.start();
        try {
            String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
            Processes.Ended ended = SparkSubmit.runJava(folder, List.of(CLIENTS.toString(), endpoint));
            assertThat(ended.output())
                    .contains("tables [shop]", "object hello", "database lake", "token t0ken", "secret s3cret");
            assertThat(ended.exitCode()).isZero();
        } finally {
            server.stop(0);
        }
        assertThat(seen)
                .hasSize(5)
                .allSatisfy((request, authorization) ->
                        assertThat(authorization).startsWith("AWS4-HMAC-SHA256 Credential=key/"));
    }

    private static void answer(HttpExchange exchange, Map<String, String> seen) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
        String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
        String request =
                target != null ? target : exchange.getRequestURI().getPath() + " " + body.contains("AssumeRole");
        seen.put(request, String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        String answer = switch (request) {
            case "DynamoDB_20120810.ListTables" -> "{\"TableNames\":[\"shop\"]}";
            case "AWSGlue.GetDatabase" -> "{\"Database\":{\"Name\":\"lake\"}}";
            case "secretsmanager.GetSecretValue" -> "{\"SecretString\":\"s3cret\"}";
            case "/bucket/key false" -> "hello";
            case "/ true" ->
                "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>a</AccessKeyId>"
                        + "<SecretAccessKey>b</SecretAccessKey><SessionToken>t0ken</SessionToken>"
                        + "<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
                        + "</AssumeRoleResponse>";
            default -> "unexpected " + request;
        };
        byte[] bytes = answer.getBytes(UTF_8);
        exchange.sendResponseHeaders(answer.startsWith("unexpected") ? 400 : 200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
