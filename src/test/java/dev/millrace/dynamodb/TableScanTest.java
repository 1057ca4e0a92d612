package dev.millrace.dynamodb;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.run.UnitManifest;
import dev.millrace.sample.ShopSample;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.SourceType;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.Rebuild;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

@ExtendWith(DynamoDbLocal.class)
class TableScanTest {
    private static final String SHOP = "table-scan-shop";
    private static final int SHOP_ITEMS = 1_500;
    private static final String HASH = "k.1 \"ü\"";
    private static final String RANGE = "size";

    @TempDir
    private Path root;

    private static TableAccess access(URI endpoint, String table, boolean consistent, String... projection) {
        return new TableAccess(table, "eu-west-1", endpoint.toString(), "", "", consistent, List.of(projection));
    }

    /** All items in the spools of n segments, canonical; none may come twice. */
    private Set<JsonNode> spooled(TableAccess access, int segments) {
        List<String> keys = TableDescription.load(access).keys().stream()
                .map(KeyAttribute::name)
                .toList();
        Runs runs = Runs.at(root);
        Spool spool = runs.spool(access, keys);
        Set<JsonNode> all = new HashSet<>();
        Spool.units(segments, "").forEach(spool::obtain);
        List<UnitManifest> units = runs.commits().committed(Spool.PHASE);
        assertThat(units).hasSize(segments);
        for (UnitManifest unit : units) {
            List<String> items = Runs.items(spool, unit);
            assertThat(unit.files().get(0).rows()).isEqualTo(items.size());
            items.forEach(item -> assertThat(all.add(Rebuild.canonical(item))).isTrue());
        }
        return all;
    }

    private static Set<JsonNode> canonical(List<Map<String, AttributeValue>> items) {
        Set<JsonNode> all = new HashSet<>();
        items.forEach(item -> all.add(Rebuild.canonical(DynamoDbJson.write(item))));
        return all;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 7})
    void readsTheWholeTableInAnyNumberOfSegments(int segments, URI endpoint, DynamoDbClient client) {
        ShopSample.fillIfMissing(client, SHOP, 3, SHOP_ITEMS, written -> {});
        List<Map<String, AttributeValue>> scanned =
                client.scanPaginator(r -> r.tableName(SHOP)).items().stream().toList();
        assertThat(scanned).hasSize(SHOP_ITEMS);
        assertThat(spooled(access(endpoint, SHOP, false), segments)).isEqualTo(canonical(scanned));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 7})
    void readsAHostileTable(int segments, URI endpoint, DynamoDbClient client) {
        List<Map<String, AttributeValue>> put = fillHostile(client, "table-scan-hostile-" + segments);
        TableAccess access = access(endpoint, "table-scan-hostile-" + segments, true);
        assertThat(TableDescription.load(access).keys())
                .containsExactly(new KeyAttribute(HASH, SourceType.B), new KeyAttribute(RANGE, SourceType.N));
        assertThat(spooled(access, segments)).isEqualTo(canonical(put));
        UnitManifest first = Runs.at(root).commits().committed(Spool.PHASE).get(0);
        if (segments == 1) {
            assertThat(Integer.parseInt(first.facts().get("pages"))).isGreaterThan(4);
        }
    }

    @Test
    void projectsAwkwardNamesAndAlwaysReadsTheKeys(URI endpoint, DynamoDbClient client) {
        String table = "table-scan-projected";
        List<Map<String, AttributeValue>> put = fillHostile(client, table);
        List<String> projection = List.of("a.b", "name", "NAME", "with space", "quote\"s", "größe 😀", "no such one");
        List<Map<String, AttributeValue>> expected = new ArrayList<>();
        for (Map<String, AttributeValue> item : put) {
            Map<String, AttributeValue> kept = new HashMap<>(item);
            kept.keySet().removeIf(a -> !projection.contains(a) && !a.equals(HASH) && !a.equals(RANGE));
            expected.add(kept);
        }
        TableAccess access = access(endpoint, table, true, projection.toArray(String[]::new));
        assertThat(spooled(access, 3)).isEqualTo(canonical(expected));
    }

    @Test
    void readsAnEmptyTable(URI endpoint, DynamoDbClient client) {
        create(client, "table-scan-empty");
        assertThat(spooled(access(endpoint, "table-scan-empty", false), 4)).isEmpty();
    }

    private static void create(DynamoDbClient client, String table) {
        client.createTable(r -> r.tableName(table)
                .billingMode(BillingMode.PAY_PER_REQUEST)
                .attributeDefinitions(List.of(
                        AttributeDefinition.builder()
                                .attributeName(RANGE)
                                .attributeType(ScalarAttributeType.N)
                                .build(),
                        AttributeDefinition.builder()
                                .attributeName(HASH)
                                .attributeType(ScalarAttributeType.B)
                                .build()))
                .keySchema(List.of(
                        KeySchemaElement.builder()
                                .attributeName(HASH)
                                .keyType(KeyType.HASH)
                                .build(),
                        KeySchemaElement.builder()
                                .attributeName(RANGE)
                                .keyType(KeyType.RANGE)
                                .build())));
    }

    /** Items of up to 400 KB under binary and numeric keys: one to three fill a page. */
    private static List<Map<String, AttributeValue>> fillHostile(DynamoDbClient client, String table) {
        create(client, table);
        Random random = new Random(5);
        List<Map<String, AttributeValue>> items = new ArrayList<>();
        List<String> numbers = List.of(
                "0",
                "-12345678901234567890123456789012345678",
                "1E-130",
                "9.9999999999999999999999999999999999999E+125",
                "9007199254740993",
                "-0.5");
        for (int i = 0; i < 18; i++) {
            byte[] key = new byte[1 + random.nextInt(40)];
            random.nextBytes(key);
            Map<String, AttributeValue> item = new LinkedHashMap<>();
            item.put(HASH, AttributeValue.fromB(SdkBytes.fromByteArray(key)));
            item.put(RANGE, AttributeValue.fromN(numbers.get(i % numbers.size())));
            item.put("a.b", AttributeValue.fromN(numbers.get((i + 1) % numbers.size())));
            item.put("name", AttributeValue.fromS("lower" + i));
            item.put("NAME", AttributeValue.fromS(""));
            item.put("Name", AttributeValue.fromNul(true));
            item.put("with space", AttributeValue.fromSs(List.of("b", "a", "")));
            item.put("quote\"s", AttributeValue.fromNs(List.of("1", "-2.5E+3")));
            item.put("größe 😀", AttributeValue.fromM(Map.of("\\", AttributeValue.fromL(List.of()))));
            item.put("b", AttributeValue.fromBs(List.of(SdkBytes.fromByteArray(key))));
            item.put("deep", deep(30));
            // Three bytes each in UTF-8, or one byte and six characters as an escape.
            String large = i % 3 == 1 ? "€".repeat(136_000) : "\u0001".repeat(408_000);
            item.put("text", AttributeValue.fromS(i % 3 == 0 ? "small" : large));
            items.add(item);
            client.putItem(r -> r.tableName(table).item(item));
        }
        return items;
    }

    private static AttributeValue deep(int levels) {
        AttributeValue value = AttributeValue.fromBool(true);
        for (int i = 0; i < levels; i++) {
            value = i % 2 == 0 ? AttributeValue.fromL(List.of(value)) : AttributeValue.fromM(Map.of("m", value));
        }
        return value;
    }
}
