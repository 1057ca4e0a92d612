package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.config.FileSource.Json;
import dev.millrace.sample.AccessRecordFiles;
import dev.millrace.sample.AccessRecordFiles.SampleFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sample's files as they are read: each record of them, and each piece that is none, apart. */
class AccessRecordReadingTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @Test
    void findsEachRecordAndEachPieceThatIsNone() throws IOException {
        Storage storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
        List<SampleFile> files = new AccessRecordFiles(
                        AccessRecordFiles.SEED, LocalDate.parse("2026-11-20"), 3, 10_000, false)
                .files()
                .toList();
        AccessRecordFiles.write(folder, files.stream(), file -> {});

        int broken = 0;
        for (SampleFile file : files) {
            FilePart part = FilePart.whole(storage.stat(file.path()).orElseThrow());
            Records read = Records.of(FileRecords.open(storage, part, new Json(List.of(), false), Records.LIMITS));

            assertThat(trees(read.texts())).as(file.path()).isEqualTo(trees(file.records()));
            assertThat(read.bad()).as(file.path()).hasSize(file.broken());
            broken += file.broken();
        }
        assertThat(broken).isGreaterThan(30);
    }

    private static List<JsonNode> trees(List<String> texts) throws IOException {
        List<JsonNode> trees = new ArrayList<>();
        for (String text : texts) {
            trees.add(JSON.readTree(text));
        }
        return trees;
    }
}
