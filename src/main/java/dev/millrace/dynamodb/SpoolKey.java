package dev.millrace.dynamodb;

import java.io.Serializable;

/** The key of an encrypted spool, or none. Never printed. */
public final class SpoolKey implements Serializable {
    public static final SpoolKey NONE = new SpoolKey(new byte[0]);
    static final int BYTES = 32;

    private final byte[] key;

    private SpoolKey(byte[] key) {
        this.key = key;
    }

    /** A key of 32 bytes. */
    public static SpoolKey of(byte[] key) {
        if (key.length != BYTES) {
            throw new IllegalArgumentException("A spool key has " + BYTES + " bytes, this one " + key.length);
        }
        return new SpoolKey(key.clone());
    }

    boolean isNone() {
        return key.length == 0;
    }

    byte[] bytes() {
        return key;
    }

    @Override
    public String toString() {
        return isNone() ? "no spool key" : "a spool key";
    }
}
