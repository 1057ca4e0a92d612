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
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * What decoding costs: megabytes of answers a second on one core, of bare Jackson tokens and of each of our steps. No
 * test: {@code scripts/bench/decode} runs it.
 */
final class ShredBenchmark {
    private static final int PAGE_BYTES = 1 << 20;
    private static final int ITEMS = 200_000;
    private static final int WARM_UPS = 4;
    private static final int ROUNDS = 8;

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
        Map<String, Step> steps = new LinkedHashMap<>();
        steps.put("bare Jackson tokens (peer)", all -> tokens(jackson, all));
        steps.put("our token tape", ShredBenchmark::parse);
        steps.put("cutting a page to items", ShredBenchmark::cut);
        steps.put("items to rows", all -> shred(new Shredder(plan), all, false));
        steps.put("items to rows, counted", all -> shred(new Shredder(plan, new CensusTaker(CENSUS)), all, false));
        steps.put("cutting, then items to rows", all -> shred(new Shredder(plan), all, true));
        measure(steps, pages);
    }

    /** All steps take turns, so that what else the machine does slows all of them; the best round of each counts. */
    private static void measure(Map<String, Step> steps, List<byte[]> pages) throws IOException {
        ThreadMXBean thread = ManagementFactory.getThreadMXBean();
        long bytes = pages.stream().mapToLong(p -> p.length).sum();
        Map<String, Double> best = new LinkedHashMap<>();
        for (int round = -WARM_UPS; round < ROUNDS; round++) {
            for (Map.Entry<String, Step> step : steps.entrySet()) {
                long begin = thread.getCurrentThreadCpuTime();
                if (step.getValue().run(pages) == 0) {
                    throw new IllegalStateException("Nothing was done: " + step.getKey());
                }
                double rate = bytes * 1e3 / (thread.getCurrentThreadCpuTime() - begin);
                if (round >= 0) {
                    best.merge(step.getKey(), rate, Math::max);
                }
            }
        }
        double bare = best.values().iterator().next();
        System.out.println("| step | MB/s | of bare Jackson tokens |");
        System.out.println("|---|---|---|");
        best.forEach((step, rate) -> System.out.printf(
                Locale.ROOT,
                "| %s | %.0f | %s |%n",
                step,
                rate,
                rate == bare ? "–" : Math.round(100 * rate / bare) + " %"));
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

    /** The sample's items in no order of their kinds, as a scan gives them. */
    private static List<byte[]> pages() throws IOException {
        List<String> items = new ArrayList<>();
        ShopSample.items(ShopSample.SEED, ITEMS).forEach(item -> items.add(DynamoDbJson.write(item)));
        Collections.shuffle(items, new Random(ShopSample.SEED));
        List<byte[]> pages = new ArrayList<>();
        StringBuilder page = new StringBuilder();
        int onPage = 0;
        long bytes = 0;
        JsonTape tape = new JsonTape();
        for (int i = 0; i < items.size(); i++) {
            page.append(onPage++ == 0 ? "{\"Items\":[" : ",").append(items.get(i));
            if (page.length() >= PAGE_BYTES || i == items.size() - 1) {
                page.append("],\"Count\":").append(onPage).append('}');
                byte[] body = page.toString().getBytes(StandardCharsets.UTF_8);
                bytes += body.length;
                pages.add(body);
                CUT.add(Page.cut(body, tape));
                page.setLength(0);
                onPage = 0;
            }
        }
        System.out.printf(Locale.ROOT, "%d items, %d pages, %d MB%n%n", items.size(), pages.size(), bytes / 1_000_000);
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
