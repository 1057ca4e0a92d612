package dev.millrace.storage;

import java.nio.charset.StandardCharsets;

/** A small file's content together with the etag it had when it was read. */
public final class Versioned {
    private final byte[] content;
    private final String etag;

    public Versioned(byte[] content, String etag) {
        this.content = content;
        this.etag = etag;
    }

    /** The bytes; not copied, not to be changed. */
    public byte[] content() {
        return content;
    }

    /** For {@link Storage#compareAndPut}. */
    public String etag() {
        return etag;
    }

    public String utf8() {
        return new String(content, StandardCharsets.UTF_8);
    }
}
