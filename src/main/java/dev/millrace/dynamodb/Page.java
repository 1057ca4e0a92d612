package dev.millrace.dynamodb;

import dev.millrace.json.JsonTape;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * One answer of a Scan, cut into its items: places in the body, nothing is copied.
 *
 * <p>The form is that of "Scan" in the Amazon DynamoDB API reference, its members in any order.
 */
final class Page {
    private final byte[] body;
    private int[] bounds = new int[512];
    private int items;
    private BigDecimal consumed = BigDecimal.ZERO;
    private Map<String, AttributeValue> lastKey = Map.of();

    private Page(byte[] body) {
        this.body = body;
    }

    /** A body that is no whole answer. */
    static final class BrokenPage extends IOException {
        BrokenPage(String problem) {
            super(problem);
        }
    }

    /**
     * Cuts a body.
     *
     * @param tape to work with, reused
     */
    static Page cut(byte[] body, JsonTape tape) throws BrokenPage {
        if (!tape.parse(body, 0, body.length)) {
            throw new BrokenPage("a page of " + body.length + " bytes is not JSON: " + tape.error() + " at byte "
                    + tape.errorOffset());
        }
        if (!tape.isObject(0)) {
            throw new BrokenPage("a page is no JSON object");
        }
        if (tape.endOffset() < body.length) {
            throw new BrokenPage("a page goes on after its end at byte " + tape.endOffset());
        }
        Page page = new Page(body);
        String count = "no number";
        try {
            for (int name = 1; name < tape.next(0); name = tape.next(name + 1)) {
                int value = name + 1;
                switch (tape.text(name)) {
                    case "Items" -> page.addItems(tape, value);
                    case "Count" -> count = tape.text(value);
                    case "LastEvaluatedKey" -> page.lastKey = key(tape, value);
                    case "ConsumedCapacity" -> page.consumed = capacity(tape, value);
                    default -> {}
                }
            }
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new BrokenPage("a page cannot be read: " + e.getMessage());
        }
        if (!count.equals(Integer.toString(page.items))) {
            throw new BrokenPage("a page says it has " + count + " items and has " + page.items);
        }
        return page;
    }

    private void addItems(JsonTape tape, int array) {
        for (int item = array + 1; item < tape.next(array); item = tape.next(item)) {
            if (bounds.length == items * 2) {
                bounds = Arrays.copyOf(bounds, items * 4);
            }
            bounds[items * 2] = tape.rawStart(item);
            bounds[items * 2 + 1] = tape.rawEnd(item);
            items++;
        }
    }

    private static Map<String, AttributeValue> key(JsonTape tape, int object) throws BrokenPage {
        Map<String, AttributeValue> key = new HashMap<>();
        for (int name = object + 1; name < tape.next(object); name = tape.next(name + 1)) {
            int value = name + 1;
            if (!tape.isObject(value) || tape.next(value) != value + 3 || !tape.isString(value + 2)) {
                throw new BrokenPage("a page's LastEvaluatedKey has no typed value for " + tape.text(name));
            }
            key.put(tape.text(name), value(tape.text(value + 1), tape.text(value + 2)));
        }
        if (key.isEmpty()) {
            throw new BrokenPage("a page's LastEvaluatedKey is empty");
        }
        return key;
    }

    private static AttributeValue value(String type, String text) throws BrokenPage {
        return switch (type) {
            case "S" -> AttributeValue.fromS(text);
            case "N" -> AttributeValue.fromN(text);
            case "B" ->
                AttributeValue.fromB(SdkBytes.fromByteArray(Base64.getDecoder().decode(text)));
            default -> throw new BrokenPage("a page's LastEvaluatedKey has a value of type " + type);
        };
    }

    private static BigDecimal capacity(JsonTape tape, int value) {
        if (tape.isObject(value)) {
            for (int name = value + 1; name < tape.next(value); name = tape.next(name + 1)) {
                if (tape.text(name).equals("CapacityUnits")) {
                    return new BigDecimal(tape.text(name + 1));
                }
            }
        }
        return BigDecimal.ZERO;
    }

    byte[] body() {
        return body;
    }

    int items() {
        return items;
    }

    int start(int item) {
        return bounds[item * 2];
    }

    int end(int item) {
        return bounds[item * 2 + 1];
    }

    /** Capacity units that the page cost. */
    BigDecimal consumed() {
        return consumed;
    }

    /** Where the next page begins; empty after the last one. */
    Map<String, AttributeValue> lastKey() {
        return lastKey;
    }
}
