package dev.millrace.sample;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/**
 * A web shop in one DynamoDB table: companies, customers, products, orders and events, told apart by the attribute
 * {@code EntityType} and by the prefix of the sort key {@code SK}; one item in 200 has no {@code EntityType}.
 *
 * <p>The items depend on the seed and their number alone. Some are as untidy as in life: explicit NULLs, empty lists
 * and strings, attributes that come and go, and a few values of another type than their neighbours'.
 */
public final class ShopSample {
    public static final long SEED = 20_260_101;
    public static final int ITEMS = 20_000;

    /** What {@link #counts} calls the items without an {@code EntityType}. */
    public static final String UNKNOWN = "_unknown";

    static final String COMPANY = "Company";
    static final String CUSTOMER = "Customer";
    static final String PRODUCT = "Product";
    static final String ORDER = "Order";
    static final String EVENT = "Event";

    private static final int FEWEST_ITEMS = 10;
    /** Raised whenever the items of one seed change, so that a table filled before is filled anew. */
    private static final int VERSION = 1;

    private ShopSample() {}

    /** The items of a shop, companies first, events and items of no kind last. */
    public static Stream<Map<String, AttributeValue>> items(long seed, int items) {
        Map<String, Integer> counts = counts(items);
        ShopItems shop = new ShopItems(seed, counts.get(COMPANY), counts.get(CUSTOMER), counts.get(PRODUCT));
        return Stream.of(
                        IntStream.range(0, counts.get(COMPANY)).mapToObj(shop::company),
                        IntStream.range(0, counts.get(CUSTOMER)).mapToObj(shop::customer),
                        IntStream.range(0, counts.get(PRODUCT)).mapToObj(shop::product),
                        IntStream.range(0, counts.get(ORDER)).mapToObj(shop::order),
                        IntStream.range(0, counts.get(EVENT)).mapToObj(shop::event),
                        IntStream.range(0, counts.get(UNKNOWN)).mapToObj(shop::setting))
                .flatMap(kind -> kind);
    }

    /** How many items of each kind a shop of so many items has. */
    public static Map<String, Integer> counts(int items) {
        if (items < FEWEST_ITEMS) {
            throw new IllegalArgumentException(
                    "Invalid number of sample items: " + items + ": must be at least " + FEWEST_ITEMS);
        }
        Map<String, Integer> counts = new LinkedHashMap<>();
        counts.put(COMPANY, Math.max(1, items / 100));
        counts.put(CUSTOMER, Math.max(1, (int) (items * 15L / 100)));
        counts.put(PRODUCT, Math.max(1, (int) (items * 8L / 100)));
        counts.put(ORDER, (int) (items * 45L / 100));
        counts.put(UNKNOWN, Math.max(1, items / 200));
        counts.put(
                EVENT,
                items - counts.values().stream().mapToInt(Integer::intValue).sum());
        return counts;
    }

    /** As the next method, with the default seed and number of items, and nobody to tell the progress. */
    public static long fillIfMissing(DynamoDbClient client, String table) {
        return fillIfMissing(client, table, SEED, ITEMS, written -> {});
    }

    /**
     * Makes sure that the table holds this shop. A table that was filled whole stays as it is now, with what was
     * changed in it since; one with another seed or number of items is replaced; one that we did not make is left
     * alone.
     *
     * @param progress told the number of items written so far, from several threads
     * @return the number of items written; 0 when the table was there
     */
    public static long fillIfMissing(DynamoDbClient client, String table, long seed, int items, LongConsumer progress) {
        String shop = "shop v" + VERSION + " seed=" + seed + " items=" + items;
        // Writing the same items again does no harm, so a killed fill is completed, and two at once are no trouble.
        String filling = "filling " + shop;
        counts(items);
        SampleTable target = new SampleTable(client, table);
        if (target.exists()) {
            Optional<String> content = target.content();
            if (content.isEmpty() || content.get().equals(shop)) {
                return 0;
            }
            if (!content.get().equals(filling)) {
                target.delete();
            }
        }
        if (!target.exists()) {
            target.create(
                    List.of(
                            SampleTable.attribute("PK", ScalarAttributeType.S),
                            SampleTable.attribute("SK", ScalarAttributeType.S)),
                    List.of(SampleTable.key("PK", KeyType.HASH), SampleTable.key("SK", KeyType.RANGE)),
                    filling);
        }
        long written = new ItemWriter(client, table).write(items(seed, items), progress);
        target.setContent(shop);
        return written;
    }
}
