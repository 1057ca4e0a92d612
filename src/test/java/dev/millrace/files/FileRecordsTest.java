package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.millrace.config.ByteSize;
import dev.millrace.config.FileSource.Json;
import dev.millrace.config.FileSource.Limits;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.S3Server;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class FileRecordsTest {
    /** How a test's file is compressed. */
    enum Packing {
        PLAIN {
            @Override
            byte[] pack(byte[] content) {
                return content;
            }
        },
        GZIP {
            @Override
            byte[] pack(byte[] content) throws IOException {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                return packed(content, bytes, new GZIPOutputStream(bytes));
            }
        },
        ZSTD {
            @Override
            byte[] pack(byte[] content) {
                return Zstd.compress(content);
            }
        },
        BZIP2 {
            @Override
            byte[] pack(byte[] content) throws IOException {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                return packed(content, bytes, new BZip2CompressorOutputStream(bytes));
            }
        };

        abstract byte[] pack(byte[] content) throws IOException;

        private static byte[] packed(byte[] content, ByteArrayOutputStream bytes, OutputStream out) throws IOException {
            try (out) {
                out.write(content);
            }
            return bytes.toByteArray();
        }
    }

    private static final Json LINES = new Json(List.of(), false);

    @TempDir
    private Path folder;

    private Storage storage;

    @BeforeEach
    void open() {
        storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
    }

    private FilePart file(String path, byte[] content) {
        storage.put(path, content);
        return FilePart.whole(storage.stat(path).orElseThrow());
    }

    private Records read(FilePart part) {
        return Records.of(FileRecords.open(storage, part, LINES, Records.LIMITS));
    }

    private static String record(int i) {
        return "{\"id\":" + i + ",\"text\":\"" + Integer.toHexString(i * 0x9E3779B9) + "é\"}";
    }

    private static List<String> records(int count) {
        return IntStream.range(0, count).mapToObj(FileRecordsTest::record).toList();
    }

    private static byte[] lines(List<String> records) {
        return (String.join("\n", records) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        Arrays.stream(parts).forEach(all::writeBytes);
        return all.toByteArray();
    }

    @ParameterizedTest
    @EnumSource
    void tellsHowAFileIsCompressedByItsContent(Packing packing) throws IOException {
        byte[] content = packing.pack(lines(records(50_000)));
        for (String name : List.of("a.json", "a.json.gz", "a.zst", "a.bz2", "a")) {
            Records read = read(file(name, content));
            assertThat(read.texts()).as(name).isEqualTo(records(50_000));
            assertThat(read.bad()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsAllMembersOfAFile(Packing packing) throws IOException {
        List<String> records = records(3_000);
        byte[] first = lines(records.subList(0, 1_000));
        byte[] middle = lines(records.subList(1_000, 1_500));
        byte[] last = lines(records.subList(1_500, 3_000));
        byte[] content = joined(packing.pack(first), packing.pack(middle), packing.pack(last));
        assertThat(read(file("a", content)).texts()).isEqualTo(records);
    }

    @Test
    void skipsZerosAfterAMemberOfGzip() throws IOException {
        byte[] member = Packing.GZIP.pack(lines(records(10)));
        Records read = read(file("a", joined(member, new byte[512], member, new byte[7])));
        assertThat(read.texts()).hasSize(20);
        assertThat(read.bad()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PLAIN")
    void givesAllThatCanBeReadOfAFileThatIsCutOff(Packing packing) throws IOException {
        byte[] content = packing.pack(lines(records(200_000)));
        byte[] half = Arrays.copyOf(content, content.length / 2);
        Records read = read(file("a", half));
        int count = read.texts().size();
        assertThat(count).isBetween(60_000, 140_000);
        assertThat(read.texts()).isEqualTo(records(count));
        assertThat(read.bad()).hasSize(1);
        assertThat(read.reasons().get(0)).startsWith("the file is broken or cut off here: ");
        int offset = (int) read.bad().get(0).offset();
        int length = (int) read.bad().get(0).length();
        assertThat(read.bad().get(0).bytes())
                .isEqualTo(Arrays.copyOfRange(lines(records(count + 1)), offset, offset + length));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PLAIN")
    void survivesAFileThatIsDamaged(Packing packing) throws IOException {
        Random random = new Random(3);
        List<String> records = records(2_000);
        byte[] content = packing.pack(lines(records));
        for (int round = 0; round < 60; round++) {
            byte[] damaged = content.clone();
            damaged[12 + random.nextInt(damaged.length - 12)] ^= (byte) (1 << random.nextInt(8));
            Records read = read(file("a", damaged));
            // This zstd file has no checksum, so that a text may just be another.
            if (packing != Packing.ZSTD) {
                assertThat(read.bad()).isNotEmpty();
            }
        }
    }

    @Test
    void setsApartWhatFollowsAMemberOfGzipAndIsNone() throws IOException {
        byte[] member = Packing.GZIP.pack(lines(records(10)));
        Records read = read(file("a", joined(member, "rest".getBytes(StandardCharsets.UTF_8))));
        assertThat(read.texts()).hasSize(10);
        assertThat(read.reasons())
                .containsExactly("the file is broken or cut off here: what follows a member of the gzip file is none");
    }

    @Test
    void readsNoFurtherThanTheRatioAllows() throws IOException {
        String record = "{\"a\":\"" + "x".repeat(1 << 20) + "\"}\n";
        byte[] content = Packing.ZSTD.pack(record.repeat(100).getBytes(StandardCharsets.UTF_8));
        FilePart part = file("a", content);
        Limits strict = new Limits(10, new ByteSize(2 << 20), 1_000);
        Records read = Records.of(FileRecords.open(storage, part, LINES, strict));
        assertThat(read.texts()).hasSizeBetween(8, 40);
        assertThat(read.reasons())
                .last()
                .isEqualTo("the file has more than 1000 bytes for each of its compressed bytes; it is read no further");
        Limits loose = new Limits(10, new ByteSize(2 << 20), 1_000_000);
        assertThat(Records.of(FileRecords.open(storage, part, LINES, loose)).texts())
                .hasSize(100);
    }

    private static Stream<List<Object>> unreadable() {
        return Stream.of(
                List.of(new byte[] {(byte) 0xFF, (byte) 0xFE, '{', 0, '}', 0}, "UTF-16"),
                List.of(new byte[] {(byte) 0xFD, '7', 'z', 'X', 'Z', 0, 0}, "compressed by xz"),
                List.of(new byte[] {'P', 'K', 3, 4, 0, 0}, "a zip archive"));
    }

    @ParameterizedTest
    @MethodSource("unreadable")
    void setsAFileApartThatIsNothingItReads(List<Object> file) {
        Records read = read(file("a.json", (byte[]) file.get(0)));
        assertThat(read.reasons())
                .containsExactly("the file is " + file.get(1) + ": it must be UTF-8; plain, gzip, zstd or bzip2");
        assertThat(read.bad().get(0).bytes()).isEqualTo((byte[]) file.get(0));
    }

    @Test
    void setsAFileApartThatIsGoneOrChanged() {
        FilePart part = file("a.json", lines(records(3)));
        storage.put("a.json", lines(records(4)));
        assertThat(read(part).reasons()).containsExactly("the file is gone or was changed since it was listed");
        assertThatThrownBy(() -> FileRecords.requireUnchanged(storage, part))
                .isInstanceOf(Fault.class)
                .hasMessage("Cannot read " + storage.uri("a.json") + ": it changed while it was read");
        storage.delete(List.of("a.json"));
        assertThat(read(part).reasons()).containsExactly("the file is gone or was changed since it was listed");
    }

    @Test
    void readsPartsOfAnObjectInS3AsItWasListed() {
        Storage s3 = Storages.open("s3://" + S3Server.newBucket() + "/in/", S3Server.options());
        byte[] content = lines(records(20_000));
        s3.put("b/a.json", content);
        StoredFile listed = s3.list("b/").get(0);
        List<FilePart> parts = FileParts.ofJson(s3, listed, content.length / 3);
        assertThat(parts).hasSize(3);
        List<String> read = new ArrayList<>();
        for (FilePart part : parts) {
            Records records = Records.of(FileRecords.open(s3, part, LINES, Records.LIMITS));
            assertThat(records.bad()).isEmpty();
            read.addAll(records.texts());
        }
        assertThat(read).isEqualTo(records(20_000));

        s3.put("b/a.json", lines(records(1)));
        for (FilePart part : parts) {
            assertThat(Records.of(FileRecords.open(s3, part, LINES, Records.LIMITS))
                            .reasons())
                    .containsExactly("the file is gone or was changed since it was listed");
        }
    }

    private List<String> inParts(StoredFile file, int count, List<String> bad) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long from = file.bytes() * i / count;
            long to = file.bytes() * (i + 1) / count;
            Records read = read(new FilePart(file.path(), file.bytes(), file.etag(), from, to));
            all.addAll(read.texts());
            bad.addAll(read.badTexts().stream()
                    .map(b -> b.substring(b.indexOf(':') + 1))
                    .toList());
        }
        return all;
    }

    @Test
    void givesEachRecordOnceHoweverAFileIsCut() {
        List<String> records = records(40);
        String pretty = "{\n  \"id\": 1,\n  \"in\": {\n    \"x\": 2\n  }\n}";
        List<String> mixed = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            mixed.add(record(i));
            mixed.add(pretty);
            mixed.add("{\"id\":" + i + "}{\"id\":7}");
            mixed.add("17");
            mixed.add("{\"id\":tru");
        }
        List<String> whole = Records.of(lines(mixed)).texts();
        assertThat(whole).hasSize(60);
        for (int count : new int[] {1, 2, 3, 4, 7, 11, 19, 40, 97}) {
            List<String> bad = new ArrayList<>();
            StoredFile lines = file("lines", lines(records)).file();
            assertThat(inParts(lines, count, bad)).as("%d parts", count).isEqualTo(records);
            byte[] crlf = String.join("\r\n", records).getBytes(StandardCharsets.UTF_8);
            assertThat(inParts(file("crlf", crlf).file(), count, bad)).isEqualTo(records);
            byte[] joined = String.join("", records).getBytes(StandardCharsets.UTF_8);
            assertThat(inParts(file("joined", joined).file(), count, bad)).isEqualTo(records);
            assertThat(bad).isEmpty();
            assertThat(inParts(file("mixed", lines(mixed)).file(), count, bad)).isEqualTo(whole);
            assertThat(bad).hasSize(12).containsOnly("{\"id\":tru");
        }
    }

    @Test
    void refusesPartsOfAFileWhoseLinesTellNothing() {
        String nested = "{\n\"id\":1,\n\"in\":\n{\n\"x\":2\n}\n}\n";
        StoredFile file =
                file("a", (nested + nested).getBytes(StandardCharsets.UTF_8)).file();
        assertThatThrownBy(() -> inParts(file, 5, new ArrayList<>()))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("in parts: a line within the record at byte 0 begins with {")
                .hasMessageContaining("Set group-size above the size of the file");
    }

    @Test
    void cutsLargeFilesOfRecordsOnly() throws IOException {
        byte[] lines = lines(records(1_000));
        StoredFile file = file("a", lines).file();
        assertThat(FileParts.ofJson(storage, file, lines.length)).containsExactly(FilePart.whole(file));
        List<FilePart> parts = FileParts.ofJson(storage, file, lines.length / 4);
        assertThat(parts).hasSize(4);
        assertThat(parts.get(3).to()).isEqualTo(lines.length);
        byte[] array = ("[" + String.join(",\n", records(1_000)) + "]").getBytes(StandardCharsets.UTF_8);
        for (byte[] content : List.of(array, Packing.GZIP.pack(lines), Packing.ZSTD.pack(lines))) {
            StoredFile other = file("b", content).file();
            assertThat(FileParts.ofJson(storage, other, 1_000)).containsExactly(FilePart.whole(other));
        }
    }
}
