package dev.millrace.lake.parquet;

import java.util.OptionalInt;

/**
 * What stands before a page.
 *
 * @param uncompressed bytes of the body before compression; with the levels
 * @param compressed bytes of the body as it lies there; with the levels
 * @param crc of the body as it lies there
 * @param values with nulls; of a dictionary its entries
 * @param encoding of the values
 * @param levelEncodings of a page of the first version
 * @param second what a page of the second version has more
 */
record PageHeader(
        Kind kind,
        int uncompressed,
        int compressed,
        OptionalInt crc,
        int values,
        int encoding,
        LevelEncodings levelEncodings,
        SecondVersion second,
        Statistics statistics) {
    /** What a page is. */
    enum Kind {
        DATA(0),
        INDEX(1),
        DICTIONARY(2),
        DATA_V2(3);

        private final int number;

        Kind(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }
    }

    /** How the levels of a page of the first version are encoded. */
    record LevelEncodings(int definition, int repetition) {}

    /**
     * Of a page of the second version, whose levels come first and are never compressed.
     *
     * @param nulls among its values
     * @param rows that begin in it
     * @param definitionBytes of the definition levels
     * @param repetitionBytes of the repetition levels, which come before
     * @param isCompressed whether the values are
     */
    record SecondVersion(int nulls, int rows, int definitionBytes, int repetitionBytes, boolean isCompressed) {
        static final SecondVersion NONE = new SecondVersion(0, 0, 0, 0, true);
    }

    static PageHeader read(ThriftReader in) {
        Fields fields = new Fields();
        for (int id = in.field(0); id != 0; id = in.field(id)) {
            switch (id) {
                case 1 -> fields.kind = kind(in.i32());
                case 2 -> fields.uncompressed = in.i32();
                case 3 -> fields.compressed = in.i32();
                case 4 -> fields.crc = OptionalInt.of(in.i32());
                case 5 -> fields.readData(in);
                case 7 -> fields.readDictionary(in);
                case 8 -> fields.readDataV2(in);
                default -> in.skip();
            }
        }
        return fields.header();
    }

    private static Kind kind(int number) {
        Kind[] kinds = Kind.values();
        if (number < 0 || number >= kinds.length) {
            throw new CorruptBytes("a page is of kind " + number);
        }
        return kinds[number];
    }

    boolean isData() {
        return kind == Kind.DATA || kind == Kind.DATA_V2;
    }

    /** Writes the header of a data page of the first version. */
    static void writeData(Bytes out, int uncompressed, int compressed, int crc, int values, int encoding) {
        ThriftWriter thrift = begin(out, Kind.DATA, uncompressed, compressed, crc);
        thrift.struct(5).i32(1, values).i32(2, encoding).i32(3, Encoding.RLE).i32(4, Encoding.RLE);
        thrift.end().endAll();
    }

    /** Writes the header of a dictionary. */
    static void writeDictionary(Bytes out, int uncompressed, int compressed, int crc, int entries) {
        ThriftWriter thrift = begin(out, Kind.DICTIONARY, uncompressed, compressed, crc);
        thrift.struct(7).i32(1, entries).i32(2, Encoding.PLAIN);
        thrift.end().endAll();
    }

    /** Writes this header for the same body, without statistics: the column index has them. */
    void writeCopy(Bytes out, int bodyCrc) {
        if (kind == Kind.DATA) {
            writeData(out, uncompressed, compressed, bodyCrc, values, encoding);
            return;
        }
        ThriftWriter thrift = begin(out, Kind.DATA_V2, uncompressed, compressed, bodyCrc);
        thrift.struct(8)
                .i32(1, values)
                .i32(2, second.nulls)
                .i32(3, second.rows)
                .i32(4, encoding)
                .i32(5, second.definitionBytes)
                .i32(6, second.repetitionBytes)
                .bool(7, second.isCompressed);
        thrift.end().endAll();
    }

    private static ThriftWriter begin(Bytes out, Kind kind, int uncompressed, int compressed, int crc) {
        return new ThriftWriter(out)
                .i32(1, kind.number)
                .i32(2, uncompressed)
                .i32(3, compressed)
                .i32(4, crc);
    }

    /** The fields while they are read. */
    private static final class Fields {
        private Kind kind = Kind.INDEX;
        private int uncompressed = -1;
        private int compressed = -1;
        private OptionalInt crc = OptionalInt.empty();
        private int values = -1;
        private int encoding = -1;
        private int definitionEncoding = Encoding.RLE;
        private int repetitionEncoding = Encoding.RLE;
        private int nulls;
        private int rows;
        private int definitionBytes;
        private int repetitionBytes;
        private boolean isCompressed = true;
        private Statistics statistics = Statistics.NONE;

        private void readData(ThriftReader in) {
            in.struct();
            for (int id = in.field(0); id != 0; id = in.field(id)) {
                switch (id) {
                    case 1 -> values = in.i32();
                    case 2 -> encoding = in.i32();
                    case 3 -> definitionEncoding = in.i32();
                    case 4 -> repetitionEncoding = in.i32();
                    case 5 -> statistics = Statistics.read(in);
                    default -> in.skip();
                }
            }
        }

        private void readDictionary(ThriftReader in) {
            in.struct();
            for (int id = in.field(0); id != 0; id = in.field(id)) {
                switch (id) {
                    case 1 -> values = in.i32();
                    case 2 -> encoding = in.i32();
                    default -> in.skip();
                }
            }
        }

        private void readDataV2(ThriftReader in) {
            in.struct();
            for (int id = in.field(0); id != 0; id = in.field(id)) {
                switch (id) {
                    case 1 -> values = in.i32();
                    case 2 -> nulls = in.i32();
                    case 3 -> rows = in.i32();
                    case 4 -> encoding = in.i32();
                    case 5 -> definitionBytes = in.i32();
                    case 6 -> repetitionBytes = in.i32();
                    case 7 -> isCompressed = in.bool();
                    case 8 -> statistics = Statistics.read(in);
                    default -> in.skip();
                }
            }
        }

        private PageHeader header() {
            boolean hasValues = kind == Kind.INDEX || (values >= 0 && encoding >= 0);
            long levels = (long) definitionBytes + repetitionBytes;
            boolean hasRoom =
                    definitionBytes >= 0 && repetitionBytes >= 0 && levels <= compressed && levels <= uncompressed;
            if (uncompressed < 0
                    || compressed < 0
                    || !hasValues
                    || !hasRoom
                    || nulls < 0
                    || nulls > Math.max(values, 0)) {
                throw new CorruptBytes("its header tells of " + values + " values, " + nulls + " of them null, in "
                        + compressed + " bytes for " + uncompressed + ", " + levels + " of them levels");
            }
            return new PageHeader(
                    kind,
                    uncompressed,
                    compressed,
                    crc,
                    values,
                    encoding,
                    new LevelEncodings(definitionEncoding, repetitionEncoding),
                    new SecondVersion(nulls, rows, definitionBytes, repetitionBytes, isCompressed),
                    statistics);
        }
    }
}
