package dev.millrace.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.testing.DynamoDbLocal;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

@ExtendWith(DynamoDbLocal.class)
class ShopSampleTest {
    private static final int SMALL = 400;

    @Test
    void sameSeedGivesTheSameItems() {
        assertThat(ShopSample.items(1, SMALL))
                .containsExactlyElementsOf(ShopSample.items(1, SMALL).toList());
        assertThat(ShopSample.items(1, SMALL).toList())
                .isNotEqualTo(ShopSample.items(2, SMALL).toList());
        // Pinned: the items of the default seed are what pages and figures talk about.
        assertThat(ShopSample.items(ShopSample.SEED, ShopSample.ITEMS).toList().hashCode())
                .isEqualTo(PINNED);
    }

    private static final int PINNED = -266037656;

    @Test
    void hasTheKindsItPromises() {
        List<Map<String, AttributeValue>> items =
                ShopSample.items(ShopSample.SEED, ShopSample.ITEMS).toList();
        assertThat(items.stream()
                        .collect(Collectors.groupingBy(
                                item -> item.containsKey("EntityType")
                                        ? item.get("EntityType").s()
                                        : ShopSample.UNKNOWN,
                                Collectors.counting())))
                .isEqualTo(Map.of(
                        "Company",
                        200L,
                        "Customer",
                        3000L,
                        "Product",
                        1600L,
                        "Order",
                        9000L,
                        "Event",
                        6100L,
                        "_unknown",
                        100L));
        assertThat(items.stream()
                        .map(item -> item.get("PK").s() + "|" + item.get("SK").s()))
                .doesNotHaveDuplicates()
                .hasSize(20_000);
    }

    @Test
    void isUntidyWhereItSaysSo() {
        List<Map<String, AttributeValue>> items =
                ShopSample.items(ShopSample.SEED, ShopSample.ITEMS).toList();
        assertThat(types(items, "loyalty_points"))
                .containsEntry(AttributeValue.Type.S, 6L)
                .hasSize(2);
        assertThat(types(items, "referred_by")).containsKeys(AttributeValue.Type.S, AttributeValue.Type.NUL);
        assertThat(items.stream()
                        .filter(item -> item.containsKey("phones")
                                && item.get("phones").l().isEmpty()))
                .hasSizeGreaterThan(100);
        assertThat(items.stream()
                        .filter(item -> item.containsKey("amount"))
                        .mapToInt(item -> item.get("amount").n().length())
                        .max())
                .hasValue(38);
        assertThat(types(items, "thumbnail")).containsOnlyKeys(AttributeValue.Type.B);
        assertThat(types(items, "dimensions")).containsOnlyKeys(AttributeValue.Type.NS);
        assertThat(types(items, "tags")).containsOnlyKeys(AttributeValue.Type.SS);
    }

    @Test
    void totalsAreTheSumOfTheirLines() {
        List<Map<String, AttributeValue>> orders = ShopSample.items(ShopSample.SEED, SMALL)
                .filter(item -> item.containsKey("order_id"))
                .toList();
        assertThat(orders).hasSize(180).allSatisfy(order -> {
            BigDecimal sum = BigDecimal.ZERO;
            for (AttributeValue line : order.get("lines").l()) {
                sum = sum.add(decimal(line.m().get("quantity"))
                        .multiply(decimal(line.m().get("unit_price"))));
                for (AttributeValue discount : line.m().get("discounts").l()) {
                    sum = sum.subtract(decimal(discount.hasM() ? discount.m().get("amount") : discount));
                }
            }
            assertThat(decimal(order.get("total"))).isEqualTo(sum).isPositive();
        });
    }

    @Test
    void fillsOnce(DynamoDbClient client) {
        AtomicLong progress = new AtomicLong();
        assertThat(ShopSample.fillIfMissing(
                        client, "sample-once", 3, SMALL, written -> progress.accumulateAndGet(written, Math::max)))
                .isEqualTo(SMALL);
        assertThat(progress).hasValue(SMALL);
        assertThat(scan(client, "sample-once"))
                .containsExactlyInAnyOrderElementsOf(
                        ShopSample.items(3, SMALL).map(ShopSampleTest::stored).toList());

        Map<String, AttributeValue> added =
                Map.of("PK", AttributeValue.fromS("mine"), "SK", AttributeValue.fromS("mine"));
        client.putItem(request -> request.tableName("sample-once").item(added));
        assertThat(ShopSample.fillIfMissing(client, "sample-once", 3, SMALL, written -> {}))
                .isZero();
        assertThat(scan(client, "sample-once")).contains(added).hasSize(SMALL + 1);
    }

    @Test
    void replacesAShopOfAnotherSize(DynamoDbClient client) {
        ShopSample.fillIfMissing(client, "sample-resized", 3, 100, written -> {});
        assertThat(ShopSample.fillIfMissing(client, "sample-resized", 3, 50, written -> {}))
                .isEqualTo(50);
        assertThat(scan(client, "sample-resized")).hasSize(50);
    }

    @Test
    void completesAKilledFill(DynamoDbClient client) {
        assertThatThrownBy(() -> ShopSample.fillIfMissing(client, "sample-killed", 3, SMALL, written -> {
                    throw new IllegalStateException("killed at " + written);
                }))
                .hasMessageStartingWith("killed at ");
        assertThat(scan(client, "sample-killed")).hasSizeBetween(1, SMALL - 1);
        assertThat(ShopSample.fillIfMissing(client, "sample-killed", 3, SMALL, written -> {}))
                .isEqualTo(SMALL);
        assertThat(scan(client, "sample-killed")).hasSize(SMALL);
    }

    @Test
    void leavesATableOfSomebodyElseAlone(DynamoDbClient client) {
        client.createTable(request -> request.tableName("sample-foreign")
                .attributeDefinitions(AttributeDefinition.builder()
                        .attributeName("id")
                        .attributeType("N")
                        .build())
                .keySchema(KeySchemaElement.builder()
                        .attributeName("id")
                        .keyType("HASH")
                        .build())
                .billingMode("PAY_PER_REQUEST"));
        assertThat(ShopSample.fillIfMissing(client, "sample-foreign")).isZero();
        assertThat(scan(client, "sample-foreign")).isEmpty();
    }

    @Test
    void writesAgainWhatTheTableDidNotTake(DynamoDbClient client) {
        AtomicLong refused = new AtomicLong();
        DynamoDbClient stingy = new StingyClient(client, refused);
        assertThat(ShopSample.fillIfMissing(stingy, "sample-stingy", 3, SMALL, written -> {}))
                .isEqualTo(SMALL);
        assertThat(refused.get()).isPositive();
        assertThat(scan(client, "sample-stingy")).hasSize(SMALL);
    }

    @Test
    void refusesTooFewItems() {
        assertThatThrownBy(() -> ShopSample.items(1, 9))
                .hasMessage("Invalid number of sample items: 9: must be at least 10");
    }

    /** The real table behind a client that takes at most ten items of a request and hands the others back. */
    private record StingyClient(DynamoDbClient real, AtomicLong refused) implements DynamoDbClient {
        @Override
        public BatchWriteItemResponse batchWriteItem(BatchWriteItemRequest request) {
            String table = request.requestItems().keySet().iterator().next();
            List<WriteRequest> all = request.requestItems().get(table);
            List<WriteRequest> taken = all.subList(0, Math.min(10, all.size()));
            List<WriteRequest> left = all.subList(taken.size(), all.size());
            refused.addAndGet(left.size());
            real.batchWriteItem(sent -> sent.requestItems(Map.of(table, taken)));
            return BatchWriteItemResponse.builder()
                    .unprocessedItems(left.isEmpty() ? Map.of() : Map.of(table, left))
                    .build();
        }

        @Override
        public software.amazon.awssdk.services.dynamodb.model.DescribeTableResponse describeTable(
                software.amazon.awssdk.services.dynamodb.model.DescribeTableRequest request) {
            return real.describeTable(request);
        }

        @Override
        public software.amazon.awssdk.services.dynamodb.model.CreateTableResponse createTable(
                software.amazon.awssdk.services.dynamodb.model.CreateTableRequest request) {
            return real.createTable(request);
        }

        @Override
        public software.amazon.awssdk.services.dynamodb.model.PutItemResponse putItem(
                software.amazon.awssdk.services.dynamodb.model.PutItemRequest request) {
            return real.putItem(request);
        }

        @Override
        public software.amazon.awssdk.services.dynamodb.waiters.DynamoDbWaiter waiter() {
            return real.waiter();
        }

        @Override
        public String serviceName() {
            return real.serviceName();
        }

        @Override
        public void close() {}
    }

    private static BigDecimal decimal(AttributeValue value) {
        return new BigDecimal(value.n());
    }

    private static Map<AttributeValue.Type, Long> types(List<Map<String, AttributeValue>> items, String name) {
        return items.stream()
                .filter(item -> item.containsKey(name))
                .collect(Collectors.groupingBy(item -> item.get(name).type(), Collectors.counting()));
    }

    private static List<Map<String, AttributeValue>> scan(DynamoDbClient client, String table) {
        return client.scanPaginator(request -> request.tableName(table).consistentRead(true)).items().stream()
                .map(ShopSampleTest::stored)
                .toList();
    }

    /** As DynamoDB keeps it: numbers without trailing zeros, sets in no order. */
    private static Map<String, AttributeValue> stored(Map<String, AttributeValue> item) {
        return item.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, entry -> stored(entry.getValue())));
    }

    private static AttributeValue stored(AttributeValue value) {
        return switch (value.type()) {
            case N -> AttributeValue.fromN(number(value.n()));
            case NS ->
                AttributeValue.fromNs(
                        value.ns().stream().map(ShopSampleTest::number).sorted().toList());
            case SS -> AttributeValue.fromSs(value.ss().stream().sorted().toList());
            case L ->
                AttributeValue.fromL(
                        value.l().stream().map(ShopSampleTest::stored).toList());
            case M -> AttributeValue.fromM(stored(value.m()));
            case S, B, BOOL, NUL, BS, UNKNOWN_TO_SDK_VERSION -> value;
        };
    }

    private static String number(String text) {
        return new BigDecimal(text).stripTrailingZeros().toPlainString();
    }
}
