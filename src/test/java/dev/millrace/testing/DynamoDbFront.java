package dev.millrace.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * What stands between tests and DynamoDB Local: it passes requests on, counts what they cost, and behaves as DynamoDB
 * does and DynamoDB Local does not. Tables can have a limit beyond which scans are refused, be described in other words,
 * and be others in each region. Whatever a test wants to go wrong does.
 */
public final class DynamoDbFront implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern CREDENTIAL = Pattern.compile("Credential=([^/]+)/[^/]+/([^/]+)/");

    /**
     * A request.
     *
     * @param operation such as {@code Scan}
     * @param table as the client names it
     * @param accessKey that it is signed with
     * @param region that it is meant for
     */
    public record Asked(String operation, String table, String accessKey, String region, JsonNode body) {
        public boolean isScan() {
            return operation.equals("Scan");
        }

        /** Whether it is a scan of a segment, counted from 0. */
        public boolean isOfSegment(int segment) {
            return isScan() && body.path("Segment").asInt() == segment;
        }
    }

    /**
     * An answer.
     *
     * @param crc as the header has it
     * @param sent how much of the body is sent before the connection breaks
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Reply(int status, byte[] body, long crc, int sent) {
        static Reply of(int status, byte[] body) {
            CRC32 crc = new CRC32();
            crc.update(body);
            return new Reply(status, body, crc.getValue(), body.length);
        }

        /** A refusal, as DynamoDB words it. */
        public static Reply error(String code, String message) {
            String body =
                    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#" + code + "\",\"message\":\"" + message + "\"}";
            return of(400, body.getBytes(StandardCharsets.UTF_8));
        }

        /** One bit of the body is another. */
        public Reply corrupted() {
            byte[] changed = body.clone();
            changed[changed.length / 2] ^= 1;
            return new Reply(status, changed, crc, sent);
        }

        public Reply cutOff() {
            return new Reply(status, body, crc, body.length / 2);
        }
    }

    /** What becomes of a request; {@code real} passes it on. */
    public interface Rule {
        Reply answer(Asked asked, Supplier<Reply> real);
    }

    private record Planned(Predicate<Asked> on, Rule rule, AtomicInteger times) {}

    /**
     * What a scan cost.
     *
     * @param nanos when it was asked for, since the front was there
     */
    public record Charge(long nanos, String table, double units) {}

    /** The units that a table gives: a bucket that fills up at a rate. */
    private static final class Bucket {
        private final double perSecond;
        private final double burst;
        private double left;
        private long seen = System.nanoTime();

        Bucket(double perSecond, double burst) {
            this.perSecond = perSecond;
            this.burst = burst;
            this.left = burst;
        }

        private void fill() {
            long now = System.nanoTime();
            left = Math.min(burst, left + perSecond * (now - seen) / 1e9);
            seen = now;
        }

        /** A request passes while anything is left. */
        synchronized boolean isOpen() {
            fill();
            return left > 0;
        }

        synchronized void take(double units) {
            fill();
            left -= units;
        }
    }

    private final URI server;
    private final HttpServer front;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<Planned> planned = new CopyOnWriteArrayList<>();
    private final Map<String, Bucket> buckets = new ConcurrentHashMap<>();
    private final Map<String, Consumer<ObjectNode>> descriptions = new ConcurrentHashMap<>();
    private final List<Asked> requests = new CopyOnWriteArrayList<>();
    private final List<Charge> charges = new ArrayList<>();
    private final AtomicInteger throttled = new AtomicInteger();
    private final long begun = System.nanoTime();
    private volatile boolean isRegional;

    /** Stands before the DynamoDB Local of this JVM. */
    public DynamoDbFront() {
        this(DynamoDbLocal.endpoint());
    }

    public DynamoDbFront(URI server) {
        // The JDK's server answers in two packets; without this the second waits 40 ms for the first to be confirmed.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        this.server = server;
        try {
            this.front = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

    /** Scans of a table are refused beyond a rate; what is not used is saved up to the burst. */
    public DynamoDbFront limit(String table, double unitsPerSecond, double burst) {
        buckets.put(table, new Bucket(unitsPerSecond, burst));
        return this;
    }

    public DynamoDbFront unlimited(String table) {
        buckets.remove(table);
        return this;
    }

    /** Describes a table in other words: what is given changes the member {@code Table} of the answer. */
    public DynamoDbFront describe(String table, Consumer<ObjectNode> words) {
        descriptions.put(table, words);
        return this;
    }

    /** From now on a table of one region is not that of another: the server names them {@code table.region}. */
    public DynamoDbFront regional() {
        isRegional = true;
        return this;
    }

    /** Does something else with the next requests that meet a condition. */
    public DynamoDbFront next(int times, Predicate<Asked> on, Rule rule) {
        planned.add(new Planned(on, rule, new AtomicInteger(times)));
        return this;
    }

    /** Does something else with all requests that meet a condition, until {@link #heal}. */
    public DynamoDbFront always(Predicate<Asked> on, Rule rule) {
        return next(Integer.MAX_VALUE, on, rule);
    }

    /** Everything is as it should be again. */
    public DynamoDbFront heal() {
        planned.clear();
        return this;
    }

    /** All requests so far. */
    public List<Asked> requests() {
        return List.copyOf(requests);
    }

    public List<Asked> scans() {
        return requests.stream().filter(Asked::isScan).toList();
    }

    /** Since the front was there. */
    public long nanos() {
        return System.nanoTime() - begun;
    }

    /** What scans cost, in the order they were asked for. */
    public List<Charge> charges() {
        synchronized (charges) {
            return charges.stream()
                    .sorted(Comparator.comparingLong(Charge::nanos))
                    .toList();
        }
    }

    /** What all scans cost together. */
    public double units() {
        return charges().stream().mapToDouble(Charge::units).sum();
    }

    /** How many scans were refused for their rate. */
    public int throttled() {
        return throttled.get();
    }

    private void pass(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode body = JSON.readTree(exchange.getRequestBody());
            String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
            Matcher credential = CREDENTIAL.matcher(exchange.getRequestHeaders().getFirst("Authorization"));
            credential.find();
            Asked asked = new Asked(
                    target.substring(target.indexOf('.') + 1),
                    body.path("TableName").asText(),
                    credential.group(1),
                    credential.group(2),
                    body);
            requests.add(asked);
            Supplier<Reply> real = () -> limited(asked, exchange);
            Reply reply = planned.stream()
                    .filter(next -> next.on.test(asked) && next.times.getAndUpdate(n -> Math.max(0, n - 1)) > 0)
                    .findFirst()
                    .map(next -> next.rule.answer(asked, real))
                    .orElseGet(real);
            exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
            exchange.getResponseHeaders().set("x-amz-crc32", Long.toString(reply.crc()));
            exchange.sendResponseHeaders(reply.status(), reply.body().length);
            exchange.getResponseBody().write(reply.body(), 0, reply.sent());
        }
    }

    private Reply limited(Asked asked, HttpExchange exchange) {
        long came = nanos();
        Bucket bucket = asked.isScan() ? buckets.get(asked.table()) : null;
        if (bucket != null && !bucket.isOpen()) {
            throttled.incrementAndGet();
            return Reply.error(
                    "ProvisionedThroughputExceededException",
                    "The level of configured provisioned throughput for the table was exceeded");
        }
        Reply reply = forward(asked, exchange);
        if (asked.isScan() && reply.status() == 200) {
            double units =
                    tree(reply).path("ConsumedCapacity").path("CapacityUnits").asDouble();
            synchronized (charges) {
                charges.add(new Charge(came, asked.table(), units));
            }
            if (bucket != null) {
                bucket.take(units);
            }
        }
        return reply;
    }

    private Reply forward(Asked asked, HttpExchange exchange) {
        ObjectNode body = asked.body().deepCopy();
        if (isRegional && !asked.table().isEmpty()) {
            body.put("TableName", asked.table() + "." + asked.region());
        }
        HttpRequest.Builder request =
                HttpRequest.newBuilder(server).POST(HttpRequest.BodyPublishers.ofString(body.toString()));
        for (String header : List.of("X-Amz-Target", "Authorization", "X-Amz-Date", "Content-Type")) {
            request.header(header, exchange.getRequestHeaders().getFirst(header));
        }
        try {
            HttpResponse<byte[]> response = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            Reply reply = Reply.of(response.statusCode(), response.body());
            return asked.operation().equals("DescribeTable") && reply.status() == 200 ? described(asked, reply) : reply;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private Reply described(Asked asked, Reply reply) {
        ObjectNode tree = (ObjectNode) tree(reply);
        ObjectNode table = (ObjectNode) tree.path("Table");
        table.put("TableName", asked.table());
        table.put("TableArn", "arn:aws:dynamodb:" + asked.region() + ":111122223333:table/" + asked.table());
        descriptions.getOrDefault(asked.table(), as -> {}).accept(table);
        return Reply.of(200, tree.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static JsonNode tree(Reply reply) {
        try {
            return JSON.readTree(reply.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        front.stop(0);
    }
}
