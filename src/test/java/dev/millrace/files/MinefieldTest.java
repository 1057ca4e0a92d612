package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Files that a JSON parser must accept, {@code y_}, refuse, {@code n_}, or survive, {@code i_}. */
class MinefieldTest {
    /** What is refused as one JSON text and is several good values in a row, or none. */
    private static final Set<String> GOOD_VALUES = Set.of(
            "n_single_space.json",
            "n_structure_UTF8_BOM_no_data.json",
            "n_structure_double_array.json",
            "n_structure_no_data.json",
            "n_structure_object_with_trailing_garbage.json");

    /** A comma at the end of a line, and a record on the next. */
    private static final String COMMA = "n_array_comma_after_close.json";

    private static final String BEFORE = "{\"line\":1}";
    private static final List<String> AFTER = List.of("{\"line\":2}", "{\"line\":3}");

    /** Files of these kinds that were written for this test, for where the suite is not. */
    private static Map<String, byte[]> literals() {
        Map<String, String> texts = new TreeMap<>();
        List<String> good = List.of(
                "[]",
                "{}",
                "[ ]",
                "[[]]",
                "0",
                "-0",
                "-0.0e-0",
                "1E+2",
                "null",
                "\"\"",
                "\"\\u0000\"",
                "[{}]",
                "{\"\":[]}",
                "\"\\ud834\\udd1e\"",
                "\"\u007f\u2028\ufeff\"",
                "\r\n\t [1\n,\t2 ]\r\n",
                "{\"a\":1,\"a\":2}",
                "[1e999,-1e-999]");
        List<String> bad = List.of(
                "[",
                "]",
                "{",
                "}",
                "{]",
                "[}",
                "[,",
                "[,]",
                "[1,",
                "[1,,1]",
                "[1 1]",
                "[1:1]",
                "[1}",
                "{\"a\"",
                "{\"a\":",
                "{\"a\":1",
                "{\"a\":1,",
                "{\"a\":1,}",
                "{,}",
                "{\"a\"}",
                "{\"a\"::1}",
                "{\"a\" 1}",
                "{a:1}",
                "{1:1}",
                "{'a':1}",
                "{null:1}",
                "\"",
                "\"a",
                "\"\\",
                "\"\\u",
                "\"\\u12",
                "\"\\x\"",
                "\"\\u12G4\"",
                "['a']",
                "[\"a]",
                "[tru]",
                "[True]",
                "nul",
                "NaN",
                "[NaN]",
                "Infinity",
                "[-Infinity]",
                "[-]",
                "[+1]",
                "[01]",
                "[-01]",
                "[1.]",
                "[.1]",
                "[1e]",
                "[1e+]",
                "[0x1]",
                "[1_000]",
                "[1a]",
                "2@",
                "1]",
                "{}}",
                "[1]]",
                "{}#",
                "{}/**/",
                "//",
                "<a>",
                "[\u00a01]",
                "[\u200b]",
                "\u00e9",
                "[\"\t\"]",
                "[\"\u0000\"]",
                "[\u0000]",
                "[\f]",
                "\u0000",
                "{\"a\":\"b\"#}",
                "[1,\n1\n,1",
                "[\"a\nb\"]",
                "{\"a\":/**/1}",
                "\\u0022a\"");
        for (int i = 0; i < good.size(); i++) {
            texts.put("y_literal_" + i, good.get(i));
        }
        for (int i = 0; i < bad.size(); i++) {
            texts.put("n_literal_" + i, bad.get(i));
        }
        texts.put("n_deep_arrays", "[".repeat(100_000));
        texts.put("n_deep_objects", "[{\"\":".repeat(50_000));
        texts.put("i_lone_surrogate", "[\"\\ud800\"]");
        texts.put("i_500_arrays", "[".repeat(500) + "]".repeat(500));
        Map<String, byte[]> files = new TreeMap<>();
        texts.forEach((name, text) -> files.put(name, text.getBytes(StandardCharsets.UTF_8)));
        files.put("n_no_utf8_1", new byte[] {'[', '"', (byte) 0xFF, '"', ']'});
        files.put("n_no_utf8_2", new byte[] {'"', (byte) 0xC0, (byte) 0x80, '"'});
        files.put("n_no_utf8_3", new byte[] {'[', '"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"', ']'});
        files.put("n_half_bom", new byte[] {(byte) 0xEF, (byte) 0xBB, '{', '}'});
        files.put("i_utf16", "\ufeff[1]".getBytes(StandardCharsets.UTF_16LE));
        return files;
    }

    @Test
    void readsWhatIsGoodAndSetsTheRestApart() {
        literals().forEach(MinefieldTest::check);
    }

    @Test
    void readsTheSuite() {
        Path suite = Path.of(System.getProperty("millrace.home"))
                .toAbsolutePath()
                .normalize()
                .resolve("../shared/data/json/minefield");
        assumeTrue(Files.isDirectory(suite), "the suite is not there");
        Map<String, byte[]> files = files(suite);
        assertThat(files).hasSizeGreaterThan(300);
        files.forEach(MinefieldTest::check);
    }

    private static Map<String, byte[]> files(Path suite) {
        try (Stream<Path> paths = Files.list(suite)) {
            Map<String, byte[]> files = new TreeMap<>();
            for (Path path : paths.filter(p -> p.toString().endsWith(".json")).toList()) {
                files.put(path.getFileName().toString(), Files.readAllBytes(path));
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void check(String name, byte[] content) {
        Records alone = Records.of(content);
        Records mixed = Records.of(between(content));
        if (name.startsWith("y_")) {
            assertThat(alone.badTexts()).as(name).isEmpty();
            assertThat(mixed.badTexts()).as(name).isEmpty();
            List<String> expected = new ArrayList<>(List.of(BEFORE));
            expected.addAll(alone.texts());
            expected.addAll(AFTER);
            assertThat(mixed.texts()).as(name).isEqualTo(expected);
        } else if (name.startsWith("n_") && !GOOD_VALUES.contains(name)) {
            assertThat(alone.bad()).as(name).isNotEmpty();
            if (!name.equals(COMMA)) {
                assertThat(mixed.bad()).as(name).isNotEmpty();
            }
        } else if (name.startsWith("n_")) {
            assertThat(alone.bad()).as(name).isEmpty();
        }
        assertThat(mixed.texts()).as(name).startsWith(BEFORE).containsAll(AFTER);
        alone.bad().forEach(bad -> assertThat(bad.reason()).as(name).isNotBlank());
    }

    private static byte[] between(byte[] content) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        lines.writeBytes((BEFORE + "\n").getBytes(StandardCharsets.UTF_8));
        lines.writeBytes(content);
        lines.writeBytes(("\n" + String.join("\n", AFTER) + "\n").getBytes(StandardCharsets.UTF_8));
        return lines.toByteArray();
    }
}
