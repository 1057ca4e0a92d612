package dev.millrace.config;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that holds a secret and nothing else, as container platforms mount them. Messages name the file, never what is in
 * it.
 */
final class SecretFile {
    private static final Logger LOG = LoggerFactory.getLogger(SecretFile.class);

    /** Longer ones are no secrets but files named by mistake. */
    private static final int MAX_BYTES = 64 << 10;

    private SecretFile() {}

    /**
     * The secret, without the end of its last line, which editors add.
     *
     * @throws Fault USER where there is none, or one that others may change
     */
    static String read(Path file) {
        requireOwn(file);
        String text = text(file, bytes(file));
        String secret = text.endsWith("\r\n")
                ? text.substring(0, text.length() - 2)
                : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        if (secret.isEmpty()) {
            throw invalid(file, "it is empty: write the secret to it");
        }
        return secret;
    }

    private static byte[] bytes(Path file) {
        try {
            if (Files.isDirectory(file)) {
                throw invalid(file, "it is a folder: name the file in it");
            }
            if (Files.size(file) > MAX_BYTES) {
                throw invalid(
                        file,
                        "it has " + Files.size(file) + " bytes, a secret at most " + MAX_BYTES
                                + ": name the right file");
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw invalid(file, "there is no such file: is its name right, and is it mounted here?");
        } catch (AccessDeniedException e) {
            throw invalid(file, "this user may not read it: change its owner, or its rights by chmod");
        } catch (IOException e) {
            throw Fault.world("The secret's file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static String text(Path file, byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw invalid(file, "it is no text in UTF-8: name the right file");
        }
    }

    /** Who can write the file says what is used; who can read it knows the secret, which containers leave to all. */
    private static void requireOwn(Path file) {
        PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (view == null || !Files.exists(file)) {
            return;
        }
        try {
            var permissions = view.readAttributes().permissions();
            if (permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw invalid(file, "everybody may write it: chmod o-w " + file);
            }
            if (permissions.contains(PosixFilePermission.OTHERS_READ)) {
                LOG.warn("The secret's file {} may be read by everybody on this machine: chmod o-r {}", file, file);
            }
        } catch (IOException e) {
            throw Fault.world("The secret's file " + file + " cannot be looked at: " + e.getMessage(), e);
        }
    }

    private static Fault invalid(Path file, String why) {
        return Fault.user("Invalid secret: ${file:" + file + "}: " + why);
    }
}
