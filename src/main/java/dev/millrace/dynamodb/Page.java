package dev.millrace.dynamodb;

import dev.millrace.json.JsonTape;
import dev.millrace.json.ObjectEnd;
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
    private String count = "no number";
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
     * Cuts a body. All of it is checked but the inside of items: where one ends is told by its braces, and whether it is
     * JSON by whoever reads it.
     *
     * @param tape to work with, reused
     */
    static Page cut(byte[] body, JsonTape tape) throws BrokenPage {
        Page page = new Page(body);
        try {
            page.addMembers(new Cursor(body, tape));
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new BrokenPage("a page cannot be read: " + e.getMessage());
        }
        if (!page.count.equals(Integer.toString(page.items))) {
            throw new BrokenPage("a page says it has " + page.count + " items and has " + page.items);
        }
        return page;
    }

    private void addMembers(Cursor cursor) throws BrokenPage {
        if (cursor.next() != '{') {
            throw new BrokenPage("a page is no JSON object");
        }
        boolean more = cursor.opens('}');
        while (more) {
            String name = cursor.name();
            if (name.equals("Items")) {
                addItems(cursor);
            } else {
                addMember(name, cursor.value());
            }
            more = cursor.goesOn('}');
        }
        if (cursor.at < body.length) {
            throw new BrokenPage("a page goes on after its end at byte " + cursor.at);
        }
    }

    private void addMember(String name, JsonTape value) throws BrokenPage {
        switch (name) {
            case "Count" -> count = value.text(0);
            case "LastEvaluatedKey" -> lastKey = key(value, 0);
            case "ConsumedCapacity" -> consumed = capacity(value, 0);
            default -> {}
        }
    }

    private void addItems(Cursor cursor) throws BrokenPage {
        if (cursor.next() != '[') {
            throw new BrokenPage("a page's Items are no array");
        }
        boolean more = cursor.opens(']');
        while (more) {
            if (bounds.length == items * 2) {
                bounds = Arrays.copyOf(bounds, items * 4);
            }
            cursor.item();
            bounds[items * 2] = cursor.itemStart;
            bounds[items * 2 + 1] = cursor.at;
            items++;
            more = cursor.goesOn(']');
        }
    }

    /** Goes through a body's outer form. */
    private static final class Cursor {
        private final byte[] body;
        private final JsonTape tape;
        private int at;
        private int itemStart;

        Cursor(byte[] body, JsonTape tape) {
            this.body = body;
            this.tape = tape;
        }

        /** The next byte that is no white space, which is not passed. */
        byte next() throws BrokenPage {
            while (at < body.length && (body[at] == ' ' || body[at] == '\n' || body[at] == '\r' || body[at] == '\t')) {
                at++;
            }
            if (at == body.length) {
                throw notJson("cut off", at);
            }
            return body[at];
        }

        /** Passes an opening bracket. False when the closing one follows, which is passed too. */
        boolean opens(char closing) throws BrokenPage {
            at++;
            boolean filled = next() != closing;
            at += filled ? 0 : 1;
            return filled;
        }

        /** Passes what follows an element. False when it is the closing bracket. */
        boolean goesOn(char closing) throws BrokenPage {
            byte after = next();
            if (after != ',' && after != closing) {
                throw notJson("expected , or " + closing, at);
            }
            at++;
            return after == ',';
        }

        /** Passes a name and its colon. */
        String name() throws BrokenPage {
            if (next() != '"') {
                throw notJson("expected a name in quotes", at);
            }
            String name = value().text(0);
            if (next() != ':') {
                throw notJson("expected a colon after a name", at);
            }
            at++;
            return name;
        }

        /** Passes a value, which is token 0. */
        JsonTape value() throws BrokenPage {
            if (!tape.parse(body, at, body.length)) {
                throw notJson(tape.error(), tape.errorOffset());
            }
            at = tape.endOffset();
            return tape;
        }

        /** Passes an item, or what stands in the place of one. */
        void item() throws BrokenPage {
            if (next() != '{') {
                itemStart = at;
                value();
                return;
            }
            itemStart = at;
            int end = ObjectEnd.find(body, at, body.length);
            if (end < 0) {
                throw notJson("cut off, or a control character in a string, inside the item", at);
            }
            at = end;
        }

        private BrokenPage notJson(String problem, int offset) {
            return new BrokenPage("a page of " + body.length + " bytes is not JSON: " + problem + " at byte " + offset);
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
