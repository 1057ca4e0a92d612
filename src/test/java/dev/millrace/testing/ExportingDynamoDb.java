package dev.millrace.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.storage.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;

/**
 * What of DynamoDB exports tables, on loopback: DynamoDB Local does not. It keeps to what the API reference says of {@code
 * ExportTableToPointInTime}, {@code DescribeExport} and {@code ListExports}: one token is one export, which is in progress
 * when it is first asked after and then writes its files, laid out as real ones are.
 */
public final class ExportingDynamoDb implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ARN = "arn:aws:dynamodb:eu-west-1:111122223333:table/shop";

    private static final class Export {
        private final JsonNode request;
        private final String id;
        private String status = "IN_PROGRESS";
        private int asked;

        Export(JsonNode request, String id) {
            this.request = request;
            this.id = id;
        }

        String folder() {
            String prefix = request.path("S3Prefix").asText("");
            return (prefix.isEmpty() ? "" : prefix + "/") + "AWSDynamoDB/" + id + "/";
        }
    }

    private final HttpServer server;
    private final Storage bucket;
    private final List<String> asked = new ArrayList<>();
    private final Map<String, Export> exports = new LinkedHashMap<>();
    private List<List<String>> items = List.of();
    private Optional<String> refusal = Optional.empty();
    private boolean refusesAfterwards;
    private boolean fails;
    private int progress = 1;

    /** @param bucket that the exports are written to, whatever its name */
    public ExportingDynamoDb(Storage bucket) {
        this.bucket = bucket;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** What exports have from now on, by file. */
    public synchronized void holds(List<List<String>> files) {
        items = files;
    }

    /** Requests of exports are refused from now on with an error of this name; empty: none is. */
    public synchronized void refuses(Optional<String> error) {
        refusal = error;
        refusesAfterwards = false;
    }

    /** The next answer to a request of an export is an error, after the export has begun. */
    public synchronized void refusesAfterwards(String error) {
        refusal = Optional.of(error);
        refusesAfterwards = true;
    }

    /** Exports that are asked after from now on have failed. */
    public synchronized void fails(boolean now) {
        fails = now;
    }

    /** How often an export is still in progress when it is asked after. */
    public synchronized void takes(int questions) {
        progress = questions;
    }

    /** The operations asked for since this was asked last. */
    public synchronized List<String> asked() {
        List<String> all = List.copyOf(asked);
        asked.clear();
        return all;
    }

    /** What exports were asked for with. */
    public synchronized List<JsonNode> requests() {
        return exports.values().stream().map(export -> export.request).toList();
    }

    /** How many exports there are. */
    public synchronized int exports() {
        return exports.size();
    }

    private synchronized void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
            String operation = target.substring(target.indexOf('.') + 1);
            asked.add(operation);
            JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
            switch (operation) {
                case "DescribeTable" -> send(exchange, 200, table());
                case "ExportTableToPointInTime" -> export(exchange, request);
                case "DescribeExport" -> describe(exchange, request);
                case "ListExports" -> send(exchange, 200, list());
                default -> error(exchange, "UnknownOperationException");
            }
        }
    }

    private static ObjectNode table() {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode table = root.putObject("Table");
        table.put("TableName", "shop").put("TableArn", ARN).put("TableStatus", "ACTIVE");
        table.putArray("KeySchema")
                .add(JSON.createObjectNode().put("AttributeName", "SK").put("KeyType", "RANGE"))
                .add(JSON.createObjectNode().put("AttributeName", "PK").put("KeyType", "HASH"));
        table.putArray("AttributeDefinitions")
                .add(JSON.createObjectNode().put("AttributeName", "PK").put("AttributeType", "S"))
                .add(JSON.createObjectNode().put("AttributeName", "SK").put("AttributeType", "N"));
        return root;
    }

    private void export(HttpExchange exchange, JsonNode request) throws IOException {
        if (refusal.isPresent() && !refusesAfterwards) {
            error(exchange, refusal.get());
            return;
        }
        String token = request.path("ClientToken").asText();
        Optional<Export> same = exports.values().stream()
                .filter(export -> export.request.path("ClientToken").asText().equals(token))
                .findFirst();
        if (same.isPresent() && !same.get().request.equals(request)) {
            error(exchange, "ExportConflictException");
            return;
        }
        Export export = same.orElseGet(
                () -> new Export(request, "%014d-%08x".formatted(System.currentTimeMillis(), exports.size())));
        exports.put(ARN + "/export/" + export.id, export);
        if (refusesAfterwards) {
            error(exchange, refusal.orElseThrow());
            refuses(Optional.empty());
        } else {
            send(exchange, 200, description(export));
        }
    }

    private void describe(HttpExchange exchange, JsonNode request) throws IOException {
        Export export = exports.get(request.path("ExportArn").asText());
        if (export == null) {
            error(exchange, "ExportNotFoundException");
            return;
        }
        if (export.status.equals("IN_PROGRESS") && ++export.asked > progress) {
            export.status = fails ? "FAILED" : "COMPLETED";
            if (!fails) {
                write(export);
            }
        }
        send(exchange, 200, description(export));
    }

    private static ObjectNode description(Export export) {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode description = root.putObject("ExportDescription");
        description
                .put("ExportArn", ARN + "/export/" + export.id)
                .put("ExportStatus", export.status)
                .put("TableArn", ARN)
                .put("ClientToken", export.request.path("ClientToken").asText());
        if (export.status.equals("FAILED")) {
            description.put("FailureCode", "S3NoSuchBucket").put("FailureMessage", "the bucket is gone");
        }
        return root;
    }

    private ObjectNode list() {
        ObjectNode root = JSON.createObjectNode();
        exports.forEach((arn, export) -> root.withArray("ExportSummaries")
                .addObject()
                .put("ExportArn", arn)
                .put("ExportStatus", export.status));
        return root;
    }

    private void write(Export export) {
        StringBuilder files = new StringBuilder();
        long count = 0;
        for (int i = 0; i < items.size(); i++) {
            byte[] data = gzip(items.get(i));
            String path = export.folder() + "data/file" + i + ".json.gz";
            bucket.put(path, data);
            files.append(JSON.createObjectNode()
                            .put("itemCount", items.get(i).size())
                            .put("md5Checksum", md5(data))
                            .put("etag", "d41d8cd98f00b204e9800998ecf8427e-1")
                            .put("dataFileS3Key", path))
                    .append('\n');
            count += items.get(i).size();
        }
        bucket.put(export.folder() + "manifest-files.json", files.toString().getBytes(StandardCharsets.UTF_8));
        bucket.put(
                export.folder() + "manifest-summary.json",
                JSON.createObjectNode()
                        .put("version", "2020-06-30")
                        .put("exportArn", ARN + "/export/" + export.id)
                        .put("tableArn", ARN)
                        .put("manifestFilesS3Key", export.folder() + "manifest-files.json")
                        .put("itemCount", count)
                        .put("outputFormat", "DYNAMODB_JSON")
                        .toString()
                        .getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] gzip(List<String> items) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            for (String item : items) {
                gzip.write(("{\"Item\":" + item + "}\n").getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** As an export tells it. */
    public static String md5(byte[] bytes) {
        try {
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("MD5").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void error(HttpExchange exchange, String name) throws IOException {
        send(
                exchange,
                400,
                JSON.createObjectNode()
                        .put("__type", "com.amazonaws.dynamodb.v20120810#" + name)
                        .put("message", "told by the server"));
    }

    private static void send(HttpExchange exchange, int status, JsonNode body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
