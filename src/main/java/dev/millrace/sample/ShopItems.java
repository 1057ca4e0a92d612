package dev.millrace.sample;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Makes the items of a {@link ShopSample}, each from the seed, its kind and its number alone. */
final class ShopItems {
    private static final Instant OPENED = Instant.parse("2026-01-01T00:00:00Z");
    private static final int OPEN_SECONDS = 300 * 24 * 60 * 60;
    private static final long YEAR_SECONDS = 365L * 24 * 60 * 60;

    private static final List<String> FIRST_NAMES = List.of(
            "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Grete", "Hugo", "Ines", "Jürgen", "Kofi", "Łucja",
            "Mei", "Noé", "Olga", "Priya", "Quentin", "Rosa", "Søren", "太郎", "Uma", "Viktor", "Wanda", "Zoë");
    private static final List<String> LAST_NAMES = List.of(
            "Almeida",
            "Bauer",
            "Costa",
            "Dubois",
            "Eriksen",
            "Fischer",
            "García",
            "Haddad",
            "Ivanova",
            "Jensen",
            "Kowalski",
            "Lindqvist",
            "Müller",
            "Nguyen",
            "O'Brien",
            "Petrov",
            "Quist",
            "Rossi",
            "Schmidt",
            "Tanaka",
            "van der Berg",
            "Weiß",
            "Yılmaz",
            "Öztürk");
    private static final List<String> STREETS =
            List.of("Mill Lane", "Harbour Street", "Rue du Moulin", "Am Wehr", "Via Roma", "High Street, 2nd floor");
    private static final List<String> CITIES =
            List.of("Lisbon", "Berlin", "Lyon", "Gdańsk", "Bologna", "Utrecht", "Århus", "Porto");
    private static final List<String> COUNTRIES = List.of("PT", "DE", "FR", "PL", "IT", "NL", "DK");
    private static final List<String> STATUSES =
            List.of("placed", "paid", "packed", "shipped", "delivered", "returned", "cancelled");
    private static final List<String> TAGS =
            List.of("gift", "express", "first-order", "fragile", "b2b", "newsletter", "loyalty", "preorder");
    private static final List<String> CATEGORIES =
            List.of("kitchen", "garden", "tools", "toys", "books", "lighting", "sports", "office");
    private static final List<String> THINGS =
            List.of("Kettle", "Lamp", "Spade", "Puzzle", "Notebook", "Ball", "Drill", "Mug", "Chair", "Clock");
    private static final List<String> MATERIALS = List.of("steel", "oak", "glass", "cotton", "paper", "rubber");
    private static final List<String> COLOURS = List.of("red", "green", "blue", "black", "white", "\"signal\" yellow");
    private static final List<String> PAGES =
            List.of("/", "/sale", "/product", "/cart", "/account", "/search?q=m%C3%BChle");

    private final long seed;
    private final int companies;
    private final int customers;
    private final int products;

    ShopItems(long seed, int companies, int customers, int products) {
        this.seed = seed;
        this.companies = companies;
        this.customers = customers;
        this.products = products;
    }

    Map<String, AttributeValue> company(int number) {
        Random random = random(1, number);
        String id = companyId(number);
        Map<String, AttributeValue> item = item("COMPANY#" + id, "COMPANY#" + id, ShopSample.COMPANY, random);
        item.put("company_id", text(id));
        item.put("name", text(any(LAST_NAMES, random) + " & " + any(LAST_NAMES, random) + " Ltd."));
        item.put("vat", text(any(COUNTRIES, random) + digits(9, random)));
        item.put("employees", number(1 + random.nextInt(5_000)));
        List<AttributeValue> addresses = new ArrayList<>();
        int addressCount = 1 + random.nextInt(3);
        for (int i = 0; i < addressCount; i++) {
            Map<String, AttributeValue> address = address(random);
            address.put("use", text(i == 0 ? "seat" : "delivery"));
            addresses.add(map(address));
        }
        item.put("addresses", list(addresses));
        return item;
    }

    Map<String, AttributeValue> customer(int number) {
        Random random = random(2, number);
        String id = customerId(number);
        Map<String, AttributeValue> item = item("CUSTOMER#" + id, "CUSTOMER#" + id, ShopSample.CUSTOMER, random);
        String first = any(FIRST_NAMES, random);
        item.put("customer_id", text(id));
        item.put("name", text(first + " " + any(LAST_NAMES, random)));
        item.put("email", text("customer" + number + "@example.com"));
        item.put("card_number", text("4" + digits(15, random)));
        item.put("address", map(address(random)));
        List<AttributeValue> phones = new ArrayList<>();
        int phoneCount = random.nextInt(4);
        for (int i = 0; i < phoneCount; i++) {
            phones.add(text("+" + (30 + random.nextInt(60)) + " " + digits(9, random)));
        }
        item.put("phones", list(phones));
        item.put("loyalty_points", number % 500 == 7 ? text("lifetime") : number(random.nextInt(20_000)));
        item.put("newsletter", AttributeValue.fromBool(random.nextBoolean()));
        if (random.nextInt(3) == 0) {
            item.put("referred_by", AttributeValue.fromNul(true));
        } else if (random.nextInt(2) == 0) {
            item.put("referred_by", text(customerId(random.nextInt(customers))));
        }
        if (random.nextInt(4) == 0) {
            item.put("company_id", text(companyId(random.nextInt(companies))));
        }
        return item;
    }

    Map<String, AttributeValue> product(int number) {
        Random random = random(3, number);
        String sku = sku(number);
        Map<String, AttributeValue> item = item("PRODUCT#" + sku, "PRODUCT#" + sku, ShopSample.PRODUCT, random);
        item.put("sku", text(sku));
        item.put("name", text(any(COLOURS, random) + " " + any(THINGS, random)));
        item.put("price", cents(priceCents(number)));
        item.put("attributes", map(attributes(random)));
        item.put("categories", textSet(CATEGORIES, 1 + random.nextInt(3), random));
        TreeSet<BigDecimal> dimensions = new TreeSet<>();
        while (dimensions.size() < 3) {
            dimensions.add(BigDecimal.valueOf(10L + random.nextInt(2_000), 1));
        }
        item.put(
                "dimensions",
                AttributeValue.fromNs(
                        dimensions.stream().map(BigDecimal::toPlainString).toList()));
        byte[] thumbnail = new byte[16 + random.nextInt(48)];
        random.nextBytes(thumbnail);
        item.put("thumbnail", AttributeValue.fromB(SdkBytes.fromByteArray(thumbnail)));
        item.put("in_stock", number(random.nextInt(400)));
        return item;
    }

    Map<String, AttributeValue> order(int number) {
        Random random = random(4, number);
        String id = "O%07d".formatted(number);
        String customer = customerId(random.nextInt(customers));
        Map<String, AttributeValue> item = item("CUSTOMER#" + customer, "ORDER#" + id, ShopSample.ORDER, random);
        item.put("order_id", text(id));
        item.put("customer_id", text(customer));
        item.put("status", text(any(STATUSES, random)));
        long totalCents = 0;
        List<AttributeValue> lines = new ArrayList<>();
        int lineCount = 1 + random.nextInt(5);
        for (int i = 0; i < lineCount; i++) {
            int product = random.nextInt(products);
            long quantity = 1L + random.nextInt(4);
            long discountCents = 0;
            List<AttributeValue> discounts = new ArrayList<>();
            int discountCount = Math.max(0, random.nextInt(5) - 2);
            for (int j = 0; j < discountCount; j++) {
                long amount = 1L + random.nextInt(50);
                discountCents += amount;
                discounts.add(
                        random.nextInt(3) == 0
                                ? cents(amount)
                                : map(fields("code", text("SAVE" + random.nextInt(20)), "amount", cents(amount))));
            }
            Map<String, AttributeValue> line = new LinkedHashMap<>();
            line.put("sku", text(sku(product)));
            line.put("quantity", number(quantity));
            line.put("unit_price", cents(priceCents(product)));
            line.put("discounts", list(discounts));
            lines.add(map(line));
            totalCents += quantity * priceCents(product) - discountCents;
        }
        Map<String, AttributeValue> shipping = new LinkedHashMap<>();
        shipping.put("method", text(random.nextBoolean() ? "post" : "courier"));
        shipping.put("cost", number % 400 == 11 ? text("free") : cents(300L + random.nextInt(900)));
        shipping.put("address", map(address(random)));
        item.put("shipping", map(shipping));
        item.put("lines", list(lines));
        item.put("total", cents(totalCents));
        int tagCount = random.nextInt(4);
        if (tagCount > 0) {
            item.put("tags", textSet(TAGS, tagCount, random));
        }
        if (random.nextInt(5) == 0) {
            item.put("note", text(random.nextBoolean() ? "" : "Leave it with the neighbours,\nplease ☺"));
        }
        return item;
    }

    Map<String, AttributeValue> event(int number) {
        Random random = random(5, number);
        String id = "E%08d".formatted(number);
        Instant at = time(random);
        String created = at.toString();
        Map<String, AttributeValue> item = new LinkedHashMap<>();
        item.put("PK", text("DAY#" + created.substring(0, 10)));
        item.put("SK", text("EVENT#" + created + "#" + id));
        item.put("EntityType", text(ShopSample.EVENT));
        item.put("created_at", text(created));
        item.put("event_id", text(id));
        item.put("expires_at", number(at.getEpochSecond() + (2L + random.nextInt(5)) * YEAR_SECONDS));
        String customer = customerId(random.nextInt(customers));
        switch (random.nextInt(6)) {
            case 0 -> {
                item.put("type", text("page_view"));
                item.put("payload", map(fields("page", text(any(PAGES, random)), "ms", number(random.nextInt(9_000)))));
                item.put("customer_id", text(customer));
            }
            case 1 -> {
                item.put("type", text("cart"));
                item.put(
                        "payload",
                        map(fields(
                                "sku", text(sku(random.nextInt(products))),
                                "change", number(random.nextInt(7) - 3),
                                "cart", map(fields("size", number(random.nextInt(12)))))));
                item.put("customer_id", text(customer));
            }
            case 2 -> {
                item.put("type", text("login"));
                item.put(
                        "payload",
                        map(fields(
                                "ok", AttributeValue.fromBool(random.nextInt(10) > 0),
                                "agent", text("browser/" + random.nextInt(20)),
                                "failures", list(List.of()))));
                item.put("customer_id", text(customer));
            }
            case 3 -> {
                item.put("type", text("ledger"));
                item.put("amount", AttributeValue.fromN(bigInteger(1 + random.nextInt(38), random)));
                item.put("payload", map(fields("account", text("A" + random.nextInt(50)))));
            }
            case 4 -> {
                item.put("type", text("stock_count"));
                List<AttributeValue> counts = new ArrayList<>();
                int countCount = 1 + random.nextInt(3);
                for (int i = 0; i < countCount; i++) {
                    counts.add(map(
                            Map.of("sku", text(sku(random.nextInt(products))), "count", number(random.nextInt(400)))));
                }
                item.put("payload", map(fields("counts", list(counts), "by", text(any(FIRST_NAMES, random)))));
            }
            default -> {
                item.put("type", text("sensor"));
                item.put(
                        "payload",
                        map(fields(
                                "celsius",
                                        AttributeValue.fromN(BigDecimal.valueOf(random.nextInt(4_000) - 1_000, 2)
                                                .toPlainString()),
                                "alarm", AttributeValue.fromNul(true))));
            }
        }
        return item;
    }

    /** An item of no kind, as every table collects them. */
    Map<String, AttributeValue> setting(int number) {
        Random random = random(6, number);
        Map<String, AttributeValue> item = new LinkedHashMap<>();
        item.put("PK", text("CONFIG"));
        item.put("SK", text("SETTING#%05d".formatted(number)));
        item.put("created_at", text(time(random).toString()));
        item.put(
                "value",
                switch (random.nextInt(4)) {
                    case 0 -> AttributeValue.fromBool(true);
                    case 1 -> number(random.nextInt(1_000));
                    case 2 -> text("on");
                    default -> list(List.of(text("a"), number(1)));
                });
        return item;
    }

    private static Map<String, AttributeValue> item(String partitionKey, String sortKey, String kind, Random random) {
        Map<String, AttributeValue> item = new LinkedHashMap<>();
        item.put("PK", text(partitionKey));
        item.put("SK", text(sortKey));
        item.put("EntityType", text(kind));
        item.put("created_at", text(time(random).toString()));
        return item;
    }

    private static Map<String, AttributeValue> address(Random random) {
        Map<String, AttributeValue> address = new LinkedHashMap<>();
        address.put("street", text((1 + random.nextInt(200)) + " " + any(STREETS, random)));
        address.put("city", text(any(CITIES, random)));
        address.put("zip", text(digits(5, random)));
        address.put("country", text(any(COUNTRIES, random)));
        return address;
    }

    private static Map<String, AttributeValue> attributes(Random random) {
        Map<String, AttributeValue> attributes = new LinkedHashMap<>();
        attributes.put("colour", text(any(COLOURS, random)));
        if (random.nextBoolean()) {
            attributes.put("material", text(any(MATERIALS, random)));
        }
        if (random.nextInt(3) == 0) {
            attributes.put("watts", number(5L * (1 + random.nextInt(400))));
        }
        if (random.nextInt(3) == 0) {
            attributes.put("dishwasher_safe", AttributeValue.fromBool(random.nextBoolean()));
        }
        if (random.nextInt(4) == 0) {
            attributes.put(
                    "weight_kg",
                    AttributeValue.fromN(
                            BigDecimal.valueOf(1L + random.nextInt(30_000), 3).toPlainString()));
        }
        if (random.nextInt(5) == 0) {
            attributes.put("warranty", map(fields("months", number(12L * (1 + random.nextInt(5))))));
        }
        return attributes;
    }

    /** A product's price depends on nothing but its number, so that orders can name it. */
    private long priceCents(int product) {
        return 100L + random(7, product).nextInt(50_000);
    }

    /** Neighbouring seeds give similar first numbers, so they are spread first. */
    private Random random(int kind, int number) {
        long mixed = seed + (((long) kind << 32) + number) * 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ (mixed >>> 31)) * 0xD6E8FEB86659FD93L;
        return new Random(mixed ^ (mixed >>> 32));
    }

    private static Instant time(Random random) {
        return OPENED.plusSeconds(random.nextInt(OPEN_SECONDS));
    }

    private static String companyId(int number) {
        return "B%05d".formatted(number);
    }

    private static String customerId(int number) {
        return "C%06d".formatted(number);
    }

    private static String sku(int number) {
        return "SKU-%05d".formatted(number);
    }

    private static <T> T any(List<T> values, Random random) {
        return values.get(random.nextInt(values.size()));
    }

    private static String digits(int count, Random random) {
        StringBuilder digits = new StringBuilder(count);
        for (int i = 0; i < count; i++) {
            digits.append((char) ('0' + random.nextInt(10)));
        }
        return digits.toString();
    }

    private static String bigInteger(int digits, Random random) {
        return (1 + random.nextInt(9)) + digits(digits - 1, random);
    }

    private static AttributeValue textSet(List<String> values, int count, Random random) {
        TreeSet<String> set = new TreeSet<>();
        while (set.size() < count) {
            set.add(any(values, random).toLowerCase(Locale.ROOT));
        }
        return AttributeValue.fromSs(List.copyOf(set));
    }

    /** Names and values in this order; a {@code Map.of} would have another order in every process. */
    private static Map<String, AttributeValue> fields(Object... namesAndValues) {
        Map<String, AttributeValue> fields = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put((String) namesAndValues[i], (AttributeValue) namesAndValues[i + 1]);
        }
        return fields;
    }

    private static AttributeValue text(String value) {
        return AttributeValue.fromS(value);
    }

    private static AttributeValue number(long value) {
        return AttributeValue.fromN(Long.toString(value));
    }

    private static AttributeValue cents(long value) {
        return AttributeValue.fromN(BigDecimal.valueOf(value, 2).toPlainString());
    }

    private static AttributeValue list(List<AttributeValue> values) {
        return AttributeValue.fromL(values);
    }

    private static AttributeValue map(Map<String, AttributeValue> values) {
        return AttributeValue.fromM(values);
    }
}
