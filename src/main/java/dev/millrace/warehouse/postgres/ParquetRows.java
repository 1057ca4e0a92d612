package dev.millrace.warehouse.postgres;

import dev.millrace.run.DataFile;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.warehouse.LandingFiles;
import dev.millrace.warehouse.file.ParquetColumns;
import dev.millrace.warehouse.file.UnusableFile;
import java.io.IOException;
import java.math.BigInteger;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.ParquetRuntimeException;
import org.apache.parquet.column.Dictionary;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.simple.NanoTime;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.MessageColumnIO;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

/** A landing file in Parquet: its cells go to a COPY as they are decoded, no row is made. */
final class ParquetRows implements AutoCloseable {
    private static final long MICROS_A_DAY = 86_400_000_000L;
    private static final int JULIAN_1970 = 2_440_588;

    private final ParquetFileReader reader;
    private final MessageType wanted;
    private final List<Column> columns;

    private ParquetRows(ParquetFileReader reader, MessageType wanted, List<Column> columns) {
        this.reader = reader;
        this.wanted = wanted;
        this.columns = columns;
    }

    /**
     * Opens a file that has the table's columns.
     *
     * @throws dev.millrace.fault.Fault as {@link ParquetColumns#open} does
     */
    static ParquetRows open(LandingFiles landing, DataFile file) {
        ParquetFileReader reader = ParquetColumns.open(landing, file);
        MessageType schema = reader.getFileMetaData().getSchema();
        List<Type> fields = new ArrayList<>();
        List<Column> columns = new ArrayList<>();
        for (Type field : schema.getFields()) {
            landing.table().definition().columns().stream()
                    .filter(c -> c.name().equals(field.getName()))
                    .forEach(column -> {
                        fields.add(field);
                        columns.add(column);
                    });
        }
        MessageType wanted = new MessageType(schema.getName(), fields);
        reader.setRequestedSchema(wanted);
        return new ParquetRows(reader, wanted, columns);
    }

    /** What the cells belong to, in their order. */
    List<Column> columns() {
        return columns;
    }

    /** @throws dev.millrace.warehouse.file.UnusableFile when its pages are none */
    void copyTo(CopyRows out) throws IOException, SQLException {
        try {
            copyGroups(out);
        } catch (IOException | ParquetRuntimeException e) {
            throw UnusableFile.ofParquet(e);
        }
    }

    private void copyGroups(CopyRows out) throws IOException, SQLException {
        MessageColumnIO columnIo = new ColumnIOFactory().getColumnIO(wanted);
        Row row = new Row(out);
        PageReadStore group = reader.readNextRowGroup();
        while (group != null) {
            RecordReader<CopyRows> records = columnIo.getRecordReader(group, row);
            for (long i = 0; i < group.getRowCount(); i++) {
                records.read();
                out.endRow();
            }
            group = reader.readNextRowGroup();
        }
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }

    /** Takes the cells of a row. */
    private final class Row extends RecordMaterializer<CopyRows> {
        private final CopyRows out;
        private final Converter[] cells;
        private final GroupConverter root;

        Row(CopyRows out) {
            this.out = out;
            cells = new Converter[columns.size()];
            for (int i = 0; i < cells.length; i++) {
                cells[i] = cell(out, i, columns.get(i).type(), wanted.getType(i).asPrimitiveType());
            }
            root = new GroupConverter() {
                @Override
                public Converter getConverter(int field) {
                    return cells[field];
                }

                @Override
                public void start() {
                    out.beginRow();
                }

                @Override
                public void end() {
                    // The row is ended by who reads it: that may send it.
                }
            };
        }

        @Override
        public CopyRows getCurrentRecord() {
            return out;
        }

        @Override
        public GroupConverter getRootConverter() {
            return root;
        }
    }

    private static Converter cell(CopyRows out, int column, ColumnType type, PrimitiveType field) {
        return switch (type.kind()) {
            case STRING, JSON, BINARY -> new BytesCell(out, column);
            case DECIMAL -> new DecimalCell(out, column, type.scale());
            case TIMESTAMP ->
                new TimestampCell(
                        out,
                        column,
                        field.getLogicalTypeAnnotation() instanceof TimestampLogicalTypeAnnotation t
                                        && t.getUnit() == TimeUnit.MILLIS
                                ? 1000
                                : 1);
            case BIGINT, DOUBLE, BOOLEAN, DATE -> new PlainCell(out, column);
        };
    }

    /** Numbers, days and flags: what the file holds says how they are written. */
    private static final class PlainCell extends PrimitiveConverter {
        private final CopyRows out;
        private final int column;

        PlainCell(CopyRows out, int column) {
            this.out = out;
            this.column = column;
        }

        @Override
        public void addLong(long value) {
            out.int8(column, value);
        }

        @Override
        public void addDouble(double value) {
            out.float8(column, value);
        }

        @Override
        public void addBoolean(boolean value) {
            out.bool(column, value);
        }

        @Override
        public void addInt(int days) {
            out.date(column, days);
        }
    }

    private static final class TimestampCell extends PrimitiveConverter {
        private final CopyRows out;
        private final int column;
        private final long unitMicros;

        TimestampCell(CopyRows out, int column, long unitMicros) {
            this.out = out;
            this.column = column;
            this.unitMicros = unitMicros;
        }

        @Override
        public void addLong(long value) {
            out.timestamp(column, Math.multiplyExact(value, unitMicros));
        }

        @Override
        public void addBinary(Binary int96) {
            NanoTime time = NanoTime.fromBinary(int96);
            out.timestamp(
                    column,
                    (time.getJulianDay() - JULIAN_1970) * MICROS_A_DAY
                            + Math.floorDiv(time.getTimeOfDayNanos(), 1000L));
        }
    }

    private static final class DecimalCell extends PrimitiveConverter {
        private final CopyRows out;
        private final int column;
        private final int scale;

        DecimalCell(CopyRows out, int column, int scale) {
            this.out = out;
            this.column = column;
            this.scale = scale;
        }

        @Override
        public void addInt(int unscaled) {
            out.numeric(column, unscaled, scale);
        }

        @Override
        public void addLong(long unscaled) {
            out.numeric(column, unscaled, scale);
        }

        @Override
        public void addBinary(Binary unscaled) {
            out.numeric(column, new BigInteger(unscaled.getBytesUnsafe()), scale);
        }
    }

    /** Text and bytes; those of a dictionary are taken out of it once. */
    private static final class BytesCell extends PrimitiveConverter {
        private final CopyRows out;
        private final int column;
        private byte[][] entries = new byte[0][];

        BytesCell(CopyRows out, int column) {
            this.out = out;
            this.column = column;
        }

        @Override
        public boolean hasDictionarySupport() {
            return true;
        }

        @Override
        public void setDictionary(Dictionary dictionary) {
            entries = new byte[dictionary.getMaxId() + 1][];
            for (int i = 0; i < entries.length; i++) {
                entries[i] = dictionary.decodeToBinary(i).getBytes();
            }
        }

        @Override
        public void addValueFromDictionary(int entry) {
            out.bytes(column, entries[entry]);
        }

        @Override
        public void addBinary(Binary value) {
            out.bytes(column, value.getBytesUnsafe());
        }
    }
}
