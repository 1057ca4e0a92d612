package dev.millrace.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * AWS's services on loopback for tests: moto, as {@code scripts/install-test-tools} installs it, with what
 * {@code src/test/python/moto_server.py} adds, in a process of its own that is started at its first use in a JVM and gone
 * with the JVM, however that ends. It keeps books and runs nothing.
 */
public final class Moto {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Path HOME = Path.of(System.getProperty("millrace.home", "."));
    private static final Path PYTHON = HOME.resolve("target/moto/bin/python");
    private static final Path SERVER = HOME.resolve("src/test/python/moto_server.py");

    private static URI uri;

    private Moto() {}

    /** Whether it is installed. */
    public static boolean isInstalled() {
        return Files.isExecutable(PYTHON);
    }

    /** Where it answers; started at the first call. */
    public static synchronized URI uri() {
        if (uri == null) {
            try {
                uri = started();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return uri;
    }

    /** Asks moto's own API, by a POST of JSON. */
    public static void tell(String path, String json) {
        send(HttpRequest.newBuilder(uri().resolve("/moto-api/" + path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build());
    }

    /** Makes a role of its only account. */
    public static void makeRole(String name) {
        // It tells the service by what a request is signed for.
        send(HttpRequest.newBuilder(uri())
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header(
                        "Authorization",
                        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host,"
                                + " Signature=0")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "Action=CreateRole&Version=2010-05-08&RoleName=" + name + "&AssumeRolePolicyDocument=%7B%7D"))
                .build());
    }

    private static URI started() throws IOException {
        Path work = Files.createDirectories(HOME.resolve("target/servers"));
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        URI at = URI.create("http://127.0.0.1:" + port);
        Path log = Files.createTempFile(work, "moto-", ".log");
        // The shell ends the server when its own input ends, which is when this JVM is gone.
        String script = "\"$1\" \"$2\" -H 127.0.0.1 -p $3 </dev/null & server=$!;"
                + " (cat >/dev/null; kill -9 $server 2>/dev/null) <&0 & wait $server";
        Process process = new ProcessBuilder(
                        "bash", "-c", script, "moto", PYTHON.toString(), SERVER.toString(), Integer.toString(port))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!answers(at)) {
            if (!process.isAlive() || Instant.now().isAfter(deadline)) {
                process.destroyForcibly();
                throw new IllegalStateException("moto did not start:\n" + Files.readString(log));
            }
        }
        return at;
    }

    private static boolean answers(URI at) {
        try {
            send(HttpRequest.newBuilder(at.resolve("/moto-api/data.json"))
                    .timeout(Duration.ofSeconds(5))
                    .build());
            return true;
        } catch (UncheckedIOException notYet) {
            return false;
        }
    }

    private static void send(HttpRequest request) {
        try {
            HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
