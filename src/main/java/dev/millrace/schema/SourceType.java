package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import java.nio.charset.StandardCharsets;

/**
 * DynamoDB's types, by the tags of its JSON ("Data type descriptors" in the Amazon DynamoDB developer guide). Plain JSON
 * has six of them: see {@link Notation#PLAIN}.
 */
@SuppressWarnings("EnumOrdinal") // noted on the tape, once per value
public enum SourceType {
    S,
    N,
    B,
    BOOL,
    NULL,
    M,
    L,
    SS,
    NS,
    BS;

    private static final SourceType[] ALL = values();
    private static final byte[] BOOL_TAG = "BOOL".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NULL_TAG = "NULL".getBytes(StandardCharsets.US_ASCII);

    /** Whether values of this type hold other values by path. */
    public boolean isContainer() {
        return this == M || this == L;
    }

    public boolean isSet() {
        return this == SS || this == NS || this == BS;
    }

    /** The type of a set's elements. */
    SourceType element() {
        return switch (this) {
            case SS -> S;
            case NS -> N;
            case BS -> B;
            case S, N, B, BOOL, NULL, M, L -> throw new IllegalStateException("Not a set: " + this);
        };
    }

    /** The type of the attribute value at a token, which {@link Items#problem} has found sound. */
    static SourceType of(JsonTape tape, int value) {
        int mark = tape.mark(value);
        return mark > 0 ? ALL[mark - 1] : tagged(tape, value + 1);
    }

    /** The type whose tag a value's name token is, or null. It is noted on the tape, so that it is read once. */
    static SourceType read(JsonTape tape, int value) {
        SourceType type = tagged(tape, value + 1);
        if (type != null) {
            tape.setMark(value, type.ordinal() + 1);
        }
        return type;
    }

    private static SourceType tagged(JsonTape tape, int name) {
        byte[] input = tape.input();
        int start = tape.start(name);
        return switch (tape.isEscaped(name) ? 0 : tape.length(name)) {
            case 1 ->
                switch (input[start]) {
                    case 'S' -> S;
                    case 'N' -> N;
                    case 'B' -> B;
                    case 'M' -> M;
                    case 'L' -> L;
                    default -> null;
                };
            case 2 ->
                input[start + 1] != 'S'
                        ? null
                        : switch (input[start]) {
                            case 'S' -> SS;
                            case 'N' -> NS;
                            case 'B' -> BS;
                            default -> null;
                        };
            case 4 -> tape.is(name, BOOL_TAG) ? BOOL : tape.is(name, NULL_TAG) ? NULL : null;
            default -> null;
        };
    }

    /** The token of what is inside an attribute value's tag. */
    static int payload(int value) {
        return value + 2;
    }
}
