package dev.millrace.schema;

import java.nio.charset.StandardCharsets;

/**
 * Ids of records that have no key: 32 hex digits, of which the first {@value #FILE_DIGITS} are a hash of the file's URI
 * and etag and the others the record's offset in it. So ids are unique as far as 80 bits can tell files apart, sort by
 * place within a file, take little room in a column, and tell a child row's file too. For one thread.
 */
public final class RowIds {
    private static final int FILE_DIGITS = 20;
    private static final int OFFSET_DIGITS = 12;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final byte[] id = new byte[FILE_DIGITS + OFFSET_DIGITS];

    /** What the ids of all records of a file begin with. */
    public static String prefix(String uri, String etag) {
        return Names.sha256(uri + "\0" + etag).substring(0, FILE_DIGITS);
    }

    /** Begins a file. */
    void file(String uri, String etag) {
        byte[] prefix = prefix(uri, etag).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(prefix, 0, id, 0, FILE_DIGITS);
    }

    /** The id of the record at an offset as UTF-8; valid until the next call. */
    byte[] at(long offset) {
        long rest = offset;
        for (int i = id.length - 1; i >= FILE_DIGITS; i--) {
            id[i] = HEX[(int) (rest & 15)];
            rest >>>= 4;
        }
        if (rest != 0) {
            throw new IllegalArgumentException("Invalid offset: " + offset + ": must be from 0 to 2^48 - 1");
        }
        return id;
    }
}
