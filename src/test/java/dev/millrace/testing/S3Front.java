package dev.millrace.testing;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.Predicate;

/**
 * What stands between tests and the S3 server: passes requests on, and can break things on request.
 *
 * <p>It also makes {@code If-Match} one act, as it is on S3: S3Proxy looks at the etag first and writes later, so of
 * several writers at once more than one succeeded (measured: 80 increments counted to 37).
 */
public final class S3Front {
    /** What the JDK's client sets itself. */
    private static final Set<String> HOP = Set.of("host", "content-length", "connection", "expect", "upgrade");

    /** How a request is broken. */
    public enum Fault {
        /** The server does its work, its answer gets lost. */
        LOSE_ANSWER,
        /** The connection breaks off in the middle of the answer's body. */
        CUT_BODY,
        /** The server answers 409 ConditionalRequestConflict and does nothing. */
        CONFLICT,
        /** The server answers 500 and does nothing. */
        ERROR,
        /** The server does its work and answers 500. */
        ERROR_AFTER,
        /** The server answers 503 SlowDown and does nothing. */
        SLOW_DOWN,
        /** The connection ends without an answer, the server does nothing. */
        RESET
    }

    private static final List<Fault> AT_RANDOM =
            List.of(Fault.LOSE_ANSWER, Fault.CUT_BODY, Fault.ERROR, Fault.ERROR_AFTER, Fault.SLOW_DOWN, Fault.RESET);

    private record Planned(Predicate<String> request, Fault fault) {}

    /** Breaks requests, told as {@code METHOD /path?query}, until it is calm. */
    private interface Chaos {
        Optional<Fault> next(String request);
    }

    /**
     * What a bucket is to its requests.
     *
     * @param account that owns it
     * @param written headers that each write has to have, as a policy of the bucket would want them
     */
    private record Guard(String account, Map<String, String> written) {}

    private static final String OWNER = "x-amz-expected-bucket-owner";
    private static final String SOURCE_OWNER = "x-amz-source-expected-bucket-owner";
    private static final String ENCRYPTION = "x-amz-server-side-encryption";

    private static final Chaos CALM = request -> Optional.empty();

    private final URI server;
    private final HttpServer front;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Object oneAtATime = new Object();
    private final List<Planned> planned = new CopyOnWriteArrayList<>();
    private final List<String> broken = Collections.synchronizedList(new ArrayList<>());
    private volatile Chaos chaos = CALM;
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private final Map<String, Guard> guards = new ConcurrentHashMap<>();
    private final Set<String> refused = ConcurrentHashMap.newKeySet();
    private final List<String> unasked = Collections.synchronizedList(new ArrayList<>());

    S3Front(URI server) throws IOException {
        this.server = server;
        // The JDK's server answers in two packets; without this the second waits 40 ms for the first to be confirmed.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        this.front = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        front.setExecutor(Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "s3-front");
            thread.setDaemon(true);
            return thread;
        }));
        front.createContext("/", this::pass);
        front.start();
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + front.getAddress().getPort());
    }

    /** Breaks the next request whose {@code METHOD /path?query} meets the condition; once. */
    public void breakNext(Predicate<String> request, Fault fault) {
        planned.add(new Planned(request, fault));
    }

    /**
     * Breaks a share of the requests, of whatever kind and in every way but conflicts, until {@link #calm}.
     *
     * @param seed of the choice, which also depends on the order of the requests
     */
    public void rage(long seed, double share) {
        Random random = new Random(seed);
        chaos = request -> {
            synchronized (random) {
                return random.nextDouble() < share
                        ? Optional.of(AT_RANDOM.get(random.nextInt(AT_RANDOM.size())))
                        : Optional.empty();
            }
        };
    }

    /** Of every request that meets the condition the first answer is lost, until {@link #calm}. */
    public void loseFirstAnswers(Predicate<String> condition) {
        Set<String> lost = ConcurrentHashMap.newKeySet();
        chaos = request ->
                condition.test(request) && lost.add(request) ? Optional.of(Fault.LOSE_ANSWER) : Optional.empty();
    }

    /** What chaos broke so far, as {@code LOSE_ANSWER PUT /path}. */
    public List<String> broken() {
        synchronized (broken) {
            return List.copyOf(broken);
        }
    }

    /** Breaks nothing any more. */
    public void calm() {
        chaos = CALM;
    }

    /** Forgets the requests so far: for servers that live long. */
    public void forget() {
        requests.clear();
        broken.clear();
    }

    /**
     * From now on a bucket is an account's, which requests are refused by that expect another's, and its objects may be
     * written only with these headers of encryption.
     */
    public void guard(String bucket, String account, Map<String, String> written) {
        guards.put(bucket, new Guard(account, written));
    }

    /** The requests to guarded buckets that did not ask who owns them, as {@code AGENT METHOD /path?query}. */
    public List<String> unasked() {
        synchronized (unasked) {
            return List.copyOf(unasked);
        }
    }

    /** From now on requests are refused that are signed with a key. */
    public void refuse(String key) {
        refused.add(key);
    }

    /** Takes a key again. */
    public void accept(String key) {
        refused.remove(key);
    }

    private boolean isRefused(HttpExchange exchange) {
        String signature = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
        return refused.stream().anyMatch(key -> signature.contains("Credential=" + key + "/"));
    }

    /** Whether S3 would refuse a request to a guarded bucket. */
    private boolean isForbidden(HttpExchange exchange) {
        String path = exchange.getRequestURI().getPath().substring(1);
        Headers headers = exchange.getRequestHeaders();
        Guard guard = guards.get(path.split("/", 2)[0]);
        if (guard == null) {
            return false;
        }
        String owner = headers.getFirst(OWNER);
        if (owner == null) {
            unasked.add(headers.getFirst("User-Agent") + " " + exchange.getRequestMethod() + " "
                    + exchange.getRequestURI());
        } else if (!owner.equals(guard.account)) {
            return true;
        }
        String source = headers.getFirst("x-amz-copy-source");
        Guard ofSource = source == null ? null : guards.get(source.split("/", 2)[0]);
        if (ofSource != null && !ofSource.account.equals(headers.getFirst(SOURCE_OWNER))) {
            return true;
        }
        String query = String.valueOf(exchange.getRequestURI().getRawQuery());
        boolean isWhole = exchange.getRequestMethod().equals("PUT") && !query.contains("uploadId=");
        boolean isBegin = exchange.getRequestMethod().equals("POST") && query.startsWith("uploads");
        boolean isWrite = path.contains("/") && (isWhole || isBegin);
        return isWrite
                && guard.written.entrySet().stream()
                        .anyMatch(header -> !header.getValue().equals(headers.getFirst(header.getKey())));
    }

    /** All requests so far as {@code METHOD /path?query}. */
    public List<String> requests() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }

    private void pass(HttpExchange exchange) throws IOException {
        try (exchange) {
            String line = exchange.getRequestMethod() + " " + exchange.getRequestURI();
            requests.add(line);
            byte[] body = exchange.getRequestBody().readAllBytes();
            if (isRefused(exchange) || isForbidden(exchange)) {
                error(exchange, 403, "AccessDenied", "Access Denied");
                return;
            }
            Optional<Fault> fault = fault(line);
            if (fault.isPresent() && isAnsweredBefore(exchange, fault.get())) {
                return;
            }
            HttpResponse<byte[]> response = forward(exchange, body);
            if (fault.isPresent() && isAnsweredAfter(exchange, fault.get())) {
                return;
            }
            response.headers().map().forEach((name, values) -> {
                if (!HOP.contains(name.toLowerCase(Locale.ROOT)) && !name.equalsIgnoreCase("transfer-encoding")) {
                    exchange.getResponseHeaders().put(name, new ArrayList<>(values));
                }
            });
            if (exchange.getRequestMethod().equals("HEAD")) {
                response.headers()
                        .firstValue("content-length")
                        .ifPresent(length -> exchange.getResponseHeaders().set("Content-Length", length));
                exchange.sendResponseHeaders(response.statusCode(), -1);
                return;
            }
            answer(exchange, response.statusCode(), response.body(), fault.isPresent());
        }
    }

    /** Whether the server never sees the request. */
    private static boolean isAnsweredBefore(HttpExchange exchange, Fault fault) throws IOException {
        switch (fault) {
            case CONFLICT -> error(exchange, 409, "ConditionalRequestConflict", "A conflicting operation is under way");
            case ERROR -> error(exchange, 500, "InternalError", "We encountered an internal error");
            case SLOW_DOWN -> error(exchange, 503, "SlowDown", "Please reduce your request rate");
            case RESET -> {}
            case LOSE_ANSWER, CUT_BODY, ERROR_AFTER -> {
                return false;
            }
        }
        return true;
    }

    /** Whether the client sees another answer than the server's, or none. */
    private static boolean isAnsweredAfter(HttpExchange exchange, Fault fault) throws IOException {
        if (fault == Fault.ERROR_AFTER) {
            error(exchange, 500, "InternalError", "We encountered an internal error");
        }
        return fault == Fault.ERROR_AFTER || fault == Fault.LOSE_ANSWER;
    }

    private static void error(HttpExchange exchange, int status, String code, String message) throws IOException {
        byte[] body = ("<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>")
                .getBytes(StandardCharsets.UTF_8);
        boolean isHead = exchange.getRequestMethod().equals("HEAD");
        answer(exchange, status, isHead ? new byte[0] : body, false);
    }

    private Optional<Fault> fault(String line) {
        return planned.stream()
                .filter(next -> next.request.test(line))
                .findFirst()
                .filter(planned::remove)
                .map(Planned::fault)
                .or(() -> chaos.next(line).map(fault -> {
                    broken.add(fault + " " + line);
                    return fault;
                }));
    }

    private static void answer(HttpExchange exchange, int status, byte[] body, boolean cut) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            OutputStream out = exchange.getResponseBody();
            out.write(body, 0, cut ? body.length / 2 : body.length);
            out.flush();
        }
    }

    private HttpResponse<byte[]> forward(HttpExchange exchange, byte[] body) throws IOException {
        Headers headers = exchange.getRequestHeaders();
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create(server + exchange.getRequestURI().toString()))
                .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
        headers.forEach((name, values) -> {
            if (!HOP.contains(name.toLowerCase(Locale.ROOT)) && !isOfGuards(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> request.header(name, value));
            }
        });
        if (exchange.getRequestMethod().equals("PUT")) {
            synchronized (oneAtATime) {
                return send(request.build());
            }
        }
        return send(request.build());
    }

    /** S3Proxy refuses headers that it does not know. */
    private static boolean isOfGuards(String header) {
        return header.equals(OWNER) || header.equals(SOURCE_OWNER) || header.startsWith(ENCRYPTION);
    }

    private HttpResponse<byte[]> send(HttpRequest request) throws IOException {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
