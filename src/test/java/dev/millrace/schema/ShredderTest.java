package dev.millrace.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.config.AttributePath;
import dev.millrace.config.DeclaredType;
import dev.millrace.config.TableSettings;
import dev.millrace.fault.Fault;
import dev.millrace.json.JsonTape;
import dev.millrace.table.ColumnType;
import dev.millrace.testing.Rebuild;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShredderTest {
    private static final List<KeyAttribute> KEYS = List.of(new KeyAttribute("PK", SourceType.S));
    private static final KindRule ONE = new KindRule.Single("thing");

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void rebuildsGeneratedItems(boolean listsAsJson) {
        List<String> items = new ArrayList<>();
        Random random = new Random(42);
        for (int i = 0; i < 400; i++) {
            items.add(HostileItems.generate(random, i));
        }
        assertRebuilt(items, listsAsJson);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void rebuildsHostileItems(boolean listsAsJson) {
        assertRebuilt(HostileItems.ALL, listsAsJson);
    }

    private static void assertRebuilt(List<String> items, boolean listsAsJson) {
        DataSchema schema = Inference.infer(census(items), DataSchema.none(KEYS), listsAsJson);
        ShredPlan plan = ShredPlan.of(schema, ONE, Map.of(), ShredPlan.Expiry.NEVER);
        List<JsonNode> rebuilt = new Rebuild(plan, shred(plan, items)).items();
        assertThat(rebuilt).hasSameSizeAs(items);
        for (int i = 0; i < items.size(); i++) {
            assertThat(rebuilt.get(i)).isEqualTo(Rebuild.canonical(items.get(i)));
        }
    }

    /** The shredder checks an item as it walks through it; here the item is checked first, as the census does. */
    @Test
    void quarantinesJustWhatIsUnsound() {
        Random random = new Random(17);
        List<String> items = new ArrayList<>(HostileItems.ALL);
        for (int i = 0; i < 100; i++) {
            items.add(HostileItems.generate(random, i));
        }
        KindRule byKey = new KindRule.ByPatterns(List.of(new KindRule.KindPattern("thing", Map.of("PK", "*"))));
        DataSchema schema = Inference.infer(census(items), DataSchema.none(KEYS), false);
        for (KindRule rule : List.of(ONE, byKey, new KindRule.ByAttribute("PK"))) {
            Shredder shredder = new Shredder(ShredPlan.of(schema, rule, Map.of(), ShredPlan.Expiry.NEVER));
            int unsound = 0;
            for (int i = 0; i < 30_000; i++) {
                byte[] item = damaged(items.get(random.nextInt(items.size())), random);
                String problem = problem(item);
                Shredder.Outcome outcome = shredder.read(item, 0, item.length);
                boolean keyOnly = problem.isEmpty() && shredder.reason().startsWith("the key ");
                assertThat(outcome)
                        .as(new String(item, StandardCharsets.UTF_8))
                        .isEqualTo(
                                problem.isEmpty() && !keyOnly ? Shredder.Outcome.ROWS : Shredder.Outcome.QUARANTINED);
                if (!problem.isEmpty()) {
                    unsound++;
                    assertThat(shredder.reason()).isEqualTo(problem);
                    assertThat(shredder.rows()).isEmpty();
                    assertThat(shredder.table()).isEqualTo(-1);
                }
            }
            assertThat(unsound).isBetween(5_000, 25_000);
        }
    }

    private static String problem(byte[] item) {
        JsonTape tape = new JsonTape();
        if (!tape.parse(item, 0, item.length)) {
            return "not JSON: " + tape.error() + " at byte " + tape.errorOffset();
        }
        String problem = Items.problem(tape, 0, new NumberScan());
        return problem != null ? problem : tape.isWhole() ? "" : "something follows the item";
    }

    /** A few characters replaced by such as are in items, mostly one that leaves JSON whole. */
    private static byte[] damaged(String item, Random random) {
        byte[] bytes = item.getBytes(StandardCharsets.UTF_8);
        String telling = "SNBMLUTx0123456789.-+eE={}[]\",:\\";
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = random.nextInt(bytes.length);
            char with = telling.charAt(random.nextInt(random.nextInt(3) > 0 ? 24 : telling.length()));
            if (Character.isLetterOrDigit(bytes[at])) {
                bytes[at] = (byte) with;
            }
        }
        return bytes;
    }

    @Test
    void infersTheSameInAnyOrder() {
        Random random = new Random(1);
        List<String> items = new ArrayList<>(HostileItems.ALL);
        for (int i = 0; i < 300; i++) {
            items.add(HostileItems.generate(random, i));
        }
        byte[] expected = census(items).toJson();
        for (int round = 0; round < 5; round++) {
            Collections.shuffle(items, random);
            Census merged = new Census();
            int cut = random.nextInt(items.size());
            merged.merge(census(items.subList(cut, items.size())));
            merged.merge(Census.fromJson(census(items.subList(0, cut)).toJson()));
            assertThat(merged.toJson()).isEqualTo(expected);
        }
    }

    @Test
    void countsOnItsWayWhatACensusCounts() {
        KindRule rule = new KindRule.ByAttribute("Name");
        TableSettings hiding = new TableSettings(
                Optional.empty(), Map.of(), Map.of(), List.of(path("b")), List.of(path("c.a")), Map.of());
        Map<String, Redaction> redactions = ShredPlan.redactions(Map.of("a", hiding, "q", hiding, "new", hiding));
        ShredPlan.Expiry expiry = new ShredPlan.Expiry("ttl", 2_000_000_000L);
        CensusTaker.Settings settings = new CensusTaker.Settings(rule, redactions, KEYS, new BigDecimal("0.7"), expiry);
        List<String> items = new ArrayList<>(HostileItems.ALL);
        Random random = new Random(11);
        for (int i = 0; i < 500; i++) {
            String item = HostileItems.generate(random, i);
            String ttl = i % 5 == 0 ? ",\"ttl\":{\"N\":\"" + (2_000_000_000L + i % 3 - 1) + "\"}}" : "}";
            items.add(item.substring(0, item.length() - 1) + ttl);
        }
        items.add("{\"PK\":{\"S\":\"n\"},\"Name\":{\"S\":\"new\"},\"b\":{\"S\":\"x\"},\"d\":{\"N\":\"1\"}}");
        items.add("{\"PK\":{\"S\":\"b\"},\"Name\":{\"S\":\"a\"},\"b\":{\"N\":\"broken\"}}");
        CensusTaker some = new CensusTaker(settings);
        CensusTaker all = new CensusTaker(settings);
        for (int i = 0; i < items.size(); i++) {
            byte[] item = bytes(items.get(i));
            all.add(item, 0, item.length);
            if (i < items.size() / 2) {
                some.add(item, 0, item.length);
            }
        }
        DataSchema schema = Inference.infer(some.census(), DataSchema.none(KEYS), false);
        Shredder shredder =
                new Shredder(ShredPlan.of(schema, rule, Map.of("a", hiding), expiry), new CensusTaker(settings));
        items.forEach(item -> shredder.read(bytes(item), 0, bytes(item).length));
        assertThat(new String(shredder.counted().census().toJson(), StandardCharsets.UTF_8))
                .isEqualTo(new String(all.census().toJson(), StandardCharsets.UTF_8));
    }

    @Test
    void countsDriftTheSameInAnyOrder() {
        Random random = new Random(5);
        List<String> items = new ArrayList<>(HostileItems.ALL);
        for (int i = 0; i < 300; i++) {
            items.add(HostileItems.generate(random, i));
        }
        ShredPlan plan = plan(items.subList(0, 20), Map.of());
        List<String> expected = drift(plan, items).drift().lines(plan);
        assertThat(expected).hasSizeGreaterThan(20);
        for (int round = 0; round < 3; round++) {
            Collections.shuffle(items, random);
            int cut = random.nextInt(items.size());
            UnitCensus merged = UnitCensus.fromJson(
                    drift(plan, items.subList(cut, items.size())).toJson());
            merged.merge(drift(plan, items.subList(0, cut)));
            assertThat(merged.drift().lines(plan)).isEqualTo(expected);
            assertThat(merged.toJson()).isEqualTo(drift(plan, items).toJson());
        }
    }

    private static UnitCensus drift(ShredPlan plan, List<String> items) {
        CensusTaker.Settings settings = new CensusTaker.Settings(plan.rule(), Map.of(), KEYS, BigDecimal.ONE);
        Shredder shredder = new Shredder(plan, new CensusTaker(settings));
        items.forEach(item -> shredder.read(bytes(item), 0, bytes(item).length));
        return shredder.counted();
    }

    @Test
    void countsNothingOfAnItemThatCannotBeDecoded() {
        ShredPlan plan = plan(List.of("{\"PK\":{\"S\":\"1\"},\"l\":{\"L\":[{\"N\":\"1\"}]}}"), Map.of());
        UnitCensus counted = drift(
                plan,
                List.of(
                        "{\"PK\":{\"S\":\"2\"},\"fresh\":{\"S\":\"x\"},\"l\":{\"L\":[{\"S\":\"x\"},{\"N\":\"broken\"}]}}"));
        assertThat(counted.drift().isEmpty()).isTrue();
        assertThat(counted.census().toJson()).isEqualTo(census(List.of()).toJson());
    }

    @Test
    void hasNoDriftInWhatItWasInferredFrom() {
        List<String> items = List.of(
                "{\"PK\":{\"S\":\"1\"},\"a\":{\"M\":{\"b\":{\"N\":\"1\"},\"e\":{\"L\":[]}}},\"l\":{\"L\":[{\"SS\":[\"x\"]}]}}",
                "{\"PK\":{\"S\":\"2\"},\"a\":{\"NULL\":true},\"l\":{\"M\":{}},\"v\":{\"M\":{\"n\":{\"NULL\":true},\"m\":{\"M\":{}}}},\"j\":{\"L\":[{\"L\":[{\"N\":\"1\"}]}]}}");
        ShredPlan plan = plan(items, Map.of());
        assertThat(drift(plan, items).drift().isEmpty()).isTrue();
        assertThat(drift(plan, HostileItems.ALL).drift().isEmpty()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void infersNothingNewFromTheSameItems(boolean listsAsJson) {
        List<String> items = new ArrayList<>(HostileItems.ALL);
        Random random = new Random(2);
        for (int i = 0; i < 400; i++) {
            items.add(HostileItems.generate(random, i));
        }
        DataSchema first = Inference.infer(census(items), DataSchema.none(KEYS), listsAsJson);
        DataSchema second = Inference.infer(census(items), first, listsAsJson);
        assertThat(second.entities()).isEqualTo(first.entities());
        assertThat(second.version()).isEqualTo(2);
    }

    @Test
    void boundsTheKindsThatItCounts() {
        KindRule rule = new KindRule.ByAttribute("PK");
        CensusTaker taker = new CensusTaker(new CensusTaker.Settings(rule, Map.of(), KEYS, BigDecimal.ONE));
        for (int i = 0; i <= Census.KIND_LIMIT; i++) {
            byte[] item = bytes("{\"PK\":{\"S\":\"" + i + "\"}}");
            taker.add(item, 0, item.length);
        }
        Census merged = new Census();
        merged.merge(taker.census());
        assertThat(merged.kinds()).hasSize(Census.KIND_LIMIT);
        assertThatThrownBy(merged::requireFewKinds)
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.exitCode()).isEqualTo(1))
                .hasMessageStartingWith(
                        "schema.kind gives more than 500 kinds, among them 0 and 99: name an attribute");
        LastCensus kept = LastCensus.fromJson("x", new LastCensus("r", 1, merged).toJson());
        assertThatThrownBy(() -> kept.census().requireFewKinds()).isInstanceOf(Fault.class);
    }

    @Test
    void boundsTheNamesItKeepsInAnyOrder() {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 3 * PathCensus.FIELD_LIMIT; i++) {
            items.add("{\"PK\":{\"S\":\"" + i + "\"},\"a" + i % 1_700 + "\":{\"N\":\"1\"}}");
        }
        byte[] expected = census(items).toJson();
        Collections.shuffle(items, new Random(3));
        assertThat(census(items).toJson()).isEqualTo(expected);
        DataSchema schema = Inference.infer(census(items), DataSchema.none(KEYS), false);
        assertThat(schema.entities().get(0).tables().get(0).columns()).hasSize(Inference.MAX_COLUMNS);
        assertRebuilt(items.subList(0, 500), false);
    }

    @Test
    void typesNumbersByTheDigitsTheyNeed() {
        assertThat(typeOf("1", "-9223372036854775808")).isEqualTo("bigint");
        assertThat(typeOf("1", "9223372036854775808")).isEqualTo("decimal(19,0)");
        assertThat(typeOf("12.5", "0.125")).isEqualTo("decimal(5,3)");
        assertThat(typeOf("1E+3", "5")).isEqualTo("bigint");
        assertThat(typeOf("99999999999999999999999999999999999999")).isEqualTo("decimal(38,0)");
        assertThat(typeOf("99999999999999999999999999999999999999", "0.1")).isEqualTo("string");
        assertThat(typeOf("1E-37")).isEqualTo("decimal(37,37)");
        assertThat(typeOf("1E-38")).isEqualTo("string");
        assertThat(typeOf("9.99E+125")).isEqualTo("string");
    }

    private static String typeOf(String... numbers) {
        List<String> items = new ArrayList<>();
        for (String number : numbers) {
            items.add("{\"PK\":{\"S\":\"k\"},\"n\":{\"N\":\"" + number + "\"}}");
        }
        return column(Inference.infer(census(items), DataSchema.none(KEYS), false), "n")
                .type()
                .toString();
    }

    @Test
    void givesTheColumnToTheMajorityAndTheRestToTheRest() {
        List<String> items = List.of(
                "{\"PK\":{\"S\":\"1\"},\"a\":{\"N\":\"1\"}}",
                "{\"PK\":{\"S\":\"2\"},\"a\":{\"N\":\"2\"}}",
                "{\"PK\":{\"S\":\"3\"},\"a\":{\"S\":\"x\"}}",
                "{\"PK\":{\"S\":\"4\"},\"a\":{\"NULL\":true}}",
                "{\"PK\":{\"S\":\"5\"},\"a\":{\"L\":[]}}");
        ShredPlan plan = plan(items, Map.of());
        Shredder shredder = new Shredder(plan);
        List<String> rests = new ArrayList<>();
        List<Integer> rescued = new ArrayList<>();
        for (String item : items) {
            read(shredder, item);
            ShreddedRow row = shredder.rows().get(0);
            rests.add(String.valueOf(row.cells().value(2)));
            rescued.add(row.rescued());
        }
        assertThat(rests)
                .containsExactly(
                        "null", "null", "{\"/a\":{\"S\":\"x\"}}", "{\"/a\":{\"NULL\":true}}", "{\"/a\":{\"L\":[]}}");
        assertThat(rescued).containsExactly(0, 0, 1, 0, 0);
    }

    @Test
    void keepsNamesAndFamiliesOnceGiven() {
        DataSchema first = Inference.infer(
                census(List.of("{\"PK\":{\"S\":\"1\"},\"Total\":{\"N\":\"1\"},\"b\":{\"M\":{\"c\":{\"S\":\"x\"}}},"
                        + "\"l\":{\"L\":[{\"S\":\"x\"}]}}")),
                DataSchema.none(KEYS),
                false);
        DataSchema second = Inference.infer(
                census(List.of(
                        "{\"PK\":{\"S\":\"1\"},\"total\":{\"S\":\"x\"},\"Total\":{\"N\":\"1.25\"},\"b\":{\"S\":\"x\"}}",
                        "{\"PK\":{\"S\":\"2\"},\"l\":{\"S\":\"no list\"},\"b\":{\"S\":\"y\"}}")),
                first,
                false);
        assertThat(second.version()).isEqualTo(2);
        assertThat(column(second, "total").path()).containsExactly("Total");
        assertThat(column(second, "total").type()).isEqualTo(ColumnType.decimal(21, 2));
        assertThat(column(second, "b__c").source()).isEqualTo(SourceType.S);
        assertThat(second.entities().get(0).tables())
                .extracting(EntityTable::suffix)
                .containsExactly("", "l");
        assertThat(second.entities().get(0).tables().get(0).columns())
                .extracting(EntityColumn::name)
                .last()
                .isEqualTo("_rest");
        assertThat(second.entities().get(0).tables().get(0).columns())
                .extracting(c -> String.join(".", c.path()))
                .containsExactly("PK", "Total", "b.c", "total", "");
    }

    @Test
    void namesColumnsForEveryWarehouse() {
        List<String> names =
                List.of("CreatedAt", "follower#", "a.b", "a b", "A_b", "größe", "漢字", "_rest", "1st", "x".repeat(80));
        StringBuilder item = new StringBuilder("{\"PK\":{\"S\":\"1\"}");
        names.forEach(n -> item.append(",\"").append(n).append("\":{\"S\":\"v\"}"));
        DataSchema schema = Inference.infer(census(List.of(item + "}")), DataSchema.none(KEYS), false);
        List<String> columns = schema.entities().get(0).tables().get(0).columns().stream()
                .map(EntityColumn::name)
                .toList();
        assertThat(columns).doesNotHaveDuplicates().allMatch(c -> c.matches("[a-z_][a-z0-9_]{0,62}"));
        assertThat(columns).contains("created_at", "follower", "a_b", "grosse", "_1st", "_rest");
    }

    @Test
    void makesDataUnderNamesAJsonColumn() {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            items.add("{\"PK\":{\"S\":\"" + i + "\"},\"by_id\":{\"M\":{\"id" + i + "\":{\"N\":\"7.10\"}}}}");
        }
        ShredPlan plan = plan(items, Map.of());
        assertThat(column(plan, "by_id").encoding()).isEqualTo(Encoding.JSON);
        Shredder shredder = new Shredder(plan);
        read(shredder, items.get(5));
        assertThat(shredder.rows().get(0).cells().value(1)).hasToString("{\"id5\":7.10}");
        assertRebuilt(items, false);
    }

    @Test
    void hidesWhatIsDroppedOrHashedEverywhere() {
        List<String> items = List.of(
                "{\"PK\":{\"S\":\"1\"},\"email\":{\"S\":\"secret@x\"},\"card\":{\"S\":\"secret\"},\"lines\":{\"L\":[{\"M\":{\"sku\":"
                        + "{\"S\":\"secret\"},\"q\":{\"N\":\"1\"}}}]}}",
                "{\"PK\":{\"S\":\"2\"},\"email\":{\"N\":\"5\"},\"card\":{\"L\":[{\"S\":\"secret\"}]},\"lines\":{\"M\":{\"sku\":{\"S\":"
                        + "\"secret\"},\"other\":{\"S\":\"seen\"}}}}");
        TableSettings settings = new TableSettings(
                Optional.empty(),
                Map.of(),
                Map.of(),
                List.of(path("card"), path("lines.sku")),
                List.of(path("email")),
                Map.of());
        Map<String, TableSettings> tables = Map.of("thing", settings);
        CensusTaker taker =
                new CensusTaker(new CensusTaker.Settings(ONE, ShredPlan.redactions(tables), KEYS, BigDecimal.ONE));
        items.forEach(i -> taker.add(bytes(i), 0, bytes(i).length));
        DataSchema schema = Inference.infer(taker.census(), DataSchema.none(KEYS), false);
        Shredder shredder = new Shredder(ShredPlan.of(schema, ONE, tables, ShredPlan.Expiry.NEVER));
        StringBuilder seen = new StringBuilder(new String(taker.census().toJson(), StandardCharsets.UTF_8));
        for (String item : items) {
            read(shredder, item);
            shredder.rows()
                    .forEach(row -> IntStream.range(0, row.cells().numFields())
                            .filter(i -> !row.cells().isNullAt(i))
                            .forEach(i -> seen.append(row.cells().value(i)).append(' ')));
            seen.append(new String(shredder.kept(bytes(item), 0, bytes(item).length), StandardCharsets.UTF_8));
        }
        assertThat(seen.toString()).doesNotContain("secret").contains("seen").contains(Names.sha256("secret@x"));
    }

    @Test
    void quarantinesWhatCannotBeDecoded() {
        Shredder shredder = new Shredder(plan(List.of("{\"PK\":{\"S\":\"1\"}}"), Map.of()));
        assertThat(quarantine(shredder, "{\"PK\":{\"S\":\"1\"},\"a\":{\"N\":\"abc\"}}"))
                .isEqualTo("an N that is no number in attribute a");
        assertThat(quarantine(shredder, "{\"PK\":{\"S\":\"1\"},\"a\":{\"Q\":\"abc\"}}"))
                .isEqualTo("an unknown type Q in attribute a");
        assertThat(quarantine(shredder, "{\"PK\":{\"S\":\"1\"},\"a\":{\"M\":{\"b\":{\"B\":\"***\"}}}}"))
                .isEqualTo("a B that is not base64 in attribute b in attribute a");
        assertThat(quarantine(shredder, "{\"PK\":{\"S\":\"1\""))
                .isEqualTo("not JSON: cut off inside an object at byte 14");
        assertThat(quarantine(shredder, "{\"PK\":{\"S\":\"1\"},\"a\":{\"S\":\"\\ud800\"}}"))
                .isEqualTo("half a surrogate pair in a string in attribute a");
    }

    private static String quarantine(Shredder shredder, String item) {
        assertThat(shredder.read(bytes(item), 0, bytes(item).length)).isEqualTo(Shredder.Outcome.QUARANTINED);
        assertThat(shredder.rows()).isEmpty();
        assertThat(shredder.kept(bytes(item), 0, bytes(item).length)).isEqualTo(bytes(item));
        return shredder.reason();
    }

    @Test
    void leavesOutWhatHasExpiredByDynamoDbsRule() {
        long now = 1_800_000_000L;
        DataSchema schema = Inference.infer(
                census(List.of("{\"PK\":{\"S\":\"1\"},\"ttl\":{\"N\":\"5\"}}")), DataSchema.none(KEYS), false);
        Shredder shredder = new Shredder(ShredPlan.of(schema, ONE, Map.of(), new ShredPlan.Expiry("ttl", now)));
        assertThat(outcome(shredder, now)).isEqualTo(Shredder.Outcome.EXPIRED);
        assertThat(outcome(shredder, now + 1)).isEqualTo(Shredder.Outcome.ROWS);
        assertThat(outcome(shredder, now - 6 * 366 * 86_400L)).isEqualTo(Shredder.Outcome.ROWS);
    }

    private static Shredder.Outcome outcome(Shredder shredder, long ttl) {
        byte[] item = bytes("{\"PK\":{\"S\":\"1\"},\"ttl\":{\"N\":\"" + ttl + "\"}}");
        return shredder.read(item, 0, item.length);
    }

    @Test
    void convertsToDeclaredTypesOnlyWhatKeepsItsValue() {
        List<String> items = List.of(
                "{\"PK\":{\"S\":\"1\"},\"at\":{\"S\":\"2026-01-31T23:59:59.123456+01:00\"},\"ms\":{\"N\":\"1700000000123\"},"
                        + "\"n\":{\"S\":\"12.50\"},\"d\":{\"N\":\"0.1\"}}",
                "{\"PK\":{\"S\":\"2\"},\"at\":{\"S\":\"yesterday\"},\"ms\":{\"N\":\"0.5\"},\"n\":{\"S\":\"12.505\"},"
                        + "\"d\":{\"N\":\"0.1234567890123456789\"}}");
        Map<String, DeclaredType> types = new LinkedHashMap<>();
        types.put("at", DeclaredType.parse("timestamp").orElseThrow());
        types.put("ms", DeclaredType.parse("epoch-millis").orElseThrow());
        types.put("n", DeclaredType.parse("decimal(10,2)").orElseThrow());
        types.put("d", DeclaredType.parse("double").orElseThrow());
        ShredPlan plan = plan(
                items,
                Map.of("thing", new TableSettings(Optional.empty(), types, Map.of(), List.of(), List.of(), Map.of())));
        List<List<Map<String, Object>>> rows = shred(plan, items);
        assertThat(rows.get(0).get(0))
                .containsEntry("at", 1769900399123456L)
                .containsEntry("ms", 1700000000123000L)
                .containsEntry("n", new BigDecimal("12.50"))
                .containsEntry("d", 0.1);
        assertThat(rows.get(0).get(1))
                .containsEntry("at", null)
                .containsEntry("n", null)
                .containsEntry("d", null)
                .containsEntry("ms", 500L);
        assertThat(rows.get(0).get(1).get("_rest").toString())
                .contains("\"/at\":{\"S\":\"yesterday\"}")
                .contains("\"/d\":{\"N\":\"0.1234567890123456789\"}");
    }

    @Test
    void refusesSettingsThatNameNoColumn() {
        TableSettings settings = new TableSettings(
                Optional.empty(),
                Map.of("totl", DeclaredType.parse("bigint").orElseThrow()),
                Map.of(),
                List.of(path("PK")),
                List.of(),
                Map.of());
        assertThatThrownBy(() ->
                        plan(List.of("{\"PK\":{\"S\":\"1\"},\"total\":{\"N\":\"1\"}}"), Map.of("thing", settings)))
                .isInstanceOf(Fault.class)
                .hasMessageContaining(
                        "tables.thing.types: totl: kind thing has no such column: it has _rest, pk, total")
                .hasMessageContaining("tables.thing.drop: PK: a key cannot be dropped");
    }

    @Test
    void sendsItemsOfNoKnownKindToATableOfTheirOwn() {
        KindRule rule = new KindRule.ByAttribute("T");
        CensusTaker taker = new CensusTaker(new CensusTaker.Settings(rule, Map.of(), KEYS, BigDecimal.ONE));
        byte[] known = bytes("{\"PK\":{\"S\":\"1\"},\"T\":{\"S\":\"A\"},\"x\":{\"N\":\"1\"}}");
        taker.add(known, 0, known.length);
        DataSchema schema = Inference.infer(taker.census(), DataSchema.none(KEYS), false);
        ShredPlan plan = ShredPlan.of(schema, rule, Map.of(), ShredPlan.Expiry.NEVER);
        Shredder shredder = new Shredder(plan);
        read(shredder, "{\"PK\":{\"S\":\"2\"},\"T\":{\"S\":\"New\"},\"x\":{\"N\":\"1\"}}");
        ShreddedRow row = shredder.rows().get(0);
        assertThat(plan.tables().get(row.table()).definition().name()).isEqualTo("_unknown");
        assertThat(row.cells().value(1)).hasToString("{\"/T\":{\"S\":\"New\"},\"/x\":{\"N\":\"1\"}}");
    }

    private static AttributePath path(String text) {
        return AttributePath.parse(text).orElseThrow();
    }

    private static ShredPlan plan(List<String> items, Map<String, TableSettings> settings) {
        DataSchema schema = Inference.infer(census(items), DataSchema.none(KEYS), false);
        return ShredPlan.of(schema, ONE, settings, ShredPlan.Expiry.NEVER);
    }

    private static Census census(List<String> items) {
        CensusTaker taker = new CensusTaker(new CensusTaker.Settings(ONE, Map.of(), KEYS, BigDecimal.ONE));
        items.forEach(i -> taker.add(bytes(i), 0, bytes(i).length));
        return taker.census();
    }

    private static EntityColumn column(DataSchema schema, String name) {
        return schema.entities().get(0).tables().get(0).columns().stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static EntityColumn column(ShredPlan plan, String name) {
        return plan.tables().get(0).source().columns().stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void read(Shredder shredder, String item) {
        assertThat(shredder.read(bytes(item), 0, bytes(item).length))
                .as(shredder.reason())
                .isEqualTo(Shredder.Outcome.ROWS);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<List<Map<String, Object>>> shred(ShredPlan plan, List<String> items) {
        List<List<Map<String, Object>>> rows = new ArrayList<>();
        plan.tables().forEach(t -> rows.add(new ArrayList<>()));
        Shredder shredder = new Shredder(plan);
        for (String item : items) {
            read(shredder, item);
            for (ShreddedRow row : shredder.rows()) {
                Map<String, Object> values = new LinkedHashMap<>();
                for (int i = 0; i < row.cells().numFields(); i++) {
                    Object value = row.cells().value(i);
                    String name = plan.tables()
                            .get(row.table())
                            .definition()
                            .columns()
                            .get(i)
                            .name();
                    values.put(
                            name,
                            value instanceof UTF8String text
                                    ? text.toString()
                                    : value instanceof Decimal decimal ? decimal.toJavaBigDecimal() : value);
                }
                rows.get(row.table()).add(values);
            }
        }
        return rows;
    }

    /** Items meant to break a reader. */
    static final class HostileItems {
        static final List<String> ALL = List.of(
                "{\"PK\":{\"S\":\"1\"},\"n\":{\"N\":\"99999999999999999999999999999999999999\"}}",
                "{\"PK\":{\"S\":\"2\"},\"n\":{\"N\":\"1E-130\"},\"m\":{\"N\":\"9007199254740993\"}}",
                "{\"PK\":{\"S\":\"3\"},\"n\":{\"N\":\"-9.99E+125\"},\"m\":{\"S\":\"\"}}",
                "{\"PK\":{\"S\":\"4\"},\"e\":{\"S\":\"\"},\"em\":{\"M\":{}},\"el\":{\"L\":[]},\"nul\":{\"NULL\":true}}",
                "{\"PK\":{\"S\":\"5\"},\"ss\":{\"SS\":[\"b\",\"a\"]},\"ns\":{\"NS\":[\"1.50\",\"2\"]},\"bs\":{\"BS\":[\"AAE=\",\"\"]}}",
                "{\"PK\":{\"S\":\"6\"},\"a.b\":{\"S\":\"x\"},\"a b\":{\"S\":\"y\"},\"A.B\":{\"S\":\"z\"},\"a\\\"b\":{\"S\":\"q\"},\"a/b~c\":{\"N\":\"1\"}}",
                "{\"PK\":{\"S\":\"7\"},\"a\":{\"M\":{\"b\":{\"S\":\"inner\"},\"漢字\":{\"S\":\"\\u0000\\n😀\"},\"~/\":{\"BOOL\":false}}}}",
                "{\"PK\":{\"S\":\"8\"},\"l\":{\"L\":[{\"S\":\"x\"},{\"N\":\"1\"},{\"M\":{\"a\":{\"S\":\"b\"}}},{\"L\":[{\"S\":\"y\"}]},{\"NULL\":true},{\"M\":{}}]}}",
                "{\"PK\":{\"S\":\"9\"},\"l\":{\"L\":[{\"M\":{\"a\":{\"L\":[{\"M\":{\"deep\":{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]}}}]}}}]}}",
                "{\"PK\":{\"S\":\"10\"},\"lol\":{\"L\":[{\"L\":[{\"N\":\"1\"},{\"L\":[{\"SS\":[\"z\"]}]}]},{\"L\":[]}]}}",
                "{\"PK\":{\"S\":\"11\"},\"b\":{\"B\":\"AAEC\"},\"_rest\":{\"S\":\"mine\"},\"_index\":{\"N\":\"3\"},\"value\":{\"S\":\"v\"}}",
                "{\"PK\":{\"S\":\"12\"},\"deep\":" + "{\"M\":{\"d\":".repeat(31) + "{\"S\":\"bottom\"}"
                        + "}}".repeat(31) + "}",
                "{\"PK\":{\"S\":\"13\"},\"big\":{\"S\":\"" + "x".repeat(390_000) + "\"}}",
                "{\"PK\":{\"S\":\"14\"},\"n\":{\"N\":\"+5\"},\"m\":{\"N\":\"05.50\"},\"lol\":{\"L\":[{\"L\":[{\"N\":\".5\"},{\"N\":\"-0\"},{\"N\":\"5.\"}]}]}}");

        private static final String[] NAMES = {"a", "b", "c", "Name", "name", "x.y", "list"};

        static String generate(Random random, int key) {
            StringBuilder item = new StringBuilder("{\"PK\":{\"S\":\"" + key + "\"}");
            for (String name : NAMES) {
                if (random.nextInt(3) > 0) {
                    item.append(",\"").append(name).append("\":").append(value(random, 0));
                }
            }
            return item.append('}').toString();
        }

        private static String value(Random random, int depth) {
            return switch (random.nextInt(depth < 4 ? 14 : 9)) {
                case 0, 1 -> "{\"S\":\"" + (char) ('a' + random.nextInt(26)) + "\"}";
                case 2 -> "{\"N\":\"" + random.nextInt(100) + "\"}";
                case 3 -> "{\"N\":\"" + new BigDecimal(random.nextInt()).movePointLeft(random.nextInt(8)) + "\"}";
                case 4 -> "{\"BOOL\":" + random.nextBoolean() + "}";
                case 5 -> "{\"NULL\":true}";
                case 6 -> "{\"B\":\"" + Base64.getEncoder().encodeToString(new byte[random.nextInt(5)]) + "\"}";
                case 7 -> "{\"SS\":[\"p\",\"q\"]}";
                case 8 -> "{\"NS\":[\"1\",\"2.5\"]}";
                case 9, 10, 11 -> {
                    StringBuilder map = new StringBuilder("{\"M\":{");
                    for (String name : NAMES) {
                        if (random.nextInt(4) == 0) {
                            map.append(map.length() > 6 ? "," : "")
                                    .append("\"" + name + "\":")
                                    .append(value(random, depth + 1));
                        }
                    }
                    yield map + "}}";
                }
                default -> {
                    StringBuilder list = new StringBuilder("{\"L\":[");
                    for (int i = random.nextInt(4); i > 0; i--) {
                        list.append(list.length() > 6 ? "," : "").append(value(random, depth + 1));
                    }
                    yield list + "]}";
                }
            };
        }
    }
}
