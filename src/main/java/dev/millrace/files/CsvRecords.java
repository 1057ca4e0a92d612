package dev.millrace.files;

import dev.millrace.config.FileSource.Csv;
import dev.millrace.config.FileSource.Limits;
import dev.millrace.json.JsonTape;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The rows of delimited text under its header (RFC 4180 in a declared dialect), each as a JSON object of strings. A value
 * that is no value is left out. Read as bytes and not by a library of characters: those know neither the bytes of a bad
 * row nor where it begins, and make other characters of what is no UTF-8.
 */
final class CsvRecords implements RecordReader {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    /** Cells of a value: where it begins, where it ends, how it is written. */
    private static final int CELLS = 3;

    private static final int NO_COMMENT = Integer.MIN_VALUE;

    private static final int BARE = 0;
    private static final int QUOTED = 1;
    private static final int ESCAPED = 2;

    private final Window window;
    private final Limits limits;
    private final byte delimiter;
    private final byte quote;
    private final byte escape;
    private final int comment;
    private final byte[] nullText;
    private final JsonTape tape = new JsonTape();

    private int position;
    private boolean started;
    private boolean toldProblem;
    private boolean sawHeader;
    /** With quotes and colon, as in JSON; empty where the file has no header. */
    private List<byte[]> names = List.of();

    private int[] values = new int[64 * CELLS];
    private int count;
    private byte[] json = new byte[1 << 10];
    private int length;
    private String problem = "";
    private long recordOffset;
    private Bad bad;

    CsvRecords(Window window, Csv dialect, Limits limits) {
        this.window = window;
        this.limits = limits;
        this.delimiter = (byte) dialect.delimiter();
        this.quote = (byte) dialect.quote();
        this.escape = (byte) dialect.escape();
        this.comment =
                dialect.comment().isEmpty() ? NO_COMMENT : dialect.comment().charAt(0);
        this.nullText = dialect.nullText().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public JsonTape tape() {
        return tape;
    }

    @Override
    public long position() {
        return recordOffset;
    }

    @Override
    public Bad bad() {
        return bad;
    }

    @Override
    public String damage() {
        return window.problem();
    }

    @Override
    public void close() {
        window.close();
    }

    @Override
    public Met next() {
        if (!started) {
            started = true;
            window.more(0);
            byte[] bytes = window.bytes();
            boolean bom =
                    window.end() >= 3 && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB && bytes[2] == (byte) 0xBF;
            position = bom ? 3 : 0;
        }
        while (true) {
            skipLinesWithoutRow();
            if (position == window.end()) {
                if (window.problem().isEmpty() || toldProblem) {
                    return Met.END;
                }
                toldProblem = true;
                bad = new Bad(window.offset(position), window.problem(), new byte[0], 0);
                return Met.BAD;
            }
            recordOffset = window.offset(position);
            if (!row()) {
                return badLine();
            }
            if (sawHeader) {
                return record();
            }
            sawHeader = true;
            if (!header()) {
                return badRow("the header is not a row of names that differ");
            }
            position = rowEnd();
        }
    }

    private void skipLinesWithoutRow() {
        while (true) {
            if (position + 1 >= window.end() && !window.atEnd()) {
                more();
            }
            if (position == window.end()) {
                return;
            }
            byte[] bytes = window.bytes();
            byte first = bytes[position];
            boolean twice = first == '\r' && position + 1 < window.end() && bytes[position + 1] == '\n';
            if (first == comment && comment != NO_COMMENT) {
                position = lineEnd();
            } else if (first == '\n' || twice) {
                position += twice ? 2 : 1;
            } else {
                return;
            }
        }
    }

    private void more() {
        long offset = window.offset(position);
        window.more(position);
        position = window.place(offset);
    }

    /** Place after the line that {@code position} is in; what is before that may be dropped. */
    private int lineEnd() {
        int p = position;
        while (true) {
            byte[] bytes = window.bytes();
            while (p < window.end() && bytes[p] != '\n') {
                p++;
            }
            if (p < window.end()) {
                return p + 1;
            }
            if (window.atEnd()) {
                return p;
            }
            position = p;
            more();
            p = position;
        }
    }

    /** Finds the values of the row that begins at {@code position}; the window moves on until it is whole. */
    private boolean row() {
        while (true) {
            count = 0;
            int next = position;
            boolean goesOn = true;
            while (goesOn) {
                next = value(next);
                if (next < 0) {
                    break;
                }
                goesOn = next < window.end() && window.bytes()[next] == delimiter;
                next = goesOn ? next + 1 : next;
            }
            boolean open = next < 0 || next == window.end();
            boolean isLong = window.end() - position > limits.record().bytes();
            if (next == MALFORMED) {
                return false;
            }
            if (open && !window.atEnd() && !isLong) {
                more();
                continue;
            }
            if (next < 0) {
                problem = isLong && !window.atEnd() ? tooLarge() : "a quoted value is cut off";
                return false;
            }
            if (next - position > limits.record().bytes()) {
                problem = tooLarge();
                return false;
            }
            if (next == window.end() && !window.problem().isEmpty()) {
                problem = window.problem();
                toldProblem = true;
                return false;
            }
            return true;
        }
    }

    private String tooLarge() {
        return "the row is larger than " + limits.record();
    }

    private static final int OPEN = -1;
    private static final int MALFORMED = -2;

    /** Finds the end of the value that begins at a place: that of its delimiter, line feed or the end. */
    private int value(int from) {
        byte[] bytes = window.bytes();
        int end = window.end();
        if (from < end && bytes[from] == quote) {
            return quoted(from + 1);
        }
        int p = from;
        while (p < end && bytes[p] != delimiter && bytes[p] != '\n') {
            p++;
        }
        boolean lineEnd = p == end ? window.atEnd() : bytes[p] == '\n';
        int to = lineEnd && p > from && bytes[p - 1] == '\r' ? p - 1 : p;
        add(from, to, BARE);
        return p;
    }

    private int quoted(int from) {
        byte[] bytes = window.bytes();
        int end = window.end();
        int form = QUOTED;
        int p = from;
        while (p < end) {
            byte c = bytes[p];
            if (c == escape && p + 1 < end && (bytes[p + 1] == quote || (escape != quote && bytes[p + 1] == escape))) {
                form = ESCAPED;
                p += 2;
            } else if (c == quote) {
                return afterQuote(from, p, form);
            } else {
                p++;
            }
        }
        return OPEN;
    }

    private int afterQuote(int from, int closing, int form) {
        byte[] bytes = window.bytes();
        int end = window.end();
        int p = closing + 1;
        if (p < end && bytes[p] == '\r') {
            p++;
        }
        if (p == end && !window.atEnd()) {
            return OPEN;
        }
        boolean ends = p == end || bytes[p] == '\n' || (p == closing + 1 && bytes[p] == delimiter);
        if (!ends) {
            problem = "something follows a quoted value";
            return MALFORMED;
        }
        add(from, closing, form);
        return p;
    }

    private void add(int from, int to, int form) {
        int cell = count++ * CELLS;
        if (cell == values.length) {
            values = Arrays.copyOf(values, cell * 2);
        }
        values[cell] = from;
        values[cell + 1] = to;
        values[cell + 2] = form;
    }

    /** Place after the row that was found. */
    private int rowEnd() {
        byte[] bytes = window.bytes();
        int last = (count - 1) * CELLS;
        int p = values[last + 1] + (values[last + 2] == BARE ? 0 : 1);
        if (p < window.end() && bytes[p] == '\r') {
            p++;
        }
        return p < window.end() && bytes[p] == '\n' ? p + 1 : p;
    }

    private boolean header() {
        List<byte[]> found = new ArrayList<>();
        Set<String> distinct = new HashSet<>();
        for (int i = 0; i < count; i++) {
            length = 0;
            string(i);
            String name = new String(json, 0, length, StandardCharsets.UTF_8);
            if (!tape.parse(json, 0, length) || name.equals("\"\"") || !distinct.add(name)) {
                return false;
            }
            reserve(1);
            json[length++] = ':';
            found.add(Arrays.copyOf(json, length));
        }
        names = found;
        return true;
    }

    private Met record() {
        if (names.isEmpty()) {
            return badRow("the file has no header");
        }
        if (count != names.size()) {
            return badRow("the row has " + count + " values, the header " + names.size() + " names");
        }
        length = 0;
        reserve(1);
        json[length++] = '{';
        for (int i = 0; i < count; i++) {
            if (!isNull(i)) {
                byte[] name = names.get(i);
                reserve(name.length + 1);
                if (length > 1) {
                    json[length++] = ',';
                }
                System.arraycopy(name, 0, json, length, name.length);
                length += name.length;
                string(i);
            }
        }
        reserve(1);
        json[length++] = '}';
        if (!tape.parse(json, 0, length)) {
            return badRow(tape.error());
        }
        position = rowEnd();
        return Met.RECORD;
    }

    private boolean isNull(int value) {
        int cell = value * CELLS;
        return values[cell + 2] == BARE
                && Arrays.equals(window.bytes(), values[cell], values[cell + 1], nullText, 0, nullText.length);
    }

    /** Writes a value as a string of JSON. */
    private void string(int value) {
        byte[] bytes = window.bytes();
        int cell = value * CELLS;
        int to = values[cell + 1];
        boolean escaped = values[cell + 2] == ESCAPED;
        reserve(6 * (to - values[cell]) + 2);
        byte[] out = json;
        int o = length;
        out[o++] = '"';
        for (int p = values[cell]; p < to; p++) {
            byte c = bytes[p];
            if (escaped && c == escape && p + 1 < to && (bytes[p + 1] == quote || bytes[p + 1] == escape)) {
                c = bytes[++p];
            }
            if (c == '"' || c == '\\') {
                out[o++] = '\\';
                out[o++] = c;
            } else if (c >= 0 && c < ' ') {
                out[o++] = '\\';
                out[o++] = 'u';
                out[o++] = '0';
                out[o++] = '0';
                out[o++] = HEX[c >> 4];
                out[o++] = HEX[c & 15];
            } else {
                out[o++] = c;
            }
        }
        out[o++] = '"';
        length = o;
    }

    private void reserve(int more) {
        if (json.length - length < more) {
            json = Arrays.copyOf(json, Math.max(json.length * 2, length + more));
        }
    }

    /** Sets the row apart that was found. */
    private Met badRow(String reason) {
        int end = rowEnd();
        setBad(reason, window.bytes(), position, end);
        position = end;
        return Met.BAD;
    }

    /** Sets the line apart where a row begins whose quotes tell nothing of its end. */
    private Met badLine() {
        byte[] begin = Arrays.copyOfRange(
                window.bytes(), position, (int) Math.min(window.end(), position + (long) BadRegion.KEPT_BYTES));
        position = lineEnd();
        long size = window.offset(position) - recordOffset;
        int kept = (int) Math.min(begin.length, size);
        while (kept == size && kept > 0 && (begin[kept - 1] == '\n' || begin[kept - 1] == '\r')) {
            kept--;
            size--;
        }
        bad = new Bad(recordOffset, BadRegion.cut(problem, kept, size), Arrays.copyOf(begin, kept), size);
        return Met.BAD;
    }

    private void setBad(String reason, byte[] bytes, int from, int end) {
        int to = end;
        while (to > from && (bytes[to - 1] == '\n' || bytes[to - 1] == '\r')) {
            to--;
        }
        byte[] kept = Arrays.copyOfRange(bytes, from, Math.min(to, from + BadRegion.KEPT_BYTES));
        bad = new Bad(recordOffset, BadRegion.cut(reason, kept.length, to - from), kept, to - from);
    }
}
