package dev.millrace.dynamodb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpoolReaderTest {
    @TempDir
    private Path root;

    private Storage storage;

    @BeforeEach
    void open() {
        storage = Storages.open(root.toString(), StorageOptions.DEFAULT);
    }

    /** Lines as {@code number:item}, with a question mark before lines that hold none. */
    private List<String> read(String path) {
        List<String> lines = new ArrayList<>();
        try (SpoolReader reader = SpoolReader.open(storage, path, SpoolKey.NONE)) {
            while (reader.next()) {
                String item =
                        new String(reader.buffer(), reader.offset(), reader.length(), StandardCharsets.ISO_8859_1);
                lines.add(reader.line() + (reader.wellFormed() ? ":" : "?") + item);
            }
            assertThat(reader.next()).isFalse();
        }
        return lines;
    }

    private List<String> readText(String text) {
        storage.put("f.json", text.getBytes(StandardCharsets.ISO_8859_1));
        return read("f.json");
    }

    @Test
    void readsItemsLineByLine() {
        assertThat(readText("{\"Item\":{\"a\":{\"N\":\"1\"}}}\n{\"Item\":{}}\n"))
                .containsExactly("1:{\"a\":{\"N\":\"1\"}}", "2:{}");
    }

    @Test
    void readsAFileWithoutAFinalLineFeed() {
        assertThat(readText("{\"Item\":{}}\n{\"Item\":{\"b\":1}}")).containsExactly("1:{}", "2:{\"b\":1}");
    }

    @Test
    void readsCarriageReturnsAndPassesBlankLines() {
        assertThat(readText("\r\n{\"Item\":{}}\r\n\n  \t\r\n {\"Item\":{\"b\":1}} \r\n\r\n"))
                .containsExactly("2:{}", "5:{\"b\":1}");
    }

    @Test
    void readsAnEmptyFile() {
        assertThat(readText("")).isEmpty();
        assertThat(readText("\n\n")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"Item\":{\"b\":1}",
                "{\"Item\":}",
                "{\"Item\":",
                "{",
                "{\"item\":{}}",
                "{\"Item\" :{}}",
                "nonsense",
                "\u00ff\u00fe"
            })
    void keepsWholeLinesThatHoldNoItem(String line) {
        // The first one ends in a brace: it is the item that is broken then, not the line.
        String expected = line.endsWith("1}") ? "2:{\"b\":1" : "2?" + line;
        assertThat(readText("{\"Item\":{}}\n" + line + "\n{\"Item\":{}}\n")).containsExactly("1:{}", expected, "3:{}");
    }

    @Test
    void readsLinesLargerThanItsBuffer() {
        String large = "{\"a\":{\"S\":\"" + "x".repeat(5_000_000) + "\"}}";
        String edge = "{\"a\":{\"S\":\"" + "y".repeat((1 << 20) - 20) + "\"}}";
        StringBuilder text = new StringBuilder();
        List<String> expected = new ArrayList<>();
        for (String item : List.of("{}", large, edge, edge, "{}", large, "{}")) {
            text.append("{\"Item\":").append(item).append("}\n");
            expected.add(expected.size() + 1 + ":" + item);
        }
        assertThat(readText(text.toString())).isEqualTo(expected);
    }

    @Test
    void refusesALineThatNoItemCanBe() {
        byte[] file = new byte[66 << 20];
        Arrays.fill(file, (byte) 'x');
        file[0] = '\n';
        storage.put("f.json.zst", Zstd.compress(file));
        assertThatThrownBy(() -> read("f.json.zst"))
                .isInstanceOf(Fault.class)
                .hasMessage("Cannot read " + storage.uri("f.json.zst")
                        + ": line 2 has more than 67108864 bytes, which no item has");
    }

    @Test
    void readsWhatDynamoDbExports() throws IOException {
        String lines = "{\"Item\":{\"id\":{\"S\":\"bar\"},\"baz\":{\"N\":\"0\"}}}\n{\"Item\":{}}\n";
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        for (String line : lines.split("(?<=\n)", -1)) {
            // Several members in one file, as tools that append make them.
            try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                gzip.write(line.getBytes(StandardCharsets.UTF_8));
            }
        }
        storage.put("data/x.json.gz", packed.toByteArray());
        assertThat(read("data/x.json.gz")).containsExactly("1:{\"id\":{\"S\":\"bar\"},\"baz\":{\"N\":\"0\"}}", "2:{}");
    }

    @ParameterizedTest
    @ValueSource(strings = {".zst", ".gz"})
    void refusesAFileThatIsCutOffOrChanged(String suffix) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            text.append("{\"Item\":{\"n\":{\"N\":\"")
                    .append(i * 7_919L % 10_007)
                    .append("\"}}}\n");
        }
        byte[] packed = pack(text.toString().getBytes(StandardCharsets.UTF_8), suffix);
        String path = "f.json" + suffix;

        storage.put(path, packed);
        assertThat(read(path)).hasSize(20_000);
        for (int cut : List.of(1, 100, packed.length / 2)) {
            storage.put(path, Arrays.copyOf(packed, packed.length - cut));
            assertThatThrownBy(() -> read(path))
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith("Cannot read " + storage.uri(path) + " after line ");
        }
        packed[packed.length / 2] ^= 4;
        storage.put(path, packed);
        assertThatThrownBy(() -> read(path))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Cannot read " + storage.uri(path));
    }

    private static byte[] pack(byte[] plain, String suffix) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (var out = suffix.equals(".gz")
                ? new GZIPOutputStream(packed)
                : new com.github.luben.zstd.ZstdOutputStreamNoFinalizer(packed, 1).setChecksum(true)) {
            out.write(plain);
        }
        return packed.toByteArray();
    }

    @Test
    void namesAFileThatIsNotThereOrNotPacked() {
        assertThatThrownBy(() -> read("none.json.zst"))
                .isInstanceOf(Fault.class)
                .hasMessageContaining(storage.uri("none.json.zst"));
        storage.put("f.json.gz", new byte[] {1, 2, 3});
        assertThatThrownBy(() -> read("f.json.gz"))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Cannot read " + storage.uri("f.json.gz") + ": ");
    }
}
