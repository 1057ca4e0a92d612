package dev.millrace.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** What stands between tests and a server of theirs: it passes requests on, and whatever a test wants becomes of them. */
public final class PlatformFront implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What the JDK's client sets itself. */
    private static final Set<String> HOP =
            Set.of("host", "content-length", "connection", "expect", "upgrade", "transfer-encoding");

    /**
     * A request.
     *
     * @param action such as {@code StartJobRun}, or {@code POST /path} where no header names one
     * @param body where it is JSON
     */
    public record Asked(String action, JsonNode body) {
        public boolean is(String other) {
            return action.equals(other);
        }
    }

    /** An answer. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Reply(int status, byte[] body, List<String[]> headers) {
        /** A refusal, as services word it. */
        public static Reply error(int status, String code, String message) {
            String body = "{\"__type\":\"" + code + "\",\"message\":\"" + message + "\"}";
            return new Reply(status, body.getBytes(UTF_8), List.<String[]>of(new String[] {"x-amzn-errortype", code}));
        }

        public static Reply of(String json) {
            return new Reply(200, json.getBytes(UTF_8), List.of());
        }

        public JsonNode json() {
            return parsed(body);
        }

        public Reply with(JsonNode other) {
            return new Reply(status, other.toString().getBytes(UTF_8), headers);
        }
    }

    /** What becomes of a request; {@code real} passes it on. Empty: the connection breaks without an answer. */
    public interface Rule {
        Optional<Reply> answer(Asked asked, Supplier<Reply> real);
    }

    private record Planned(Predicate<Asked> on, Rule rule, AtomicInteger times) {}

    private final URI server;
    private final HttpServer front;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<Planned> planned = new CopyOnWriteArrayList<>();
    private final List<Asked> asked = new CopyOnWriteArrayList<>();

    public PlatformFront(URI server) {
        this.server = server;
        try {
            this.front = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        front.setExecutor(Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "platform-front");
            thread.setDaemon(true);
            return thread;
        }));
        front.createContext("/", this::pass);
        front.start();
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + front.getAddress().getPort());
    }

    /** So many of the next requests of a kind meet a rule; of several the one that was given last. */
    public void on(Predicate<Asked> kind, int times, Rule rule) {
        planned.add(0, new Planned(kind, rule, new AtomicInteger(times)));
    }

    /** From now on requests of a kind meet a rule. */
    public void on(Predicate<Asked> kind, Rule rule) {
        on(kind, Integer.MAX_VALUE, rule);
    }

    /** All requests so far that are of a kind. */
    public List<Asked> asked(Predicate<Asked> kind) {
        return asked.stream().filter(kind).toList();
    }

    private void pass(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
            String action = target == null
                    ? exchange.getRequestMethod() + " " + exchange.getRequestURI()
                    : target.substring(target.indexOf('.') + 1);
            Asked request = new Asked(action, parsed(body));
            asked.add(request);
            Rule rule = planned.stream()
                    .filter(p -> p.on.test(request) && p.times.getAndDecrement() > 0)
                    .findFirst()
                    .map(Planned::rule)
                    .orElse((what, real) -> Optional.of(real.get()));
            Optional<Reply> reply = rule.answer(request, () -> forward(exchange, body));
            if (reply.isEmpty()) {
                return;
            }
            for (String[] header : reply.get().headers()) {
                exchange.getResponseHeaders().add(header[0], header[1]);
            }
            byte[] content = reply.get().body();
            boolean hasBody = content.length > 0 && !exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(reply.get().status(), hasBody ? content.length : -1);
            if (hasBody) {
                exchange.getResponseBody().write(content);
            }
        }
    }

    private static JsonNode parsed(byte[] body) {
        try {
            return body.length > 0 && body[0] == '{'
                    ? JSON.readTree(new String(body, UTF_8))
                    : MissingNode.getInstance();
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    private Reply forward(HttpExchange exchange, byte[] body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create(server + exchange.getRequestURI().toString()))
                .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (!HOP.contains(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> request.header(name, value));
            }
        });
        try {
            HttpResponse<byte[]> response = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            List<String[]> headers = new ArrayList<>();
            response.headers().map().forEach((name, values) -> {
                boolean isLengthOfHead =
                        exchange.getRequestMethod().equals("HEAD") && name.equalsIgnoreCase("content-length");
                if (isLengthOfHead || !HOP.contains(name.toLowerCase(Locale.ROOT))) {
                    values.forEach(value -> headers.add(new String[] {name, value}));
                }
            });
            return new Reply(response.statusCode(), response.body(), headers);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        front.stop(0);
    }
}
