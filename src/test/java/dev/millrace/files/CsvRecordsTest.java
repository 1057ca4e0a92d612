package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import dev.millrace.config.ByteSize;
import dev.millrace.config.FileSource.Csv;
import dev.millrace.config.FileSource.Limits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class CsvRecordsTest {
    private static final Csv RFC = new Csv(',', '"', '"', "", "");

    private static Records read(Csv dialect, Limits limits, byte[] csv, int capacity) {
        Window window = new Window("file:///t.csv", new ByteArrayInputStream(csv), 0, Long.MAX_VALUE, 1, capacity);
        return Records.of(new CsvRecords(window, dialect, limits));
    }

    private static Records read(Csv dialect, String csv) {
        return read(dialect, Records.LIMITS, csv.getBytes(StandardCharsets.UTF_8), 16);
    }

    @Test
    void readsRowsUnderTheHeader() {
        Records read =
                read(RFC, "\uFEFFid,na\"me,\"a, b\"\r\n1,x,\"\"\r\n\r\n2,\"q\"\"q\",\"two\r\nlines\"\n3,,\\\t\n");
        assertThat(read.texts())
                .containsExactly(
                        "{\"id\":\"1\",\"na\\\"me\":\"x\",\"a, b\":\"\"}",
                        "{\"id\":\"2\",\"na\\\"me\":\"q\\\"q\",\"a, b\":\"two\\u000d\\u000alines\"}",
                        "{\"id\":\"3\",\"a, b\":\"\\\\\\u0009\"}");
        assertThat(read.offsets()).containsExactly(20L, 30L, 52L);
        assertThat(read.bad()).isEmpty();
    }

    @Test
    void readsADeclaredDialect() {
        Csv dialect = new Csv(';', '\'', '\\', "#", "NULL");
        Records read = read(dialect, "#made by\na;b\n'x;\\'y\\\\';NULL\n# 1;2\n'NULL';\n");
        assertThat(read.texts()).containsExactly("{\"a\":\"x;'y\\\\\"}", "{\"a\":\"NULL\",\"b\":\"\"}");
        assertThat(read.bad()).isEmpty();
    }

    @Test
    void setsRowsApartAndTheirNeighboursLive() {
        byte[] csv = "a,b\n1,2\n3\n4,5,6\n7,\"8\n9,\"10\"\n11,\"12\"x\n13,\u00e9\n14,15\n16,\"17"
                .getBytes(StandardCharsets.UTF_8);
        int at = new String(csv, StandardCharsets.ISO_8859_1).indexOf('\u00c3');
        csv[at] = 'x';
        Records read = read(RFC, Records.LIMITS, csv, 16);
        assertThat(read.texts())
                .containsExactly(
                        "{\"a\":\"1\",\"b\":\"2\"}", "{\"a\":\"9\",\"b\":\"10\"}", "{\"a\":\"14\",\"b\":\"15\"}");
        assertThat(read.bad())
                .extracting(b -> b.offset() + ": " + b.reason())
                .containsExactly(
                        "8: the row has 1 values, the header 2 names",
                        "10: the row has 3 values, the header 2 names",
                        "16: something follows a quoted value",
                        "28: something follows a quoted value",
                        "37: not UTF-8",
                        "49: a quoted value is cut off");
        assertThat(read.badTexts()).contains("16:7,\"8", "49:16,\"17");
    }

    @Test
    void needsAHeaderOfNamesThatDiffer() {
        assertThat(read(RFC, "a,a\n1,2\n").reasons())
                .containsExactly("the header is not a row of names that differ", "the file has no header");
        assertThat(read(RFC, "a,\n1,2\n").reasons()).hasSize(2);
        assertThat(read(RFC, "").bad()).isEmpty();
    }

    @Test
    void boundsTheSizeOfARow() {
        String large = "\"" + "x\n".repeat(5_000) + "\"";
        Limits limits = new Limits(1, new ByteSize(100), 1);
        byte[] csv = ("a\n1\n" + large + "\n").getBytes(StandardCharsets.UTF_8);
        Records read = read(RFC, limits, csv, 16);
        assertThat(read.texts()).startsWith("{\"a\":\"1\"}", "{\"a\":\"x\"}").hasSize(5_000);
        assertThat(read.reasons()).containsExactly("the row is larger than 100B", "a quoted value is cut off");
    }

    @Test
    void readsWhatAnotherReaderReads() throws IOException {
        Random random = new Random(9);
        String[] pieces = {"a", "\"\"", ",", "\n", "é", "x y", "\r\n", "'", "\\"};
        for (int round = 0; round < 200; round++) {
            StringBuilder csv = new StringBuilder("c1,c2,c3\n");
            for (int row = 0; row < 20; row++) {
                for (int column = 0; column < 3; column++) {
                    StringBuilder value = new StringBuilder();
                    for (int i = random.nextInt(6); i > 0; i--) {
                        value.append(pieces[random.nextInt(pieces.length)]);
                    }
                    csv.append(column == 0 ? "k" + row : ",\"" + value + '"');
                }
                csv.append('\n');
            }
            Records read = read(RFC, Records.LIMITS, csv.toString().getBytes(StandardCharsets.UTF_8), 16 + round);
            assertThat(read.bad()).isEmpty();
            List<Map<String, String>> rows = new ArrayList<>();
            for (String text : read.texts()) {
                Map<String, String> row = new TreeMap<>();
                new ObjectMapper()
                        .readTree(text)
                        .fields()
                        .forEachRemaining(f -> row.put(f.getKey(), f.getValue().textValue()));
                rows.add(row);
            }
            assertThat(rows).as(String.valueOf(round)).isEqualTo(univocity(csv.toString()));
        }
    }

    private static List<Map<String, String>> univocity(String csv) {
        CsvParserSettings settings = new CsvParserSettings();
        settings.setLineSeparatorDetectionEnabled(false);
        settings.getFormat().setLineSeparator("\n");
        settings.setNormalizeLineEndingsWithinQuotes(false);
        settings.setIgnoreLeadingWhitespaces(false);
        settings.setIgnoreTrailingWhitespaces(false);
        settings.setEmptyValue("");
        settings.setMaxCharsPerColumn(-1);
        List<Map<String, String>> rows = new ArrayList<>();
        List<String[]> parsed = new CsvParser(settings).parseAll(new StringReader(csv));
        for (String[] values : parsed.subList(1, parsed.size())) {
            Map<String, String> row = new TreeMap<>();
            for (int i = 0; i < 3; i++) {
                row.put("c" + (i + 1), values[i]);
            }
            rows.add(row);
        }
        return rows;
    }
}
