package dev.millrace.files;

import dev.millrace.config.FileSource.Limits;
import dev.millrace.json.JsonTape;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * Finds where records go on after bytes that are none, so that its neighbours live and nothing is invented: at the end
 * of a value whose brackets are in balance, at a line that begins like a record, or, where records follow each other on
 * one line, at the next that begins as they do and can be parsed. Whatever stands before that is one bad region.
 */
final class BadRegion {
    /** What stands around the region. */
    enum Within {
        SEQUENCE,
        ARRAY,
        OBJECT
    }

    /** As many bytes of a region are kept; where it begins tells where the others are. */
    static final int KEPT_BYTES = 1 << 20;

    private static final int LONGEST_NAME = 64;
    /** Bytes that are parsed in search of the next record, at most, in one region. */
    private static final long MOST_PARSED = 64L << 20;

    private static final long NONE = -1;

    private final Window window;
    private final Limits limits;
    private final long to;
    private final JsonTape tape;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

    // How the last good record was written.
    private boolean noted;
    private boolean multiLine;
    private byte[] begin = new byte[0];

    // The region.
    private boolean inside;
    private boolean sequence;
    private boolean pretty;
    private int indent;
    private byte[] beginOfNext = new byte[0];
    private long start;
    private long flushed;
    private long parsed;

    // The scan.
    private long at;
    private int depth;
    private boolean opened;
    private boolean inString;
    private boolean escaped;

    private long resumeAt;
    private boolean leaves;
    private boolean atValue;

    /** @param to where a part ends: a region does not go beyond the first line from there on that begins with an object */
    BadRegion(Window window, Limits limits, long to) {
        this.window = window;
        this.limits = limits;
        this.to = to;
        this.tape = JsonRecords.tape(limits);
    }

    /** Notes how a good record is written, by its places in the window. */
    void note(int from, int end) {
        byte[] bytes = window.bytes();
        noted = true;
        multiLine = false;
        for (int i = from; i < end && !multiLine; i++) {
            multiLine = bytes[i] == '\n';
        }
        begin = begin(from, end);
    }

    /** Brace and first name of an object; empty where they do not stand together. */
    private byte[] begin(int from, int end) {
        byte[] bytes = window.bytes();
        if (from + 1 >= end || bytes[from] != '{' || bytes[from + 1] != '"') {
            return new byte[0];
        }
        int most = Math.min(end, from + LONGEST_NAME);
        for (int p = from + 2; p < most && bytes[p] != '\\'; p++) {
            if (bytes[p] == '"') {
                return Arrays.copyOfRange(bytes, from, p + 1);
            }
        }
        return new byte[0];
    }

    /** Where records go on. */
    long resumeAt() {
        return resumeAt;
    }

    /** Whether the array or object around the region ends with it. */
    boolean leaves() {
        return leaves;
    }

    /** Whether a value comes next in an array, without a comma before it. */
    boolean atValue() {
        return atValue;
    }

    /** A reason, with how much is kept where that is not all. */
    static String cut(String reason, int keptBytes, long length) {
        return keptBytes < length ? reason + " (of " + length + " bytes the first " + keptBytes + " are kept)" : reason;
    }

    /**
     * Finds the end of the region that begins at a place in the window.
     *
     * @param error offset where it turned out to be bad
     */
    RecordReader.Bad skip(int from, long error, String reason, Within within, long arrayStart) {
        start = window.offset(from);
        flushed = start;
        kept.reset();
        parsed = 0;
        at = start;
        depth = 0;
        opened = false;
        inString = false;
        escaped = false;
        leaves = false;
        atValue = false;
        inside = within != Within.SEQUENCE;
        lookBack(from, within, arrayStart);
        boolean joined = within == Within.SEQUENCE && beginOfNext.length > 0 && !pretty;
        // A record that begins just where the bad one failed was cut off there: what is inside it is not taken for one.
        long searched = joined && error > start && find(error, error + beginOfNext.length) == error ? error : start + 1;
        while (true) {
            long stop = scan();
            long seen = stop == NONE ? window.offset(window.end()) : stop;
            if (joined) {
                long next = recordBetween(searched, seen);
                if (next != NONE) {
                    leaves = true;
                    return end(next, reason);
                }
                searched = Math.max(searched, seen - LONGEST_NAME);
            }
            if (stop != NONE) {
                return end(stop, reason);
            }
            if (window.atEnd()) {
                leaves = true;
                return end(window.offset(window.end()), reason);
            }
            more(at);
        }
    }

    private void lookBack(int from, Within within, long arrayStart) {
        byte[] bytes = window.bytes();
        int line = from;
        while (line > 0 && bytes[line - 1] != '\n') {
            line--;
        }
        indent = 0;
        while (line + indent < from && isBlank(bytes[line + indent])) {
            indent++;
        }
        if (line + indent < from) {
            indent = 0;
        }
        boolean ownLine = line > 0 && window.offset(line) > arrayStart;
        sequence = within != Within.ARRAY || !ownLine;
        int lineEnd = from;
        while (lineEnd < window.end() && bytes[lineEnd] != '\n') {
            lineEnd++;
        }
        boolean bracketAlone = from < window.end() && (bytes[from] == '{' || bytes[from] == '[');
        for (int i = from + 1; bracketAlone && i < lineEnd; i++) {
            bracketAlone = isBlank(bytes[i]) || bytes[i] == '\r';
        }
        pretty = noted ? multiLine : bracketAlone && lineEnd < window.end();
        beginOfNext = noted ? begin : begin(from, window.end());
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    private RecordReader.Bad end(long stop, String reason) {
        keepUpTo(stop);
        resumeAt = stop;
        byte[] bytes = kept.toByteArray();
        long length = stop - start;
        if (bytes.length == length) {
            int end = bytes.length;
            while (end > 0 && (isBlank(bytes[end - 1]) || bytes[end - 1] == '\n' || bytes[end - 1] == '\r')) {
                end--;
            }
            bytes = Arrays.copyOf(bytes, end);
            length = end;
        }
        return new RecordReader.Bad(start, cut(reason, bytes.length, length), bytes, length);
    }

    private void keepUpTo(long offset) {
        int more = (int) Math.min(offset - flushed, KEPT_BYTES - kept.size());
        if (more > 0) {
            kept.write(window.bytes(), window.place(flushed), more);
        }
        flushed = Math.max(flushed, offset);
    }

    private void more(long keep) {
        keepUpTo(keep);
        window.more(window.place(keep));
    }

    /** Looks on from {@code at}: an offset where records go on, or {@link #NONE} when the window has to move on. */
    private long scan() {
        byte[] bytes = window.bytes();
        int end = window.end();
        for (int p = window.place(at); p < end; p++) {
            byte c = bytes[p];
            if (c == '\n') {
                at = window.offset(p);
                long stop = line(p);
                if (stop != NONE || at == NONE) {
                    at = window.offset(p);
                    return stop;
                }
            } else if (escaped) {
                escaped = false;
            } else if (inString) {
                escaped = c == '\\';
                inString = c != '"';
            } else if (c == '"') {
                inString = true;
            } else if (c == '{' || c == '[') {
                depth++;
                opened = true;
            } else if (c == '}' || c == ']') {
                if (inside && depth == 0 && window.offset(p) > start) {
                    return window.offset(p);
                }
                if (depth == 1 && opened) {
                    int next = nextBlack(p + 1);
                    if (next == end && !window.atEnd()) {
                        at = window.offset(p);
                        return NONE;
                    }
                    if (endsRecord(p, next)) {
                        return window.offset(p + 1);
                    }
                }
                depth = Math.max(0, depth - 1);
            } else if (c == ',' && inside && depth == 0 && window.offset(p) > start) {
                return window.offset(p);
            }
        }
        at = window.offset(end);
        return NONE;
    }

    private int nextBlack(int from) {
        byte[] bytes = window.bytes();
        int p = from;
        while (p < window.end() && (isBlank(bytes[p]) || bytes[p] == '\n' || bytes[p] == '\r')) {
            p++;
        }
        return p;
    }

    /** Whether what follows the closing bracket at a place can follow a record. */
    private boolean endsRecord(int bracket, int next) {
        byte[] bytes = window.bytes();
        if (next == window.end()) {
            return true;
        }
        byte c = bytes[next];
        if (inside) {
            return c == ',' || c == ']' || c == '}';
        }
        boolean newLine = false;
        for (int p = bracket + 1; p < next; p++) {
            newLine |= bytes[p] == '\n';
        }
        return newLine || c == '{' || c == '[' || c == ',';
    }

    /**
     * Whether records go on after a line feed; {@code at} becomes {@link #NONE} when too little of the next line is
     * there to say so.
     */
    private long line(int lineFeed) {
        byte[] bytes = window.bytes();
        int end = window.end();
        int next = lineFeed + 1;
        if (depth == 0 && sequence) {
            leaves = true;
            return window.offset(next);
        }
        int first = next;
        while (first < end && isBlank(bytes[first])) {
            first++;
        }
        if (first == end) {
            if (!window.atEnd()) {
                at = NONE;
            }
            return NONE;
        }
        int column = first - next;
        boolean opens = bytes[first] == '{' || bytes[first] == '[';
        if (bytes[next] == '{' && window.offset(next) >= to) {
            leaves = true;
            return window.offset(next);
        }
        if (!sequence && bytes[first] == ']' && column <= indent) {
            return window.offset(first);
        }
        if (!opens || column != indent) {
            return NONE;
        }
        int after = parsed(first);
        int black = after < 0 ? end : nextBlack(after);
        if (after == CUT || (after >= 0 && black == end && !window.atEnd())) {
            at = NONE;
            return NONE;
        }
        byte c = black == end ? 0 : bytes[black];
        // Where records have a line each, one that is bad too has its own region.
        boolean follows = after < 0 ? !pretty : isAfterRecord(c);
        if (!follows) {
            return NONE;
        }
        leaves = sequence;
        atValue = !sequence;
        return window.offset(first);
    }

    /** Whether what follows a value shows that it is no part of another; 0 is the end of the file. */
    private boolean isAfterRecord(byte c) {
        if (!sequence) {
            return c == ',' || c == ']';
        }
        return pretty ? c == 0 || c == '{' || c == '[' : c != ',' && c != ']' && c != '}' && c != ':';
    }

    private static final int BROKEN = -1;
    private static final int CUT = -2;

    /** Place after the value at a place; {@link #BROKEN}, or {@link #CUT} when the window has to move on to say. */
    private int parsed(int place) {
        boolean sound = tape.parse(window.bytes(), place, window.end());
        if (sound) {
            parsed += tape.endOffset() - place;
            return tape.endOffset() - place > limits.record().bytes() ? BROKEN : tape.endOffset();
        }
        parsed += tape.errorOffset() - place;
        boolean cut = window.end() - tape.errorOffset() < LONGEST_NAME && !window.atEnd();
        return cut && window.end() - place <= limits.record().bytes() ? CUT : BROKEN;
    }

    /** Offset of a record that begins as others do and is followed by one, or by the end of its line. */
    private long recordBetween(long from, long until) {
        long next = from;
        while (parsed < MOST_PARSED) {
            long candidate = find(next, until);
            if (candidate == NONE) {
                return NONE;
            }
            int after = parsed(window.place(candidate));
            while (after == CUT) {
                more(candidate);
                after = parsed(window.place(candidate));
            }
            if (after >= 0) {
                byte[] bytes = window.bytes();
                int p = after;
                while (p < window.end() && (isBlank(bytes[p]) || bytes[p] == '\r')) {
                    p++;
                }
                if (p == window.end() || bytes[p] == '\n' || bytes[p] == '{') {
                    return candidate;
                }
            }
            next = candidate + 1;
        }
        return NONE;
    }

    private long find(long from, long until) {
        byte[] bytes = window.bytes();
        int end = Math.min(window.end(), window.place(until)) - beginOfNext.length;
        for (int p = Math.max(0, window.place(from)); p <= end; p++) {
            if (bytes[p] == '{'
                    && Arrays.equals(bytes, p, p + beginOfNext.length, beginOfNext, 0, beginOfNext.length)) {
                return window.offset(p);
            }
        }
        return NONE;
    }
}
