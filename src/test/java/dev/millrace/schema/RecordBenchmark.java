package dev.millrace.schema;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.config.AttributePath;
import dev.millrace.config.DeclaredType;
import dev.millrace.config.TableSettings;
import dev.millrace.json.JsonTape;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * What it costs to make rows of records of plain JSON: megabytes a second on one core, of bare Jackson tokens and of each
 * of our steps. No test: {@code scripts/bench/decode plain} runs it.
 */
final class RecordBenchmark {
    private static final int RECORDS = 100_000;
    private static final int WARM_UPS = 4;
    private static final int ROUNDS = 8;
    private static final KindRule ONE = new KindRule.Single("access_record");
    private static final CensusTaker.Settings CENSUS = CensusTaker.Settings.ofRecords(ONE, Map.of(), BigDecimal.ONE);

    private RecordBenchmark() {}

    /** A step over all records; what it returns must depend on all it did. */
    private interface Step {
        long run(byte[] records) throws IOException;
    }

    public static void main(String[] args) throws IOException {
        byte[] records = records();
        System.out.printf(Locale.ROOT, "%d records, %d MB%n%n", RECORDS, records.length / 1_000_000);
        ShredPlan inferred = inferred(records);
        ShredPlan given = given(true);
        ShredPlan five = given(false);
        JsonFactory jackson = new JsonFactory();
        Map<String, Step> steps = new LinkedHashMap<>();
        steps.put("bare Jackson tokens (peer)", all -> tokens(jackson, all));
        steps.put("our token tape", RecordBenchmark::parse);
        steps.put("24 given columns of 32", all -> shred(new Shredder(given), all));
        steps.put(
                "24 given columns of 32, others counted",
                all -> shred(new Shredder(given, new CensusTaker(CENSUS)), all));
        steps.put("5 given columns of 32, no rest", all -> shred(new Shredder(five), all));
        steps.put("inferred columns", all -> shred(new Shredder(inferred), all));
        steps.put("inferred columns, counted", all -> shred(new Shredder(inferred, new CensusTaker(CENSUS)), all));
        steps.put("counted alone", RecordBenchmark::count);
        measure(steps, records);
    }

    /** All steps take turns, so that what else the machine does slows all of them; the best round of each counts. */
    private static void measure(Map<String, Step> steps, byte[] records) throws IOException {
        ThreadMXBean thread = ManagementFactory.getThreadMXBean();
        Map<String, Double> best = new LinkedHashMap<>();
        for (int round = -WARM_UPS; round < ROUNDS; round++) {
            for (Map.Entry<String, Step> step : steps.entrySet()) {
                long begin = thread.getCurrentThreadCpuTime();
                if (step.getValue().run(records) == 0) {
                    throw new IllegalStateException("Nothing was done: " + step.getKey());
                }
                double rate = records.length * 1e3 / (thread.getCurrentThreadCpuTime() - begin);
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

    private static long tokens(JsonFactory jackson, byte[] records) throws IOException {
        long length = 0;
        try (JsonParser parser = jackson.createParser(records)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                length += token == JsonToken.VALUE_STRING ? parser.getTextLength() : 1;
            }
        }
        return length;
    }

    private static long parse(byte[] records) {
        JsonTape tape = new JsonTape();
        long tokens = 0;
        for (int at = 0; at < records.length; at = tape.endOffset()) {
            next(tape, records, at);
            tokens += tape.size();
        }
        return tokens;
    }

    private static long shred(Shredder shredder, byte[] records) {
        JsonTape tape = new JsonTape();
        long values = 0;
        shredder.file("s3://logs/records/2026/11/26/09/part-1.gz", "etag");
        for (int at = 0; at < records.length; at = tape.endOffset()) {
            next(tape, records, at);
            if (shredder.read(tape, at) != Shredder.Outcome.ROWS) {
                throw new IllegalStateException(shredder.reason());
            }
            for (ShreddedRow row : shredder.rows()) {
                values += row.cells().isNullAt(row.cells().numFields() - 2) ? 1 : 2;
            }
        }
        return values;
    }

    private static long count(byte[] records) {
        CensusTaker taker = new CensusTaker(CENSUS);
        JsonTape tape = new JsonTape();
        for (int at = 0; at < records.length; at = tape.endOffset()) {
            next(tape, records, at);
            taker.add(tape);
        }
        return taker.census().kind("access_record").total();
    }

    private static void next(JsonTape tape, byte[] records, int at) {
        if (!tape.parse(records, at, records.length)) {
            throw new IllegalStateException(tape.error());
        }
    }

    private static ShredPlan inferred(byte[] records) {
        CensusTaker taker = new CensusTaker(CENSUS);
        JsonTape tape = new JsonTape();
        for (int at = 0; at < records.length / 10; at = tape.endOffset()) {
            next(tape, records, at);
            taker.add(tape);
        }
        DataSchema schema = Inference.infer(taker.census(), DataSchema.ofRecords(), false);
        return ShredPlan.ofRecords(schema, ONE, Map.of(), true);
    }

    private static ShredPlan given(boolean all) {
        Map<String, TableSettings.Column> columns = new LinkedHashMap<>();
        for (String column : List.of(
                "timestamp=timestamp:epoch-millis",
                "session_id=payload.sessionId:string",
                "user_id=payload.userId:bigint",
                "success=payload.success:boolean",
                "request_url=payload.requestUrl:string",
                "stack=stack:string",
                "instance=instance:string",
                "method=payload.method:string",
                "user_agent=payload.userAgent:string",
                "host=payload.host:string",
                "origin=payload.origin:string",
                "x_forwarded_for=payload.xForwardedFor:string",
                "via=payload.via:string",
                "thread_id=payload.threadId:bigint",
                "elapse_ms=payload.elapseMs:bigint",
                "vm_id=payload.vmId:string",
                "return_object_id=payload.returnObjectId:string",
                "query_string=payload.queryString:string",
                "response_status=payload.responseStatus:bigint",
                "oauth_client_id=payload.oauthClientId:string",
                "basic_auth_username=payload.basicAuthUsername:string",
                "auth_method=payload.authMethod:string",
                "started=payload.started:iso",
                "load=payload.load:double")) {
            String name = column.substring(0, column.indexOf('='));
            String from = column.substring(column.indexOf('=') + 1, column.indexOf(':'));
            String type = column.substring(column.indexOf(':') + 1);
            if (all || columns.size() < 5) {
                columns.put(
                        name,
                        new TableSettings.GivenColumn(
                                new AttributePath(List.of(from.split("\\.", -1))),
                                DeclaredType.parse(type).orElseThrow()));
            }
        }
        TableSettings settings = new TableSettings(
                Optional.empty(), Map.of(), Map.of(), List.of(), List.of(), columns, all, Optional.empty());
        return ShredPlan.ofRecords(DataSchema.ofRecords(), ONE, Map.of("access_record", settings), true);
    }

    /** Records as a web service might log its requests, one after another without newlines. */
    private static byte[] records() {
        Random random = new Random(7);
        StringBuilder all = new StringBuilder();
        List<String> methods = List.of("GET", "GET", "GET", "POST", "PUT", "DELETE");
        for (int i = 0; i < RECORDS; i++) {
            List<String> fields = new ArrayList<>();
            fields.add(text("sessionId", new java.util.UUID(random.nextLong(), random.nextLong()).toString()));
            fields.add("\"timestamp\":" + (1_764_150_000_000L + i * 37L));
            fields.add("\"userId\":" + (random.nextInt(10) == 0 ? "null" : random.nextInt(4_000_000)));
            fields.add(text("method", methods.get(random.nextInt(methods.size()))));
            fields.add(text("requestUrl", "/repo/v1/entity/syn" + random.nextInt(60_000_000) + "/bundle2"));
            fields.add(text(
                    "userAgent", "python-requests/2.3" + random.nextInt(3) + " synapseclient/4." + random.nextInt(5)));
            fields.add(text("host", "repo-prod.prod.example.org"));
            fields.add(
                    text("xForwardedFor", "10." + random.nextInt(256) + "." + random.nextInt(256) + ".7, 192.0.2.1"));
            fields.add("\"origin\":null,\"via\":null");
            fields.add("\"threadId\":" + random.nextInt(500));
            fields.add("\"elapseMs\":" + random.nextInt(900));
            fields.add("\"success\":" + (random.nextInt(20) > 0));
            fields.add(text("vmId", "vm-" + random.nextInt(40)));
            fields.add("\"returnObjectId\":" + (random.nextBoolean() ? "null" : "\"" + random.nextInt(99_999) + "\""));
            fields.add(text("queryString", "offset=0&limit=" + random.nextInt(100)));
            fields.add("\"responseStatus\":" + (random.nextInt(20) > 0 ? 200 : 404));
            fields.add("\"oauthClientId\":null,\"basicAuthUsername\":null");
            fields.add(text("authMethod", random.nextBoolean() ? "BEARERTOKEN" : "SESSIONTOKEN"));
            fields.add(text(
                    "started",
                    "2026-11-26T09:" + (10 + random.nextInt(50)) + ":12." + (100 + random.nextInt(900)) + "Z"));
            fields.add("\"load\":" + random.nextInt(10_000) / 1_000.0);
            fields.add(text("date", "2026-11-26"));
            fields.add("\"bytesIn\":" + random.nextInt(100_000) + ",\"bytesOut\":" + random.nextInt(1_000_000));
            fields.add(text("region", "us-east-1") + "," + text("zone", "us-east-1a"));
            fields.add("\"cached\":false,\"retries\":0");
            all.append("{\"stack\":\"prod\",\"instance\":\"").append(String.format(Locale.ROOT, "%09d", 430));
            all.append("\",\"timestamp\":").append(1_764_150_000_000L + i * 37L);
            all.append(",\"payload\":{").append(String.join(",", fields)).append("}}");
        }
        return all.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String text(String name, String value) {
        return "\"" + name + "\":\"" + value + "\"";
    }
}
