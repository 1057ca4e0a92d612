package dev.millrace.landing;

import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** An upload whose bytes are hashed on their way. */
final class HashedUpload implements Upload {
    private final Upload upload;
    private final DigestOutputStream stream;

    HashedUpload(Upload upload) {
        this.upload = upload;
        stream = new DigestOutputStream(upload.stream(), sha256());
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JVM has SHA-256", e);
        }
    }

    /** Of all bytes written so far. */
    String hash() {
        return HexFormat.of().formatHex(stream.getMessageDigest().digest());
    }

    @Override
    public OutputStream stream() {
        return stream;
    }

    @Override
    public long bytes() {
        return upload.bytes();
    }

    @Override
    public StoredFile commit() {
        return upload.commit();
    }

    @Override
    public void close() {
        upload.close();
    }
}
