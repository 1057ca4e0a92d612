package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.ByteSize;
import dev.millrace.config.FileSource.Limits;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonRecordsTest {
    private static final List<String> NO_PATH = List.of();

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Records under(String path, String json) {
        return Records.of(utf8(json), List.of(path.split("\\.")), false, Records.LIMITS, 64);
    }

    private static Records withHeader(String json) {
        return Records.of(utf8(json), NO_PATH, true, Records.LIMITS, 64);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n",
                "{\"a\":1}\r\n{\"a\":2}\r\n\r\n{\"a\":3}",
                "\uFEFF{\"a\":1}{\"a\":2}{\"a\":3}",
                "{\"a\":1},{\"a\":2} , {\"a\":3}",
                "[{\"a\":1},{\"a\":2},\n{\"a\":3}]",
                " [ {\"a\":1} ] [{\"a\":2}]\n{\"a\":3}\n[]",
                "[\n{\"a\":1}\n,{\"a\":2}\n,\n{\"a\":3}\n]\n"
            })
    void readsRecordsHoweverTheyAreSeparated(String json) {
        Records read = Records.of(json);
        assertThat(read.texts()).containsExactly("{\"a\":1}", "{\"a\":2}", "{\"a\":3}");
        assertThat(read.badTexts()).isEmpty();
        int shift = json.startsWith("\uFEFF") ? 2 : 0;
        assertThat(read.offsets())
                .containsExactly(
                        (long) json.indexOf("{\"a\":1") + shift,
                        (long) json.indexOf("{\"a\":2") + shift,
                        (long) json.indexOf("{\"a\":3") + shift);
    }

    @Test
    void readsRecordsOfSeveralLines() {
        String one = "{\n  \"a\": [\n    1,\n    {}\n  ]\n}";
        assertThat(Records.of(one + "\n" + one + "\n").texts()).containsExactly(one, one);
        assertThat(Records.of("[\n" + one + ",\n" + one + "]").texts()).containsExactly(one, one);
    }

    @Test
    void readsAnyValue() {
        assertThat(Records.of("1\n\"x\"\ntrue [null,[1,2],-0.50]").texts())
                .containsExactly("1", "\"x\"", "true", "null", "[1,2]", "-0.50");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\n\r\n", "\uFEFF", "[]", "[] [ ]\n[]"})
    void readsNothingOfABlankFile(String json) {
        assertThat(Records.of(json)).isEqualTo(new Records(List.of(), List.of(), List.of()));
    }

    @Test
    void readsTheRecordsUnderAPath() {
        String json =
                "{\"meta\":{\"rows\":[0]},\"x\":[1,\"]}\"],\"data\":{\"n\":2,\"rows\":[{\"a\":1},{\"a\":2}],\"m\":[]}}";
        assertThat(under("data.rows", json).texts()).containsExactly("{\"a\":1}", "{\"a\":2}");
        assertThat(under("data.rows", json + "\n" + json).texts()).hasSize(4);
        assertThat(under("data", json).texts()).hasSize(1);
        assertThat(under("x", json).texts()).containsExactly("1", "\"]}\"");
        assertThat(under("rows", "{\"rows\":[],\"b\":1}")).isEqualTo(new Records(List.of(), List.of(), List.of()));
    }

    @Test
    void setsAnObjectApartThatHasNothingUnderThePath() {
        Records read = under("rows", "{\"a\":1}\n{\"rows\":[{\"b\":2}]}\n[3]\n");
        assertThat(read.texts()).containsExactly("{\"b\":2}");
        assertThat(read.badTexts()).containsExactly("0:{\"a\":1}", "27:[3]");
        assertThat(read.reasons())
                .containsExactly(
                        "the object has no records: it has nothing at rows", "expected an object with records at rows");
    }

    @Test
    void goesOnAfterABadElementUnderAPath() {
        Records read = under("rows", "{\"n\":tru,\"rows\":[{\"a\":1},{\"a\":},[2},{\"a\":3}],\"m\":nul}\n");
        assertThat(read.texts()).containsExactly("{\"a\":1}", "{\"a\":3}");
        assertThat(read.badTexts()).containsExactly("5:tru", "25:{\"a\":}", "32:[2}", "49:nul");
    }

    @Test
    void namesTheValuesOfArraysByTheHeader() {
        Records read = withHeader("[\"id\",\"na\\\"me\"]\n[1,\"x\"]\n[2,{\"b\":[3]}]\n");
        assertThat(read.texts())
                .containsExactly("{\"id\":1,\"na\\\"me\":\"x\"}", "{\"id\":2,\"na\\\"me\":{\"b\":[3]}}");
        assertThat(withHeader("[[\"id\"],[1],[2]]").texts()).containsExactly("{\"id\":1}", "{\"id\":2}");
        assertThat(read.bad()).isEmpty();
    }

    @Test
    void setsArraysApartThatTheHeaderDoesNotFit() {
        Records read = withHeader("[\"a\",\"b\"]\n[1]\n[1,2,3]\n{\"a\":1}\n[1,2]\n[1,\n");
        assertThat(read.texts()).containsExactly("{\"a\":1,\"b\":2}");
        assertThat(read.reasons())
                .containsExactly(
                        "the record has 1 values, the header 2 names",
                        "the record has 3 values, the header 2 names",
                        "the record is not an array",
                        "the value is missing");
        assertThat(withHeader("[\"a\",\"a\"]\n[1,2]\n").reasons())
                .containsExactly("the header is not an array of names that differ", "the file has no header");
    }

    // A line, what lives of it between {"id":1} and {"id":2} and {"id":3}, and what is set apart.
    private static Stream<List<Object>> bads() {
        return Stream.of(
                List.of("{\"id\":tru}", List.of(), List.of("{\"id\":tru}")),
                List.of("{\"id\":9", List.of(), List.of("{\"id\":9")),
                List.of("{\"id\":{\"x\":9}", List.of(), List.of("{\"id\":{\"x\":9}")),
                List.of("{\"id\":\"te", List.of(), List.of("{\"id\":\"te")),
                List.of("{\"id\":\"te\\", List.of(), List.of("{\"id\":\"te\\")),
                List.of("{\"id\":9}}", List.of("{\"id\":9}"), List.of("}")),
                List.of("{\"id\":9} x {\"id\":8}", List.of("{\"id\":9}", "{\"id\":8}"), List.of("x")),
                List.of("{\"id\":9},,{\"id\":8}", List.of("{\"id\":9}", "{\"id\":8}"), List.of(",,")),
                List.of("abc", List.of(), List.of("abc")),
                List.of("2@", List.of(), List.of("2@")),
                List.of("[{\"id\":9},{\"id\":},{\"id\":8}]", List.of("{\"id\":9}", "{\"id\":8}"), List.of("{\"id\":}")),
                List.of("[{\"id\":9}", List.of("{\"id\":9}"), List.of("")),
                List.of("[{\"id\":9}]]", List.of("{\"id\":9}"), List.of("]")),
                List.of("[1,]", List.of("1"), List.of(",")),
                List.of("[1 2]", List.of("1"), List.of("2")));
    }

    @ParameterizedTest
    @MethodSource("bads")
    void setsABadLineApartAndItsNeighboursLive(List<Object> line) {
        Records read = Records.of("{\"id\":1}\n" + line.get(0) + "\n{\"id\":2}\n{\"id\":3}\n");
        List<Object> expected = new ArrayList<>(List.of("{\"id\":1}"));
        expected.addAll((List<?>) line.get(1));
        expected.addAll(List.of("{\"id\":2}", "{\"id\":3}"));
        assertThat(read.texts()).isEqualTo(expected);
        assertThat(read.bad())
                .extracting(b -> new String(b.bytes(), StandardCharsets.UTF_8))
                .isEqualTo(line.get(2));
    }

    @Test
    void findsTheNextRecordAfterOneThatWasCutOffWithoutALineFeed() {
        Records read = Records.of(
                "{\"id\":1,\"t\":\"x\"}{\"id\":2,\"t\":\"{\\\"id\\\":"
                        + "{\"id\":3,\"t\":\"}\"}{\"id\":4,\"o\":{\"p\"{\"id\":5,\"t\":\"y\"}{\"id\":6,\"t\":tru}{\"id\":7,\"t\":\"\"}");
        assertThat(read.texts())
                .containsExactly(
                        "{\"id\":1,\"t\":\"x\"}",
                        "{\"id\":3,\"t\":\"}\"}",
                        "{\"id\":5,\"t\":\"y\"}",
                        "{\"id\":7,\"t\":\"\"}");
        assertThat(read.badTexts())
                .containsExactly(
                        "16:{\"id\":2,\"t\":\"{\\\"id\\\":", "53:{\"id\":4,\"o\":{\"p\"", "85:{\"id\":6,\"t\":tru}");
    }

    @Test
    void takesNoNestedObjectForARecord() {
        Records lines = Records.of("{\"id\":1}\n{\"id\":tru,\"in\":{\"id\":7},\"l\":[\n{\"id\":8}]}\n{\"id\":2}\n");
        assertThat(lines.texts()).containsExactly("{\"id\":1}", "{\"id\":2}");
        String pretty = "{\n\"id\":1,\n\"in\":\n{\n\"id\":2\n}\n}\n";
        Records read = Records.of(pretty + pretty.replace("1", "x") + pretty);
        assertThat(read.texts()).containsExactly(pretty.strip(), pretty.strip());
        assertThat(read.bad()).hasSize(1);
    }

    @Test
    void setsACutOffRecordOfSeveralLinesApart() {
        String record = "  {\n    \"id\": 1,\n    \"in\": {\n      \"x\": [1]\n    }\n  }";
        String cut = "  {\n    \"id\": 9,\n    \"in\": {\n      \"x\": [1";
        Records read = Records.of("[\n" + record + ",\n" + cut + ",\n" + record + ",\n" + record + "\n]\n");
        assertThat(read.texts()).containsExactly(record.strip(), record.strip(), record.strip());
        assertThat(read.bad()).hasSize(1);
    }

    @Test
    void tellsWhereAFileIsCutOff() {
        Records read = Records.of("{\"id\":1}\n{\"id\":2,\"t\":\"ab");
        assertThat(read.texts()).containsExactly("{\"id\":1}");
        assertThat(read.badTexts()).containsExactly("9:{\"id\":2,\"t\":\"ab");
        assertThat(read.reasons()).containsExactly("a string is cut off");
        assertThat(Records.of("[{\"id\":1},").reasons())
                .containsExactly("cut off inside an array that begins at byte 0");
    }

    @Test
    void boundsDepthAndSizeOfARecord() {
        Limits limits = new Limits(4, new ByteSize(100), 10);
        String deep = "{\"a\":[[[[1]]]]}";
        String large = "{\"a\":\"" + "x".repeat(5_000) + "\"}";
        byte[] json = utf8("{\"a\":1}\n" + deep + "\n{\"a\":2}\n" + large + "\n{\"a\":3}\n" + large);
        for (int capacity : new int[] {64, 1 << 20}) {
            Records read = Records.of(json, NO_PATH, false, limits, capacity);
            assertThat(read.texts()).containsExactly("{\"a\":1}", "{\"a\":2}", "{\"a\":3}");
            assertThat(read.reasons())
                    .containsExactly(
                            "nested deeper than 4 levels",
                            "the record is larger than 100B",
                            "the record is larger than 100B");
            assertThat(read.bad().get(1).bytes()).isEqualTo(utf8(large));
        }
    }

    @Test
    void boundsTheNumberOfARecordsValues() {
        String many = "{\"a\":[" + "1,".repeat(70_000) + "1]}";
        Records read = Records.of("{\"a\":1}\n" + many + "\n{\"a\":2}" + many + "{\"a\":3}\n");
        assertThat(read.texts()).hasSize(5);
        Limits limits = new Limits(10, new ByteSize(512 << 10), 1);
        Records bound = Records.of(
                utf8("{\"a\":1}\n" + many + "\n{\"a\":2}" + many + "{\"a\":3}\n"), NO_PATH, false, limits, 64);
        assertThat(bound.texts()).containsExactly("{\"a\":1}", "{\"a\":2}", "{\"a\":3}");
        assertThat(bound.reasons())
                .containsExactly("more than 65536 names and values", "more than 65536 names and values");
    }

    @Test
    void keepsTheFirstBytesOfALargeBadRegion() {
        String large = "{\"a\":\"" + "x".repeat(3 << 20) + "\"}";
        Records read = Records.of(
                utf8(large + "{\"a\":1}"), NO_PATH, false, new Limits(10, new ByteSize(1 << 20), 10), 1 << 20);
        assertThat(read.texts()).containsExactly("{\"a\":1}");
        assertThat(read.bad().get(0).length()).isEqualTo(large.length());
        assertThat(read.bad().get(0).bytes()).hasSize(1 << 20);
        assertThat(read.reasons())
                .containsExactly("the record is larger than 1MB (of 3145736 bytes the first 1048576 are kept)");
    }

    @Test
    void endsOnAnEndlessNest() {
        for (String step : List.of("[", "{\"\":", "[{\"\":", "{\"a\":[")) {
            Records read = Records.of(step.repeat(300_000) + "\n{\"id\":1}\n");
            assertThat(read.texts()).as(step).containsExactly("{\"id\":1}");
        }
    }

    private static String record(Random random, int id) {
        StringBuilder record = new StringBuilder("{\"id\":" + id);
        for (int i = random.nextInt(4); i > 0; i--) {
            record.append(",\"f").append(i).append("\":");
            record.append(
                    switch (random.nextInt(7)) {
                        case 0 -> "\"" + "é\\\"}{\\u20ac,".repeat(random.nextInt(3)) + "\"";
                        case 1 -> "{\"id\":" + random.nextInt() + ",\"in\":{\"x\":[]}}";
                        case 2 -> "[1,-2.50e+3,[],{\"id\":1}]";
                        case 3 -> "null";
                        case 4 -> Long.toString(random.nextLong());
                        case 5 -> "true";
                        default -> "\"" + "x".repeat(random.nextInt(200)) + "\"";
                    });
        }
        return record.append('}').toString();
    }

    private static final List<String> SEPARATORS = List.of("\n", "", "\r\n", ",", " ", ",\n");

    private static String file(Random random, List<String> records, boolean array) {
        String separator = array ? ",\n" : SEPARATORS.get(random.nextInt(SEPARATORS.size()));
        String joined = String.join(separator, records);
        return array ? "[" + joined + "]" : joined;
    }

    @Test
    void readsTheSameWhereverTheWindowEnds() {
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            List<String> records =
                    IntStream.range(0, 30).mapToObj(i -> record(random, i)).toList();
            byte[] json = utf8(file(random, records, random.nextInt(3) == 0));
            Records read = Records.of(json, NO_PATH, false, Records.LIMITS, 16 + random.nextInt(200));
            assertThat(read.texts()).isEqualTo(records);
            assertThat(read.bad()).isEmpty();
        }
    }

    @Test
    void losesNoNeighbourOfARecordThatIsCutOff() {
        Random random = new Random(6);
        for (int round = 0; round < 2_000; round++) {
            List<String> records = new ArrayList<>(
                    IntStream.range(0, 20).mapToObj(i -> record(random, i)).toList());
            int at = 1 + random.nextInt(18);
            String whole = records.get(at);
            String cut = whole.substring(0, 6 + random.nextInt(whole.length() - 6));
            if (":[,".indexOf(cut.charAt(cut.length() - 1)) >= 0) {
                // Without a line feed nobody can tell the next record from the value that is missing here.
                continue;
            }
            List<String> good = new ArrayList<>(records);
            good.remove(at);
            records.set(at, cut);
            String separator = random.nextBoolean() ? "" : "\n";
            byte[] json = utf8(String.join(separator, records));
            Records read = Records.of(json, NO_PATH, false, Records.LIMITS, 16 + random.nextInt(4_000));
            assertThat(read.texts()).as(cut).isEqualTo(good);
            assertThat(read.bad())
                    .extracting(b -> new String(b.bytes(), StandardCharsets.UTF_8))
                    .containsExactly(cut);
        }
    }

    /** Every byte is of a record, of a bad region, or between them: nothing is lost, nothing is there twice. */
    @Test
    void accountsForEveryByteOfABrokenFile() {
        Random random = new Random(7);
        byte[] noise = utf8("{}[]\",:\\\n x0-.e\u00e9");
        for (int round = 0; round < 4_000; round++) {
            List<String> records =
                    IntStream.range(0, 15).mapToObj(i -> record(random, i)).toList();
            byte[] json = utf8(file(random, records, random.nextBoolean()));
            for (int hits = 1 + random.nextInt(4); hits > 0; hits--) {
                json[random.nextInt(json.length)] = noise[random.nextInt(noise.length)];
            }
            Records whole = Records.of(json);
            Records read = Records.of(json, NO_PATH, false, Records.LIMITS, 16 + random.nextInt(4_000));
            assertThat(accounted(json, whole))
                    .as(new String(json, StandardCharsets.UTF_8))
                    .isTrue();
            assertThat(accounted(json, read))
                    .as(new String(json, StandardCharsets.UTF_8))
                    .isTrue();
        }
    }

    private static boolean accounted(byte[] json, Records read) {
        boolean[] seen = new boolean[json.length];
        boolean once = true;
        for (int i = 0; i < read.texts().size(); i++) {
            byte[] text = utf8(read.texts().get(i));
            long offset = read.offsets().get(i);
            once &= Arrays.equals(json, (int) offset, (int) offset + text.length, text, 0, text.length);
            once &= take(seen, offset, text.length);
        }
        for (RecordReader.Bad bad : read.bad()) {
            once &= take(seen, bad.offset(), bad.length());
        }
        for (int i = 0; i < json.length; i++) {
            once &= seen[i] || " \n\r,[]".indexOf(json[i]) >= 0;
        }
        return once;
    }

    private static boolean take(boolean[] seen, long offset, long length) {
        boolean free = true;
        for (long i = offset; i < offset + length; i++) {
            free &= !seen[(int) i];
            seen[(int) i] = true;
        }
        return free;
    }
}
