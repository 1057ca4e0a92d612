package dev.millrace.dynamodb;

import static dev.millrace.dynamodb.CannedDynamoDb.error;
import static dev.millrace.dynamodb.CannedDynamoDb.page;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.dynamodb.CannedDynamoDb.Answer;
import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> KEYS = List.of("PK");
    private static final PlannedUnit UNIT = Spool.units(2, "").get(1);
    private static final String ZSTD_MAGIC = "(\u00b5/\u00fd";
    private static final String SECRET = "4111111111111111-4111111111111111";
    private static final String A = "{\"PK\":{\"S\":\"a\"},\"card\":{\"S\":\"" + SECRET + "\"}}";
    private static final String B = "{ \"n\" : {\"N\":\"1.50\"},\"PK\":{\"S\":\"\\u00e9\\n\"}}";

    @TempDir
    private Path root;

    private Runs runs;

    @BeforeEach
    void open() {
        runs = Runs.at(root);
    }

    private static Answer[] twoPages() {
        return new Answer[] {page("{\"PK\":{\"S\":\"a\"}}", A), page("", B)};
    }

    /** Commits as an attempt sees them that began before any other ended. */
    private record Unseen(UnitCommits commits) implements UnitCommits {
        @Override
        public Optional<UnitManifest> find(String phase, String unit) {
            return Optional.empty();
        }

        @Override
        public UnitManifest commit(UnitManifest mine) {
            return commits.commit(mine);
        }

        @Override
        public List<UnitManifest> committed(String phase) {
            return commits.committed(phase);
        }
    }

    @Test
    void namesUnitsByTheirSegment() {
        assertThat(Spool.units(2, ""))
                .containsExactly(
                        new PlannedUnit("s00001-of-00002", Map.of("segment", "0", "segments", "2")),
                        new PlannedUnit("s00002-of-00002", Map.of("segment", "1", "segments", "2")));
    }

    @Test
    void keepsItemsVerbatimAndCountsThem() throws IOException {
        try (CannedDynamoDb server = new CannedDynamoDb(twoPages())) {
            Spool spool = runs.spool(server.access(), KEYS);
            UnitManifest spooled = spool.obtain(UNIT);
            assertThat(Runs.items(spool, spooled)).containsExactly(A, B);
            assertThat(server.requests().get(0)).contains("\"Segment\":1", "\"TotalSegments\":2");

            DataFile file = spooled.files().get(0);
            assertThat(file.rows()).isEqualTo(2);
            assertThat(file.path()).matches(Runs.FOLDER + "data/s00002-of-00002-[0-9a-f]{8}\\.json\\.zst");
            byte[] content = Files.readAllBytes(root.resolve(file.path()));
            assertThat(content).hasSize((int) file.bytes());
            assertThat(new String(content, StandardCharsets.ISO_8859_1)).startsWith(ZSTD_MAGIC);
            assertThat(spooled.facts()).containsEntry("pages", "2").containsEntry("consumed-capacity", "1.0");
            assertThat(Spool.consumed(List.of(spooled, spooled)).orElseThrow()).isEqualByComparingTo("2");
        }
    }

    @Test
    void keepsAnItemOnOneLineWhateverTheServersLayout() {
        String laidOut = "{\n\t\"PK\" : {\r\n\"S\":\"a\"}\n}";
        try (CannedDynamoDb server = new CannedDynamoDb(page("", laidOut, B))) {
            Spool spool = runs.spool(server.access(), KEYS);
            assertThat(Runs.items(spool, spool.obtain(UNIT)))
                    .containsExactly(laidOut.replace('\n', ' ').replace('\r', ' '), B);
        }
    }

    @Test
    void readsAUnitOnce() {
        try (CannedDynamoDb server = new CannedDynamoDb(twoPages())) {
            UnitManifest first = runs.spool(server.access(), KEYS).obtain(UNIT);
            assertThat(server.requests()).hasSize(2);
            assertThat(runs.spool(server.access(), KEYS).obtain(UNIT)).isEqualTo(first);
            assertThat(server.requests()).hasSize(2);
        }
    }

    @Test
    void usesTheWinnersFileAndDeletesTheLosers() {
        try (CannedDynamoDb server = new CannedDynamoDb(page("", A, B))) {
            UnitManifest winner = runs.spool(server.access(), KEYS).obtain(UNIT);
            Spool late =
                    new Runs(runs.storage(), new Unseen(runs.commits()), runs.reads()).spool(server.access(), KEYS);
            assertThat(late.obtain(UNIT)).isEqualTo(winner);
            assertThat(server.requests()).hasSize(2);
            assertThat(runs.spoolFiles()).containsExactly(winner.files().get(0).path());
        }
    }

    @Test
    void leavesNothingOfAScanThatFailed() throws IOException {
        Answer denied = error(400, "AccessDeniedException", "no more");
        try (CannedDynamoDb server = new CannedDynamoDb(page("{\"PK\":{\"S\":\"a\"}}", A), denied, page("", A, B))) {
            Spool spool = runs.spool(server.access(), KEYS);
            assertThatThrownBy(() -> spool.obtain(UNIT))
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith(
                            server.access() + ": AccessDeniedException: no more (segment 1 of 2, attempt 1): ");
            assertThat(filesOnDisk()).isEmpty();
            assertThat(runs.commits().committed(Spool.PHASE)).isEmpty();

            assertThat(Runs.items(spool, spool.obtain(UNIT))).containsExactly(A, B);
        }
    }

    private List<Path> filesOnDisk() throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.getParent().endsWith("reads"))
                    .toList();
        }
    }

    @Test
    void writesManifestsAsAnExportHasThem() throws Exception {
        try (CannedDynamoDb server = new CannedDynamoDb(page("", A, B))) {
            Spool spool = runs.spool(server.access(), KEYS);
            Spool.units(3, "").forEach(spool::obtain);
            List<UnitManifest> spooled = runs.commits().committed(Spool.PHASE);
            spool.close(spooled);
            spool.close(spooled);

            JsonNode summary = JSON.readTree(content("manifest-summary.json"));
            assertThat(summary)
                    .isEqualTo(JSON.createObjectNode()
                            .put("version", "2020-06-30")
                            .put("manifestFilesS3Key", Runs.FOLDER + "manifest-files.json")
                            .put("itemCount", 6)
                            .put("outputFormat", "DYNAMODB_JSON"));
            List<String> lines = content("manifest-files.json").lines().toList();
            assertThat(lines).hasSize(3);
            for (int i = 0; i < lines.size(); i++) {
                JsonNode line = JSON.readTree(lines.get(i));
                String path = line.get("dataFileS3Key").asText();
                assertThat(path).isEqualTo(spooled.get(i).files().get(0).path());
                byte[] file = Files.readAllBytes(root.resolve(path));
                assertThat(line)
                        .isEqualTo(JSON.createObjectNode()
                                .put("itemCount", 2)
                                .put(
                                        "md5Checksum",
                                        Base64.getEncoder()
                                                .encodeToString(MessageDigest.getInstance("MD5")
                                                        .digest(file)))
                                .put(
                                        "etag",
                                        runs.storage().stat(path).orElseThrow().etag())
                                .put("dataFileS3Key", path));
            }
        }
    }

    private String content(String name) {
        return new String(runs.storage().find(Runs.FOLDER + name).orElseThrow().content(), StandardCharsets.UTF_8);
    }

    /** The real one lies beside the project on machines where it is developed; nothing of it may be copied. */
    @Test
    void looksLikeARealExportAndReadsOne() throws Exception {
        Path home = Path.of(System.getProperty("millrace.home", "")).toAbsolutePath();
        Optional<Path> exports = Stream.of("../shared", "../../shared")
                .map(shared -> home.resolve(shared).resolve("data/dynamodb-export/AWSDynamoDB"))
                .filter(Files::isDirectory)
                .findFirst();
        assumeTrue(exports.isPresent());
        Path export;
        try (Stream<Path> folders = Files.list(exports.get())) {
            export = folders.findFirst().orElseThrow();
        }
        JsonNode realSummary =
                JSON.readTree(export.resolve("manifest-summary.json").toFile());
        JsonNode realFile = JSON.readTree(export.resolve("manifest-files.json").toFile());
        try (CannedDynamoDb server = new CannedDynamoDb(page("", A))) {
            Spool spool = runs.spool(server.access(), KEYS);
            spool.close(List.of(spool.obtain(UNIT)));
        }
        assertSameForm(JSON.readTree(content("manifest-summary.json")), realSummary);
        JsonNode file = JSON.readTree(content("manifest-files.json"));
        assertSameForm(file, realFile);
        assertThat(file).hasSameSizeAs(realFile);

        Storage storage = Storages.open(export.toString(), StorageOptions.DEFAULT);
        String name = realFile.get("dataFileS3Key").asText();
        List<JsonNode> items = new ArrayList<>();
        try (SpoolReader reader = SpoolReader.open(storage, name.substring(name.indexOf("data/")), SpoolKey.NONE)) {
            while (reader.next()) {
                assertThat(reader.wellFormed()).isTrue();
                items.add(JSON.readTree(reader.buffer(), reader.offset(), reader.length()));
            }
        }
        assertThat(items).hasSize(realFile.get("itemCount").asInt()).allMatch(item -> item.has("id"));
    }

    private static void assertSameForm(JsonNode ours, JsonNode real) {
        ours.properties()
                .forEach(field -> assertThat(field.getValue().getNodeType())
                        .as(field.getKey())
                        .isEqualTo(real.path(field.getKey()).getNodeType()));
    }

    @Test
    void encryptsWhenThereIsAKey() throws IOException {
        SpoolKey key = SpoolCipherTest.key(1);
        try (CannedDynamoDb server = new CannedDynamoDb(twoPages())) {
            Spool spool = runs.spool(server.access(), KEYS, key);
            UnitManifest spooled = spool.obtain(UNIT);
            String path = spooled.files().get(0).path();
            assertThat(path).endsWith(".json.zst.enc");
            assertThat(Runs.items(spool, spooled)).containsExactly(A, B);
            for (Path file : filesOnDisk()) {
                assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                        .doesNotContain(ZSTD_MAGIC, "4111", "card");
            }
            Spool other = runs.spool(server.access(), KEYS, SpoolCipherTest.key(2));
            assertThatThrownBy(() -> Runs.items(other, spooled))
                    .isInstanceOf(Fault.class)
                    .hasMessageStartingWith("Cannot read " + runs.storage().uri(path) + ": chunk 0 is damaged");
        }
        assertThat(key).hasToString("a spool key");
    }

    @Test
    void deletesItsFilesAndKeepsItsCommits() {
        try (CannedDynamoDb server = new CannedDynamoDb(page("", A))) {
            Spool spool = runs.spool(server.access(), KEYS);
            UnitManifest spooled = spool.obtain(UNIT);
            spool.close(List.of(spooled));
            spool.delete();
            assertThat(runs.spoolFiles()).isEmpty();
            assertThat(spool.obtain(UNIT)).isEqualTo(spooled);
            assertThat(server.requests()).hasSize(1);
            assertThatThrownBy(() -> spool.open(spooled))
                    .isInstanceOf(Fault.class)
                    .hasMessageContaining(spooled.files().get(0).path());
        }
    }
}
