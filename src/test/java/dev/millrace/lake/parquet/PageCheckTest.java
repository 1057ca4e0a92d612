package dev.millrace.lake.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.testing.InMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.zip.CRC32;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The check of a file sees each kind of damage, and no difference where there is none. */
class PageCheckTest {
    private static final String ROWS = "select i, i % 8 as a, (i + 1) % 8 as b, 'note ' || i * 7919 as note,"
            + " i % 2 = 0 as flag, case when i % 3 > 0 then i / 7 end as part, range(i % 4) as list from range(20000) t(i)";

    @TempDir(factory = InMemory.class)
    Path folder;

    @Test
    void isTheSameWhateverTheOrderAndTheEncoding() throws SQLException {
        PageCheck expected = check(ROWS, "");

        assertThat(check(ROWS + " order by hash(i)", "")).isEqualTo(expected);
        assertThat(check(ROWS, ", dictionary_size_limit 1")).isEqualTo(expected);
        assertThat(check(ROWS, ", parquet_version v2, dictionary_size_limit 1")).isEqualTo(expected);
        assertThat(check(ROWS, ", row_group_size 2048, compression zstd")).isEqualTo(expected);
        assertThat(expected.difference(expected)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    i, a, b, note, flag, part, list | i, a, b, concat('note ', if(i = 77, 0, i * 7919)) as note, flag, part, list | column note: 20000 values, 0 nulls and checksum
                    i, a, b, note, flag, part, list | i, if(i = 7, b, a) as a, if(i = 7, a, b) as b, note, flag, part, list | column a: 20000 values, 0 nulls and checksum
                    i, a, b, note, flag, part, list | if(i < 2, 1 - i, i) + if(i = 5, 1, if(i = 9, -1, 0)) as i, a, b, note, flag, part, list | column i: 20000 values, 0 nulls and checksum
                    i, a, b, note, flag, part, list | i, a, b, note, flag or i = 1 as flag, part, list | column flag: 20000 values, 0 nulls and checksum
                    i, a, b, note, flag, part, list | i, a, b, note, flag, if(i = 1, null, part) as part, list | column part: 20000 values, 6667 nulls and checksum
                    i, a, b, note, flag, part, list | i, a, b, note, flag, part, if(i < 2, range((i + 1) % 2), list) as list |
                    i, a, b, note, flag, part, list | i, a, b, note, flag, part, if(i = 1, [0, 0], if(i = 2, [1], list)) as list |
                    i, a, b, note, flag, part, list | i, a, b, note, flag, part, if(i = 0, null, list) as list | column list.list.element: 35000 values, 5000 nulls and checksum
                    """)
    void seesAValueThatIsAnother(String columns, String changed, String difference) throws SQLException {
        PageCheck before = check("select " + columns + " from (" + ROWS + ")", "");
        PageCheck after = check("select " + changed + " from (" + ROWS + ")", "");

        if (difference == null) {
            // The same values in lists of the same lengths, only in other rows.
            assertThat(before.difference(after)).isEmpty();
        } else {
            assertThat(before.difference(after))
                    .hasValueSatisfying(text -> assertThat(text).startsWith(difference));
        }
    }

    @Test
    void seesARowThatIsMissing() throws SQLException {
        assertThat(check(ROWS, "").difference(check("select * from (" + ROWS + ") where i != 4711", "")))
                .hasValue("20000 rows became 19999");
    }

    /** A byte of a merged file is another, and its page's checksum is right: only the check can tell. */
    @ParameterizedTest
    @ValueSource(strings = {"i", "a", "note"})
    void seesAByteOfAMergedFileWhoseChecksumIsRight(String column) throws SQLException, IOException {
        Path source = write("source", ROWS, ", compression uncompressed");
        Path merged = folder.resolve("merged.parquet");
        MergeOutcome.MergeReport report = FuzzRound.merge(List.of(source), merged, MergeOptions.DEFAULT);
        assertThat(report.sources().difference(PageCheck.read(FuzzRound.source(merged))))
                .isEmpty();

        changeLastByteOfFirstPage(merged, column, true);

        assertThat(report.sources().difference(PageCheck.read(FuzzRound.source(merged))))
                .hasValueSatisfying(
                        text -> assertThat(text).startsWith("column " + column + ": 20000 values, 0 nulls"));
    }

    @Test
    void namesFileColumnAndPageOfABrokenPage() throws SQLException, IOException {
        Path source = write("source", ROWS, ", compression uncompressed");
        Path merged = folder.resolve("merged.parquet");
        FuzzRound.merge(List.of(source), merged, MergeOptions.DEFAULT);

        changeLastByteOfFirstPage(merged, "b", false);

        assertThatThrownBy(() -> PageCheck.read(FuzzRound.source(merged)))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Cannot read back file:///")
                .hasMessageContaining("merged.parquet: column b, page 1: its checksum is ")
                .hasMessageEndingWith("; it is not as it was written; run again");
    }

    private PageCheck check(String query, String settings) throws SQLException {
        return PageCheck.read(FuzzRound.source(write("check", query, settings)));
    }

    private Path write(String name, String query, String settings) throws SQLException {
        Path file = folder.resolve(name + ".parquet");
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute("set threads = 1");
            statement.execute("copy (" + query + ") to '" + file + "' (format parquet" + settings + ")");
        }
        return file;
    }

    private static void changeLastByteOfFirstPage(Path file, String column, boolean correctsChecksum)
            throws IOException {
        long from;
        try (ParquetFileReader reader = ParquetFileReader.open(
                HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toUri()), new Configuration(false)))) {
            ColumnChunkMetaData chunk = reader.getFooter().getBlocks().get(0).getColumns().stream()
                    .filter(each -> each.getPath().toDotString().equals(column))
                    .findFirst()
                    .orElseThrow();
            from = chunk.getFirstDataPageOffset();
        }
        byte[] bytes = Files.readAllBytes(file);
        ThriftReader in = new ThriftReader(bytes, (int) from, bytes.length);
        PageHeader header = PageHeader.read(in);
        int body = in.position();
        // The last value of plain pages, and the last but a few of bit-packed ones, whose last group may be padded.
        int at = body + header.compressed() - (header.encoding() == Encoding.PLAIN ? 1 : 8);
        bytes[at] ^= 1;
        if (correctsChecksum) {
            CRC32 crc = new CRC32();
            crc.update(bytes, body, header.compressed());
            Bytes rewritten = new Bytes(64);
            PageHeader.writeData(
                    rewritten,
                    header.uncompressed(),
                    header.compressed(),
                    (int) crc.getValue(),
                    header.values(),
                    header.encoding());
            // A checksum takes four or five bytes: another bit, until it takes as many as before.
            for (int bit = 1; rewritten.size() != body - from; bit++) {
                bytes[at] ^= (byte) (1 << bit);
                crc.reset();
                crc.update(bytes, body, header.compressed());
                rewritten.clear();
                PageHeader.writeData(
                        rewritten,
                        header.uncompressed(),
                        header.compressed(),
                        (int) crc.getValue(),
                        header.values(),
                        header.encoding());
            }
            System.arraycopy(rewritten.array(), 0, bytes, (int) from, rewritten.size());
        }
        Files.write(file, bytes);
    }
}
