package dev.millrace.lake.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.lake.parquet.MergeOutcome.ColumnReport;
import dev.millrace.lake.parquet.MergeOutcome.MergeReport;
import dev.millrace.lake.parquet.MergeOutcome.Reason;
import dev.millrace.lake.parquet.MergeOutcome.Refused;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.Processes;
import dev.millrace.testing.SmallDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.internal.column.columnindex.ColumnIndex;
import org.apache.parquet.internal.column.columnindex.OffsetIndex;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a merge makes of pages, and what it refuses. */
class PageMergeTest {
    private static final String ORDERS = """
            message orders {
              required int64 id;
              optional binary status (STRING);
              optional binary note (STRING);
              required boolean gift;
              optional double total;
            }""";

    @TempDir(factory = InMemory.class)
    Path folder;

    private Path merged;

    private final List<Path> sources = new ArrayList<>();

    @ParameterizedTest
    @EnumSource(names = {"UNCOMPRESSED", "SNAPPY", "ZSTD"})
    void mergesSmallFilesToFewPages(CompressionCodecName codec) throws IOException {
        for (int i = 0; i < 50; i++) {
            orders(i * 1_000, 1_000, settings -> settings.withCompressionCodec(codec));
        }

        MergeReport report = merge(MergeOptions.DEFAULT);

        assertThat(report.files()).isEqualTo(50);
        assertThat(report.rowGroups()).isEqualTo(1);
        assertThat(report.rows()).isEqualTo(50_000);
        assertThat(report.bytes()).isEqualTo(Files.size(merged));
        Map<String, ColumnReport> columns =
                report.columns().stream().collect(Collectors.toMap(ColumnReport::path, Function.identity()));
        // A page of indices, then, once most notes were found to differ, pages of values.
        ColumnReport notes = columns.get("note");
        assertThat(notes.remapped()).isEqualTo(29);
        assertThat(notes.resolved() + notes.spliced()).isEqualTo(21);
        assertThat(notes.pages()).isEqualTo(4);
        assertThat(columns.get("id").packed() + columns.get("id").spliced()).isEqualTo(50);
        assertThat(columns.get("id").pages()).isEqualTo(3);
        assertThat(columns.get("status").pages()).isEqualTo(3);
        assertThat(columns.get("status").remapped()).isEqualTo(50);
        assertThat(columns.get("status").nulls()).isEqualTo(7_143);
        assertThat(columns.get("gift").packed()).isEqualTo(50);
        assertThat(Views.parquetJava(List.of(merged))).isEqualTo(Views.parquetJava(sources));
    }

    @Test
    void tellsBoundsAndNullsOfChunksAndPages() throws IOException {
        for (int i = 0; i < 30; i++) {
            orders(i * 2_000, 2_000, settings -> settings);
        }

        merge(MergeOptions.DEFAULT);

        try (ParquetFileReader reader = open(merged)) {
            BlockMetaData block = reader.getFooter().getBlocks().get(0);
            ColumnChunkMetaData id = block.getColumns().get(0);
            Statistics<?> ids = id.getStatistics();
            assertThat(ids.genericGetMin()).isEqualTo(0L);
            assertThat(ids.genericGetMax()).isEqualTo(59_999L);
            assertThat(ids.getNumNulls()).isZero();
            Statistics<?> statuses = block.getColumns().get(1).getStatistics();
            assertThat(statuses.minAsString()).isEqualTo("status 1");
            assertThat(statuses.maxAsString()).isEqualTo("status 6");
            assertThat(statuses.getNumNulls()).isEqualTo(8_572);
            OffsetIndex places = reader.readOffsetIndex(id);
            ColumnIndex bounds = reader.readColumnIndex(id);
            assertThat(places.getPageCount()).isEqualTo(3);
            assertThat(places.getFirstRowIndex(2)).isEqualTo(40_000);
            assertThat(bounds.getBoundaryOrder()).hasToString("ASCENDING");
            assertThat(bounds.getMinValues().get(2).getLong(0)).isEqualTo(40_000);
            assertThat(bounds.getMaxValues().get(1).getLong(0)).isEqualTo(39_999);
        }
    }

    @Test
    void keepsWhatAllFootersSay() throws IOException {
        orders(
                0,
                10,
                settings -> settings.withExtraMetaData(
                        Map.of("org.apache.spark.version", "3.5.8", "table", "orders", "part", "1")));
        orders(
                10,
                10,
                settings -> settings.withExtraMetaData(
                        Map.of("org.apache.spark.version", "3.5.4", "table", "orders", "part", "2")));

        merge(MergeOptions.DEFAULT);

        try (ParquetFileReader reader = open(merged)) {
            assertThat(reader.getFileMetaData().getKeyValueMetaData())
                    .containsEntry("org.apache.spark.version", "3.5.8")
                    .containsEntry("table", "orders")
                    .doesNotContainKey("part");
            assertThat(reader.getFileMetaData().getCreatedBy()).startsWith("parquet-mr version");
        }
    }

    @Test
    void neverReturnsToADictionaryInAChunk() throws IOException {
        orders(0, 1_000, settings -> settings);
        orders(1_000, 1_000, settings -> settings.withDictionaryEncoding(false));
        orders(2_000, 1_000, settings -> settings);

        MergeReport report = merge(MergeOptions.DEFAULT);

        ColumnReport status = report.columns().get(1);
        assertThat(status.remapped()).isEqualTo(1);
        assertThat(status.resolved()).isEqualTo(1);
        assertThat(Views.parquetJava(List.of(merged))).isEqualTo(Views.parquetJava(sources));
    }

    @Test
    void endsADictionaryThatBecomesTooLarge() throws IOException {
        for (int i = 0; i < 4; i++) {
            orders(i * 1_000, 1_000, settings -> settings);
        }

        MergeReport report = merge(new MergeOptions(20_000, 1 << 20, 1 << 20, 1 << 25, 25_000, 3));

        ColumnReport notes = report.columns().get(2);
        assertThat(notes.remapped()).isEqualTo(2);
        assertThat(notes.resolved() + notes.spliced()).isEqualTo(2);
        assertThat(Views.parquetJava(List.of(merged))).isEqualTo(Views.parquetJava(sources));
    }

    @Test
    void makesAnEmptyFileOfEmptyOnes() throws IOException {
        orders(0, 0, settings -> settings);
        orders(0, 0, settings -> settings);

        assertThat(merge(MergeOptions.DEFAULT).rows()).isZero();

        assertThat(Views.parquetJava(List.of(merged))).isEmpty();
    }

    @Test
    void readsAFileLargerThanMemoryAllowsChunkByChunk() throws IOException {
        orders(
                0,
                600_000,
                settings -> settings.withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
                        .withDictionaryEncoding(false));
        orders(600_000, 10, settings -> settings.withCompressionCodec(CompressionCodecName.UNCOMPRESSED));
        assertThat(sources.get(0)).isRegularFile().matches(file -> file.toFile().length() > SourceFile.WHOLE_BYTES);

        MergeReport report = merge(new MergeOptions(20_000, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 3));

        assertThat(report.rowGroups()).isEqualTo(2);
        assertThat(Views.parquetJava(List.of(merged))).isEqualTo(Views.parquetJava(sources));
    }

    @Test
    void mergesRangesOfRowGroups() throws IOException {
        for (int i = 0; i < 2; i++) {
            orders(
                    i * 2_000,
                    2_000,
                    settings -> settings.withRowGroupSize(10_000L).withPageSize(500));
        }
        MergeSource first = FuzzRound.source(sources.get(0));
        MergeSource second = FuzzRound.source(sources.get(1));
        List<FileShape.GroupShape> groups = FileShape.read(first).groups();
        assertThat(groups).hasSize(3);
        int cut = groups.size() / 2;
        long before = groups.subList(0, cut).stream()
                .mapToLong(FileShape.GroupShape::rows)
                .sum();
        List<String> rows = Views.parquetJava(sources);

        FuzzRound.outcome(List.of(new MergeSlice(first, 0, cut)), merged(), MergeOptions.DEFAULT);
        assertThat(Views.parquetJava(List.of(merged))).isEqualTo(rows.subList(0, (int) before));

        FuzzRound.outcome(
                List.of(new MergeSlice(first, cut, groups.size()), MergeSlice.all(second)),
                merged(),
                MergeOptions.DEFAULT);
        assertThat(Views.parquetJava(List.of(merged))).isEqualTo(rows.subList((int) before, rows.size()));
    }

    @Test
    void namesAFileThatHasNotTheRowGroupsOfItsSlice() throws IOException {
        orders(0, 10, settings -> settings);
        MergeSource source = FuzzRound.source(sources.get(0));

        assertThatThrownBy(
                        () -> FuzzRound.outcome(List.of(new MergeSlice(source, 0, 2)), merged(), MergeOptions.DEFAULT))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Cannot merge row groups 0 to 2 of ")
                .hasMessageEndingWith("source-0.parquet: it has 1; it has changed since this was planned");
    }

    @Test
    void refusesOtherColumns() throws IOException {
        orders(0, 10, settings -> settings);
        write(
                "message orders { required int64 id; optional binary status (STRING); optional int32 note; }",
                settings -> settings);

        assertThat(refused().reason()).isEqualTo(Reason.SCHEMA);
        assertThat(refused().detail())
                .contains("schema differs in column")
                .contains("source-0.parquet")
                .contains("source-1.parquet");
    }

    @Test
    void namesTheColumnThatOneFileHasMore() throws IOException {
        write("message orders { required int64 id; optional int32 note; }", settings -> settings);
        write(
                "message orders { required int64 id; optional binary coupon (STRING); optional int32 note; }",
                settings -> settings);

        assertThat(refused().detail()).startsWith("schema differs in column coupon: ");
    }

    @Test
    void refusesOtherCodecs() throws IOException {
        orders(0, 10, settings -> settings);
        orders(0, 10, settings -> settings.withCompressionCodec(CompressionCodecName.ZSTD));

        assertThat(refused().reason()).isEqualTo(Reason.CODEC);
        assertThat(refused().detail())
                .contains("codecs differ in column id: SNAPPY before, ZSTD in")
                .endsWith("source-1.parquet");
    }

    @Test
    void refusesCodecsThatItDoesNotKnow() throws IOException {
        orders(0, 10, settings -> settings.withCompressionCodec(CompressionCodecName.GZIP));

        assertThat(refused().reason()).isEqualTo(Reason.CODEC);
        assertThat(refused().detail()).contains("compressed with GZIP");
    }

    @Test
    void refusesFilesWhoseDatesAreOfDifferentCalendars() throws IOException {
        orders(0, 10, settings -> settings.withExtraMetaData(Map.of("org.apache.spark.version", "3.5.8")));
        orders(
                0,
                10,
                settings -> settings.withExtraMetaData(
                        Map.of("org.apache.spark.version", "3.5.8", "org.apache.spark.legacyDateTime", "")));

        assertThat(refused().reason()).isEqualTo(Reason.METADATA);
        assertThat(refused().detail()).contains("org.apache.spark.legacyDateTime differs: absent in ");
    }

    @Test
    void refusesEncryptedFiles() throws SQLException {
        Path file = folder.resolve("source-0.parquet");
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute("set force_mbedtls_unsafe = 'true'");
            statement.execute("pragma add_parquet_key('key', '0123456789112345')");
            statement.execute(
                    "copy (select 42 as id) to '" + file + "' (format parquet, encryption_config {footer_key: 'key'})");
        }
        sources.add(file);

        assertThat(refused().reason()).isEqualTo(Reason.ENCRYPTION);
        assertThat(refused().detail()).contains("source-0.parquet: the footer is encrypted");
    }

    /** The footer can be read, the columns cannot. */
    @Test
    void refusesFilesOfWhichOnlyTheFooterIsNotEncrypted() throws IOException {
        orders(0, 10, settings -> settings);
        byte[] bytes = Files.readAllBytes(sources.get(0));
        int footerEnd = bytes.length - 8;
        byte[] algorithm = {0x1c, 0x1c, 0, 0, 0};
        Bytes changed = new Bytes(bytes.length);
        // Field 8 of the footer, the algorithm, comes after field 7, the last one so far, in place of the footer's end.
        changed.put(bytes, 0, footerEnd - 1);
        changed.put(algorithm);
        changed.putInt(LittleEndian.intAt(bytes, footerEnd) + algorithm.length - 1);
        changed.put(bytes, bytes.length - 4, 4);
        Files.write(sources.get(0), changed.toArray());

        assertThat(refused().reason()).isEqualTo(Reason.ENCRYPTION);
        assertThat(refused().detail()).endsWith("source-0.parquet: the file is encrypted");
        assertThatThrownBy(() -> FileShape.read(FuzzRound.source(sources.get(0))))
                .isInstanceOf(Fault.class)
                .hasMessageEndingWith("source-0.parquet: the file is encrypted; leave the file out");
    }

    @Test
    void namesTheFileForWhichTheDiskHasNoRoom() throws IOException {
        orders(0, 20_000, settings -> settings);
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"), 1_000)) {
            disk.resize(64);
            merged = folder.resolve("disk").resolve("merged.parquet");

            assertThatThrownBy(() -> FuzzRound.merge(sources, merged, MergeOptions.DEFAULT))
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith("Cannot write file:///")
                    .hasMessageContaining("/disk/merged.parquet: IOException: No space left on device");
            assertThat(folder.resolve("disk")).isEmptyDirectory();
        }
    }

    /** A row group of 100 MB in a heap of 64 MB. */
    @Test
    void takesNoMoreMemoryForALargeRowGroup() throws IOException {
        MessageType schema = MessageTypeParser.parseMessageType("message large { required binary text; }");
        SimpleGroupFactory groups = new SimpleGroupFactory(schema);
        try (ParquetWriter<Group> writer = writer(
                schema,
                settings -> settings.withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
                        .withDictionaryEncoding(false)
                        .withRowGroupSize(1L << 30))) {
            for (int i = 0; i < 50_000; i++) {
                writer.write(groups.newGroup().append("text", ("text " + i + " ").repeat(200)));
            }
        }
        List<FileShape.GroupShape> shape =
                FileShape.read(FuzzRound.source(sources.get(0))).groups();
        assertThat(shape).hasSize(1);
        assertThat(shape.get(0).bytes()).isGreaterThan(100 << 20);

        Processes.Ended ended = Processes.run(new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                MergeProcess.class.getName(),
                sources.get(0).toString(),
                folder.resolve("merged.parquet").toString()));

        assertThat(ended.output()).contains("rows 50000");
        assertThat(ended.exitCode()).isZero();
    }

    @Test
    void namesFileColumnAndPageOfACorruptChecksum() throws IOException {
        orders(0, 1_000, settings -> settings);
        orders(0, 1_000, settings -> settings);
        long at = chunk(1, 1).getFirstDataPageOffset();
        flip(1, at + 60);

        assertThatThrownBy(() -> merge(MergeOptions.DEFAULT))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("source-1.parquet: column status, page 1: its checksum is ");
    }

    @Test
    void namesFileColumnAndPageOfBytesThatCannotBeDecompressed() throws IOException {
        orders(0, 1_000, settings -> settings.withPageWriteChecksumEnabled(false));
        long at = chunk(0, 0).getFirstDataPageOffset();
        for (int i = 24; i < 60; i++) {
            flip(0, at + i);
        }

        assertThatThrownBy(() -> merge(MergeOptions.DEFAULT))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("source-0.parquet: column id, page ");
    }

    @Test
    void namesAFileThatIsNoParquet() throws IOException {
        Path file = folder.resolve("source-0.parquet");
        Files.writeString(file, "not a Parquet file, but long enough to be one");
        sources.add(file);

        assertThatThrownBy(() -> merge(MergeOptions.DEFAULT))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("source-0.parquet: no valid Parquet file: it does not end with PAR1");
    }

    @Test
    void namesAFileThatIsCutOff() throws IOException {
        orders(0, 100, settings -> settings);
        byte[] bytes = Files.readAllBytes(sources.get(0));
        Files.write(sources.get(0), java.util.Arrays.copyOf(bytes, bytes.length / 2));

        assertThatThrownBy(() -> merge(MergeOptions.DEFAULT))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("source-0.parquet: no valid Parquet file");
    }

    /** Every single byte of a file is wrong once. Where no checksum is over it nobody can tell; else the merge says so. */
    @ParameterizedTest
    @EnumSource(names = {"UNCOMPRESSED", "SNAPPY", "ZSTD"})
    void neverFailsOtherwiseThanByAFault(CompressionCodecName codec) throws IOException {
        orders(0, 40, settings -> settings.withCompressionCodec(codec));
        byte[] bytes = Files.readAllBytes(sources.get(0));
        for (int i = 0; i < bytes.length; i++) {
            for (int change : new int[] {0x01, 0x80}) {
                byte[] wrong = bytes.clone();
                wrong[i] ^= (byte) change;
                Files.write(sources.get(0), wrong);
                try {
                    outcome(MergeOptions.DEFAULT);
                } catch (Fault expected) {
                    assertThat(expected).hasMessageContaining("source-0.parquet");
                }
            }
        }
    }

    private MergeReport merge(MergeOptions options) {
        return FuzzRound.merge(sources, merged(), options);
    }

    private MergeOutcome outcome(MergeOptions options) {
        return FuzzRound.outcomeOfFiles(sources, merged(), options);
    }

    private Refused refused() {
        MergeOutcome outcome = outcome(MergeOptions.DEFAULT);
        assertThat(outcome).isInstanceOf(Refused.class);
        assertThat(merged()).doesNotExist();
        return (Refused) outcome;
    }

    private Path merged() {
        merged = folder.resolve("merged.parquet");
        return merged;
    }

    private ColumnChunkMetaData chunk(int source, int column) throws IOException {
        try (ParquetFileReader reader = open(sources.get(source))) {
            return reader.getFooter().getBlocks().get(0).getColumns().get(column);
        }
    }

    private void flip(int source, long at) throws IOException {
        byte[] bytes = Files.readAllBytes(sources.get(source));
        bytes[(int) at] ^= (byte) 0x55;
        Files.write(sources.get(source), bytes);
    }

    private static ParquetFileReader open(Path file) throws IOException {
        return ParquetFileReader.open(
                HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toUri()), new Configuration(false)));
    }

    private void orders(
            int first, int count, Function<ExampleParquetWriter.Builder, ParquetWriter.Builder<Group, ?>> settings)
            throws IOException {
        MessageType schema = MessageTypeParser.parseMessageType(ORDERS);
        SimpleGroupFactory groups = new SimpleGroupFactory(schema);
        try (ParquetWriter<Group> writer = writer(schema, settings)) {
            for (int i = first; i < first + count; i++) {
                Group group = groups.newGroup().append("id", (long) i);
                if (i % 7 != 0) {
                    group.append("status", "status " + i % 7);
                }
                if (i % 3 != 0) {
                    group.append("note", "note number " + i * 3 / 4);
                }
                group.append("gift", i % 2 == 0);
                writer.write(group.append("total", i / 8.0));
            }
        }
    }

    private void write(String schema, Function<ExampleParquetWriter.Builder, ParquetWriter.Builder<Group, ?>> settings)
            throws IOException {
        writer(MessageTypeParser.parseMessageType(schema), settings).close();
    }

    private ParquetWriter<Group> writer(
            MessageType schema, Function<ExampleParquetWriter.Builder, ParquetWriter.Builder<Group, ?>> settings)
            throws IOException {
        Path file = folder.resolve("source-" + sources.size() + ".parquet");
        sources.add(file);
        ExampleParquetWriter.Builder builder = ExampleParquetWriter.builder(new org.apache.hadoop.fs.Path(file.toUri()))
                .withConf(new Configuration(false))
                .withType(schema)
                .withCompressionCodec(CompressionCodecName.SNAPPY);
        return settings.apply(builder).build();
    }
}
