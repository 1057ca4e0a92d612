package dev.millrace.dynamodb;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.json.JsonTape;
import dev.millrace.sample.ShopSample;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.Inference;
import dev.millrace.schema.KeyAttribute;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.ShredPlan;
import dev.millrace.schema.Shredder;
import dev.millrace.schema.SourceType;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * What decoding costs: megabytes of answers a second on one core, of bare Jackson tokens and of each of our steps. No
 * test: {@code scripts/bench/decode} runs it.
 */
final class ShredBenchmark {
    private static final int PAGE_BYTES = 1 << 20;
    private static final int ALL_BYTES = 100_000_000;
    private static final int WARM_UPS = 4;
    private static final int ROUNDS = 5;

    private static final CensusTaker.Settings CENSUS = new CensusTaker.Settings(
            new KindRule.ByAttribute("EntityType"),
            Map.of(),
            List.of(new KeyAttribute("PK", SourceType.S), new KeyAttribute("SK", SourceType.S)),
            BigDecimal.ONE);

    private ShredBenchmark() {}

    /** A step over all pages; what it returns must depend on all it did. */
    private interface Step {
        long run(List<byte[]> pages) throws IOException;
    }

    public static void main(String[] args) throws IOException {
        List<byte[]> pages = pages();
        ShredPlan plan = plan(pages);
        JsonFactory jackson = new JsonFactory();
        double bare = measure("Jackson tokens", pages, all -> tokens(jackson, all));
        for (Map.Entry<String, Step> step : List.<Map.Entry<String, Step>>of(
                Map.entry("JsonTape", ShredBenchmark::parse),
                Map.entry("Page.cut", ShredBenchmark::cut),
                Map.entry("Shredder alone", all -> shred(new Shredder(plan), all, false)),
                Map.entry("with census", all -> shred(new Shredder(plan, new CensusTaker(CENSUS)), all, false)),
                Map.entry("Page.cut and Shredder", all -> shred(new Shredder(plan), all, true)))) {
            double rate = measure(step.getKey(), pages, step.getValue());
            System.out.printf(Locale.ROOT, "%40.0f %% of bare Jackson%n", 100 * rate / bare);
        }
    }

    private static double measure(String name, List<byte[]> pages, Step step) throws IOException {
        long bytes = pages.stream().mapToLong(p -> p.length).sum();
        long result = 0;
        for (int i = 0; i < WARM_UPS; i++) {
            result = step.run(pages);
        }
        double best = 0;
        for (int i = 0; i < ROUNDS; i++) {
            long begin = System.nanoTime();
            result += step.run(pages);
            best = Math.max(best, bytes * 1e3 / (System.nanoTime() - begin));
        }
        System.out.printf(Locale.ROOT, "%-24s %6.0f MB/s  (%d)%n", name, best, result);
        return best;
    }

    private static long tokens(JsonFactory jackson, List<byte[]> pages) throws IOException {
        long length = 0;
        for (byte[] page : pages) {
            try (JsonParser parser = jackson.createParser(page)) {
                for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                    length += token == JsonToken.VALUE_STRING ? parser.getTextLength() : 1;
                }
            }
        }
        return length;
    }

    private static long parse(List<byte[]> pages) {
        JsonTape tape = new JsonTape();
        long tokens = 0;
        for (byte[] page : pages) {
            if (!tape.parse(page, 0, page.length)) {
                throw new IllegalStateException(tape.error());
            }
            tokens += tape.size();
        }
        return tokens;
    }

    private static long cut(List<byte[]> pages) throws IOException {
        JsonTape tape = new JsonTape();
        long items = 0;
        for (byte[] page : pages) {
            items += Page.cut(page, tape).items();
        }
        return items;
    }

    /** Items to rows; where the items are is found out anew or known from before. */
    private static long shred(Shredder shredder, List<byte[]> pages, boolean cut) throws IOException {
        JsonTape tape = new JsonTape();
        long rows = 0;
        for (int i = 0; i < pages.size(); i++) {
            Page page = cut ? Page.cut(pages.get(i), tape) : CUT.get(i);
            for (int item = 0; item < page.items(); item++) {
                Shredder.Outcome outcome =
                        shredder.read(page.body(), page.start(item), page.end(item) - page.start(item));
                if (outcome != Shredder.Outcome.ROWS) {
                    throw new IllegalStateException(shredder.reason());
                }
                rows += shredder.rows().size();
            }
        }
        return rows;
    }

    private static final List<Page> CUT = new ArrayList<>();

    private static List<byte[]> pages() throws IOException {
        List<byte[]> pages = new ArrayList<>();
        StringBuilder page = new StringBuilder();
        int items = 0;
        long bytes = 0;
        JsonTape tape = new JsonTape();
        Iterator<Map<String, AttributeValue>> shop =
                ShopSample.items(ShopSample.SEED, 400_000).iterator();
        while (bytes < ALL_BYTES && shop.hasNext()) {
            page.append(items++ == 0 ? "{\"Items\":[" : ",");
            DynamoDbJson.write(shop.next(), page);
            if (page.length() >= PAGE_BYTES) {
                page.append("],\"Count\":").append(items).append('}');
                byte[] body = page.toString().getBytes(StandardCharsets.UTF_8);
                bytes += body.length;
                pages.add(body);
                CUT.add(Page.cut(body, tape));
                page.setLength(0);
                items = 0;
            }
        }
        System.out.printf(Locale.ROOT, "%d pages, %d MB%n", pages.size(), bytes / 1_000_000);
        return pages;
    }

    private static ShredPlan plan(List<byte[]> pages) {
        CensusTaker census = new CensusTaker(CENSUS);
        for (int i = 0; i < pages.size(); i++) {
            for (int item = 0; item < CUT.get(i).items(); item += 10) {
                census.add(
                        pages.get(i),
                        CUT.get(i).start(item),
                        CUT.get(i).end(item) - CUT.get(i).start(item));
            }
        }
        DataSchema schema = Inference.infer(census.census(), DataSchema.none(CENSUS.keys()), false);
        return ShredPlan.of(schema, CENSUS.rule(), Map.of(), ShredPlan.Expiry.NEVER);
    }
}
