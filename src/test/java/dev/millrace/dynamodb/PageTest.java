package dev.millrace.dynamodb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.json.JsonTape;
import dev.millrace.sample.ShopSample;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PageTest {
    private static final List<String> ITEMS = new ArrayList<>();

    static {
        ShopSample.items(3, 400).map(DynamoDbJson::write).forEach(ITEMS::add);
        ITEMS.addAll(List.of("{}", "7", "[{}]", "\"{\"", "null"));
        ITEMS.add("{ \"a\" : { \"M\" : { } } }");
        ITEMS.add("{\"}]\":{\"S\":\"{[\\\\\"},\"\\\"{\":{\"S\":\"\\\\\\\"}\"}}");
        ITEMS.add("{\"太\":{\"L\":[{\"S\":\"郎\\u0022\\n\"},{\"L\":[]}]}}");
    }

    private final JsonTape tape = new JsonTape();

    private static String page(Random random) {
        List<String> members = new ArrayList<>();
        List<String> items = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            items.add(ITEMS.get(random.nextInt(ITEMS.size())));
        }
        String space = random.nextInt(4) == 0 ? " \n" : "";
        members.add("\"Items\"" + space + ":[" + space + String.join(space + "," + space, items) + space + "]");
        members.add("\"Count\":" + items.size());
        if (random.nextBoolean()) {
            members.add("\"ScannedCount\":" + items.size());
        }
        if (random.nextBoolean()) {
            members.add("\"LastEvaluatedKey\":{\"PK\":{\"S\":\"a]},\"},\"SK\":{\"N\":\"7\"}}");
        }
        if (random.nextBoolean()) {
            members.add("\"ConsumedCapacity\":{\"TableName\":\"shop\",\"CapacityUnits\":128.5}");
        }
        Collections.shuffle(members, random);
        return space + "{" + space + String.join("," + space, members) + space + "}";
    }

    /** The items of a body that is JSON as a whole, by the tape; empty when it is no page. */
    private static Optional<List<String>> byTape(byte[] body) {
        JsonTape whole = new JsonTape();
        if (!whole.parse(body, 0, body.length) || !whole.isObject(0) || whole.endOffset() < body.length) {
            return Optional.empty();
        }
        List<String> items = new ArrayList<>();
        for (int name = 1; name < whole.next(0); name = whole.next(name + 1)) {
            if (whole.isText(name) && whole.text(name).equals("Items")) {
                for (int item = name + 2; item < whole.next(name + 1); item = whole.next(item)) {
                    items.add(new String(
                            body,
                            whole.rawStart(item),
                            whole.rawEnd(item) - whole.rawStart(item),
                            StandardCharsets.ISO_8859_1));
                }
            }
        }
        return Optional.of(items);
    }

    private Optional<List<String>> byCut(byte[] body) {
        try {
            Page page = Page.cut(body, tape);
            List<String> items = new ArrayList<>();
            for (int i = 0; i < page.items(); i++) {
                items.add(new String(body, page.start(i), page.end(i) - page.start(i), StandardCharsets.ISO_8859_1));
            }
            return Optional.of(items);
        } catch (Page.BrokenPage e) {
            return Optional.empty();
        }
    }

    private boolean isJson(String item) {
        byte[] bytes = item.getBytes(StandardCharsets.ISO_8859_1);
        return tape.parse(bytes, 0, bytes.length) && tape.isWhole();
    }

    @Test
    void cutsWhereTheTapeSeesItems() {
        Random random = new Random(11);
        for (int i = 0; i < 3_000; i++) {
            byte[] body = page(random).getBytes(StandardCharsets.UTF_8);
            assertThat(byCut(body)).as(new String(body, StandardCharsets.UTF_8)).isEqualTo(byTape(body));
        }
    }

    /** What the cut lets pass and the tape does not must be found by whoever reads the items. */
    @Test
    void hidesNoDamage() {
        Random random = new Random(13);
        int refused = 0;
        int leftToItems = 0;
        for (int i = 0; i < 60_000; i++) {
            byte[] body = damaged(page(random).getBytes(StandardCharsets.UTF_8), random);
            Optional<List<String>> cut = byCut(body);
            Optional<List<String>> whole = byTape(body);
            String text = new String(body, StandardCharsets.ISO_8859_1);
            if (cut.isEmpty()) {
                refused++;
            } else if (whole.isEmpty()) {
                leftToItems++;
                assertThat(cut.get()).as(text).anyMatch(item -> !isJson(item));
            } else {
                assertThat(cut).as(text).isEqualTo(whole);
            }
        }
        assertThat(refused).isGreaterThan(3_000);
        assertThat(leftToItems).isGreaterThan(3_000);
    }

    /** A byte changed, removed or doubled, or the end lost. */
    private static byte[] damaged(byte[] body, Random random) {
        String telling = "{}[]\",:\\ \n1ax\u0000\u00ff";
        int at = random.nextInt(body.length);
        byte[] changed = body.clone();
        switch (random.nextInt(4)) {
            case 0 -> changed[at] = (byte) telling.charAt(random.nextInt(telling.length()));
            case 1 -> changed = Arrays.copyOf(body, at);
            case 2 -> {
                changed = new byte[body.length - 1];
                System.arraycopy(body, 0, changed, 0, at);
                System.arraycopy(body, at + 1, changed, at, changed.length - at);
            }
            default -> {
                changed = new byte[body.length + 1];
                System.arraycopy(body, 0, changed, 0, at + 1);
                System.arraycopy(body, at, changed, at + 1, body.length - at);
            }
        }
        return changed;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``|a page of 0 bytes is not JSON: cut off at byte 0",
                "[]|a page is no JSON object",
                "{}|a page says it has no number items and has 0",
                "{\"Items\":[{}],\"Count\":2}|a page says it has 2 items and has 1",
                "{\"Items\":[{}],\"Count\":1}x|a page goes on after its end at byte 24",
                "{\"Items\":{},\"Count\":0}|a page's Items are no array",
                "{\"Items\":[{\"a\":{\"S\":\"}\"}}|a page of 25 bytes is not JSON: cut off at byte 25",
                "{\"Items\":[{\"a\":{\"S\":\"}|a page of 22 bytes is not JSON: cut off, or a control character in a string, inside the item at byte 10",
                "{\"Items\":[{\"a\":{\"S\":\"\t\"}}],\"Count\":1}|a page of 37 bytes is not JSON: cut off, or a control character in a string, inside the item at byte 10",
                "{\"Items\":[{} {}],\"Count\":2}|a page of 27 bytes is not JSON: expected , or ] at byte 13",
                "{\"Items\":[{},],\"Count\":2}|a page of 25 bytes is not JSON: expected a value at byte 13",
                "{\"Count\":01}|a page of 12 bytes is not JSON: a number begins with 0 at byte 9",
                "{Count:0}|a page of 9 bytes is not JSON: expected a name in quotes at byte 1",
                "{\"Count\" 0}|a page of 11 bytes is not JSON: expected a colon after a name at byte 9"
            })
    void saysWhatIsBroken(String body, String problem) {
        assertThatThrownBy(() -> Page.cut(body.getBytes(StandardCharsets.UTF_8), tape))
                .isInstanceOf(Page.BrokenPage.class)
                .hasMessage(problem);
    }
}
