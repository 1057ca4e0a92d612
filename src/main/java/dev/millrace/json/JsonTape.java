package dev.millrace.json;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One JSON value (RFC 8259, strict, valid UTF-8) as a flat list of tokens that point into the input.
 *
 * <p>A container's children follow it; {@link #next} is the token after a value and all its children. The children of
 * an object are its names and values in turn. Nothing is copied and nothing is allocated once the tape has grown to
 * the largest value met. Not for use by several threads; tokens are valid until the next {@link #parse}.
 */
@SuppressWarnings("EnumOrdinal") // kinds lie in a byte array
public final class JsonTape {
    /** What a token is. */
    public enum Kind {
        OBJECT,
        ARRAY,
        STRING,
        NUMBER,
        TRUE,
        FALSE,
        NULL
    }

    /** Nesting beyond this is an error unless another limit is given: DynamoDB's 32 levels need 64 and a few. */
    public static final int MAX_DEPTH = 1_024;

    private static final Kind[] KINDS = Kind.values();
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int TRUE = 't' | 'r' << 8 | 'u' << 16 | 'e' << 24;
    private static final int ALSE = 'a' | 'l' << 8 | 's' << 16 | 'e' << 24;
    private static final int NULL = 'n' | 'u' << 8 | 'l' << 16 | 'l' << 24;
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGHS = 0x8080808080808080L;
    private static final int ESCAPED = 8;

    // Above a token's kind: what was noted of it, and of a name, which of the familiar ones it is.
    private static final int MARK_SHIFT = 4;
    private static final int MARK_MASK = 0x7F;
    private static final int NAME_SHIFT = 11;

    /** The bytes of <code>{"?":"</code> where they differ from zero, and which of them count. */
    private static final long TAGGED = '{' | '"' << 8 | (long) '"' << 24 | (long) ':' << 32 | (long) '"' << 40;

    private static final long TAGGED_MASK = 0xFFFFFF00FFFFL;

    // A token takes four cells that lie together: where it starts and ends, the token after it, and its kind. One array
    // is checked once where four were checked four times.
    private static final int CELLS = 4;
    private static final int END = 1;
    private static final int NEXT = 2;
    private static final int KIND = 3;

    private final int maxDepth;
    private final int maxTokens;
    private final FamiliarNames names = new FamiliarNames();
    private byte[] input = new byte[0];
    private int[] cells = new int[256 * CELLS];
    private int[] stack = new int[32];
    private int size;
    private int depth;
    private int end;
    private int position;
    private String error = "";
    private boolean sawEscape;
    private boolean escapes;

    /** Takes values that are nested no deeper than {@link #MAX_DEPTH}. */
    public JsonTape() {
        this(MAX_DEPTH, Integer.MAX_VALUE);
    }

    /**
     * Takes values within limits.
     *
     * @param maxDepth objects and arrays inside each other
     * @param maxTokens names and values in all, about; each takes 16 bytes of memory
     */
    public JsonTape(int maxDepth, int maxTokens) {
        this.maxDepth = maxDepth;
        this.maxTokens = maxTokens;
    }

    /**
     * Reads the value that begins at {@code from}, after white space.
     *
     * @return false when there is no valid value: {@link #error} and {@link #errorOffset} say why and where
     */
    public boolean parse(byte[] bytes, int from, int to) {
        input = bytes;
        end = to;
        size = 0;
        depth = 0;
        error = "";
        escapes = false;
        position = from;
        names.begin();
        return value();
    }

    /** Where the value that was parsed ends: the offset after its last byte. */
    public int endOffset() {
        return position;
    }

    /** Whether nothing but white space follows the value. */
    public boolean isWhole() {
        return skipSpace(position) == end;
    }

    public String error() {
        return error;
    }

    public int errorOffset() {
        return position;
    }

    public byte[] input() {
        return input;
    }

    public int size() {
        return size;
    }

    public Kind kind(int token) {
        return KINDS[cells[token * CELLS + KIND] & 7];
    }

    /** The ordinal of a token's kind. */
    public int kindOrdinal(int token) {
        return cells[token * CELLS + KIND] & 7;
    }

    public boolean isObject(int token) {
        return (cells[token * CELLS + KIND] & 7) == 0;
    }

    public boolean isArray(int token) {
        return (cells[token * CELLS + KIND] & 7) == 1;
    }

    public boolean isString(int token) {
        return (cells[token * CELLS + KIND] & 7) == 2;
    }

    /** Offset of a value's first byte; of a string, the byte after its quote. */
    public int start(int token) {
        return cells[token * CELLS];
    }

    /** Offset after a value's last byte; of a string, of its closing quote. */
    public int end(int token) {
        return cells[token * CELLS + END];
    }

    public int length(int token) {
        return cells[token * CELLS + END] - cells[token * CELLS];
    }

    /** The token after this value and all its children. */
    public int next(int token) {
        return cells[token * CELLS + NEXT];
    }

    /** Whether a string token holds a backslash, so that its bytes are not its text. */
    public boolean isEscaped(int token) {
        return (cells[token * CELLS + KIND] & ESCAPED) != 0;
    }

    /** Whether any string holds a backslash. */
    public boolean hasEscapes() {
        return escapes;
    }

    /** Notes something of a token for {@link #mark}, above 0 and below 128: during a parse always the same. */
    public void setMark(int token, int mark) {
        cells[token * CELLS + KIND] |= mark << MARK_SHIFT;
    }

    /** What was noted of a token; 0: nothing. */
    public int mark(int token) {
        return cells[token * CELLS + KIND] >>> MARK_SHIFT & MARK_MASK;
    }

    /**
     * A number that this tape gives a name, the same for ever and no other the same; 0 for a name that has none, since
     * few have met it or there are too many.
     */
    public int nameNumber(int token) {
        return cells[token * CELLS + KIND] >>> NAME_SHIFT;
    }

    /** Offset of a value's first byte, its quote included. */
    public int rawStart(int token) {
        return isString(token) ? start(token) - 1 : start(token);
    }

    /** Offset after a value's last byte, its quote included. */
    public int rawEnd(int token) {
        return isString(token) ? end(token) + 1 : end(token);
    }

    /** Whether a string token's bytes are exactly these. False for one with escapes: ask {@link #text} then. */
    public boolean is(int token, byte[] name) {
        return !isEscaped(token) && Arrays.equals(input, start(token), end(token), name, 0, name.length);
    }

    /**
     * A string token's text; of any other token, its bytes as they stand.
     *
     * @throws IllegalStateException when an escape stands for half a surrogate pair, which no text can hold
     */
    public String text(int token) {
        byte[] bytes = utf8(token);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A string token's text as UTF-8 in an array of its own. */
    public byte[] utf8(int token) {
        if (!isEscaped(token)) {
            return Arrays.copyOfRange(input, start(token), end(token));
        }
        byte[] out = new byte[length(token)];
        int length = unescape(token, out);
        if (length < 0) {
            throw new IllegalStateException("Half a surrogate pair in a string at byte " + start(token));
        }
        return Arrays.copyOf(out, length);
    }

    /** Whether every escape of a string token stands for a whole character. */
    public boolean isText(int token) {
        return !isEscaped(token) || unescape(token, new byte[length(token)]) >= 0;
    }

    /**
     * Writes an escaped string token's text as UTF-8.
     *
     * @param out as long as the token at least
     * @return the length of the text; −1 when an escape stands for half a surrogate pair
     */
    public int unescape(int token, byte[] out) {
        int o = 0;
        int i = start(token);
        int to = end(token);
        while (i < to) {
            byte c = input[i++];
            if (c != '\\') {
                out[o++] = c;
                continue;
            }
            byte e = input[i++];
            switch (e) {
                case 'b' -> out[o++] = '\b';
                case 'f' -> out[o++] = '\f';
                case 'n' -> out[o++] = '\n';
                case 'r' -> out[o++] = '\r';
                case 't' -> out[o++] = '\t';
                case 'u' -> {
                    int code = hex4(i);
                    i += 4;
                    if (code >= 0xD800 && code <= 0xDFFF) {
                        boolean paired = code <= 0xDBFF && i + 6 <= to && input[i] == '\\' && input[i + 1] == 'u';
                        int low = paired ? hex4(i + 2) : -1;
                        if (low < 0xDC00 || low > 0xDFFF) {
                            return -1;
                        }
                        i += 6;
                        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                    }
                    o = encode(code, out, o);
                }
                default -> out[o++] = e;
            }
        }
        return o;
    }

    private static int encode(int code, byte[] out, int at) {
        int o = at;
        if (code < 0x80) {
            out[o++] = (byte) code;
        } else if (code < 0x800) {
            out[o++] = (byte) (0xC0 | code >> 6);
            out[o++] = (byte) (0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            out[o++] = (byte) (0xE0 | code >> 12);
            out[o++] = (byte) (0x80 | (code >> 6 & 0x3F));
            out[o++] = (byte) (0x80 | (code & 0x3F));
        } else {
            out[o++] = (byte) (0xF0 | code >> 18);
            out[o++] = (byte) (0x80 | (code >> 12 & 0x3F));
            out[o++] = (byte) (0x80 | (code >> 6 & 0x3F));
            out[o++] = (byte) (0x80 | (code & 0x3F));
        }
        return o;
    }

    private int hex4(int at) {
        int code = 0;
        for (int i = at; i < at + 4; i++) {
            code = code << 4 | Character.digit(input[i], 16);
        }
        return code;
    }

    /** Reads values without recursion: after each one, what its container expects next. */
    private boolean value() {
        while (true) {
            int p = skipSpace(position);
            position = p;
            if (p >= end) {
                return fail("the value is missing");
            }
            if (size > maxTokens) {
                return fail("more than " + maxTokens + " names and values");
            }
            byte c = input[p];
            if (c == '{' && isTaggedText(p)) {
                if (!taggedText(p)) {
                    return false;
                }
            } else if (c == '{' || c == '[') {
                if (depth == maxDepth) {
                    return fail("nested deeper than " + maxDepth + " levels");
                }
                push(add(c == '{' ? Kind.OBJECT : Kind.ARRAY, p, p));
                position = skipSpace(p + 1);
                boolean empty = position < end && input[position] == (c == '{' ? '}' : ']');
                if (!empty) {
                    if (c == '{' && !name()) {
                        return false;
                    }
                    continue;
                }
                close();
            } else if (!scalar(c)) {
                return false;
            }
            // A value is complete: climb while containers end here.
            while (depth > 0) {
                position = skipSpace(position);
                if (position >= end) {
                    return fail("cut off inside " + (isObject(stack[depth - 1]) ? "an object" : "an array"));
                }
                boolean object = isObject(stack[depth - 1]);
                byte after = input[position];
                if (after == ',') {
                    position++;
                    if (object && !name()) {
                        return false;
                    }
                    break;
                }
                if (after != (object ? '}' : ']')) {
                    return fail("expected , or " + (object ? '}' : ']'));
                }
                close();
            }
            if (depth == 0) {
                return true;
            }
        }
    }

    private void push(int token) {
        if (depth == stack.length) {
            stack = Arrays.copyOf(stack, depth * 2);
        }
        stack[depth++] = token;
    }

    /** Ends the innermost container at the bracket that {@code position} stands on. */
    private void close() {
        position++;
        end(stack[--depth], position);
    }

    private void end(int token, int at) {
        cells[token * CELLS + END] = at;
        cells[token * CELLS + NEXT] = size;
    }

    /** Whether an object begins with a name of one plain letter and a string, as in <code>{"S":"text"}</code>. */
    private boolean isTaggedText(int p) {
        if (p + 8 > end || depth == maxDepth || ((long) LONG.get(input, p) & TAGGED_MASK) != TAGGED) {
            return false;
        }
        byte letter = input[p + 2];
        return letter >= ' ' && letter != '"' && letter != '\\';
    }

    /**
     * Reads such an object at one go: most of DynamoDB's JSON is of this form. It becomes the tokens that the long way
     * makes of it, and where it does not end after the string, the long way goes on from there.
     */
    private boolean taggedText(int p) {
        int object = add(Kind.OBJECT, p, p);
        add(Kind.STRING, p + 2, p + 3);
        position = p + 5;
        if (!string()) {
            return false;
        }
        if (position < end && input[position] == '}') {
            end(object, ++position);
        } else {
            push(object);
        }
        return true;
    }

    private boolean name() {
        int p = skipSpace(position);
        FamiliarNames.Name guess = names.guess();
        if (!guess.isAt(input, p, end)) {
            position = p;
            return unguessedName();
        }
        int token = add(Kind.STRING, p + 1, p + guess.length() - 2);
        cells[token * CELLS + KIND] |= guess.number() << NAME_SHIFT;
        names.met(guess);
        position = p + guess.length();
        return true;
    }

    private boolean unguessedName() {
        int token = size;
        if (position >= end || input[position] != '"') {
            return fail("expected a name in quotes");
        }
        if (!string()) {
            return false;
        }
        if (!isEscaped(token)) {
            cells[token * CELLS + KIND] |= names.met(input, start(token), end(token)) << NAME_SHIFT;
        }
        position = skipSpace(position);
        if (position >= end || input[position] != ':') {
            return fail("expected a colon after a name");
        }
        position++;
        return true;
    }

    private boolean scalar(byte c) {
        return switch (c) {
            case '"' -> string();
            case 't' -> word(Kind.TRUE, TRUE, 4);
            case 'f' -> word(Kind.FALSE, ALSE, 5);
            case 'n' -> word(Kind.NULL, NULL, 4);
            default -> number();
        };
    }

    /** Reads a word whose first byte is there by its last four. */
    private boolean word(Kind kind, int lastFour, int length) {
        int last = position + length - 4;
        if (position + length > end || (int) INT.get(input, last) != lastFour) {
            return fail("expected a value");
        }
        add(kind, position, position + length);
        position += length;
        return true;
    }

    private boolean number() {
        int p = position;
        if (p < end && input[p] == '-') {
            p++;
        }
        int digits = digits(p);
        if (digits == 0) {
            return fail("expected a value");
        }
        if (digits > 1 && input[p] == '0') {
            return fail("a number begins with 0");
        }
        p += digits;
        if (p < end && input[p] == '.') {
            digits = digits(p + 1);
            if (digits == 0) {
                return fail("no digit after the point of a number");
            }
            p += 1 + digits;
        }
        if (p < end && (input[p] == 'e' || input[p] == 'E')) {
            p++;
            if (p < end && (input[p] == '+' || input[p] == '-')) {
                p++;
            }
            digits = digits(p);
            if (digits == 0) {
                return fail("no digit in the exponent of a number");
            }
            p += digits;
        }
        add(Kind.NUMBER, position, p);
        position = p;
        return true;
    }

    private int digits(int from) {
        int p = from;
        while (p < end && input[p] >= '0' && input[p] <= '9') {
            p++;
        }
        return p - from;
    }

    private boolean string() {
        int from = position + 1;
        int p = from;
        sawEscape = false;
        while (true) {
            // Eight plain bytes at a time: neither quote, backslash, control nor above 0x7F.
            while (p + 8 <= end) {
                long w = (long) LONG.get(input, p);
                // One subtraction finds both control and quote: with its bit of 2 turned, the quote is the space, which
                // is below 0x21 as controls are, and nothing else of ASCII is.
                long special = ((w ^ ONES * 0x02) - ONES * 0x21 | (w ^ ONES * '\\') - ONES | w) & HIGHS;
                if (special != 0) {
                    p += Long.numberOfTrailingZeros(special) >>> 3;
                    break;
                }
                p += 8;
            }
            if (p >= end) {
                position = p;
                return fail("a string is cut off");
            }
            byte c = input[p];
            if (c == '"') {
                break;
            }
            if (c == '\\') {
                int length = escape(p);
                if (length == 0) {
                    position = p;
                    return fail("an escape is not one of JSON's");
                }
                sawEscape = true;
                p += length;
            } else if (c < 0) {
                int length = utf8Length(p);
                if (length == 0) {
                    position = p;
                    return fail("not UTF-8");
                }
                p += length;
            } else if (c < 0x20) {
                position = p;
                return fail("a control character stands in a string");
            } else {
                p++;
            }
        }
        int token = add(Kind.STRING, from, p);
        if (sawEscape) {
            cells[token * CELLS + KIND] |= ESCAPED;
            escapes = true;
        }
        position = p + 1;
        return true;
    }

    /** Length of the escape at the backslash at {@code p}, or 0. */
    private int escape(int p) {
        if (p + 1 >= end) {
            return 0;
        }
        switch (input[p + 1]) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> {
                return 2;
            }
            case 'u' -> {
                if (p + 6 > end) {
                    return 0;
                }
                for (int i = p + 2; i < p + 6; i++) {
                    if (Character.digit(input[i], 16) < 0) {
                        return 0;
                    }
                }
                return 6;
            }
            default -> {
                return 0;
            }
        }
    }

    /** Length of the well-formed UTF-8 sequence at {@code p} (Unicode, table 3-7), or 0. */
    private int utf8Length(int p) {
        int lead = input[p] & 0xFF;
        int length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
        if (length == 0 || p + length > end) {
            return 0;
        }
        int second = input[p + 1] & 0xFF;
        int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (second < low || second > high) {
            return 0;
        }
        for (int i = 2; i < length; i++) {
            if ((input[p + i] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return length;
    }

    private int skipSpace(int from) {
        // Small, so that it is inlined everywhere: most often there is nothing to skip.
        return from < end && input[from] > ' ' ? from : afterSpace(from);
    }

    private int afterSpace(int from) {
        int p = from;
        while (p < end && (input[p] == ' ' || input[p] == '\n' || input[p] == '\r' || input[p] == '\t')) {
            p++;
        }
        return p;
    }

    private int add(Kind kind, int from, int to) {
        int cell = size * CELLS;
        if (cell == cells.length) {
            cells = Arrays.copyOf(cells, cell * 2);
        }
        cells[cell] = from;
        cells[cell + END] = to;
        cells[cell + NEXT] = size + 1;
        cells[cell + KIND] = kind.ordinal();
        return size++;
    }

    private boolean fail(String reason) {
        error = reason;
        return false;
    }
}
