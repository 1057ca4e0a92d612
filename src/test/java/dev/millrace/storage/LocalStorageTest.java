package dev.millrace.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalStorageTest extends StorageContract {
    @TempDir
    private Path folder;

    @Override
    Storage storage() {
        return Storages.open(folder.resolve("store").toString(), StorageOptions.DEFAULT);
    }

    @Test
    void acceptsPathsAndFileUris() {
        for (String location :
                List.of("/tmp/a b", "/tmp/a b/", "file:/tmp/a b", "file:///tmp/a b/", "FILE:///tmp/x/../a b")) {
            assertThat(Storages.open(location, StorageOptions.DEFAULT).root()).isEqualTo("file:///tmp/a b/");
        }
        Storage storage = Storages.open("/tmp/a", StorageOptions.DEFAULT);
        assertThat(storage.pathOf("file:/tmp/a/b")).isEqualTo("b");
        assertThat(storage.pathOf("/tmp/a/b")).isEqualTo("b");
        assertThat(Storages.open("/", StorageOptions.DEFAULT).uri("x")).isEqualTo("file:///x");
    }

    @Test
    void leavesNothingBesideTheFilesOfAnUpload() throws IOException {
        try (Upload upload = storage().create("data/part")) {
            upload.stream().write(bytes("x"));
            upload.commit();
        }
        storage().putIfAbsent("data/manifest", bytes("y"));
        storage().putIfAbsent("data/manifest", bytes("z"));
        assertThat(everything()).containsExactlyInAnyOrder("store/data/part", "store/data/manifest");
    }

    @Test
    void aProcessKilledInTheMiddleOfAnUploadLeavesNothingVisible() throws Exception {
        Process writer = process("half-upload", "data/part");
        assertThat(writer.getInputStream().read()).isEqualTo('h');
        assertThat(everything()).hasSize(1);
        writer.destroyForcibly();
        assertThat(writer.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(paths("")).isEmpty();
        assertThat(storage().names("")).isEmpty();
        assertThat(storage().putIfAbsent("data/part", bytes("mine"))).isTrue();
        assertThat(paths("")).containsExactly("data/part");
        assertThat(everything()).hasSize(2);
        storage().discard(storage().unfinished(""));
        assertThat(everything()).containsExactly("store/data/part");
    }

    @Test
    void noUpdateIsLostBetweenProcesses() throws Exception {
        storage().put("count", bytes("1000"));
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            processes.add(process("increment", "count", "200"));
        }
        for (Process process : processes) {
            // Both have started before either begins.
            assertThat(process.getInputStream().read()).isEqualTo('h');
        }
        for (Process process : processes) {
            try (OutputStream go = process.getOutputStream()) {
                go.write('g');
            }
        }
        for (Process process : processes) {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        }
        assertThat(text("count")).contains("1400");
    }

    @Test
    void versionsWrittenWithinOneTickDiffer() {
        storage().put("state", bytes("0"));
        List<String> etags = new ArrayList<>();
        String etag = storage().stat("state").orElseThrow().etag();
        for (int i = 0; i < 200; i++) {
            etags.add(etag);
            etag = storage()
                    .compareAndPut("state", etag, bytes(Integer.toString(i % 10)))
                    .orElseThrow();
        }
        assertThat(etags).doesNotHaveDuplicates();
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() throws IOException {
        Files.writeString(folder.resolve("store"), "a file, not a folder");
        assertThatThrownBy(() -> storage().put("a", bytes("x")))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Cannot write file://" + folder.resolve("store/a") + ": ")
                .extracting(failure -> ((Fault) failure).kind())
                .isEqualTo(Fault.Kind.WORLD);
        assertThat(storage().find("a")).isEmpty();
        assertThat(storage().list("")).isEmpty();
    }

    @Test
    void followsLinksToFolders() throws IOException {
        Files.createDirectories(folder.resolve("elsewhere"));
        Files.writeString(folder.resolve("elsewhere/x"), "1");
        Files.createDirectories(folder.resolve("store"));
        Files.createSymbolicLink(folder.resolve("store/latest"), folder.resolve("elsewhere"));
        assertThat(paths("")).containsExactly("latest/x");
        assertThat(storage().names("")).containsExactly("latest/");
    }

    private List<String> everything() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .toList();
        }
    }

    private Process process(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                StorageProcess.class.getName(),
                storage().root()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
