package dev.millrace.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class JsonTapeTest {
    private final JsonTape tape = new JsonTape();

    @Test
    void readsNestedValuesToTokens() {
        assertThat(parse("{\"a\": [1, {\"b\": null}], \"c\\n\": \"x\"}")).isTrue();
        assertThat(tape.isObject(0)).isTrue();
        assertThat(tape.text(1)).isEqualTo("a");
        assertThat(tape.isArray(2)).isTrue();
        assertThat(tape.next(2)).isEqualTo(7);
        assertThat(tape.isEscaped(7)).isTrue();
        assertThat(tape.text(7)).isEqualTo("c\n");
        assertThat(tape.text(8)).isEqualTo("x");
        assertThat(tape.next(0)).isEqualTo(tape.size()).isEqualTo(9);
    }

    @Test
    void readsATaggedStringToTheTokensOfTheLongWay() {
        for (String text : new String[] {"x", "", "longer than eight bytes", "\\n", "é", "\\\"}"}) {
            assertThat(parse("[{ \"S\" : \"" + text + "\" }, {\"S\":\"" + text + "\"} ]"))
                    .isTrue();
            assertThat(tape.size()).isEqualTo(7);
            for (int token = 1; token < 4; token++) {
                assertThat(tape.kind(token + 3)).isEqualTo(tape.kind(token));
                assertThat(tape.next(token + 3)).isEqualTo(tape.next(token) + 3);
                assertThat(tape.isEscaped(token + 3)).isEqualTo(tape.isEscaped(token));
            }
            assertThat(tape.text(6)).isEqualTo(tape.text(3));
            assertThat(tape.text(5)).isEqualTo("S");
            assertThat(tape.text(4)).isEqualTo("{\"S\":\"" + text + "\"}");
        }
        assertThat(parse("{\"S\":\"a\",\"T\":1}")).isTrue();
        assertThat(tape.next(0)).isEqualTo(5);
        assertThat(tape.text(3)).isEqualTo("T");
    }

    @Test
    void agreesWithJacksonOnGeneratedValues() throws IOException {
        Random random = new Random(7);
        ObjectMapper jackson = new ObjectMapper();
        for (int i = 0; i < 2_000; i++) {
            JsonNode value = generate(random, 0);
            String text = random.nextBoolean() ? value.toString() : value.toPrettyString();
            assertThat(parse(text)).as(text).isTrue();
            assertThat(rebuild(0)).isEqualTo(jackson.readTree(text));
            assertThat(tape.endOffset()).isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
        }
    }

    @Test
    void readsAValueAlikeWhateverItHasReadBefore() {
        List<String> names =
                List.of("a", "ab", "abcdefg", "abcdefgh", "", "é", "n\\n", "x".repeat(200), "name", "Name");
        Random random = new Random(3);
        Map<String, Integer> numbers = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            String text = objectOf(names, random, 0);
            byte[] bytes = (" " + text + text).getBytes(StandardCharsets.UTF_8);
            int end = random.nextInt(8) == 0 ? 1 + random.nextInt(bytes.length - 1) : bytes.length;
            JsonTape fresh = new JsonTape();
            assertThat(tape.parse(bytes, 1, end)).as(text).isEqualTo(fresh.parse(bytes, 1, end));
            assertThat(tape.error()).as(text).isEqualTo(fresh.error());
            assertThat(tape.errorOffset()).as(text).isEqualTo(fresh.errorOffset());
            assertThat(tokens(tape)).as(text).isEqualTo(tokens(fresh));
            for (int token = 0; token < tape.size(); token++) {
                if (tape.nameNumber(token) != 0) {
                    assertThat(numbers.computeIfAbsent(tape.text(token), none -> numbers.size() + 1))
                            .isEqualTo(tape.nameNumber(token));
                }
            }
        }
        assertThat(numbers).containsOnlyKeys("a", "ab", "abcdefg", "abcdefgh", "", "é", "name", "Name");
    }

    @Test
    void readsMoreNamesThanItRemembers() {
        for (int i = 0; i < 10_000; i++) {
            assertThat(parse("{\"n" + i + "\":1,\"again\":2}")).isTrue();
            assertThat(tape.text(1)).isEqualTo("n" + i);
            assertThat(tape.nameNumber(1)).isEqualTo(i < 4_095 ? (i == 0 ? 1 : i + 2) : 0);
            assertThat(tape.text(3)).isEqualTo("again");
            assertThat(tape.nameNumber(3)).isEqualTo(2);
        }
    }

    /** An object with some of the names, mostly in their order. */
    private static String objectOf(List<String> names, Random random, int depth) {
        StringBuilder object = new StringBuilder("{");
        for (int i = 0; i < names.size(); i++) {
            if (random.nextInt(4) > 0) {
                String space = random.nextInt(10) == 0 ? " " : "";
                String name = names.get(random.nextInt(10) == 0 ? random.nextInt(names.size()) : i);
                boolean nests = depth < 2 && random.nextInt(8) == 0;
                object.append(object.length() == 1 ? "" : ",")
                        .append(space)
                        .append('"')
                        .append(name)
                        .append('"')
                        .append(space)
                        .append(':')
                        .append(nests ? objectOf(names, random, depth + 1) : random.nextBoolean() ? "1" : "\"v\"");
            }
        }
        return object.append('}').toString();
    }

    private static List<List<Object>> tokens(JsonTape tape) {
        List<List<Object>> tokens = new ArrayList<>();
        for (int token = 0; token < tape.size(); token++) {
            tokens.add(List.of(
                    tape.kind(token), tape.start(token), tape.end(token), tape.next(token), tape.isEscaped(token)));
        }
        return tokens;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[1,]|expected a value|3",
                "{\"a\":1,}|expected a name in quotes|7",
                "[01]|a number begins with 0|1",
                "[1.]|no digit after the point of a number|1",
                "[\"\\x\"]|an escape is not one of JSON's|2",
                "[\"abc|a string is cut off|5",
                "{\"a\":1|cut off inside an object|6",
                "{\"S\":\"abc|a string is cut off|9",
                "{\"S\":\"abc\"|cut off inside an object|10",
                "{\"S\":\"abc\"]|expected , or }|10",
                "{\"S\":\"a\\x\"}|an escape is not one of JSON's|7"
            })
    void saysWhatIsWrongAndWhere(String text, String error, int offset) {
        assertThat(parse(text)).isFalse();
        assertThat(tape.error()).isEqualTo(error);
        assertThat(tape.errorOffset()).isEqualTo(offset);
    }

    @Test
    void stopsAtTheEndItWasGiven() {
        byte[] bytes = "{\"a\":1}{\"b\":2}".getBytes(StandardCharsets.UTF_8);
        assertThat(tape.parse(bytes, 0, bytes.length)).isTrue();
        assertThat(tape.endOffset()).isEqualTo(7);
        assertThat(tape.parse(bytes, 7, bytes.length)).isTrue();
        assertThat(tape.text(1)).isEqualTo("b");
        assertThat(tape.parse(bytes, 7, bytes.length - 1)).isFalse();
    }

    @Test
    void findsHalfASurrogatePair() {
        assertThat(parse("[\"\\ud800\", \"\\ud83d\\ude00\"]")).isTrue();
        assertThat(tape.isText(1)).isFalse();
        assertThat(tape.isText(2)).isTrue();
        assertThat(tape.text(2)).isEqualTo("😀");
    }

    static Stream<Path> minefield() throws IOException {
        Path folder = Path.of(System.getProperty("millrace.home"), "..", "shared", "data", "json", "minefield");
        if (!Files.isDirectory(folder)) {
            return Stream.of(Path.of("none"));
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(".json")).sorted().toList().stream();
        }
    }

    /** JSONTestSuite, where it lies beside the project. */
    @ParameterizedTest
    @MethodSource("minefield")
    void judgesTheMinefieldAsItIsNamed(Path file) throws IOException {
        assumeThat(file).exists();
        byte[] bytes = Files.readAllBytes(file);
        boolean whole = tape.parse(bytes, 0, bytes.length)
                && new String(bytes, tape.endOffset(), bytes.length - tape.endOffset(), StandardCharsets.ISO_8859_1)
                        .chars()
                        .allMatch(c -> c == ' ' || c == '\n' || c == '\r' || c == '\t');
        String name = file.getFileName().toString();
        if (name.startsWith("y_")) {
            assertThat(whole).as(name + ": " + tape.error()).isTrue();
        } else if (name.startsWith("n_")) {
            assertThat(whole).as(name).isFalse();
        }
    }

    private boolean parse(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return tape.parse(bytes, 0, bytes.length);
    }

    private JsonNode rebuild(int token) {
        JsonNodeFactory make = JsonNodeFactory.instance;
        return switch (tape.kind(token)) {
            case OBJECT -> {
                ObjectNode object = make.objectNode();
                for (int name = token + 1; name < tape.next(token); name = tape.next(name + 1)) {
                    object.set(tape.text(name), rebuild(name + 1));
                }
                yield object;
            }
            case ARRAY -> {
                ArrayNode array = make.arrayNode();
                for (int e = token + 1; e < tape.next(token); e = tape.next(e)) {
                    array.add(rebuild(e));
                }
                yield array;
            }
            case STRING -> make.textNode(tape.text(token));
            case NUMBER -> make.numberNode(new BigDecimal(tape.text(token)).intValueExact());
            case TRUE -> make.booleanNode(true);
            case FALSE -> make.booleanNode(false);
            case NULL -> make.nullNode();
        };
    }

    private static JsonNode generate(Random random, int depth) {
        JsonNodeFactory make = JsonNodeFactory.instance;
        int kind = random.nextInt(depth < 4 ? 7 : 5);
        return switch (kind) {
            case 0 -> make.numberNode(random.nextInt());
            case 1 -> make.booleanNode(random.nextBoolean());
            case 2 -> make.nullNode();
            case 3, 4 -> make.textNode(text(random));
            case 5 -> {
                ArrayNode array = make.arrayNode();
                for (int i = random.nextInt(5); i > 0; i--) {
                    array.add(generate(random, depth + 1));
                }
                yield array;
            }
            default -> {
                ObjectNode object = make.objectNode();
                for (int i = random.nextInt(5); i > 0; i--) {
                    String name = random.nextBoolean() ? "S" : text(random);
                    object.set(name, generate(random, depth + 1));
                }
                yield object;
            }
        };
    }

    private static String text(Random random) {
        String alphabet = "abc \"\\/\b\f\n\r\t\u0001é漢😀xyzxyzxyzxyz";
        StringBuilder text = new StringBuilder();
        int[] points = alphabet.codePoints().toArray();
        for (int i = random.nextInt(30); i > 0; i--) {
            text.appendCodePoint(points[random.nextInt(points.length)]);
        }
        return text.toString();
    }
}
