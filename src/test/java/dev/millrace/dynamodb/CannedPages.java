package dev.millrace.dynamodb;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.sample.ShopSample;
import java.io.BufferedOutputStream;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * A shop's table as the answers of a scan in {@link #SEGMENTS} segments, on disk: what {@link PageServer} gives. Byte for
 * byte of the form of DynamoDB Local's answers ({@code CannedPagesTest} compares), the kinds mixed as hashes mix them.
 *
 * <p>All numbers are whole and of at most 18 digits: the audienceproject connector dies of others or changes them.
 *
 * @param folder {@code pages.bin}, the bodies one after the other; {@code index}, a line for each; {@code items.jsonl},
 *     the items as plain JSON, for tools that do not read DynamoDB
 */
record CannedPages(Path folder) {
    static final String TABLE = "shop";
    static final int SEGMENTS = 8;

    private static final int PAGE_BYTES = 1 << 20;
    private static final int LONGEST_NUMBER = 18;
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * One page.
     *
     * @param segment counted from 0
     * @param offset of its body in {@code pages.bin}
     * @param lastKey where the next one begins, as DynamoDB JSON; empty on a segment's last
     */
    record Place(int segment, long offset, int length, long crc32, String lastKey) {}

    Path bodies() {
        return folder.resolve("pages.bin");
    }

    Path plainItems() {
        return folder.resolve("items.jsonl");
    }

    Path description() {
        return folder.resolve("describe-table.json");
    }

    List<Place> places() throws IOException {
        List<Place> places = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("index"))) {
            String[] fields = line.split("\t", -1);
            places.add(new Place(
                    Integer.parseInt(fields[0]),
                    Long.parseLong(fields[1]),
                    Integer.parseInt(fields[2]),
                    Long.parseLong(fields[3]),
                    fields[4]));
        }
        return places;
    }

    /** Those of a shop of so many items, made once. */
    static CannedPages of(Path folder, int items, boolean isPlainWanted) throws IOException {
        CannedPages pages = new CannedPages(folder);
        if (!Files.exists(folder.resolve("index"))) {
            Files.createDirectories(folder);
            pages.make(items, isPlainWanted);
        }
        return pages;
    }

    /** Arguments: folder, number of items, and {@code plain} for the plain items too. Says how much there is. */
    public static void main(String[] args) throws IOException {
        CannedPages pages = of(Path.of(args[0]), Integer.parseInt(args[1]), args.length > 2);
        System.out.printf(
                Locale.ROOT,
                "%s items, %d pages, %d MB%n",
                args[1],
                pages.places().size(),
                Files.size(pages.bodies()) / 1_000_000);
    }

    private void make(int items, boolean isPlainWanted) throws IOException {
        List<Path> parts = new ArrayList<>();
        List<BufferedWriter> writers = new ArrayList<>();
        for (int i = 0; i < SEGMENTS; i++) {
            parts.add(folder.resolve("part-" + i));
            writers.add(Files.newBufferedWriter(parts.get(i)));
        }
        // Not by an iterator: that of a stream made of several holds all items of a kind at once.
        ShopSample.items(ShopSample.SEED, items).map(CannedPages::whole).forEach(item -> {
            int segment = Math.floorMod((item.get("PK").s().hashCode() * 0x9E3779B9) >>> 8, SEGMENTS);
            try {
                writers.get(segment).append(DynamoDbJson.write(hashed(item))).append('\n');
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        for (BufferedWriter writer : writers) {
            writer.close();
        }
        StringBuilder index = new StringBuilder();
        try (OutputStream bodies = new BufferedOutputStream(Files.newOutputStream(bodies()));
                JsonGenerator plain = JSON.getFactory()
                        .createGenerator(
                                isPlainWanted
                                        ? Files.newOutputStream(plainItems())
                                        : OutputStream.nullOutputStream())) {
            plain.setRootValueSeparator(new SerializedString("\n"));
            long offset = 0;
            for (int segment = 0; segment < SEGMENTS; segment++) {
                List<String> lines = new ArrayList<>(Files.readAllLines(parts.get(segment)));
                Files.delete(parts.get(segment));
                Collections.shuffle(lines, new Random(segment));
                if (isPlainWanted) {
                    for (String line : lines) {
                        plain.writeTree(plain(JSON.readTree(line)));
                    }
                }
                offset = writePages(segment, lines, bodies, offset, index);
            }
        }
        long bytes = Files.size(bodies());
        Files.writeString(
                description(),
                ("{\"Table\":{\"AttributeDefinitions\":[{\"AttributeName\":\"PK\",\"AttributeType\":\"S\"},"
                                + "{\"AttributeName\":\"SK\",\"AttributeType\":\"S\"}],\"TableName\":\"%s\",\"KeySchema\":["
                                + "{\"AttributeName\":\"PK\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"SK\",\"KeyType\":"
                                + "\"RANGE\"}],\"TableStatus\":\"ACTIVE\",\"ProvisionedThroughput\":{\"ReadCapacityUnits\":0,"
                                + "\"WriteCapacityUnits\":0},\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"},"
                                + "\"TableSizeBytes\":%d,\"ItemCount\":%d}}")
                        .formatted(TABLE, bytes, items));
        // Last: it says that all is there.
        Files.writeString(folder.resolve("index"), index);
    }

    private static long writePages(int segment, List<String> lines, OutputStream out, long from, StringBuilder index)
            throws IOException {
        long offset = from;
        int next = 0;
        while (next < lines.size()) {
            int first = next;
            for (int bytes = 0; next < lines.size() && bytes < PAGE_BYTES; next++) {
                bytes += lines.get(next).length();
            }
            boolean more = next < lines.size();
            String lastKey = more ? key(lines.get(next - 1)) : "";
            byte[] body = body(TABLE, lines.subList(first, next), lastKey);
            CRC32 crc = new CRC32();
            crc.update(body);
            out.write(body);
            index.append(segment)
                    .append('\t')
                    .append(offset)
                    .append('\t')
                    .append(body.length)
                    .append('\t')
                    .append(crc.getValue())
                    .append('\t')
                    .append(lastKey)
                    .append('\n');
            offset += body.length;
        }
        return offset;
    }

    /** An answer as DynamoDB Local writes it; half a unit for each 4 KB begun, of the JSON here. */
    static byte[] body(String table, List<String> items, String lastKey) {
        StringBuilder body = new StringBuilder("{\"Items\":[").append(String.join(",", items));
        long units = (body.length() + 4_095L) / 4_096;
        body.append("],\"Count\":")
                .append(items.size())
                .append(",\"ScannedCount\":")
                .append(items.size())
                .append(lastKey.isEmpty() ? "" : ",\"LastEvaluatedKey\":" + lastKey)
                .append(",\"ConsumedCapacity\":{\"TableName\":\"")
                .append(table)
                .append("\",\"CapacityUnits\":")
                .append(units / 2.0)
                .append("}}");
        return body.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String key(String item) throws IOException {
        JsonNode attributes = JSON.readTree(item);
        return "{\"SK\":" + attributes.get("SK") + ",\"PK\":" + attributes.get("PK") + "}";
    }

    /** In the order of Java's hash tables, as DynamoDB Local keeps attributes; a map's table is of the map's size. */
    static Map<String, AttributeValue> hashed(Map<String, AttributeValue> item) {
        return hashed(item, new HashMap<>());
    }

    private static Map<String, AttributeValue> hashed(
            Map<String, AttributeValue> item, Map<String, AttributeValue> hashed) {
        item.forEach((name, value) -> hashed.put(name, hashed(value)));
        return hashed;
    }

    private static AttributeValue hashed(AttributeValue value) {
        return switch (value.type()) {
            case M ->
                AttributeValue.fromM(hashed(value.m(), new HashMap<>(value.m().size())));
            case L ->
                AttributeValue.fromL(value.l().stream().map(CannedPages::hashed).toList());
            default -> value;
        };
    }

    private static Map<String, AttributeValue> whole(Map<String, AttributeValue> item) {
        Map<String, AttributeValue> whole = new HashMap<>();
        item.forEach((name, value) -> whole.put(name, whole(value)));
        return whole;
    }

    private static AttributeValue whole(AttributeValue value) {
        return switch (value.type()) {
            case N -> AttributeValue.fromN(whole(value.n()));
            case NS ->
                AttributeValue.fromNs(
                        value.ns().stream().map(CannedPages::whole).distinct().toList());
            case M -> AttributeValue.fromM(whole(value.m()));
            case L ->
                AttributeValue.fromL(value.l().stream().map(CannedPages::whole).toList());
            default -> value;
        };
    }

    private static String whole(String number) {
        String digits = new BigDecimal(number).unscaledValue().toString();
        return digits.substring(0, Math.min(digits.length(), LONGEST_NUMBER));
    }

    /** What a tool without DynamoDB's types gets: numbers, text and base64, sets as arrays. */
    private static JsonNode plain(JsonNode item) {
        var plain = JSON.createObjectNode();
        item.fields().forEachRemaining(field -> plain.set(field.getKey(), plainValue(field.getValue())));
        return plain;
    }

    private static JsonNode plainValue(JsonNode value) {
        Map.Entry<String, JsonNode> typed = value.fields().next();
        JsonNode content = typed.getValue();
        return switch (typed.getKey()) {
            case "N" -> JSON.getNodeFactory().numberNode(new BigInteger(content.asText()));
            case "NULL" -> JSON.nullNode();
            case "M" -> plain(content);
            case "L" -> {
                var list = JSON.createArrayNode();
                content.forEach(element -> list.add(plainValue(element)));
                yield list;
            }
            case "NS" -> {
                var list = JSON.createArrayNode();
                content.forEach(element -> list.add(new BigInteger(element.asText())));
                yield list;
            }
            default -> content;
        };
    }
}
