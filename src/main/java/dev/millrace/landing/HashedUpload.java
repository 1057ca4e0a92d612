package dev.millrace.landing;

import dev.millrace.storage.Sha256;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.util.HexFormat;

/** An upload whose bytes are hashed on their way. */
final class HashedUpload implements Upload {
    private final Upload upload;
    private final DigestOutputStream stream;

    HashedUpload(Upload upload) {
        this.upload = upload;
        stream = new DigestOutputStream(upload.stream(), Sha256.digest());
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
