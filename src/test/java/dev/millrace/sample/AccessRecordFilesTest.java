package dev.millrace.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.fault.Fault;
import dev.millrace.sample.AccessRecordFiles.SampleFile;
import dev.millrace.sample.AccessRecordFiles.Written;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessRecordFilesTest {
    private static final LocalDate FIRST = LocalDate.parse("2026-11-20");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @Test
    void dependOnTheSeedAndTheDayAlone() {
        List<SampleFile> files = files(7, 2, 2_000, false).files().toList();

        assertThat(files(7, 2, 2_000, false).files())
                .zipSatisfy(files, AccessRecordFilesTest::requireSame)
                .hasSize(2 * 25);
        // More days change none of those before them.
        assertThat(files(7, 3, 2_000, false).files().limit(50)).zipSatisfy(files, AccessRecordFilesTest::requireSame);
        assertThat(files(8, 2, 2_000, false).files().map(SampleFile::path))
                .doesNotContainAnyElementsOf(files.stream()
                        .map(SampleFile::path)
                        .filter(path -> !path.endsWith("-00000000.gz"))
                        .toList());
    }

    private static void requireSame(SampleFile one, SampleFile other) {
        assertThat(one.path()).isEqualTo(other.path());
        assertThat(one.bytes()).isEqualTo(other.bytes());
        assertThat(one.records()).isEqualTo(other.records());
    }

    @Test
    void holdWhatTheyTell() throws IOException {
        List<SampleFile> files = files(7, 3, 10_000, false).files().toList();

        Set<Character> ends = new HashSet<>();
        int plain = 0;
        for (SampleFile file : files) {
            assertThat(file.path()).matches("2026/11/2[012]/\\d\\d/access-records-1-.*\\.gz");
            byte[] text = text(file.bytes());
            plain += text.length == file.bytes().length ? 1 : 0;
            String all = new String(text, StandardCharsets.UTF_8);
            if (file.broken() == 0) {
                assertThat(values(all)).as(file.path()).isEqualTo(trees(file.records()));
            }
            ends.add(all.isEmpty() ? ' ' : all.charAt(all.length() - 1));
        }
        assertThat(plain).isBetween(1, files.size() / 10);
        // Lines, nothing at all between objects, arrays, an end within a record, an empty file.
        assertThat(ends).containsExactlyInAnyOrder('\n', '}', ']', 'r', ' ');
        List<String> records =
                files.stream().flatMap(file -> file.records().stream()).toList();
        long repeated = files.stream().mapToInt(SampleFile::repeated).sum();
        List<String> scalars =
                records.stream().filter(record -> !record.startsWith("{")).toList();
        assertThat(scalars).hasSizeGreaterThanOrEqualTo(3).containsOnly("\"heartbeat\"");
        assertThat(records).hasSize((int) (30_000 + repeated + scalars.size()));
        assertThat(new HashSet<>(records)).hasSize(30_001);
        assertThat(repeated).isBetween(200L, 500L);
        assertThat(files.stream().mapToInt(SampleFile::broken).sum()).isGreaterThan(30);
    }

    /** All values of a text, in an array or not. */
    private static List<JsonNode> values(String text) throws IOException {
        String values = text.startsWith("\uFEFF") ? text.substring(1) : text;
        List<JsonNode> found = new ArrayList<>();
        JSON.readerFor(JsonNode.class).<JsonNode>readValues(values).forEachRemaining(found::add);
        return found;
    }

    private static List<JsonNode> trees(List<String> records) throws IOException {
        List<JsonNode> trees = new ArrayList<>();
        for (String record : records) {
            trees.add(JSON.readTree(record));
        }
        return trees;
    }

    private static byte[] text(byte[] bytes) throws IOException {
        boolean gzip = bytes.length > 2 && bytes[0] == 0x1F && bytes[1] == (byte) 0x8B;
        // A sequence, because GZIPInputStream ends early where a stream says that nothing is available.
        try (InputStream in = gzip
                ? new GZIPInputStream(
                        new SequenceInputStream(new ByteArrayInputStream(bytes), new ByteArrayInputStream(new byte[0])))
                : new ByteArrayInputStream(bytes)) {
            return in.readAllBytes();
        }
    }

    @Test
    void areLinesOfRecordsWithoutDirtWhenTidy() throws IOException {
        List<SampleFile> files = files(7, 1, 5_000, true).files().toList();

        Set<String> sessions = new HashSet<>();
        for (SampleFile file : files) {
            assertThat(file.broken() + file.repeated()).isZero();
            String text = new String(text(file.bytes()), StandardCharsets.UTF_8);
            assertThat(text.lines().toList()).isEqualTo(file.records());
            for (String record : file.records()) {
                JsonNode json = JSON.readTree(record);
                assertThat(json.path("timestamp").asLong())
                        .isBetween(
                                Instant.parse("2026-11-20T00:00:00Z").toEpochMilli(),
                                Instant.parse("2026-11-20T23:59:59.999Z").toEpochMilli());
                sessions.add(json.path("payload").path("sessionId").textValue());
            }
        }
        assertThat(sessions).hasSize(5_000);
    }

    @Test
    void comeLateAndAreRewritten() {
        AccessRecordFiles all = files(7, 1, 2_000, false);
        TreeMap<String, List<String>> before =
                all.files().collect(Collectors.toMap(SampleFile::path, SampleFile::records, (a, b) -> a, TreeMap::new));

        List<SampleFile> late = all.late(30).toList();
        List<SampleFile> rewritten = all.rewritten(2).toList();

        assertThat(late.stream().map(SampleFile::path))
                .doesNotHaveDuplicates()
                .doesNotContainAnyElementsOf(before.keySet());
        assertThat(late.get(0).path()).startsWith("2026/11/20/23/");
        assertThat(late.get(24).path()).startsWith("2026/11/20/23/");
        assertThat(late.stream().flatMap(file -> file.records().stream()))
                .hasSize(600)
                .doesNotHaveDuplicates()
                .doesNotContainAnyElementsOf(
                        before.values().stream().flatMap(List::stream).toList());
        assertThat(rewritten).hasSize(2).allSatisfy(file -> {
            assertThat(before.get(file.path())).isNotNull().isNotEqualTo(file.records());
            assertThat(file.records())
                    .filteredOn(r -> r.contains("\"elapseMS\":100"))
                    .isNotEmpty();
        });
    }

    @Test
    void areLeftAloneWhereTheyAreThere() throws IOException {
        AccessRecordFiles all = files(7, 1, 240, false);
        Written written = AccessRecordFiles.write(folder, all.files(), file -> {});
        assertThat(written.files()).isEqualTo(25);
        FileTime longAgo = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
        List<Path> paths = paths();
        for (Path path : paths) {
            Files.setLastModifiedTime(path, longAgo);
        }

        AccessRecordFiles.write(folder, all.rewritten(1), file -> {});
        assertThat(changed(longAgo)).hasSize(1);
        assertThat(AccessRecordFiles.write(folder, all.files(), file -> {})).isEqualTo(written);
        assertThat(changed(longAgo)).hasSize(1);
        assertThat(paths()).isEqualTo(paths);
    }

    private List<Path> changed(FileTime before) throws IOException {
        List<Path> changed = new ArrayList<>();
        for (Path path : paths()) {
            if (!Files.getLastModifiedTime(path).equals(before)) {
                changed.add(path);
            }
        }
        return changed;
    }

    private List<Path> paths() throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(Files::isRegularFile).sorted().toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"0,100,--days: 0: must be at least 1", "1,23,--per-day: 23: must be 24 to 50000000"})
    void refuseWhatIsNoDay(int days, int perDay, String message) {
        assertThatThrownBy(() -> files(7, days, perDay, false))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Invalid " + message);
    }

    private static AccessRecordFiles files(long seed, int days, int perDay, boolean tidy) {
        return new AccessRecordFiles(seed, FIRST, days, perDay, tidy);
    }
}
