package dev.millrace.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Secrets that lie in files: what of the file is the secret, and what is told where there is none. */
class SecretFileTest {
    @TempDir
    private Path folder;

    private Path file(String content, String permissions) throws IOException {
        Path file = Files.writeString(folder.resolve("db-password"), content);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    }

    private static String resolve(Path file) {
        return SecretRef.parse("${file:" + file + "}")
                .orElseThrow()
                .resolve(name -> Optional.empty(), (id, key) -> Optional.empty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"hunter 2", "hunter 2\n", "hunter 2\r\n"})
    void theEndOfTheLastLineIsNoPartOfTheSecret(String content) throws IOException {
        assertThat(resolve(file(content, "rw-------"))).isEqualTo("hunter 2");
    }

    @Test
    void allElseIsPartOfIt() throws IOException {
        assertThat(resolve(file(" a \n\nb\n\n", "r--r--r--"))).isEqualTo(" a \n\nb\n");
    }

    @Test
    void whereThereIsNoneTheMessageNamesTheFile() throws IOException {
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> resolve(missing))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid secret: ${file:" + missing
                        + "}: there is no such file: is its name right, and is it mounted here?");
        assertThatThrownBy(() -> resolve(folder))
                .hasMessage("Invalid secret: ${file:" + folder + "}: it is a folder: name the file in it");
        Path empty = file("\n", "rw-------");
        assertThatThrownBy(() -> resolve(empty))
                .hasMessage("Invalid secret: ${file:" + empty + "}: it is empty: write the secret to it");
        Path large = file("x".repeat(70_000), "rw-------");
        assertThatThrownBy(() -> resolve(large))
                .hasMessage("Invalid secret: ${file:" + large
                        + "}: it has 70000 bytes, a secret at most 65536: name the right file");
        Files.write(large, new byte[] {(byte) 0xff, (byte) 0xfe});
        assertThatThrownBy(() -> resolve(large))
                .hasMessage("Invalid secret: ${file:" + large + "}: it is no text in UTF-8: name the right file");
    }

    @Test
    void oneThatEverybodyMayWriteIsRefused() throws IOException {
        Path file = file("hunter2", "rw-rw-rw-");
        assertThatThrownBy(() -> resolve(file))
                .hasMessage("Invalid secret: ${file:" + file + "}: everybody may write it: chmod o-w " + file)
                .hasMessageNotContaining("hunter2");
    }
}
