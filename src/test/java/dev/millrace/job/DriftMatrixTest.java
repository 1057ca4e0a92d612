package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.TableCounts;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.EntityColumn;
import dev.millrace.schema.EntitySchema;
import dev.millrace.schema.EntityTable;
import dev.millrace.schema.SourceType;
import dev.millrace.table.ColumnType;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.Rebuild;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * Every type of DynamoDB becomes every other, at the top, in a map and in a list; numbers of every width become others;
 * attributes and kinds appear and vanish; a key outgrows its column. Under each contract every row is counted and every
 * item can be put together again. What is to be expected is worked out here from the rules of the docs, not asked of the
 * code.
 */
class DriftMatrixTest {
    private static final String TABLE = "drift-matrix";
    private static final List<String> KEYS = List.of("id");
    private static final String LONG_KEY = "1234567890123456789012345";
    private static final int BASE_ITEMS = 3;

    private static final Map<SourceType, String> VALUES = new EnumMap<>(Map.of(
            SourceType.S, "{\"S\": \"text\"}",
            SourceType.N, "{\"N\": \"1\"}",
            SourceType.B, "{\"B\": \"AAE=\"}",
            SourceType.BOOL, "{\"BOOL\": true}",
            SourceType.NULL, "{\"NULL\": true}",
            SourceType.M, "{\"M\": {\"x\": {\"N\": \"1\"}}}",
            SourceType.L, "{\"L\": [{\"N\": \"1\"}]}",
            SourceType.SS, "{\"SS\": [\"a\"]}",
            SourceType.NS, "{\"NS\": [\"1\"]}",
            SourceType.BS, "{\"BS\": [\"AAE=\"]}"));

    /** From one digit to the limits of bigint, of decimal and of DynamoDB. */
    private static final List<String> NUMBERS = List.of(
            "7",
            "123456789012345678",
            "-9223372036854775808",
            "9223372036854775808",
            "99999999999999999999999999999999999999",
            "1.5",
            "0.0000000000000000000000000000000000001",
            "1E-130",
            "-9.9E+125");

    @TempDir
    private Path folder;

    private int ids;

    private String item(String kind, String attributes) {
        ids++;
        return item(Integer.toString(ids), kind, attributes);
    }

    private static String item(String id, String kind, String attributes) {
        String told = kind.isEmpty() ? "" : ", \"kind\": {\"S\": \"" + kind + "\"}";
        return "{\"id\": {\"N\": \"" + id + "\"}" + told + (attributes.isEmpty() ? "" : ", " + attributes) + "}";
    }

    /** A value at the top, in a map and in a list. */
    private static String everywhere(String suffix, SourceType type) {
        String value = VALUES.get(type);
        return "\"top" + suffix + "\": " + value + ", \"m" + suffix + "\": {\"M\": {\"in\": " + value + "}}, \"l"
                + suffix + "\": {\"L\": [" + value + "]}";
    }

    private static String kind(SourceType type) {
        return "was" + type;
    }

    /** Where nothing was but NULLs each type has attributes of its own: it may get a column. */
    private static String suffix(SourceType was, SourceType is) {
        return was == SourceType.NULL ? "_" + is.name().toLowerCase(Locale.ROOT) : "";
    }

    private static String number(int was, int is) {
        return "n" + was + "_" + is;
    }

    private List<String> before() {
        List<String> items = new ArrayList<>();
        for (SourceType was : SourceType.values()) {
            for (int i = 0; i < BASE_ITEMS; i++) {
                List<String> attributes = new ArrayList<>();
                for (SourceType is : SourceType.values()) {
                    attributes.add(everywhere(suffix(was, is), was));
                }
                items.add(item(
                        kind(was), String.join(", ", was == SourceType.NULL ? attributes : attributes.subList(0, 1))));
            }
        }
        List<String> numbers = new ArrayList<>();
        for (int was = 0; was < NUMBERS.size(); was++) {
            for (int is = 0; is < NUMBERS.size(); is++) {
                numbers.add("\"" + number(was, is) + "\": {\"N\": \"" + NUMBERS.get(was) + "\"}");
            }
        }
        items.add(item("numbers", String.join(", ", numbers)));
        items.add(item("gone", "\"a\": {\"S\": \"x\"}"));
        return items;
    }

    private List<String> after() {
        List<String> items = new ArrayList<>();
        for (SourceType was : SourceType.values()) {
            for (SourceType is : SourceType.values()) {
                items.add(item(kind(was), everywhere(suffix(was, is), is)));
            }
        }
        for (int is = 0; is < NUMBERS.size(); is++) {
            List<String> numbers = new ArrayList<>();
            for (int was = 0; was < NUMBERS.size(); was++) {
                numbers.add("\"" + number(was, is) + "\": {\"N\": \"" + NUMBERS.get(is) + "\"}");
            }
            items.add(item("numbers", String.join(", ", numbers)));
        }
        items.add(item(LONG_KEY, kind(SourceType.S), "\"fresh\": {\"S\": \"x\"}"));
        items.add(item("fresh", "\"a\": {\"S\": \"x\"}, \"list\": {\"L\": [{\"S\": \"x\"}]}"));
        items.add(item("", "\"a\": {\"BOOL\": true}"));
        items.add(item(kind(SourceType.S), "\"never\": {\"S\": \"seen\"}, \"ttl\": {\"N\": \"1700000000\"}"));
        return items;
    }

    /**
     * What a frozen contract names of {@link #after}.
     *
     * @param refreshed whether the data-schema has been inferred anew from all of it: then what is new has its place, and
     *     numbers have as many digits as they can
     */
    private static List<String> drift(boolean refreshed) {
        List<String> lines = new ArrayList<>();
        for (SourceType was : SourceType.values()) {
            for (SourceType is : SourceType.values()) {
                boolean isDrift = is != was && is != SourceType.NULL;
                if (isDrift && !(refreshed && was == SourceType.NULL)) {
                    lines.addAll(drift(was, is));
                }
            }
        }
        lines.add("was_l: column l is json: met 4 values that it cannot hold");
        for (int was = 0; was < NUMBERS.size(); was++) {
            for (int is = 0; is < NUMBERS.size(); is++) {
                String first = type(NUMBERS.get(was));
                String type = refreshed ? widened(first, NUMBERS.get(is)) : first;
                if (!holds(type, NUMBERS.get(is))) {
                    lines.add("numbers: column " + number(was, is) + " is " + type + ": met 1 number of up to "
                            + digits(NUMBERS.get(is)));
                }
            }
        }
        if (!refreshed) {
            lines.add("was_s: column id is bigint: met 1 number of up to 25 digits");
            lines.add("was_s: attribute fresh is new: met 1 value of type S");
            lines.add("kind fresh: no table: met 1 item");
            lines.add("items of which no kind can be told: no table: met 1 item");
        }
        return lines;
    }

    private static List<String> drift(SourceType was, SourceType is) {
        String table = "was_" + was.name().toLowerCase(Locale.ROOT);
        String suffix = suffix(was, is);
        String met = ": met 1 value of type " + is;
        List<String> lines = new ArrayList<>();
        switch (was) {
            case S, N, B, BOOL -> {
                lines.add(table + ": column top holds type " + was + met);
                lines.add(table + ": column m__in holds type " + was + met);
                lines.add(table + "__l: column value holds type " + was + met);
            }
            case NULL -> {
                lines.add(table + ": attribute top" + suffix + " is new" + met);
                lines.add(table + ": attribute m" + suffix + " is new: met 1 value of type M");
                // A list of NULLs is a table without columns: elements that are maps bring attributes.
                lines.add(table + "__l" + suffix
                        + (is == SourceType.M
                                ? ": attribute x is new: met 1 value of type N"
                                : ": the element is new" + met));
            }
            case M -> {
                lines.add(table + ": attribute top is a map with columns" + met);
                lines.add(table + ": attribute m.in is a map with columns" + met);
                lines.add(table + "__l: the element is a map with columns" + met);
            }
            case L, SS, NS, BS -> {
                lines.add(table + ": attribute top is table " + table + "__top" + met);
                lines.add(table + ": attribute m.in is table " + table + "__m__in" + met);
                // A list of lists is a column of plain JSON, which holds any list but of binaries and sets.
                if (was != SourceType.L) {
                    lines.add(table + "__l: column value holds type " + was + met);
                }
            }
        }
        return lines;
    }

    private static BigDecimal exact(String number) {
        return new BigDecimal(number).stripTrailingZeros();
    }

    private static int integers(String number) {
        return Math.max(0, exact(number).precision() - exact(number).scale());
    }

    private static int scale(String number) {
        return Math.max(0, exact(number).scale());
    }

    private static boolean isBigint(String number) {
        return exact(number).scale() <= 0 && exact(number).toBigInteger().bitLength() < 64;
    }

    /** The type of a column that was inferred from one number. */
    private static String type(String number) {
        return isBigint(number)
                ? "bigint"
                : decimal(integers(number), scale(number)).orElse("string");
    }

    private static Optional<String> decimal(int integers, int scale) {
        boolean fits = integers + scale <= 38 && scale <= 37;
        return fits ? Optional.of("decimal(" + (integers + scale) + "," + scale + ")") : Optional.empty();
    }

    /** The type that a column gets when another number is met: within its family, and only if it holds both then. */
    private static String widened(String type, String number) {
        ColumnType column = ColumnType.parse(type).orElseThrow();
        if (column.kind() == ColumnType.Kind.STRING || holds(type, number)) {
            return type;
        }
        boolean bigint = column.kind() == ColumnType.Kind.BIGINT;
        int integers = Math.max(integers(number), bigint ? 19 : column.precision() - column.scale());
        return decimal(integers, Math.max(scale(number), column.scale())).orElse(type);
    }

    private static boolean holds(String type, String number) {
        ColumnType column = ColumnType.parse(type).orElseThrow();
        return switch (column.kind()) {
            case STRING -> true;
            case BIGINT -> isBigint(number);
            case DECIMAL -> scale(number) <= column.scale() && integers(number) <= column.precision() - column.scale();
            case DOUBLE, BOOLEAN, BINARY, DATE, TIMESTAMP, JSON -> throw new IllegalArgumentException(type);
        };
    }

    private static String digits(String number) {
        String before = integers(number) + (integers(number) == 1 ? " digit" : " digits");
        String after = scale(number) + (scale(number) == 1 ? " digit" : " digits") + " after the point";
        return scale(number) == 0
                ? before
                : integers(number) == 0 ? after : before + " before the point and " + scale(number) + " after it";
    }

    private Path job(Trial trial, String contract) {
        return trial.job("job", """
                job: matrix
                source: {dynamodb: {table: %s, endpoint: $SERVER, segments: 2, expire: ttl}}
                schema: {kind: kind, contract: %s}
                staging: {at: $HERE/staging}
                warehouse: {duckdb: {path: $HERE/live.duckdb}, schema: w, gate: {max-quarantine: 100%%}}
                """.formatted(TABLE, contract));
    }

    @Test
    void whateverDriftsIsCountedAndKept() {
        Trial trial = new Trial(folder);
        List<String> before = before();
        Items.table(TABLE, List.of("id:N"), before);
        Path job = job(trial, "evolve");
        trial.succeed(job);
        OpenJob open = trial.open(job);
        DataSchema first = open.schemas().load(1).schema();
        assertKept(trial, open, before, 0, 0);
        assertThat(rescued(trial, open)).isZero();

        List<String> after = after();
        Items.put(TABLE, after);
        String gone = Integer.toString(before.size());
        DynamoDbLocal.client().deleteItem(r -> r.tableName(TABLE).key(Map.of("id", AttributeValue.fromN(gone))));
        List<String> all = new ArrayList<>(before.subList(0, before.size() - 1));
        all.addAll(after);

        Trial.Ended frozen = trial.run(job(trial, "freeze"));
        assertThat(frozen.code()).isEqualTo(3);
        assertThat(named(frozen)).containsExactlyInAnyOrderElementsOf(drift(false));
        assertThat(open.store().ledger().commits()).hasSize(1);
        assertThat(trial.query(open, "SELECT count(*) FROM w.gone")).containsExactly("1");

        trial.later(Duration.ofDays(30));
        trial.succeed(job(trial, "rescue"));
        assertThat(open.schemas().latest().orElseThrow().schema()).isEqualTo(first);
        assertKept(trial, open, all, 1, 1);
        assertThat(rescued(trial, open)).isGreaterThan(100);

        trial.later(Duration.ofDays(30));
        trial.succeed(job(trial, "evolve"));
        DataSchema second = open.schemas().latest().orElseThrow().schema();
        assertThat(second.version()).isEqualTo(2);
        assertKept(trial, open, all, 0, 1);
        assertSameFamilies(first, second);
        assertThat(trial.query(open, "SELECT count(*) FROM w.gone")).containsExactly("0");
        assertThat(trial.query(open, "SELECT count(*) FROM w.fresh")).containsExactly("1");
        assertThat(trial.query(open, "SELECT fresh FROM w.was_s WHERE id = " + LONG_KEY))
                .containsExactly("x");

        Trial.Ended again = trial.run(job(trial, "freeze"));
        assertThat(again.code()).isEqualTo(3);
        assertThat(named(again)).containsExactlyInAnyOrderElementsOf(drift(true));
    }

    /** The lines of a refusal between what it says before and after. */
    private static List<String> named(Trial.Ended refused) {
        List<String> lines = refused.err().lines().toList();
        assertThat(lines.get(0)).startsWith("The contract refused run ");
        assertThat(lines.get(lines.size() - 1)).startsWith("Mend the items; ");
        return lines.subList(1, lines.size() - 1);
    }

    /** Every row is counted; every item that is not left out can be put together again, from files and from live. */
    private static void assertKept(Trial trial, OpenJob open, List<String> items, int quarantined, int expired) {
        TableCounts sum = TableCounts.NONE;
        for (LandedTable table : trial.landed(open).values()) {
            assertThat(table.counts().isBalanced()).as(table.name()).isTrue();
            assertThat(table.counts().out()).as(table.name()).isEqualTo(table.rows());
            if (table.definition().column("_index").isEmpty()) {
                sum = sum.plus(table.counts());
            }
        }
        assertThat(sum.in()).isEqualTo(items.size());
        assertThat(sum.quarantined()).isEqualTo(quarantined);
        assertThat(sum.expired()).isEqualTo(expired);
        assertThat(sum.out()).isEqualTo(items.size() - quarantined - expired);
        List<JsonNode> expected = items.stream()
                .filter(item -> !item.contains("\"ttl\"") && !(quarantined > 0 && item.contains(LONG_KEY)))
                .map(Rebuild::canonical)
                .toList();
        assertThat(expected).hasSize(items.size() - quarantined - expired);
        Items.assertEqual(trial.itemsOfLanding(open), expected, KEYS);
        Items.assertEqual(trial.itemsOfLive(open), expected, KEYS);
    }

    /** The rows of all tables with something in {@code _rest} that could have had a column, as they are and as counted. */
    private static long rescued(Trial trial, OpenJob open) {
        long all = 0;
        for (LandedTable table : trial.landed(open).values()) {
            // A table of unknown items that has none is not loaded.
            List<String> rests = table.rows() == 0
                    ? List.of()
                    : trial.query(open, "SELECT _rest FROM w.\"" + table.name() + "\" WHERE _rest IS NOT NULL");
            long rescued = rests.stream()
                    .filter(rest -> Trial.tree(rest).properties().stream().anyMatch(entry -> isValue(entry.getValue())))
                    .count();
            assertThat(table.counts().rescued()).as(table.name()).isEqualTo(rescued);
            all += rescued;
        }
        return all;
    }

    /** Whether there is anything but NULLs, empty lists, and maps of them. */
    private static boolean isValue(JsonNode typed) {
        JsonNode content = typed.properties().iterator().next().getValue();
        return typed.has("M")
                ? content.properties().stream().anyMatch(entry -> isValue(entry.getValue()))
                : !typed.has("NULL") && !(content.isContainerNode() && content.isEmpty());
    }

    /** What had a column has it still, of the same type of values and under the same name. */
    private static void assertSameFamilies(DataSchema first, DataSchema second) {
        for (EntitySchema entity : first.entities()) {
            List<EntityTable> after = second.entity(entity.kind()).orElseThrow().tables();
            for (EntityTable table : entity.tables()) {
                EntityTable now = after.stream()
                        .filter(t -> t.suffix().equals(table.suffix()))
                        .findFirst()
                        .orElseThrow();
                for (EntityColumn column : table.columns()) {
                    assertThat(now.columns())
                            .as(entity.kind() + " " + table.suffix() + " " + column.name())
                            .anyMatch(c -> c.name().equals(column.name())
                                    && c.path().equals(column.path())
                                    && c.source() == column.source()
                                    && isNumber(c) == isNumber(column));
                }
            }
        }
    }

    private static boolean isNumber(EntityColumn column) {
        return column.type().kind() == ColumnType.Kind.BIGINT || column.type().kind() == ColumnType.Kind.DECIMAL;
    }
}
