package dev.millrace.lake.parquet;

/** How values are encoded, by Parquet's numbers. */
final class Encoding {
    static final int PLAIN = 0;
    static final int PLAIN_DICTIONARY = 2;
    static final int RLE = 3;
    static final int BIT_PACKED = 4;
    static final int DELTA_BINARY_PACKED = 5;
    static final int DELTA_LENGTH_BYTE_ARRAY = 6;
    static final int DELTA_BYTE_ARRAY = 7;
    static final int RLE_DICTIONARY = 8;
    static final int BYTE_STREAM_SPLIT = 9;

    private Encoding() {}

    static boolean isDictionary(int encoding) {
        return encoding == RLE_DICTIONARY || encoding == PLAIN_DICTIONARY;
    }

    /** Whether a page of such values can be read by itself, so that it may stand anywhere in a column chunk. */
    static boolean standsAlone(int encoding) {
        return switch (encoding) {
            case PLAIN, RLE, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT -> true;
            default -> false;
        };
    }
}
