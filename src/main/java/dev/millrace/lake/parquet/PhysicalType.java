package dev.millrace.lake.parquet;

/** How values are stored; in the order of Parquet's numbers. */
enum PhysicalType {
    BOOLEAN(0, 0),
    INT32(1, 4),
    INT64(2, 8),
    INT96(3, 12),
    FLOAT(4, 4),
    DOUBLE(5, 8),
    BYTE_ARRAY(6, 0),
    FIXED_LEN_BYTE_ARRAY(7, 0);

    private static final PhysicalType[] BY_NUMBER = values();

    private final int number;
    private final int bytes;

    PhysicalType(int number, int bytes) {
        this.number = number;
        this.bytes = bytes;
    }

    /** Parquet's number. */
    int number() {
        return number;
    }

    /** Bytes of a value, or 0 where the type alone does not tell. */
    int bytes() {
        return bytes;
    }

    static PhysicalType of(int number) {
        if (number < 0 || number >= BY_NUMBER.length) {
            throw new CorruptBytes("a column is of type " + number);
        }
        return BY_NUMBER[number];
    }
}
