package dev.millrace.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** What stands between jobs and {@link DynamoDbLocal}: passes requests on, and can hold answers back. */
public final class DynamoDbFront implements AutoCloseable {
    private static final int DEADLINE_SECONDS = 25;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Answers that wait until a segment has been asked for often enough. */
    private static final class Held {
        private final int segment;
        private final Set<String> askers = ConcurrentHashMap.newKeySet();
        private final CountDownLatch missing;

        Held(int segment, int times) {
            this.segment = segment;
            this.missing = new CountDownLatch(times);
        }
    }

    private final HttpServer front;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private volatile Held held = new Held(-1, 0);

    public DynamoDbFront() throws IOException {
        front = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        front.setExecutor(Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "dynamodb-front");
            thread.setDaemon(true);
            return thread;
        }));
        front.createContext("/", this::pass);
        front.start();
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + front.getAddress().getPort());
    }

    /** Holds back the answers for a segment until two have asked for it that do not know of each other. */
    public void holdUntilAskedTwice(int segment) {
        held = new Held(segment, 2);
    }

    /** Whether two have asked for the segment that was held back. */
    public boolean wasAskedTwice() {
        return held.missing.getCount() == 0;
    }

    private void pass(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(DynamoDbLocal.endpoint()).POST(HttpRequest.BodyPublishers.ofByteArray(body));
            exchange.getRequestHeaders().forEach((name, values) -> {
                if (name.regionMatches(true, 0, "x-amz-", 0, 6)
                        || name.equalsIgnoreCase("Authorization")
                        || name.equalsIgnoreCase("Content-Type")) {
                    values.forEach(value -> request.header(name, value));
                }
            });
            HttpResponse<byte[]> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            await(exchange, JSON.readTree(body));
            answer.headers().map().forEach((name, values) -> {
                if (name.regionMatches(true, 0, "x-amz", 0, 5) || name.equalsIgnoreCase("content-type")) {
                    values.forEach(value -> exchange.getResponseHeaders().add(name, value));
                }
            });
            exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
            exchange.getResponseBody().write(answer.body());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private void await(HttpExchange exchange, JsonNode request) throws InterruptedException {
        Held now = held;
        if (!request.has("TotalSegments") || request.get("Segment").intValue() != now.segment) {
            return;
        }
        // A client that asks again after a while is the same asker.
        if (now.askers.add(exchange.getRequestHeaders().getFirst("amz-sdk-invocation-id"))) {
            now.missing.countDown();
        }
        boolean unused = now.missing.await(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        front.stop(0);
    }
}
