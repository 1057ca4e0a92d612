package dev.millrace.landing;

import dev.millrace.fault.Fault;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.DelegatingSeekableInputStream;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.io.SeekableInputStream;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;

/** The Parquet file of a manifest: one row per data file, small enough to be held whole. */
final class ManifestData {
    private static final TableDefinition COLUMNS = new TableDefinition(
            "manifest",
            List.of(
                    new Column("uri", ColumnType.STRING, true),
                    new Column("size", ColumnType.BIGINT, true),
                    new Column("n_record", ColumnType.BIGINT, true),
                    new Column("etag", ColumnType.STRING, true)),
            List.of("uri"));

    private ManifestData() {}

    /** The same bytes for the same files, in their order. */
    static byte[] bytes(List<ManifestEntry> files) {
        Memory memory = new Memory();
        CodecFactory codecs = ParquetDataFile.codecs();
        try (ParquetDataFile out = new ParquetDataFile(
                memory,
                COLUMNS,
                List.of(0, 1, 2, 3),
                Map.of(),
                codecs.getCompressor(ParquetDataFile.codecName(Codec.ZSTD)))) {
            for (ManifestEntry file : files) {
                out.write(new GenericInternalRow(new Object[] {
                    UTF8String.fromString(file.uri()),
                    file.bytes(),
                    file.rows().isPresent() ? (Object) file.rows().getAsLong() : null,
                    UTF8String.fromString(file.etag())
                }));
            }
            out.endRows();
            out.finish();
            return memory.bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            codecs.release();
        }
    }

    /**
     * The files that a manifest lists, also one of another program.
     *
     * @param uri as which messages name it
     */
    static List<ManifestEntry> files(String uri, byte[] content) {
        List<ManifestEntry> files = new ArrayList<>();
        try (ParquetFileReader reader = ParquetFileReader.open(new Content(content))) {
            MessageType schema = reader.getFooter().getFileMetaData().getSchema();
            for (PageReadStore group = reader.readNextRowGroup(); group != null; group = reader.readNextRowGroup()) {
                RecordReader<Group> rows = new ColumnIOFactory()
                        .getColumnIO(schema)
                        .getRecordReader(group, new GroupRecordConverter(schema));
                for (long i = 0; i < group.getRowCount(); i++) {
                    files.add(file(rows.read()));
                }
            }
            return files;
        } catch (IOException | RuntimeException e) {
            // Whatever Parquet throws on bytes that are no Parquet.
            throw Fault.world("Manifest " + uri + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static ManifestEntry file(Group row) {
        return new ManifestEntry(
                row.getString("uri", 0),
                whole(row, "size").orElseThrow(() -> new IllegalArgumentException("a file has no size")),
                whole(row, "n_record"),
                has(row, "etag") ? row.getString("etag", 0) : "");
    }

    private static boolean has(Group row, String column) {
        return row.getType().containsField(column) && row.getFieldRepetitionCount(column) > 0;
    }

    private static OptionalLong whole(Group row, String column) {
        if (!has(row, column)) {
            return OptionalLong.empty();
        }
        boolean isInt = row.getType().getType(column).asPrimitiveType().getPrimitiveTypeName()
                == PrimitiveType.PrimitiveTypeName.INT32;
        return OptionalLong.of(isInt ? row.getInteger(column, 0) : row.getLong(column, 0));
    }

    /** A file that is only kept in memory. */
    private static final class Memory implements Upload {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public OutputStream stream() {
            return bytes;
        }

        @Override
        public long bytes() {
            return bytes.size();
        }

        @Override
        public StoredFile commit() {
            return new StoredFile("", bytes.size(), "", Instant.EPOCH);
        }

        @Override
        public void close() {}
    }

    /** Bytes in memory as Parquet wants to read them. */
    private static final class Content implements InputFile {
        private final byte[] content;

        Content(byte[] content) {
            this.content = content;
        }

        @Override
        public long getLength() {
            return content.length;
        }

        @Override
        public SeekableInputStream newStream() {
            Positioned stream = new Positioned(content);
            return new DelegatingSeekableInputStream(stream) {
                @Override
                public long getPos() {
                    return stream.position();
                }

                @Override
                public void seek(long position) {
                    stream.seek(position);
                }
            };
        }
    }

    private static final class Positioned extends ByteArrayInputStream {
        Positioned(byte[] content) {
            super(content);
        }

        synchronized long position() {
            return pos;
        }

        synchronized void seek(long position) {
            pos = Math.toIntExact(position);
        }
    }
}
