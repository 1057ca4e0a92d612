package dev.millrace.dynamodb;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;

/** A server on loopback that gives prepared answers in their order, the last one again and again. */
final class CannedDynamoDb implements AutoCloseable {
    private final HttpServer server;
    private final List<Answer> answers;
    private final List<String> requests = new ArrayList<>();

    /** An answer: of its body the first {@code sent} bytes are sent, then the connection is closed. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Answer(int status, Map<String, String> headers, byte[] body, int sent) {
        private Answer(int status, Map<String, String> headers, byte[] body) {
            this(status, headers, body, body.length);
        }

        Answer with(String header, String value) {
            Map<String, String> all = new HashMap<>(headers);
            all.put(header, value);
            return new Answer(status, all, body, sent);
        }

        Answer withWrongCrc() {
            return with("x-amz-crc32", "1");
        }

        Answer cutAfter(int bytes) {
            return new Answer(status, headers, body, bytes);
        }

        /** The CRC32 is that of the packed bytes. */
        Answer zipped() {
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            try (OutputStream out = new GZIPOutputStream(packed)) {
                out.write(body);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return ok(packed.toByteArray()).with("Content-Encoding", "gzip");
        }
    }

    CannedDynamoDb(Answer... answers) {
        // The JDK's server answers in two packets; without this the second waits 40 ms for the first to be confirmed.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        this.answers = List.of(answers);
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    /** A page of items, each the JSON of its attributes; {@code lastKey} is empty on the last page. */
    static Answer page(String lastKey, String... items) {
        String body = "{\"Count\":" + items.length + ",\"Items\":[" + String.join(",", items) + "],\"ScannedCount\":"
                + items.length
                + (lastKey.isEmpty() ? "" : ",\"LastEvaluatedKey\":" + lastKey)
                + ",\"ConsumedCapacity\":{\"TableName\":\"t\",\"CapacityUnits\":0.5}}";
        return ok(body);
    }

    static Answer ok(String body) {
        return ok(body.getBytes(StandardCharsets.UTF_8));
    }

    private static Answer ok(byte[] body) {
        CRC32 crc = new CRC32();
        crc.update(body);
        return new Answer(200, Map.of("x-amz-crc32", Long.toString(crc.getValue())), body);
    }

    static Answer error(int status, String code, String message) {
        String body = "{\"__type\":\"com.amazonaws.dynamodb.v20120810#" + code + "\",\"message\":\"" + message + "\"}";
        return new Answer(status, Map.of(), body.getBytes(StandardCharsets.UTF_8));
    }

    /** What a proxy says. */
    static Answer plain(int status, String text) {
        return new Answer(status, Map.of("Content-Type", "text/html"), text.getBytes(StandardCharsets.UTF_8));
    }

    private synchronized void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            requests.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            Answer answer = answers.get(Math.min(requests.size(), answers.size()) - 1);
            exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
            answer.headers().forEach(exchange.getResponseHeaders()::set);
            exchange.sendResponseHeaders(answer.status(), answer.body().length);
            exchange.getResponseBody().write(Arrays.copyOf(answer.body(), answer.sent()));
        }
    }

    /** Bodies of the requests so far. */
    synchronized List<String> requests() {
        return List.copyOf(requests);
    }

    TableAccess access() {
        return access("shop", List.of(), false);
    }

    TableAccess access(String table, List<String> projection, boolean consistent) {
        String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
        return new TableAccess(table, "eu-west-1", endpoint, "", "", consistent, projection);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
