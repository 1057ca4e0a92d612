package dev.millrace.sample;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/**
 * Access records of a REST API as its servers log them, {@code {timestamp, stack, instance, payload: {…}}}: each from
 * the seed, its day and its number alone.
 *
 * <p>Most are as they should be. The untidy ones have a time that is missing, text or in the year 50,000, a number or
 * boolean written as text, one too large, fields that nobody announced, or URLs with escapes that are none.
 */
final class AccessRecords {
    private static final long DAY_MILLIS = 24 * 60 * 60 * 1000L;
    private static final long YEAR_50000 = 1_515_712_060_800_000L;

    private static final List<String> METHODS = List.of("GET", "GET", "GET", "GET", "POST", "POST", "PUT", "DELETE");

    /** Paths of calls; # stands for a number, ~ for a hash. */
    private static final List<String> URLS = List.of(
            "/repo/v1/entity/syn#",
            "/repo/v1/entity/syn#/bundle2",
            "/repo/v1/entity/syn#/version/#/annotations2",
            "/repo/v1/Entity/Syn#/children",
            "/repo/v1/entity/#/path",
            "/repo/v1/entity/%73yn#/acl",
            "/repo/v1/entity/syn#;jsessionid=~/json",
            "/repo/v1/entity/md5/~",
            "/repo/v1/entity/alias/my%20alias-#",
            "/repo/v1/entity/99999999999999999999/bundle2",
            "/repo/v1/entity/syn9223372036854775807",
            "/repo/v1/entity/syn9223372036854775808/table",
            "/repo/v1/entity/syn#/table/query/async/get/#",
            "/repo/v1/entity/children",
            "/repo/v1/evaluation/name/Data%20Challenge%20#",
            "/repo/v1/evaluation/#/submission/all",
            "/repo/v1/userProfile/#",
            "/repo/v1/user/bundle/#",
            "/repo/v1/table/syn#/column",
            "/repo/v1/objects/#/access/#",
            "/repo/v1/accessRequirement/#",
            "/repo/v1/schema/type/registered/org.example-study.#-1.0.0",
            "/repo/v1/schema/type/registered/",
            "/repo/v1/wiki/%C3%9Cbersicht/%E5%A4%AA%E9%83%8E_#",
            "/repo/v1/search?query=a+b%26c",
            "/repo/v1/query/100%zz%4/a b",
            "/repo/v1/%FF%FE/#",
            "/repo/v1//thread//#/",
            "/file/v1/fileHandle/fh#/url",
            "/file/v1/fileHandle/#",
            "/file/v1/fileHandle/batch",
            "/auth/v1/2fa/token",
            "/auth/v1/2FA/recovery_codes/~",
            "/auth/v1/oauth2/token",
            "/auth/v1/session",
            "/repo/v1/version",
            "/repo/version",
            "/",
            "/health?x=#");

    private static final List<String> BROWSERS = List.of(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/#.0 Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 13_2) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.3",
            "Mozilla/5.0 (X11; Linux x86_64; rv:#.0) Gecko/20100101 Firefox/#.0");

    private static final List<String> CLIENTS = List.of(
            "synapseclient/2.7.# python-requests/2.28.2 python-requests-cache/0.5",
            "synapseclient/4.#",
            "python-requests/2.28 synapseclient/1.#.1",
            "synapsecommandlineclient/2.# synapseclient/2.#",
            "synapser/0.15.# synapseclient/2.7.0",
            "synapser",
            "synapseRClient/1.#-2",
            "Synapse-Java-Client/#.0  Synapse-Web-Client/#.1",
            "Synapse-Java-Client/#.0 JayDoodle/1",
            "Synpase-Java-Client/0.#",
            "Synpase-Java-Client",
            "Synapse-Web-Client/#.0",
            "Synapse-Web-Client",
            "SynapseRepositoryStack/#",
            "ELB-HealthChecker/2.0",
            "elb-healthchecker/2.0",
            "Opera/9.80 (Windows NT 6.1)",
            "Lynx/2.8.9rel.1 libwww-FM/2.14",
            "UCWEB/2.0(Java; U; MIDP-2.0; en-US; nokia)",
            "UCWEB7.0.2.37/28/999",
            "curl/7.88.1",
            "aws-sdk-java/1.12.# chrome-lambda/#",
            "Safari/ 17",
            "\u00DCbung/1.0 \"quoted\"\tand tabbed",
            "");

    private final long seed;
    private final LocalDate first;
    private final int perDay;
    private final boolean tidy;

    /**
     * The records of some days.
     *
     * @param perDay records of one day that tell the time between them
     * @param tidy whether all are as they should be
     */
    AccessRecords(long seed, LocalDate first, int perDay, boolean tidy) {
        this.seed = seed;
        this.first = first;
        this.perDay = perDay;
        this.tidy = tidy;
    }

    /** The moment of a record in milliseconds since 1970: records of a day follow each other by their number. */
    long millis(int day, int number) {
        long midnight =
                first.plusDays(day).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
        return midnight + (DAY_MILLIS * (number % perDay) + DAY_MILLIS / 2) / perDay;
    }

    ObjectNode record(int day, int number) {
        Random random = random(day, number);
        ObjectNode record = JsonNodeFactory.instance.objectNode();
        putTime(record, millis(day, number), random);
        record.put("stack", one(200, random) ? "dev" : "prod");
        record.put("instance", instance(random));
        if (!one(5_000, random)) {
            record.set("payload", payload(random));
        }
        if (one(200, random)) {
            record.put("region", "us-east-1");
        }
        return record;
    }

    private void putTime(ObjectNode record, long millis, Random random) {
        int kind = tidy ? -1 : random.nextInt(4_000);
        switch (kind) {
            case 0 -> record.put("timestamp", "yesterday");
            case 1 -> record.put("timestamp", YEAR_50000);
            case 2 -> record.putNull("timestamp");
            case 3 -> {} // It is missing.
            case 4 -> record.put("timestamp", -1L);
            default -> record.put("timestamp", millis);
        }
    }

    private ObjectNode payload(Random random) {
        ObjectNode payload = JsonNodeFactory.instance.objectNode();
        boolean anonymous = random.nextInt(4) == 0;
        boolean browser = random.nextInt(3) == 0;
        payload.put("sessionId", new UUID(random.nextLong(), random.nextLong()).toString());
        if (anonymous) {
            payload.putNull("userId");
        } else if (one(500, random)) {
            payload.put("userId", "anonymous");
        } else {
            payload.put("userId", 273_950L + random.nextInt(3_500_000));
        }
        payload.put("method", one(300, random) ? null : any(METHODS, random));
        if (one(400, random)) {
            payload.putNull("requestURL");
        } else {
            payload.put("requestURL", filled(any(URLS, random), 60_000_000, random));
        }
        payload.put(
                "userAgent", one(150, random) ? null : filled(any(browser ? BROWSERS : CLIENTS, random), 40, random));
        payload.put("host", "repo-prod.prod.example.org");
        payload.put("origin", browser ? "https://www.example.org" : null);
        payload.put("xForwardedFor", address(random) + (random.nextInt(8) == 0 ? ", " + address(random) : ""));
        payload.put("via", random.nextInt(10) == 0 ? "1.1 " + hash(random) + ".cdn.example.net (CDN)" : null);
        payload.put("threadId", 20 + random.nextInt(180));
        if (one(700, random)) {
            payload.put("elapseMS", BigInteger.TWO.pow(63));
        } else {
            payload.put("elapseMS", 1 + (long) Math.exp(random.nextDouble() * 9));
        }
        if (one(400, random)) {
            payload.put("success", random.nextBoolean() ? "true" : "yes");
        } else {
            payload.put("success", random.nextInt(25) != 0);
        }
        payload.put("vmId", hash(random) + ":" + Integer.toHexString(random.nextInt()));
        payload.put("returnObjectId", random.nextInt(3) == 0 ? "syn" + random.nextInt(60_000_000) : null);
        payload.put("queryString", random.nextInt(5) == 0 ? "mask=" + random.nextInt(256) + "&q=caf%C3%A9" : null);
        payload.put("responseStatus", random.nextInt(25) == 0 ? 404 : 200);
        payload.put("oauthClientId", random.nextInt(40) == 0 ? String.valueOf(100_000 + random.nextInt(900)) : null);
        payload.put("basicAuthUsername", one(100, random) ? "service-" + random.nextInt(9) : null);
        payload.put("authenticationMethod", anonymous ? null : browser ? "SESSIONTOKEN" : "BEARERTOKEN");
        if (one(60, random)) {
            payload.putObject("features").put("beta", random.nextBoolean()).put("note", "caf\u00E9 \uD83D\uDE00");
        }
        return payload;
    }

    private String instance(Random random) {
        if (one(1_000, random)) {
            return List.of("000", "0", "", "00a7", "440").get(random.nextInt(5));
        }
        return "%06d".formatted(440 + random.nextInt(4));
    }

    private static String filled(String template, int most, Random random) {
        StringBuilder filled = new StringBuilder();
        for (int i = 0; i < template.length(); i++) {
            char c = template.charAt(i);
            if (c == '#') {
                filled.append(1 + random.nextInt(most));
            } else if (c == '~') {
                filled.append(hash(random));
            } else {
                filled.append(c);
            }
        }
        return filled.toString();
    }

    private static String address(Random random) {
        return "203.0." + (112 + random.nextInt(4)) + "." + random.nextInt(256);
    }

    private static String hash(Random random) {
        return "%016x%08x".formatted(random.nextLong(), random.nextInt());
    }

    /** One in so many of those that may be untidy. */
    private boolean one(int many, Random random) {
        return random.nextInt(many) == 0 && !tidy;
    }

    /** Neighbouring seeds give similar first numbers, so they are spread first. */
    Random random(int day, int number) {
        long mixed = seed + (((long) day << 32) + number) * 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ (mixed >>> 31)) * 0xD6E8FEB86659FD93L;
        return new Random(mixed ^ (mixed >>> 32));
    }

    private static <T> T any(List<T> values, Random random) {
        return values.get(random.nextInt(values.size()));
    }
}
