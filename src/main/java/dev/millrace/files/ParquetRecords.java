package dev.millrace.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.config.FileSource.Limits;
import dev.millrace.fault.Fault;
import dev.millrace.json.JsonTape;
import dev.millrace.landing.StoredParquet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.crypto.ParquetCryptoRuntimeException;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.schema.MessageType;

/** The rows of a Parquet file, or of those of its row groups whose middle lies in a part of it. */
final class ParquetRecords implements RecordReader {
    private static final JsonFactory JSON = new JsonFactory();

    private final Limits limits;
    private final JsonTape tape = new JsonTape();
    private final ByteArrayOutputStream json = new ByteArrayOutputStream(1 << 10);
    private final ParquetFileReader file;
    private final MessageType schema;
    private org.apache.parquet.io.RecordReader<Group> rows;
    private long row;
    private long groupEnd;
    private boolean atEnd;
    private Bad bad;
    private String damage = "";

    ParquetRecords(StoredParquet stored, FilePart part, Limits limits) throws UnreadableFile {
        this.limits = limits;
        ParquetReadOptions options =
                ParquetReadOptions.builder().withRange(part.from(), part.to()).build();
        try {
            this.file = ParquetFileReader.open(stored, options);
        } catch (IOException | RuntimeException e) {
            throw new UnreadableFile(broken(e), new byte[0]);
        }
        this.schema = file.getFooter().getFileMetaData().getSchema();
    }

    /** The library tells by any exception that a file is broken; a failure of storage is not the file's. */
    private static String broken(Exception e) {
        Fault.in(e).ifPresent(fault -> {
            throw fault;
        });
        // No keys are known here, whatever the file's footer says.
        boolean isEncrypted = e instanceof ParquetCryptoRuntimeException;
        return (isEncrypted ? "the file is encrypted: " : "the file is broken or no Parquet: ") + e.getMessage();
    }

    @Override
    public JsonTape tape() {
        return tape;
    }

    @Override
    public long position() {
        return row - 1;
    }

    @Override
    public Bad bad() {
        return bad;
    }

    @Override
    public String damage() {
        return damage;
    }

    @Override
    public Met next() {
        if (atEnd) {
            return Met.END;
        }
        Group read;
        try {
            while (row == groupEnd) {
                PageReadStore group = file.readNextRowGroup();
                if (group == null) {
                    atEnd = true;
                    return Met.END;
                }
                row = group.getRowIndexOffset().orElse(groupEnd);
                groupEnd = row + group.getRowCount();
                rows = new ColumnIOFactory()
                        .getColumnIO(schema)
                        .getRecordReader(group, new GroupRecordConverter(schema));
            }
            read = rows.read();
        } catch (IOException | RuntimeException e) {
            // The rows of the other columns' pages cannot be told apart any more.
            atEnd = true;
            damage = broken(e);
            bad = new Bad(row, damage, new byte[0], 0);
            return Met.BAD;
        }
        row++;
        json.reset();
        try (JsonGenerator generator = JSON.createGenerator(json)) {
            ParquetJson.write(read, generator);
        } catch (CharacterCodingException e) {
            bad = new Bad(row - 1, "a text of the row is not UTF-8", new byte[0], 0);
            return Met.BAD;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        byte[] bytes = json.toByteArray();
        boolean fits = bytes.length <= limits.record().bytes();
        if (!fits || !tape.parse(bytes, 0, bytes.length)) {
            String reason = fits ? tape.error() : "the row is larger than " + limits.record() + " as JSON";
            int kept = Math.min(bytes.length, BadRegion.KEPT_BYTES);
            bad = new Bad(
                    row - 1,
                    BadRegion.cut(reason, kept, bytes.length),
                    java.util.Arrays.copyOf(bytes, kept),
                    bytes.length);
            return Met.BAD;
        }
        return Met.RECORD;
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw Fault.world("Cannot close a Parquet file: " + e.getMessage(), e);
        }
    }
}
