package dev.millrace.landing;

import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.TableDefinition;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.bytes.HeapByteBufferAllocator;
import org.apache.parquet.column.ColumnWriteStore;
import org.apache.parquet.column.ColumnWriter;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.ColumnChunkPageWriteStore;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * A Parquet file. Rows go straight to the column writers, so that the memory of many open files can be bounded by
 * ending a row group at any row.
 */
@SuppressWarnings("deprecation") // BytesCompressor has a successor that the page store does not take yet.
final class ParquetDataFile implements DataFileWriter {
    /** Bytes of a page before it is compressed; the unit in which a column grows in memory. */
    private static final int PAGE_BYTES = 256 << 10;

    private static final int DICTIONARY_BYTES = 512 << 10;

    private final Upload upload;
    private final TableDefinition table;
    private final int[] positions;
    private final Map<String, String> facts;
    private final MessageType schema;
    private final ParquetProperties properties;
    private final CodecFactory.BytesCompressor compressor;
    private final ParquetFileWriter file;
    private final List<Cell> cells = new ArrayList<>();
    private ColumnChunkPageWriteStore pages;
    private ColumnWriteStore store;
    private long rows;

    /** Writes one column's value. Returns about the bytes it takes. */
    private interface Cell {
        long write(ColumnWriter writer, InternalRow struct, int position, int level);
    }

    /** A cell with the writer of the present row group. */
    private ColumnWriter[] writers;

    /**
     * @param positions for each column its position in the structs given to {@link #write}
     * @param facts key-value pairs for the footer
     */
    ParquetDataFile(
            Upload upload,
            TableDefinition table,
            List<Integer> positions,
            Map<String, String> facts,
            CodecFactory.BytesCompressor compressor)
            throws IOException {
        this.upload = upload;
        this.table = table;
        this.positions = positions.stream().mapToInt(Integer::intValue).toArray();
        this.facts = facts;
        this.compressor = compressor;
        schema = ParquetSchemas.schema(table);
        properties = ParquetProperties.builder()
                .withWriterVersion(ParquetProperties.WriterVersion.PARQUET_1_0)
                .withPageSize(PAGE_BYTES)
                .withDictionaryPageSize(DICTIONARY_BYTES)
                .withPageWriteChecksumEnabled(true)
                .withValuesWriterFactory(new SmallDictionaries())
                .build();
        for (Column column : table.columns()) {
            cells.add(cell(column));
        }
        file = new ParquetFileWriter(
                new UploadOutputFile(upload),
                schema,
                ParquetFileWriter.Mode.CREATE,
                LandingPlan.DEFAULT_ROLL_BYTES,
                0,
                properties.getColumnIndexTruncateLength(),
                properties.getStatisticsTruncateLength(),
                properties.getPageWriteChecksumEnabled());
        file.start();
        beginRowGroup();
    }

    /**
     * What the footer tells of a table. Spark's version is there because without it Spark takes dates before 1582 for
     * those of the Julian calendar, or refuses them.
     */
    static Map<String, String> facts(String table, int schemaVersion) {
        return Map.of(
                "millrace.table", table,
                "millrace.schema-version", Integer.toString(schemaVersion),
                "org.apache.spark.version", org.apache.spark.package$.MODULE$.SPARK_VERSION());
    }

    /** One for all files of a task. */
    static CodecFactory codecs() {
        return new CodecFactory(new Configuration(false), PAGE_BYTES);
    }

    static CompressionCodecName codecName(Codec codec) {
        return switch (codec) {
            case ZSTD -> CompressionCodecName.ZSTD;
            case SNAPPY -> CompressionCodecName.SNAPPY;
            case GZIP -> CompressionCodecName.GZIP;
            case NONE -> CompressionCodecName.UNCOMPRESSED;
        };
    }

    private void beginRowGroup() {
        pages = new ColumnChunkPageWriteStore(
                compressor,
                schema,
                new HeapByteBufferAllocator(),
                properties.getColumnIndexTruncateLength(),
                properties.getPageWriteChecksumEnabled());
        store = properties.newColumnWriteStore(schema, pages, pages);
        writers = schema.getColumns().stream().map(store::getColumnWriter).toArray(ColumnWriter[]::new);
        rows = 0;
    }

    @Override
    public long write(InternalRow struct) {
        long bytes = 0;
        for (int i = 0; i < positions.length; i++) {
            int position = positions[i];
            boolean nullable = table.columns().get(i).nullable();
            if (!struct.isNullAt(position)) {
                bytes += cells.get(i).write(writers[i], struct, position, nullable ? 1 : 0);
            } else if (nullable) {
                writers[i].writeNull(0, 0);
            } else {
                throw new IllegalStateException("Table " + table.name() + ": column "
                        + table.columns().get(i).name() + " is null in a row, but may not be");
            }
        }
        store.endRecord();
        rows++;
        return bytes;
    }

    private static Cell cell(Column column) {
        return switch (column.type().kind()) {
            case STRING, JSON -> ParquetDataFile::writeString;
            case BINARY ->
                (writer, struct, position, level) -> {
                    byte[] value = struct.getBinary(position);
                    writer.write(Binary.fromReusedByteArray(value), 0, level);
                    return value.length + 4L;
                };
            case BIGINT, TIMESTAMP ->
                (writer, struct, position, level) -> {
                    writer.write(struct.getLong(position), 0, level);
                    return Long.BYTES;
                };
            case DATE ->
                (writer, struct, position, level) -> {
                    writer.write(struct.getInt(position), 0, level);
                    return Integer.BYTES;
                };
            case DOUBLE ->
                (writer, struct, position, level) -> {
                    writer.write(struct.getDouble(position), 0, level);
                    return Double.BYTES;
                };
            case BOOLEAN ->
                (writer, struct, position, level) -> {
                    writer.write(struct.getBoolean(position), 0, level);
                    return 1;
                };
            case DECIMAL -> decimalCell(column.type().precision(), column.type().scale());
        };
    }

    /** Reused: Spark fills the buffer of a row anew for the next, and Parquet keeps what it puts into a dictionary. */
    private static long writeString(ColumnWriter writer, InternalRow struct, int position, int level) {
        UTF8String value = struct.getUTF8String(position);
        Binary binary = value.getBaseObject() instanceof byte[] bytes
                ? Binary.fromReusedByteArray(
                        bytes, (int) (value.getBaseOffset() - Platform.BYTE_ARRAY_OFFSET), value.numBytes())
                : Binary.fromConstantByteArray(value.getBytes());
        writer.write(binary, 0, level);
        return value.numBytes() + 4L;
    }

    private static Cell decimalCell(int precision, int scale) {
        if (precision <= 9) {
            return (writer, struct, position, level) -> {
                Decimal value = struct.getDecimal(position, precision, scale);
                writer.write(Math.toIntExact(unscaledLong(value, scale)), 0, level);
                return Integer.BYTES;
            };
        }
        if (precision <= 18) {
            return (writer, struct, position, level) -> {
                writer.write(unscaledLong(struct.getDecimal(position, precision, scale), scale), 0, level);
                return Long.BYTES;
            };
        }
        byte[] fixed = new byte[ParquetSchemas.bytesFor(precision)];
        return (writer, struct, position, level) -> {
            BigDecimal value = struct.getDecimal(position, precision, scale).toJavaBigDecimal();
            byte[] unscaled = value.setScale(scale, RoundingMode.UNNECESSARY)
                    .unscaledValue()
                    .toByteArray();
            int sign = fixed.length - unscaled.length;
            Arrays.fill(fixed, 0, sign, (byte) (unscaled[0] < 0 ? -1 : 0));
            System.arraycopy(unscaled, 0, fixed, sign, unscaled.length);
            writer.write(Binary.fromReusedByteArray(fixed), 0, level);
            return fixed.length;
        };
    }

    private static long unscaledLong(Decimal value, int scale) {
        return value.scale() == scale
                ? value.toUnscaledLong()
                : value.toJavaBigDecimal()
                        .setScale(scale, RoundingMode.UNNECESSARY)
                        .unscaledValue()
                        .longValueExact();
    }

    @Override
    public long buffered() {
        return store.getAllocatedSize();
    }

    @Override
    public void flush() throws IOException {
        endRowGroup();
        beginRowGroup();
    }

    private void endRowGroup() throws IOException {
        if (rows > 0) {
            file.startBlock(rows);
            store.flush();
            pages.flushToFileWriter(file);
            file.endBlock();
        }
    }

    @Override
    public long written() {
        return upload.bytes();
    }

    @Override
    public void endRows() throws IOException {
        endRowGroup();
    }

    @Override
    public StoredFile finish() throws IOException {
        file.end(facts);
        return upload.commit();
    }

    @Override
    public void close() {
        upload.close();
    }
}
