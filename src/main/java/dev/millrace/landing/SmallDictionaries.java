package dev.millrace.landing;

import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.column.values.RequiresFallback;
import org.apache.parquet.column.values.ValuesWriter;
import org.apache.parquet.column.values.dictionary.DictionaryValuesWriter.PlainBinaryDictionaryValuesWriter;
import org.apache.parquet.column.values.dictionary.DictionaryValuesWriter.PlainDoubleDictionaryValuesWriter;
import org.apache.parquet.column.values.dictionary.DictionaryValuesWriter.PlainIntegerDictionaryValuesWriter;
import org.apache.parquet.column.values.dictionary.DictionaryValuesWriter.PlainLongDictionaryValuesWriter;
import org.apache.parquet.column.values.dictionary.IntList;
import org.apache.parquet.column.values.factory.ValuesWriterFactory;
import org.apache.parquet.column.values.fallback.FallbackValuesWriter;
import org.apache.parquet.column.values.plain.BooleanPlainValuesWriter;
import org.apache.parquet.column.values.plain.FixedLenByteArrayPlainValuesWriter;
import org.apache.parquet.column.values.plain.PlainValuesWriter;

/**
 * The encodings of Parquet 1.0 pages, as by default, for many columns open at once: the default list of dictionary
 * indexes takes 16 KB with its first value, which 40 tables of 400 columns multiply to 256 MB. These begin at 64 bytes,
 * and they tell what a dictionary takes in memory, not only on disk.
 */
final class SmallDictionaries implements ValuesWriterFactory {
    /** What a value of a dictionary takes besides its bytes: its object, array header and two slots of a map. */
    private static final long BINARY_ENTRY = 90;

    private static final long NUMBER_ENTRY = 40;

    /** The name of dictionary pages in Parquet 1.0, which every reader knows. */
    @SuppressWarnings("deprecation") // Parquet 2.0 calls it by two other names.
    private static final Encoding DICTIONARY = Encoding.PLAIN_DICTIONARY;

    private ParquetProperties properties;

    @Override
    public void initialize(ParquetProperties newProperties) {
        properties = newProperties;
    }

    @Override
    public ValuesWriter newValuesWriter(ColumnDescriptor column) {
        return switch (column.getPrimitiveType().getPrimitiveTypeName()) {
            case BOOLEAN -> new BooleanPlainValuesWriter();
            case FIXED_LEN_BYTE_ARRAY ->
                new FixedLenByteArrayPlainValuesWriter(
                        column.getPrimitiveType().getTypeLength(),
                        properties.getInitialSlabSize(),
                        properties.getPageSizeThreshold(),
                        properties.getAllocator());
            case BINARY -> withFallback(new Binaries());
            case INT32 -> withFallback(new Integers());
            case INT64 -> withFallback(new Longs());
            case DOUBLE -> withFallback(new Doubles());
            case FLOAT, INT96 ->
                throw new IllegalArgumentException("No column is written as " + column.getPrimitiveType());
        };
    }

    private <I extends ValuesWriter & RequiresFallback> ValuesWriter withFallback(I dictionary) {
        PlainValuesWriter plain = new PlainValuesWriter(
                properties.getInitialSlabSize(), properties.getPageSizeThreshold(), properties.getAllocator());
        return FallbackValuesWriter.of(dictionary, plain);
    }

    private final class Binaries extends PlainBinaryDictionaryValuesWriter {
        Binaries() {
            super(properties.getDictionaryPageSizeThreshold(), DICTIONARY, DICTIONARY, properties.getAllocator());
            encodedValues = new SmallIntList();
        }

        @Override
        public void reset() {
            super.reset();
            encodedValues = new SmallIntList();
        }

        @Override
        public long getAllocatedSize() {
            return super.getAllocatedSize() + getDictionarySize() * BINARY_ENTRY;
        }
    }

    private final class Integers extends PlainIntegerDictionaryValuesWriter {
        Integers() {
            super(properties.getDictionaryPageSizeThreshold(), DICTIONARY, DICTIONARY, properties.getAllocator());
            encodedValues = new SmallIntList();
        }

        @Override
        public void reset() {
            super.reset();
            encodedValues = new SmallIntList();
        }

        @Override
        public long getAllocatedSize() {
            return super.getAllocatedSize() + getDictionarySize() * NUMBER_ENTRY;
        }
    }

    private final class Longs extends PlainLongDictionaryValuesWriter {
        Longs() {
            super(properties.getDictionaryPageSizeThreshold(), DICTIONARY, DICTIONARY, properties.getAllocator());
            encodedValues = new SmallIntList();
        }

        @Override
        public void reset() {
            super.reset();
            encodedValues = new SmallIntList();
        }

        @Override
        public long getAllocatedSize() {
            return super.getAllocatedSize() + getDictionarySize() * NUMBER_ENTRY;
        }
    }

    private final class Doubles extends PlainDoubleDictionaryValuesWriter {
        Doubles() {
            super(properties.getDictionaryPageSizeThreshold(), DICTIONARY, DICTIONARY, properties.getAllocator());
            encodedValues = new SmallIntList();
        }

        @Override
        public void reset() {
            super.reset();
            encodedValues = new SmallIntList();
        }

        @Override
        public long getAllocatedSize() {
            return super.getAllocatedSize() + getDictionarySize() * NUMBER_ENTRY;
        }
    }

    /** A list of one array that doubles; a page holds at most 20,000 values. */
    private static final class SmallIntList extends IntList {
        private int[] values = new int[16];
        private int size;

        @Override
        public void add(int value) {
            if (size == values.length) {
                values = java.util.Arrays.copyOf(values, 2 * size);
            }
            values[size++] = value;
        }

        @Override
        public IntIterator iterator() {
            return new IntIterator(new int[][] {values}, size);
        }

        @Override
        public int size() {
            return size;
        }
    }
}
