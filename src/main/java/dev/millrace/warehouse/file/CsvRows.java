package dev.millrace.warehouse.file;

import com.github.luben.zstd.ZstdInputStream;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Base64;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * A landing file in CSV, in the dialect of {@link dev.millrace.table.FileFormat#CSV} and no other: what is not of it is
 * no file of ours.
 */
public final class CsvRows {
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int END = -1;

    private final InputStream in;
    private final List<Column> columns;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int next;
    private int filled;
    private final Cell cell = new Cell();
    private boolean isQuoted;
    private long rows;

    /** Bytes of one field, without a copy of each. */
    private static final class Cell extends ByteArrayOutputStream {
        byte[] bytes() {
            return buf;
        }

        String text() {
            return toString(StandardCharsets.UTF_8);
        }
    }

    private CsvRows(InputStream in, List<Column> columns) {
        this.in = in;
        this.columns = columns;
    }

    /**
     * Sends a file's rows.
     *
     * @throws UnusableFile with the row, the column where there is one, and what to do, when the file is of another dialect
     *     or a value is none of its column's type
     */
    public static void copy(InputStream file, Codec codec, List<Column> columns, Cells out)
            throws IOException, SQLException {
        try (InputStream in = decompressed(file, codec)) {
            new CsvRows(in, columns).copyTo(out);
        }
    }

    /** A file's text. */
    public static InputStream decompressed(InputStream raw, Codec codec) throws IOException {
        return switch (codec) {
            case NONE -> raw;
            case GZIP -> new GZIPInputStream(raw, BUFFER_BYTES);
            case ZSTD -> new ZstdInputStream(raw);
            case SNAPPY -> throw new IllegalArgumentException("No CSV is written with snappy");
        };
    }

    private void copyTo(Cells out) throws IOException, SQLException {
        header();
        int first = byteIn();
        while (first != END) {
            rows++;
            out.beginRow();
            int separator = first;
            for (int i = 0; i < columns.size(); i++) {
                separator = field(i == 0 ? first : byteIn());
                if (separator != (i == columns.size() - 1 ? '\n' : ',')) {
                    throw wrong("has another number of fields than " + columns.size());
                }
                if (isQuoted || cell.size() > 0) {
                    value(out, i);
                }
            }
            out.endRow();
            first = byteIn();
        }
    }

    private void header() throws IOException {
        for (int i = 0; i < columns.size(); i++) {
            int separator = field(byteIn());
            if (!cell.text().equals(columns.get(i).name()) || separator != (i == columns.size() - 1 ? '\n' : ',')) {
                throw new UnusableFile("the header names other columns: column " + (i + 1) + " is " + cell.text()
                        + ", not " + columns.get(i).name() + ": the next run extracts again");
            }
        }
    }

    /** Reads a field from its first byte on; returns the separator behind it. */
    private int field(int first) throws IOException {
        cell.reset();
        isQuoted = first == '"';
        int b = first;
        if (!isQuoted) {
            while (b != ',' && b != '\n') {
                if (b == END || b == '"') {
                    throw wrong(b == END ? "is cut off" : "has a quote within a field");
                }
                cell.write(b);
                b = byteIn();
            }
            return b;
        }
        while (true) {
            b = byteIn();
            if (b == END) {
                throw wrong("is cut off");
            }
            if (b == '"') {
                b = byteIn();
                if (b != '"') {
                    return b;
                }
            }
            cell.write(b);
        }
    }

    private void value(Cells out, int i) throws IOException {
        Column column = columns.get(i);
        ColumnType type = column.type();
        try {
            switch (type.kind()) {
                case STRING, JSON -> out.bytes(i, cell.bytes(), 0, cell.size());
                case BINARY -> out.bytes(i, Base64.getDecoder().decode(cell.toByteArray()));
                case BIGINT -> out.int8(i, Long.parseLong(cell.text()));
                case DOUBLE -> out.float8(i, Double.parseDouble(cell.text()));
                case BOOLEAN -> out.bool(i, bool(cell.text()));
                case DATE ->
                    out.date(i, Math.toIntExact(LocalDate.parse(cell.text()).toEpochDay()));
                case TIMESTAMP -> out.timestamp(i, micros(Instant.parse(cell.text())));
                case DECIMAL -> {
                    BigDecimal number = new BigDecimal(cell.text()).setScale(type.scale(), RoundingMode.UNNECESSARY);
                    if (number.precision() > type.precision()) {
                        throw new ArithmeticException("too many digits");
                    }
                    out.numeric(i, number.unscaledValue(), type.scale());
                }
            }
        } catch (RuntimeException e) {
            String what = e instanceof Unfit ? e.getMessage() : "what is no " + type;
            throw new UnusableFile(
                    "row " + rows + ", column " + column.name() + " holds " + what
                            + ": leave the column out or compute another, and run again",
                    e);
        }
    }

    private static boolean bool(String text) {
        if (!text.equals("true") && !text.equals("false")) {
            throw new IllegalArgumentException(text);
        }
        return text.equals("true");
    }

    private static long micros(Instant instant) {
        if (instant.getNano() % 1000 != 0) {
            throw new IllegalArgumentException("nanoseconds");
        }
        return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), 1_000_000L), instant.getNano() / 1000);
    }

    private UnusableFile wrong(String how) {
        return new UnusableFile("row " + rows + " " + how + ": the next run extracts again");
    }

    private int byteIn() throws IOException {
        if (next == filled) {
            filled = in.read(buffer, 0, buffer.length);
            next = 0;
            if (filled <= 0) {
                filled = 0;
                return END;
            }
        }
        return buffer[next++] & 0xFF;
    }
}
