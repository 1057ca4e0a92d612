package dev.millrace.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.InMemory;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class S3TailTest {
    @TempDir(factory = InMemory.class)
    private Path folder;

    @Test
    void showsTheLastLinesAndThenThoseThatAreNew() throws IOException {
        S3Tail tail = tail();
        assertThat(tail.next()).isEmpty();
        write(lines(1, 100));
        assertThat(tail.next()).hasSize(20).startsWith("line 81").endsWith("line 100");
        assertThat(tail.next()).isEmpty();
        write(lines(1, 150));
        assertThat(tail.next()).hasSize(50).startsWith("line 101").endsWith("line 150");
        write("cut\n");
        assertThat(tail.next()).isEmpty();
    }

    @Test
    void holdsNoMoreOfALineThanIsShown() throws IOException {
        byte[] many = "x".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("stderr.gz")))) {
            for (int i = 0; i < 512; i++) {
                out.write(many);
            }
            out.write("\nlast\n".getBytes(StandardCharsets.UTF_8));
        }
        List<String> shown = tail().next();
        assertThat(shown).hasSize(2).endsWith("last");
        assertThat(shown.get(0)).hasSize(10_000);
    }

    private S3Tail tail() {
        Storage storage = Storages.open(folder.toString(), StorageOptions.DEFAULT);
        return new S3Tail(storage, List.of("stderr.gz"));
    }

    private static String lines(int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(i -> "line " + i + "\n").collect(Collectors.joining());
    }

    private void write(String text) throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("stderr.gz")))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }
}
