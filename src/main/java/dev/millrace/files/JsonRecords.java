package dev.millrace.files;

import dev.millrace.config.FileSource.Limits;
import dev.millrace.fault.Fault;
import dev.millrace.json.JsonTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

/**
 * The records of a JSON file, value after value: separated by white space, a comma or nothing at all, in an array, or in
 * an array somewhere in an object. Each record is parsed where it lies in the {@link Window}; where that ends within a
 * record, the window moves on and the record is parsed again.
 */
final class JsonRecords implements RecordReader {
    /** A record may have a name or value for each so many of the bytes that it may have. */
    private static final int BYTES_OF_TOKEN = 8;
    /** As many bytes before the end as a token may have that is cut off and told by its begin. */
    private static final int LONGEST_WORD = 8;

    /** What stands around the next record. */
    private enum Place {
        /** Nothing: records follow each other. */
        SEQUENCE,
        ARRAY,
        /** An object on the way to the records. */
        OBJECT
    }

    private final String uri;
    private final Window window;
    private final Limits limits;
    private final List<String> path;
    private final boolean header;
    private final long from;
    private final long to;
    private final JsonTape tape;
    private final JsonTape wrapped;
    private final BadRegion region;

    private int position;
    private Place place = Place.SEQUENCE;
    /** Objects on the way to the records that are open. */
    private int level;
    /** Whether the record at the end of the way was met in the outermost object. */
    private boolean found;
    /** Whether a separator has to follow, in an array or an object. */
    private boolean afterValue;
    /** Offset of a comma that a value has to follow, or −1. */
    private long comma = -1;

    private long arrayStart;
    private long objectStart;

    private boolean started;
    private boolean toldProblem;
    private List<byte[]> names;
    private boolean sawHeader;
    private byte[] scratch = new byte[0];

    private JsonTape record;
    private long recordOffset;
    /** End of the last record, as an offset; its begin is {@code recordOffset}. */
    private long recordEnd = -1;

    private Bad bad;
    private String problem = "";
    /** Where the last value that failed did so. */
    private long errorOffset;

    /**
     * @param path names of the attributes on the way to the records; empty when the file holds records
     * @param header whether records are arrays under the names that the first one gives
     * @param from where the window begins; above 0 in the middle of the file
     * @param to no record is read that begins on a line of its own from here on
     */
    JsonRecords(String uri, Window window, Limits limits, List<String> path, boolean header, long from, long to) {
        this.uri = uri;
        this.window = window;
        this.limits = limits;
        this.path = List.copyOf(path);
        this.header = header;
        this.from = from;
        this.to = to;
        this.tape = tape(limits);
        this.wrapped = new JsonTape();
        this.region = new BadRegion(window, limits, to);
    }

    /** A tape that takes no more memory than a few times that of a record. */
    static JsonTape tape(Limits limits) {
        long tokens = Math.max(1 << 16, limits.record().bytes() / BYTES_OF_TOKEN);
        return new JsonTape(Math.min(JsonTape.MAX_DEPTH, limits.depth()), (int) Math.min(tokens, 1 << 26));
    }

    @Override
    public JsonTape tape() {
        return record;
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
            if (!start()) {
                return Met.END;
            }
        }
        while (true) {
            skipSpace();
            if (position == window.end()) {
                return end();
            }
            byte c = window.bytes()[position];
            Met met = switch (place) {
                case SEQUENCE -> sequence(c);
                case ARRAY -> array(c);
                case OBJECT -> object(c);
            };
            if (met != null) {
                return met;
            }
        }
    }

    /** Goes to the first record; false where there is none in this part. */
    private boolean start() {
        window.more(0);
        if (from > 0) {
            // The byte before tells whether the part begins with a line.
            position = lineOfObject(0);
            return position >= 0;
        }
        byte[] bytes = window.bytes();
        boolean bom =
                window.end() >= 3 && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB && bytes[2] == (byte) 0xBF;
        position = bom ? 3 : 0;
        return true;
    }

    /** Place of the next line that begins with an object, or −1: there a part ends and the next one begins. */
    private int lineOfObject(int start) {
        int p = start;
        while (true) {
            byte[] bytes = window.bytes();
            for (; p + 1 < window.end(); p++) {
                if (bytes[p] == '\n' && bytes[p + 1] == '{') {
                    return p + 1;
                }
            }
            if (window.atEnd()) {
                return -1;
            }
            long offset = window.offset(p);
            window.more(p);
            p = window.place(offset);
        }
    }

    private void skipSpace() {
        while (true) {
            byte[] bytes = window.bytes();
            int end = window.end();
            int p = position;
            while (p < end && (bytes[p] == ' ' || bytes[p] == '\n' || bytes[p] == '\r' || bytes[p] == '\t')) {
                p++;
            }
            position = p;
            if (p < end || window.atEnd()) {
                return;
            }
            more(p);
        }
    }

    /** Reads on, keeping what stands from a place on; {@code position} and the window's places move. */
    private void more(int keep) {
        noteStyle();
        long offset = window.offset(position);
        window.more(keep);
        position = window.place(offset);
    }

    /** While the last record is still there: how it was written, should a bad one follow. */
    private void noteStyle() {
        if (recordEnd >= 0 && recordOffset >= window.base()) {
            region.note(window.place(recordOffset), window.place(recordEnd));
            recordEnd = -1;
        }
    }

    private Met end() {
        if (!window.problem().isEmpty() && !toldProblem) {
            toldProblem = true;
            reset();
            return bad(window.offset(position), window.problem(), new byte[0], 0);
        }
        boolean open = place != Place.SEQUENCE;
        long lone = comma;
        Place was = place;
        reset();
        if (open && !toldProblem) {
            String reason = was == Place.ARRAY
                    ? "cut off inside an array that begins at byte " + arrayStart
                    : "cut off inside an object";
            return bad(window.offset(position), reason, new byte[0], 0);
        }
        if (lone >= 0 && !toldProblem) {
            return bad(lone, "no record follows a comma", new byte[] {','}, 1);
        }
        return Met.END;
    }

    private void reset() {
        place = Place.SEQUENCE;
        level = 0;
        afterValue = false;
        comma = -1;
    }

    private Met bad(long offset, String reason, byte[] bytes, long length) {
        bad = new Bad(offset, reason, bytes, length);
        return Met.BAD;
    }

    /** Null: go on. */
    private Met sequence(byte c) {
        if (to != Long.MAX_VALUE && isNextPart()) {
            return Met.END;
        }
        if (c == ',') {
            if (afterValue && comma < 0) {
                comma = window.offset(position++);
                return null;
            }
            return commas();
        }
        if (c == '[' && path.isEmpty() && (!header || isArrayOfArrays())) {
            comma = -1;
            arrayStart = window.offset(position++);
            place = Place.ARRAY;
            afterValue = false;
            return null;
        }
        if (!path.isEmpty()) {
            if (c != '{') {
                return region("expected an object with records at " + String.join(".", path), -1);
            }
            comma = -1;
            objectStart = window.offset(position++);
            level = 1;
            found = false;
            place = Place.OBJECT;
            afterValue = false;
            return null;
        }
        return record();
    }

    /** Commas without records between them. */
    private Met commas() {
        int begin = comma >= window.base() ? window.place(comma) : position;
        byte[] bytes = window.bytes();
        int end = position + 1;
        for (int p = end; p < window.end() && (bytes[p] == ',' || bytes[p] == ' '); p++) {
            end = p + 1;
        }
        byte[] commas = Arrays.copyOfRange(bytes, begin, Math.min(end, begin + BadRegion.KEPT_BYTES));
        position = end;
        comma = -1;
        afterValue = false;
        return bad(window.offset(begin), "a comma stands where a record should", commas, end - begin);
    }

    private boolean isNextPart() {
        if (window.offset(position) < to || window.bytes()[position] != '{') {
            return false;
        }
        return position > 0 && window.bytes()[position - 1] == '\n';
    }

    /** Whether all records with the header are elements of one array. */
    private boolean isArrayOfArrays() {
        if (sawHeader) {
            return false;
        }
        int p = position + 1;
        while (p < window.end() && window.bytes()[p] <= ' ') {
            p++;
        }
        return p < window.end() && window.bytes()[p] == '[';
    }

    private Met array(byte c) {
        if (c == ']') {
            if (comma >= 0) {
                long at = comma;
                comma = -1;
                return bad(at, "no value follows a comma in an array", new byte[] {','}, 1);
            }
            position++;
            place = level > 0 ? Place.OBJECT : Place.SEQUENCE;
            afterValue = true;
            return null;
        }
        if (c == ',') {
            if (afterValue) {
                comma = window.offset(position++);
                afterValue = false;
                return null;
            }
            long at = window.offset(position++);
            comma = -1;
            return bad(at, "a comma stands where a value should", new byte[] {','}, 1);
        }
        if (!afterValue) {
            return record();
        }
        boolean newLine = position > 0 && window.bytes()[position - 1] == '\n';
        if (newLine && level == 0 && (c == '{' || c == '[')) {
            // A record on a line of its own: what came before it was cut off.
            String reason = "expected , or ]: the array that begins at byte " + arrayStart + " is cut off";
            reset();
            return bad(window.offset(position), reason, new byte[0], 0);
        }
        return region("expected , or ]", -1);
    }

    /** An object on the way: a member, or its end. */
    private Met object(byte c) {
        if (c == '}' && comma < 0) {
            position++;
            level--;
            place = level > 0 ? Place.OBJECT : Place.SEQUENCE;
            afterValue = true;
            if (level == 0 && !found) {
                return withoutRecords();
            }
            return null;
        }
        if (c == ',' && afterValue) {
            comma = window.offset(position++);
            afterValue = false;
            return null;
        }
        if (afterValue || c != '"') {
            return region(afterValue ? "expected , or }" : "expected a name in quotes", comma);
        }
        long start = window.offset(position);
        if (!parse()) {
            return region(problem, -1);
        }
        String name = tape.isText(0) ? tape.text(0) : "";
        position = tape.endOffset();
        skipSpace();
        if (position == window.end() || window.bytes()[position] != ':') {
            position = window.place(Math.max(start, window.base()));
            return region("expected a colon after a name", -1);
        }
        position++;
        skipSpace();
        comma = -1;
        if (!name.equals(path.get(level - 1))) {
            return other();
        }
        byte value = position < window.end() ? window.bytes()[position] : 0;
        if (level < path.size()) {
            if (value != '{') {
                return other();
            }
            position++;
            level++;
            return null;
        }
        found = true;
        if (value != '[') {
            return record();
        }
        arrayStart = window.offset(position++);
        place = Place.ARRAY;
        return null;
    }

    private Met withoutRecords() {
        long length = window.offset(position) - objectStart;
        byte[] bytes = objectStart < window.base()
                ? new byte[0]
                : Arrays.copyOfRange(window.bytes(), window.place(objectStart), (int)
                        Math.min(position, window.place(objectStart) + (long) BadRegion.KEPT_BYTES));
        String reason = "the object has no records: it has nothing at " + String.join(".", path);
        return bad(objectStart, BadRegion.cut(reason, bytes.length, length), bytes, length);
    }

    /** A value that is not on the way. */
    private Met other() {
        if (!parse()) {
            return region(problem, -1);
        }
        position = tape.endOffset();
        afterValue = true;
        return null;
    }

    /** Reads the record that begins at {@code position}. */
    private Met record() {
        if (!parse()) {
            return region(problem, -1);
        }
        byte[] bytes = window.bytes();
        int start = tape.rawStart(0);
        int end = tape.endOffset();
        boolean joined = end == window.end()
                || tape.isObject(0)
                || tape.isArray(0)
                || isSeparator(bytes[end], place == Place.SEQUENCE);
        if (!joined) {
            return region("something follows a value at once", -1);
        }
        recordOffset = window.offset(start);
        recordEnd = window.offset(end);
        position = end;
        comma = -1;
        afterValue = true;
        if (recordEnd > to) {
            requireWholePart(start, end);
        }
        if (header) {
            return row();
        }
        record = tape;
        return Met.RECORD;
    }

    private Met wrapped(int length) {
        if (!wrapped.parse(scratch, 0, length)) {
            throw new IllegalStateException("A record was spoiled: " + wrapped.error());
        }
        record = wrapped;
        return Met.RECORD;
    }

    private void reserve(int length) {
        if (scratch.length < length) {
            scratch = new byte[length * 2];
        }
    }

    private static boolean isSeparator(byte b, boolean sequence) {
        return switch (b) {
            case ' ', '\n', '\r', '\t', ',' -> true;
            case ']', '}' -> !sequence;
            case '{', '[', '"' -> sequence;
            default -> false;
        };
    }

    /** The rest of a line belongs to this part; but the next one begins where a line does. */
    private void requireWholePart(int start, int end) {
        byte[] bytes = window.bytes();
        for (int p = Math.max(start, window.place(to - 1)); p + 1 < end; p++) {
            if (bytes[p] == '\n' && bytes[p + 1] == '{') {
                throw Fault.world("Cannot read " + uri + " in parts: a line within the record at byte "
                        + window.offset(start) + " begins with {. Set group-size above the size of the file, "
                        + "and it is read whole");
            }
        }
    }

    /** An array of values under the header's names. */
    private Met row() {
        int start = tape.rawStart(0);
        int end = tape.endOffset();
        if (!sawHeader) {
            sawHeader = true;
            names = header();
            return names == null ? badRecord("the header is not an array of names that differ", start, end) : next();
        }
        if (names == null) {
            return badRecord("the file has no header", start, end);
        }
        if (!tape.isArray(0)) {
            return badRecord("the record is not an array", start, end);
        }
        int values = 0;
        for (int e = 1; e < tape.next(0); e = tape.next(e)) {
            values++;
        }
        if (values != names.size()) {
            return badRecord("the record has " + values + " values, the header " + names.size() + " names", start, end);
        }
        int length = end - start + 2;
        for (byte[] name : names) {
            length += name.length + 2;
        }
        reserve(length);
        int at = 0;
        int e = 1;
        for (byte[] name : names) {
            scratch[at++] = (byte) (e == 1 ? '{' : ',');
            System.arraycopy(name, 0, scratch, at, name.length);
            at += name.length;
            scratch[at++] = ':';
            int size = tape.rawEnd(e) - tape.rawStart(e);
            System.arraycopy(tape.input(), tape.rawStart(e), scratch, at, size);
            at += size;
            e = tape.next(e);
        }
        if (names.isEmpty()) {
            scratch[at++] = '{';
        }
        scratch[at++] = '}';
        return wrapped(at);
    }

    private Met badRecord(String reason, int start, int end) {
        byte[] bytes = Arrays.copyOfRange(window.bytes(), start, Math.min(end, start + BadRegion.KEPT_BYTES));
        return bad(recordOffset, BadRegion.cut(reason, bytes.length, end - start), bytes, end - start);
    }

    /** The header's names with their quotes; null where they are none. */
    private List<byte[]> header() {
        if (!tape.isArray(0)) {
            return null;
        }
        List<byte[]> quoted = new ArrayList<>();
        HashSet<String> distinct = new HashSet<>();
        for (int e = 1; e < tape.next(0); e = tape.next(e)) {
            if (!tape.isString(e) || !tape.isText(e) || !distinct.add(tape.text(e))) {
                return null;
            }
            quoted.add(Arrays.copyOfRange(tape.input(), tape.rawStart(e), tape.rawEnd(e)));
        }
        return quoted;
    }

    /** Parses the value at {@code position} onto the tape; the window moves on until it is whole. */
    private boolean parse() {
        while (true) {
            int end = window.end();
            boolean sound = tape.parse(window.bytes(), position, end);
            if (sound) {
                // More digits may follow.
                boolean open = tape.endOffset() == end && !window.atEnd() && !isClosed();
                if (!open) {
                    return isShort(tape.endOffset() - position);
                }
            } else {
                problem = tape.error();
                errorOffset = window.offset(tape.errorOffset());
                boolean cut = isCutOff(window.bytes(), tape.errorOffset(), end);
                if (!cut || window.atEnd()) {
                    if (cut && !window.problem().isEmpty()) {
                        problem = window.problem();
                        toldProblem = true;
                    }
                    return false;
                }
                if (!isShort(end - position)) {
                    return false;
                }
            }
            more(position);
        }
    }

    private boolean isShort(int length) {
        if (length > limits.record().bytes()) {
            errorOffset = window.offset(position);
            problem = "the record is larger than " + limits.record();
            return false;
        }
        return true;
    }

    private boolean isClosed() {
        return tape.isObject(0) || tape.isArray(0) || tape.isString(0);
    }

    /** Whether what stands at an error may be sound once more bytes are there. */
    private static boolean isCutOff(byte[] bytes, int error, int end) {
        int p = error;
        while (p < end && isOfNumber(bytes[p])) {
            p++;
        }
        return p == end || end - error < LONGEST_WORD;
    }

    private static boolean isOfNumber(byte b) {
        return (b >= '0' && b <= '9') || b == '.' || b == '-' || b == '+' || b == 'e' || b == 'E';
    }

    /**
     * Sets what begins at {@code position} apart, to the next place where a record may begin.
     *
     * @param start offset of a comma that belongs to it, or −1
     */
    private Met region(String reason, long start) {
        noteStyle();
        errorOffset = Math.max(errorOffset, window.offset(position));
        int begin = start >= window.base() ? window.place(start) : position;
        boolean inside = place != Place.SEQUENCE;
        BadRegion.Within within = switch (place) {
            case SEQUENCE -> BadRegion.Within.SEQUENCE;
            case ARRAY -> BadRegion.Within.ARRAY;
            case OBJECT -> BadRegion.Within.OBJECT;
        };
        bad = region.skip(begin, errorOffset, reason, within, arrayStart);
        position = window.place(region.resumeAt());
        comma = -1;
        if (region.leaves()) {
            reset();
        } else {
            // A comma or the end comes next, unless the next line of an array begins a value.
            afterValue = inside && !region.atValue();
        }
        return Met.BAD;
    }
}
