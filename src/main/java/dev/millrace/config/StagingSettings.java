package dev.millrace.config;

import dev.millrace.fault.Fault;
import dev.millrace.table.Codec;
import dev.millrace.table.FileFormat;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;

/**
 * Where a run keeps its files until the warehouse has them, and how.
 *
 * @param at the folder
 * @param keep how long the files of a run stay after its end
 * @param format of landing files
 * @param codec of landing files
 * @param spool what becomes of the spool
 * @param spoolKey AES key of an encrypted spool, as {@link #decodeSpoolKey} reads it; present when the spool is encrypted
 */
public record StagingSettings(
        Location at, Duration keep, FileFormat format, Codec codec, Spool spool, Optional<SecretRef> spoolKey) {
    /** What becomes of a unit's verbatim input once it was read. */
    public enum Spool {
        /** It stays as long as the run's other files. */
        KEEP,
        /** It is removed as soon as the unit is landed. */
        DELETE,
        /** It stays, encrypted. */
        ENCRYPT
    }

    private static final int KEY_BYTES = 32;

    /** The 32 bytes of a spool key given in base64. The message of a mistake does not hold the key. */
    public static byte[] decodeSpoolKey(String base64) {
        return decoded(base64).orElseThrow(() -> Fault.user("Invalid staging.spool-key: " + KEY_RULE));
    }

    static final String KEY_RULE = "must hold " + KEY_BYTES + " bytes in base64: make one by openssl rand -base64 32";

    static boolean isSpoolKey(String base64) {
        return decoded(base64).isPresent();
    }

    private static Optional<byte[]> decoded(String base64) {
        try {
            return Optional.of(Base64.getDecoder().decode(base64.strip())).filter(key -> key.length == KEY_BYTES);
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }
}
