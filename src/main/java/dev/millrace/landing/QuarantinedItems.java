package dev.millrace.landing;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;

/** Reads the quarantine's files back, row by row, as texts: bytes in base64, nulls as empty texts. */
public final class QuarantinedItems {
    private QuarantinedItems() {}

    /**
     * Reads rows until one is not wanted any more.
     *
     * @param quarantine as its manifest describes it
     * @param columns names of those to give, in this order
     * @param wanted is given each row; false ends it
     */
    public static void read(
            Storage storage, LandedTable quarantine, List<String> columns, Predicate<List<String>> wanted) {
        for (DataFile file : quarantine.files()) {
            boolean goesOn = switch (quarantine.format()) {
                case PARQUET -> parquet(storage, file, quarantine, columns, wanted);
                case CSV -> csv(storage, file, quarantine, columns, wanted);
            };
            if (!goesOn) {
                return;
            }
        }
    }

    private static boolean parquet(
            Storage storage,
            DataFile file,
            LandedTable quarantine,
            List<String> columns,
            Predicate<List<String>> wanted) {
        Optional<Path> local = storage.localPath(file.path());
        Path path = local.orElseGet(() -> downloaded(storage, file));
        org.apache.hadoop.fs.Path uri = new org.apache.hadoop.fs.Path(path.toUri());
        try (ParquetFileReader reader =
                ParquetFileReader.open(HadoopInputFile.fromPath(uri, new Configuration(false)))) {
            MessageType schema = reader.getFooter().getFileMetaData().getSchema();
            for (PageReadStore group = reader.readNextRowGroup(); group != null; group = reader.readNextRowGroup()) {
                RecordReader<Group> rows = new ColumnIOFactory()
                        .getColumnIO(schema)
                        .getRecordReader(group, new GroupRecordConverter(schema));
                for (long i = 0; i < group.getRowCount(); i++) {
                    Group row = rows.read();
                    if (!wanted.test(columns.stream()
                            .map(name -> text(row, column(quarantine, name)))
                            .toList())) {
                        return false;
                    }
                }
            }
            return true;
        } catch (IOException e) {
            throw unreadable(storage, file, e);
        } finally {
            if (local.isEmpty()) {
                delete(path);
            }
        }
    }

    private static Column column(LandedTable quarantine, String name) {
        return quarantine
                .definition()
                .column(name)
                .orElseThrow(() -> new IllegalArgumentException("No column of the quarantine: " + name));
    }

    private static String text(Group row, Column column) {
        if (row.getFieldRepetitionCount(column.name()) == 0) {
            return "";
        }
        return switch (column.type().kind()) {
            case STRING, JSON -> row.getBinary(column.name(), 0).toStringUsingUTF8();
            case BINARY ->
                Base64.getEncoder()
                        .encodeToString(row.getBinary(column.name(), 0).getBytes());
            case BIGINT -> Long.toString(row.getLong(column.name(), 0));
            case DECIMAL, DOUBLE, BOOLEAN, DATE, TIMESTAMP ->
                throw new IllegalArgumentException("Not a type of the quarantine: " + column);
        };
    }

    private static Path downloaded(Storage storage, DataFile file) {
        try {
            Path copy = Files.createTempFile("millrace-quarantine-", ".parquet");
            try (InputStream in = storage.open(file.path())) {
                Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException | RuntimeException e) {
                delete(copy);
                throw e;
            }
            return copy;
        } catch (IOException e) {
            throw unreadable(storage, file, e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean csv(
            Storage storage,
            DataFile file,
            LandedTable quarantine,
            List<String> columns,
            Predicate<List<String>> wanted) {
        CsvParserSettings dialect = new CsvParserSettings();
        dialect.setHeaderExtractionEnabled(true);
        dialect.setLineSeparatorDetectionEnabled(false);
        dialect.getFormat().setLineSeparator("\n");
        dialect.setNormalizeLineEndingsWithinQuotes(false);
        dialect.setIgnoreLeadingWhitespaces(false);
        dialect.setIgnoreTrailingWhitespaces(false);
        dialect.setNullValue("");
        dialect.setEmptyValue("");
        dialect.setMaxCharsPerColumn(-1);
        dialect.selectFields(columns.toArray(String[]::new));
        CsvParser parser = new CsvParser(dialect);
        try (InputStream in = plain(storage.open(file.path()), quarantine.codec())) {
            parser.beginParsing(in, StandardCharsets.UTF_8);
            for (String[] row = parser.parseNext(); row != null; row = parser.parseNext()) {
                if (!wanted.test(List.of(row))) {
                    parser.stopParsing();
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            throw unreadable(storage, file, e);
        }
    }

    private static InputStream plain(InputStream in, Codec codec) throws IOException {
        return switch (codec) {
            case GZIP -> new GZIPInputStream(in);
            case ZSTD -> new ZstdInputStreamNoFinalizer(in);
            case NONE -> in;
            case SNAPPY -> throw new IllegalArgumentException("No CSV is written with snappy");
        };
    }

    private static Fault unreadable(Storage storage, DataFile file, IOException cause) {
        return Fault.world("Cannot read " + storage.uri(file.path()) + ": " + cause.getMessage(), cause);
    }
}
