package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A spool file under AES-256-GCM, in chunks so that neither side holds more than one.
 *
 * <p>{@code MRS1}, 8 random bytes, then per chunk its length in four bytes and its ciphertext with tag. A chunk's nonce
 * is the file's random bytes and its number; whether it is the last one is authenticated with it, so chunks can neither
 * be changed, moved, added nor left out, at the end neither.
 */
final class SpoolCipher {
    static final String SUFFIX = ".enc";

    private static final byte[] MAGIC = {'M', 'R', 'S', '1'};
    private static final int CHUNK = 64 << 10;
    private static final int SALT = 8;
    private static final int TAG = 16;

    private SpoolCipher() {}

    private static Cipher cipher(int mode, SpoolKey key, byte[] salt, int number, boolean last) {
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            byte[] nonce = ByteBuffer.allocate(SALT + Integer.BYTES)
                    .put(salt)
                    .putInt(number)
                    .array();
            cipher.init(mode, new SecretKeySpec(key.bytes(), "AES"), new GCMParameterSpec(TAG * Byte.SIZE, nonce));
            cipher.updateAAD(new byte[] {(byte) (last ? 1 : 0)});
            return cipher;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has AES in GCM mode", e);
        }
    }

    /** Encrypts what is written; the file is whole only once the stream is closed. Does not close {@code out}. */
    static OutputStream encrypt(OutputStream out, SpoolKey key) throws IOException {
        byte[] salt = new byte[SALT];
        new SecureRandom().nextBytes(salt);
        out.write(MAGIC);
        out.write(salt);
        return new Encrypting(out, key, salt);
    }

    /** Decrypts a file; a wrong key or a change is a fault of kind WORLD that names it. */
    static InputStream decrypt(InputStream in, SpoolKey key, String uri) throws IOException {
        if (key.isNone()) {
            throw Fault.world("Cannot read " + uri + ": it is encrypted and staging.spool-key is not set");
        }
        DataInputStream data = new DataInputStream(in);
        byte[] head = data.readNBytes(MAGIC.length + SALT);
        if (head.length < MAGIC.length + SALT || !Arrays.equals(head, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw Fault.world("Cannot read " + uri + ": it is no encrypted spool file");
        }
        return new Decrypting(data, key, Arrays.copyOfRange(head, MAGIC.length, head.length), uri);
    }

    private static final class Encrypting extends OutputStream {
        private final OutputStream out;
        private final SpoolKey key;
        private final byte[] salt;
        private final byte[] chunk = new byte[CHUNK];
        private int filled;
        private int number;
        private boolean closed;

        Encrypting(OutputStream out, SpoolKey key, byte[] salt) {
            this.out = out;
            this.key = key;
            this.salt = salt;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int from = offset;
            int left = length;
            while (left > 0) {
                if (filled == CHUNK) {
                    seal(false);
                }
                int more = Math.min(left, CHUNK - filled);
                System.arraycopy(bytes, from, chunk, filled, more);
                filled += more;
                from += more;
                left -= more;
            }
        }

        private void seal(boolean last) throws IOException {
            try {
                byte[] sealed =
                        cipher(Cipher.ENCRYPT_MODE, key, salt, number++, last).doFinal(chunk, 0, filled);
                out.write(
                        ByteBuffer.allocate(Integer.BYTES).putInt(sealed.length).array());
                out.write(sealed);
                filled = 0;
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("Encryption cannot fail", e);
            }
        }

        @Override
        public void close() throws IOException {
            if (!closed) {
                closed = true;
                seal(true);
            }
        }
    }

    private static final class Decrypting extends InputStream {
        private final DataInputStream in;
        private final SpoolKey key;
        private final byte[] salt;
        private final String uri;
        private byte[] chunk = new byte[0];
        private int read;
        private int number;
        private boolean last;

        Decrypting(DataInputStream in, SpoolKey key, byte[] salt, String uri) {
            this.in = in;
            this.key = key;
            this.salt = salt;
            this.uri = uri;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            while (read == chunk.length) {
                if (last) {
                    return -1;
                }
                open();
            }
            int more = Math.min(length, chunk.length - read);
            System.arraycopy(chunk, read, bytes, offset, more);
            read += more;
            return more;
        }

        private void open() throws IOException {
            byte[] sealed;
            try {
                int length = in.readInt();
                if (length < TAG || length > CHUNK + TAG) {
                    throw damaged();
                }
                sealed = in.readNBytes(length);
                if (sealed.length < length) {
                    throw damaged();
                }
            } catch (EOFException e) {
                throw damaged();
            }
            last = true;
            try {
                chunk = unseal(sealed, false);
                last = false;
            } catch (AEADBadTagException notAMiddleOne) {
                try {
                    chunk = unseal(sealed, true);
                    if (in.read() >= 0) {
                        throw damaged();
                    }
                } catch (AEADBadTagException e) {
                    throw damaged();
                }
            }
            number++;
            read = 0;
        }

        private byte[] unseal(byte[] sealed, boolean asLast) throws AEADBadTagException {
            try {
                return cipher(Cipher.DECRYPT_MODE, key, salt, number, asLast).doFinal(sealed);
            } catch (AEADBadTagException e) {
                throw e;
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("Decryption fails by its tag only", e);
            }
        }

        private Fault damaged() {
            return Fault.world("Cannot read " + uri + ": chunk " + number
                    + " is damaged, cut off, or encrypted with another key than staging.spool-key");
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
