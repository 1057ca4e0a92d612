package dev.millrace.lake.parquet;

import dev.millrace.lake.parquet.PageCheck.ColumnCheck;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;

/** The {@link PageCheck} of files as parquet-java reads them, value by value. */
final class JavaCheck {
    private JavaCheck() {}

    static PageCheck of(List<Path> files) throws IOException {
        List<ColumnCheck> sums = new ArrayList<>();
        long rows = 0;
        for (Path file : files) {
            try (ParquetFileReader reader = ParquetFileReader.open(
                    HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toUri()), new Configuration(false)))) {
                MessageType schema = reader.getFileMetaData().getSchema();
                List<ColumnDescriptor> columns = schema.getColumns();
                for (int c = sums.size(); c < columns.size(); c++) {
                    sums.add(new ColumnCheck(String.join(".", columns.get(c).getPath()), 0, 0, 0));
                }
                for (PageReadStore pages = reader.readNextRowGroup();
                        pages != null;
                        pages = reader.readNextRowGroup()) {
                    rows += pages.getRowCount();
                    ColumnReadStoreImpl store = new ColumnReadStoreImpl(
                            pages,
                            new GroupRecordConverter(schema).getRootConverter(),
                            schema,
                            reader.getFileMetaData().getCreatedBy());
                    for (int c = 0; c < columns.size(); c++) {
                        long count = pages.getPageReader(columns.get(c)).getTotalValueCount();
                        sums.set(c, plus(sums.get(c), store.getColumnReader(columns.get(c)), columns.get(c), count));
                    }
                }
            }
        }
        return new PageCheck(rows, sums);
    }

    private static ColumnCheck plus(ColumnCheck before, ColumnReader reader, ColumnDescriptor column, long count) {
        boolean isNested = column.getMaxDefinitionLevel() > 1 || column.getMaxRepetitionLevel() > 0;
        long nulls = 0;
        long sum = before.checksum();
        for (long i = 0; i < count; i++) {
            if (isNested) {
                sum += ValueHash.of((1 << 16) + reader.getCurrentDefinitionLevel());
                sum += ValueHash.of((1 << 17) + reader.getCurrentRepetitionLevel());
            }
            if (reader.getCurrentDefinitionLevel() < column.getMaxDefinitionLevel()) {
                nulls++;
            } else if (column.getPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.BOOLEAN) {
                sum += ValueHash.of(reader.getBoolean());
            } else {
                byte[] value = value(reader, column.getPrimitiveType().getPrimitiveTypeName());
                sum += ValueHash.of(value, 0, value.length);
            }
            reader.consume();
        }
        return new ColumnCheck(before.path(), before.values() + count, before.nulls() + nulls, sum);
    }

    private static byte[] value(ColumnReader reader, PrimitiveTypeName type) {
        return switch (type) {
            case BOOLEAN -> throw new IllegalArgumentException("Has no bytes");
            case INT32 -> bytes(Integer.BYTES).putInt(reader.getInteger()).array();
            case INT64 -> bytes(Long.BYTES).putLong(reader.getLong()).array();
            case FLOAT ->
                bytes(Integer.BYTES)
                        .putInt(Float.floatToRawIntBits(reader.getFloat()))
                        .array();
            case DOUBLE ->
                bytes(Long.BYTES)
                        .putLong(Double.doubleToRawLongBits(reader.getDouble()))
                        .array();
            case BINARY, FIXED_LEN_BYTE_ARRAY, INT96 -> reader.getBinary().getBytes();
        };
    }

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    }
}
