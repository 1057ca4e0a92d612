package dev.millrace.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.storage.StorageOptions;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * An S3 server on loopback for tests: S3Proxy in a process of its own, in memory, started at its first use in a JVM and
 * gone with the JVM, however that ends. Tests talk to it through an {@link S3Front}. As a JUnit extension it resolves
 * parameters of type {@code S3Front}.
 */
public final class S3Server implements ParameterResolver {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final AtomicInteger BUCKETS = new AtomicInteger();

    private static S3Front front;

    /** The front of the server, started at the first call. */
    public static synchronized S3Front front() {
        if (front == null) {
            try {
                front = new S3Front(started());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return front;
    }

    /** How to reach it; any credentials will do. */
    public static StorageOptions options() {
        return new StorageOptions(front().uri().toString(), "", true);
    }

    /** Makes a bucket that nobody else has and returns its name. */
    public static String newBucket() {
        String bucket = "bucket-" + BUCKETS.incrementAndGet();
        makeBucket(bucket);
        return bucket;
    }

    /** Makes a bucket of a name that nobody else uses. */
    public static void makeBucket(String bucket) {
        URI uri = front().uri().resolve("/" + bucket);
        int status = send(HttpRequest.newBuilder(uri)
                .PUT(HttpRequest.BodyPublishers.noBody())
                .build());
        if (status != 200) {
            throw new IllegalStateException("The S3 server answered " + status + " to PUT " + uri);
        }
    }

    private static URI started() throws IOException {
        // The client signs with whatever it finds first; the server looks at nothing.
        System.setProperty("aws.accessKeyId", "test");
        System.setProperty("aws.secretAccessKey", "test");
        Path home = Path.of(System.getProperty("millrace.home", "."));
        Path work = Files.createDirectories(home.resolve("target/servers"));
        int port = freePort();
        URI uri = URI.create("http://127.0.0.1:" + port);
        Path properties = Files.createTempFile(work, "s3-", ".properties");
        Files.writeString(
                properties,
                "s3proxy.authorization=none\ns3proxy.endpoint=" + uri + "\njclouds.provider=transient-nio2\n");
        Path log = work.resolve(properties.getFileName().toString().replace(".properties", ".log"));
        // The shell ends the server when its own input ends, which is when this JVM is gone.
        String script = "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx512m -Dlogback.configurationFile=\"$1\""
                + " -cp \"$2\" org.gaul.s3proxy.Main --properties \"$3\" </dev/null & server=$!;"
                + " (cat >/dev/null; kill -9 $server 2>/dev/null) <&0 & wait $server";
        Process process = new ProcessBuilder(
                        "bash",
                        "-c",
                        script,
                        "s3",
                        home.resolve("conf/servers/s3/logback.xml").toString(),
                        classPath(home),
                        properties.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!answers(uri)) {
            if (!process.isAlive() || Instant.now().isAfter(deadline)) {
                process.destroyForcibly();
                throw new IllegalStateException("The S3 server did not start:\n" + Files.readString(log));
            }
        }
        Files.delete(properties);
        return uri;
    }

    private static String classPath(Path home) throws IOException {
        Process process = new ProcessBuilder(
                        List.of(home.resolve("scripts/server-classpath").toString(), "s3"))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (InputStream out = process.getInputStream()) {
            String classPath = new String(out.readAllBytes(), UTF_8).strip();
            if (process.waitFor() != 0 || classPath.isEmpty()) {
                throw new IllegalStateException("scripts/server-classpath s3 failed");
            }
            return classPath;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static boolean answers(URI uri) {
        try {
            HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(uri)
                                    .timeout(Duration.ofSeconds(5))
                                    .build(),
                            HttpResponse.BodyHandlers.discarding());
            return true;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static int send(HttpRequest request) {
        try {
            return HttpClient.newHttpClient()
                    .send(request, HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == S3Front.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return front();
    }
}
