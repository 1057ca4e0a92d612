package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.config.FileSource.OnChange;
import dev.millrace.config.FolderPattern;
import dev.millrace.config.Location;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalArrivalsTest extends ArrivalsContract {
    @TempDir
    Path base;

    private int folders;

    @Override
    Storage storage() {
        return Storages.open(base.resolve("folder-" + folders++).toString(), StorageOptions.DEFAULT);
    }

    @Test
    void aMissingFolderIsAMistake() {
        assertThatThrownBy(() -> search("nowhere").find(ledger(), Instant.EPOCH, TimeRange.ALL, false))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.exitCode()).isEqualTo(2))
                .hasMessage(
                        "No such folder: " + base.resolve("nowhere") + ": make it, or name another by the source's at");
    }

    @Test
    void filesOfOneSecondAreToldApart() throws IOException {
        Path folder = Files.createDirectories(base.resolve("same"));
        FileTime second = FileTime.from(Instant.parse("2026-11-21T07:00:00Z"));
        Files.setLastModifiedTime(Files.writeString(folder.resolve("a.json"), "{}"), second);
        Arrivals first = search("same").find(ledger(), Instant.EPOCH, TimeRange.ALL, false);
        assertThat(first.files()).hasSize(1);
        Files.setLastModifiedTime(Files.writeString(folder.resolve("b.json"), "{}"), second);
        assertThat(search("same")
                        .find(ledger(), Instant.EPOCH, TimeRange.ALL, false)
                        .files())
                .hasSize(2);
    }

    /** S3 has keys that are no paths. They are told in quarantine, once, and do not stop the others. */
    @Test
    void aNameThatIsNoPathIsRefused() {
        List<StoredFile> listed = Stream.of("../x", "a//b", "c", "d/.", "e/..f")
                .map(path -> new StoredFile(path, 1, "etag", Instant.EPOCH))
                .toList();
        Storage storage = (Storage) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Storage.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "list" -> listed;
                    case "localPath" -> Optional.empty();
                    default -> throw new AssertionError(method);
                });
        SourceFolder source = new SourceFolder(storage, FolderPattern.of(new Location("s3://bucket/")), "*");
        Arrivals arrivals = new ArrivalSearch(source, Duration.ofDays(3), Duration.ofDays(1), OnChange.REPROCESS)
                .find(ledger(), Instant.EPOCH, TimeRange.ALL, false);
        assertThat(arrivals.files())
                .extracting(arrival -> arrival.file().path() + " " + arrival.reason())
                .containsExactly("../x UNREADABLE", "a//b UNREADABLE", "c NEW", "d/. UNREADABLE");
    }

    private ArrivalSearch search(String name) {
        Path folder = base.resolve(name);
        SourceFolder source = new SourceFolder(
                Storages.open(folder.toString(), StorageOptions.DEFAULT), FolderPattern.of(Location.of(folder)), "*");
        return new ArrivalSearch(source, Duration.ofDays(3), Duration.ofDays(1), OnChange.REPROCESS);
    }
}
