package dev.millrace.warehouse.redshift;

import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.warehouse.file.Cells;
import dev.millrace.warehouse.file.Unfit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * Rows as the text that {@code COPY … DELIMITER '|' ESCAPE} takes without doubt. Its CSV does not tell an empty text from a
 * missing one and takes bytes in hexadecimal digits only, so the landing's CSV is not for it as it stands.
 *
 * <p>A missing value is {@code \N}, an empty text an empty field; delimiter, backslash and ends of lines stand behind a
 * backslash.
 *
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html">ESCAPE, NULL AS</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/copy-usage-varbyte.html">VARBYTE in text</a>
 */
final class EscapedText implements Cells {
    static final char DELIMITER = '|';

    private static final DateTimeFormatter MOMENT =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSS", Locale.ROOT);
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("uuuu-MM-dd", Locale.ROOT);
    private static final long MICROS = 1_000_000;

    private final OutputStream out;
    private final List<Column> columns;
    private final ByteArrayOutputStream row = new ByteArrayOutputStream();
    private int next;
    private long rows;

    EscapedText(OutputStream out, List<Column> columns) {
        this.out = out;
        this.columns = columns;
    }

    /** Rows that are complete. */
    long rows() {
        return rows;
    }

    @Override
    public void beginRow() {
        row.reset();
        next = 0;
    }

    @Override
    public void endRow() throws IOException {
        nullsUpTo(columns.size());
        row.write('\n');
        row.writeTo(out);
        rows++;
    }

    @Override
    public void int8(int column, long value) {
        plain(column, Long.toString(value));
    }

    @Override
    public void float8(int column, double value) {
        plain(column, Double.toString(value));
    }

    @Override
    public void bool(int column, boolean value) {
        plain(column, value ? "t" : "f");
    }

    @Override
    public void date(int column, int days) {
        plain(column, LocalDate.ofEpochDay(days).format(DAY));
    }

    @Override
    public void timestamp(int column, long micros) {
        Instant moment = Instant.ofEpochSecond(Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1000);
        plain(column, LocalDateTime.ofInstant(moment, ZoneOffset.UTC).format(MOMENT));
    }

    @Override
    public void numeric(int column, BigInteger unscaled, int scale) {
        plain(column, new BigDecimal(unscaled, scale).toPlainString());
    }

    /** What Redshift cannot hold is refused here, where the row is known. */
    @Override
    public void bytes(int column, byte[] value, int from, int length) {
        boolean isBinary = columns.get(column).type().kind() == ColumnType.Kind.BINARY;
        int most = isBinary ? TableLayout.MOST_BINARY_BYTES : TableLayout.MOST_TEXT_BYTES;
        if (length > most) {
            throw new Unfit(length + " bytes, more than the " + most + " that Redshift holds");
        }
        if (isBinary) {
            plain(column, HexFormat.of().formatHex(value, from, from + length));
            return;
        }
        begin(column);
        for (int i = from; i < from + length; i++) {
            byte b = value[i];
            if (b == 0) {
                throw new Unfit("the character NUL, which ends a row for Redshift");
            }
            if (b == DELIMITER || b == '\\' || b == '\n' || b == '\r') {
                row.write('\\');
            }
            row.write(b);
        }
    }

    private void plain(int column, String text) {
        begin(column);
        row.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private void begin(int column) {
        nullsUpTo(column);
        if (next > 0) {
            row.write(DELIMITER);
        }
        next = column + 1;
    }

    private void nullsUpTo(int column) {
        while (next < column) {
            if (next > 0) {
                row.write(DELIMITER);
            }
            row.write('\\');
            row.write('N');
            next++;
        }
    }
}
