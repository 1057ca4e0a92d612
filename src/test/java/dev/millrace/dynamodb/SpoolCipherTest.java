package dev.millrace.dynamodb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpoolCipherTest {
    private static final int CHUNK = 64 << 10;
    private static final int HEAD = 12;
    private static final int SEALED = 4 + CHUNK + 16;
    private static final String URI = "file:///spool/s1.json.zst.enc";

    static SpoolKey key(int seed) {
        byte[] key = new byte[SpoolKey.BYTES];
        new Random(seed).nextBytes(key);
        return SpoolKey.of(key);
    }

    private static byte[] plain(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static byte[] encrypt(byte[] plain, SpoolKey key) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (OutputStream out = SpoolCipher.encrypt(file, key)) {
            // In pieces that do not divide a chunk.
            for (int from = 0; from < plain.length; from += 1_000) {
                out.write(plain, from, Math.min(1_000, plain.length - from));
            }
        }
        return file.toByteArray();
    }

    private static byte[] decrypt(byte[] file, SpoolKey key) throws IOException {
        return SpoolCipher.decrypt(new ByteArrayInputStream(file), key, URI).readAllBytes();
    }

    private static void assertDamaged(byte[] file, int chunk) {
        assertThatThrownBy(() -> decrypt(file, key(1)))
                .isInstanceOf(Fault.class)
                .hasMessage("Cannot read " + URI + ": chunk " + chunk
                        + " is damaged, cut off, or encrypted with another key than staging.spool-key");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 5 * CHUNK})
    void readsWhatItWrote(int length) throws IOException {
        byte[] file = encrypt(plain(length), key(1));
        assertThat(decrypt(file, key(1))).isEqualTo(plain(length));
        assertThat(encrypt(plain(length), key(1))).isNotEqualTo(file);
    }

    @Test
    void refusesAnotherKey() throws IOException {
        byte[] file = encrypt(plain(100), key(1));
        assertThatThrownBy(() -> decrypt(file, key(2)))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Cannot read " + URI + ": chunk 0 is damaged");
    }

    @Test
    void refusesNoKey() throws IOException {
        byte[] file = encrypt(plain(100), key(1));
        assertThatThrownBy(() -> decrypt(file, SpoolKey.NONE))
                .isInstanceOf(Fault.class)
                .hasMessage("Cannot read " + URI + ": it is encrypted and staging.spool-key is not set");
    }

    @Test
    void refusesAFlippedBitAnywhere() throws IOException {
        byte[] file = encrypt(plain(50), key(1));
        for (int i = 4; i < file.length; i++) {
            byte[] flipped = file.clone();
            flipped[i] ^= 1;
            assertDamaged(flipped, 0);
        }
        byte[] flipped = file.clone();
        flipped[0] ^= 1;
        assertThatThrownBy(() -> decrypt(flipped, key(1)))
                .hasMessage("Cannot read " + URI + ": it is no encrypted spool file");
    }

    @Test
    void refusesSwappedChunks() throws IOException {
        byte[] file = encrypt(plain(3 * CHUNK), key(1));
        byte[] swapped = file.clone();
        System.arraycopy(file, HEAD, swapped, HEAD + SEALED, SEALED);
        System.arraycopy(file, HEAD + SEALED, swapped, HEAD, SEALED);
        assertDamaged(swapped, 0);
    }

    @Test
    void refusesAChunkOfAnotherFile() throws IOException {
        byte[] file = encrypt(plain(3 * CHUNK), key(1));
        byte[] other = encrypt(plain(3 * CHUNK), key(1));
        System.arraycopy(other, HEAD + SEALED, file, HEAD + SEALED, SEALED);
        assertDamaged(file, 1);
    }

    @Test
    void refusesAFileCutAtAChunk() throws IOException {
        byte[] file = encrypt(plain(3 * CHUNK), key(1));
        assertDamaged(Arrays.copyOf(file, HEAD + 2 * SEALED), 2);
        assertDamaged(Arrays.copyOf(file, HEAD), 0);
        assertDamaged(Arrays.copyOf(file, file.length - 1), 2);
        assertThatThrownBy(() -> decrypt(Arrays.copyOf(file, 5), key(1)))
                .hasMessage("Cannot read " + URI + ": it is no encrypted spool file");
    }

    @Test
    void refusesWhatFollowsTheLastChunk() throws IOException {
        byte[] file = encrypt(plain(10), key(1));
        assertDamaged(Arrays.copyOf(file, file.length + 1), 0);
    }
}
