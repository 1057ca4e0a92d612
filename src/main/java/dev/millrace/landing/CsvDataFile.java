package dev.millrace.landing;

import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.TableDefinition;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * A CSV file in the dialect of {@link dev.millrace.table.FileFormat#CSV}. Text is always quoted: so an empty string
 * differs from a null, and no value can be taken for a reader's own mark of null or of the end.
 */
final class CsvDataFile implements DataFileWriter {
    private static final DateTimeFormatter TIMESTAMP =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);
    private static final long MICROS = 1_000_000;
    private static final int BUFFER_BYTES = 32 << 10;

    private final Upload upload;
    private final TableDefinition table;
    private final int[] positions;
    private final OutputStream out;
    private long length;

    /** @param positions for each column its position in the structs given to {@link #write} */
    CsvDataFile(Upload upload, TableDefinition table, List<Integer> positions, Codec codec) throws IOException {
        this.upload = upload;
        this.table = table;
        this.positions = positions.stream().mapToInt(Integer::intValue).toArray();
        out = new BufferedOutputStream(compressed(new Unclosed(upload.stream()), codec), BUFFER_BYTES);
        for (int i = 0; i < table.columns().size(); i++) {
            separator(i);
            plain(table.columns().get(i).name());
        }
        byteOut('\n');
    }

    private static OutputStream compressed(OutputStream raw, Codec codec) throws IOException {
        return switch (codec) {
            case GZIP -> new GZIPOutputStream(raw, BUFFER_BYTES);
            case ZSTD -> new ZstdOutputStream(raw);
            case NONE -> raw;
            case SNAPPY -> throw new IllegalArgumentException("No CSV is written with snappy");
        };
    }

    @Override
    public long write(InternalRow struct) throws IOException {
        long before = length;
        for (int i = 0; i < positions.length; i++) {
            separator(i);
            Column column = table.columns().get(i);
            if (!struct.isNullAt(positions[i])) {
                value(column, struct, positions[i]);
            } else if (!column.nullable()) {
                throw new IllegalStateException(
                        "Table " + table.name() + ": column " + column.name() + " is null in a row, but may not be");
            }
        }
        byteOut('\n');
        return length - before;
    }

    private void separator(int column) throws IOException {
        if (column > 0) {
            byteOut(',');
        }
    }

    private void value(Column column, InternalRow struct, int position) throws IOException {
        switch (column.type().kind()) {
            case STRING, JSON -> text(struct.getUTF8String(position).getBytes());
            case BINARY -> text(Base64.getEncoder().encode(struct.getBinary(position)));
            case BIGINT -> plain(Long.toString(struct.getLong(position)));
            case DOUBLE -> plain(Double.toString(struct.getDouble(position)));
            case BOOLEAN -> plain(Boolean.toString(struct.getBoolean(position)));
            case DATE -> plain(LocalDate.ofEpochDay(struct.getInt(position)).toString());
            case TIMESTAMP -> plain(timestamp(struct.getLong(position)));
            case DECIMAL ->
                plain(struct.getDecimal(
                                position,
                                column.type().precision(),
                                column.type().scale())
                        .toJavaBigDecimal()
                        .setScale(column.type().scale(), RoundingMode.UNNECESSARY)
                        .toPlainString());
        }
    }

    private static String timestamp(long micros) {
        return TIMESTAMP.format(
                Instant.ofEpochSecond(Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1000));
    }

    private void plain(String ascii) throws IOException {
        bytesOut(ascii.getBytes(StandardCharsets.US_ASCII), 0, ascii.length());
    }

    private void text(byte[] utf8) throws IOException {
        byteOut('"');
        int from = 0;
        for (int i = 0; i < utf8.length; i++) {
            if (utf8[i] == '"') {
                bytesOut(utf8, from, i + 1 - from);
                from = i;
            }
        }
        bytesOut(utf8, from, utf8.length - from);
        byteOut('"');
    }

    private void byteOut(char ascii) throws IOException {
        out.write(ascii);
        length++;
    }

    private void bytesOut(byte[] bytes, int from, int count) throws IOException {
        out.write(bytes, from, count);
        length += count;
    }

    /** Only the compressor's window, which does not grow. */
    @Override
    public long buffered() {
        return 0;
    }

    @Override
    public void flush() {}

    @Override
    public long written() {
        return upload.bytes();
    }

    @Override
    public void endRows() throws IOException {
        out.close();
    }

    @Override
    public StoredFile finish() {
        return upload.commit();
    }

    @Override
    public void close() {
        upload.close();
    }

    /** A compressor writes its end when it is closed; the upload below is committed apart. */
    private static final class Unclosed extends FilterOutputStream {
        Unclosed(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
