package dev.millrace.files;

import dev.millrace.json.JsonTape;
import java.io.Closeable;

/**
 * The records of a file one after another, each a value of plain JSON on a tape; and what in the file is no record. A
 * record is valid until the next one.
 *
 * <p>A record of JSON may be any value; elements of an array at the top are records. Those of other formats are objects:
 * values of CSV are strings. Of Parquet, numbers and booleans are themselves, times and dates ISO 8601 in UTC, bytes base64.
 */
public interface RecordReader extends Closeable {
    /** What was met. */
    enum Met {
        RECORD,
        /** Bytes that are no record: {@link #bad} tells. */
        BAD,
        END
    }

    /**
     * Something that is no record.
     *
     * @param offset as {@link RecordReader#position}
     * @param reason what is wrong with it
     * @param bytes the bytes themselves, the first of them where they are many
     * @param length how many bytes there are in the file
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Bad(long offset, String reason, byte[] bytes, long length) {}

    /** Goes on. Failures of storage are Faults; what is wrong with the content is {@link Met#BAD}. */
    Met next();

    /** The record: token 0 and those below it. */
    JsonTape tape();

    /** Where the record begins: its byte in the decompressed content; in Parquet, its row, from 0. */
    long position();

    Bad bad();

    /** At the end: why records that were to follow could not be read; empty text where the file was read to its end. */
    default String damage() {
        return "";
    }

    @Override
    void close();
}
