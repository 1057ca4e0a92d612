package dev.millrace.dynamodb;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.zip.CRC32;

/**
 * DynamoDB as far as a parallel scan needs it, giving {@link CannedPages}: it does nothing but find a page and send it, so
 * that what is measured is the client. Whatever limit a request asks for, it gets the page as it is.
 */
final class PageServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;
    private final ByteBuffer bodies;
    private final byte[] description;
    private final List<CannedPages.Place> places;
    private final Map<Integer, Integer> firstOfSegment = new HashMap<>();
    private final Map<String, Integer> nextOfKey = new HashMap<>();

    PageServer(CannedPages pages) throws IOException {
        try (FileChannel file = FileChannel.open(pages.bodies())) {
            bodies = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
        }
        description = Files.readAllBytes(pages.description());
        places = pages.places();
        for (int i = 0; i < places.size(); i++) {
            firstOfSegment.putIfAbsent(places.get(i).segment(), i);
            if (!places.get(i).lastKey().isEmpty()) {
                nextOfKey.put(key(JSON.readTree(places.get(i).lastKey())), i + 1);
            }
        }
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", this::answer);
        server.start();
    }

    /** Arguments: the folder of the pages. Says its endpoint on one line and serves until standard input ends. */
    public static void main(String[] args) throws IOException {
        // Else the kernel holds back the end of an answer until the beginning is acknowledged.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        try (PageServer server = new PageServer(new CannedPages(Path.of(args[0])));
                InputStream in = System.in) {
            System.out.println(server.endpoint());
            while (in.read() >= 0) {
                // Whoever started this holds the other end.
            }
        }
        System.exit(0);
    }

    String endpoint() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private static String key(JsonNode key) {
        return key.path("PK").path("S").asText() + "\n"
                + key.path("SK").path("S").asText();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode request = JSON.readTree(exchange.getRequestBody());
            String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
            if (target != null && target.endsWith(".DescribeTable")) {
                CRC32 crc = new CRC32();
                crc.update(description);
                send(exchange, 200, description, crc.getValue());
                return;
            }
            Integer page = target != null && target.endsWith(".Scan") ? page(request) : null;
            if (page == null) {
                byte[] error = ("{\"__type\":\"com.amazonaws.dynamodb.v20120810#ValidationException\",\"message\":"
                                + "\"Only DescribeTable, and Scan in " + CannedPages.SEGMENTS
                                + " segments from where a page ended\"}")
                        .getBytes(StandardCharsets.UTF_8);
                CRC32 crc = new CRC32();
                crc.update(error);
                send(exchange, 400, error, crc.getValue());
                return;
            }
            CannedPages.Place place = places.get(page);
            byte[] body = new byte[place.length()];
            bodies.get(Math.toIntExact(place.offset()), body);
            send(exchange, 200, body, place.crc32());
        }
    }

    private Integer page(JsonNode request) {
        if (request.path("TotalSegments").asInt() != CannedPages.SEGMENTS) {
            return null;
        }
        return request.has("ExclusiveStartKey")
                ? nextOfKey.get(key(request.get("ExclusiveStartKey")))
                : firstOfSegment.get(request.path("Segment").asInt());
    }

    private static void send(HttpExchange exchange, int status, byte[] body, long crc32) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
        exchange.getResponseHeaders().set("x-amz-crc32", Long.toString(crc32));
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
