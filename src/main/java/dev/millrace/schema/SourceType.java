package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import java.util.Map;

/** DynamoDB's types, by the tags of its JSON ("Data type descriptors" in the Amazon DynamoDB developer guide). */
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

    private static final Map<String, SourceType> WORDS =
            Map.of("BOOL", BOOL, "NULL", NULL, "SS", SS, "NS", NS, "BS", BS);

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
        int name = value + 1;
        byte[] input = tape.input();
        int start = tape.start(name);
        byte first = input[start];
        if (tape.length(name) == 1) {
            return switch (first) {
                case 'S' -> S;
                case 'N' -> N;
                case 'B' -> B;
                case 'M' -> M;
                default -> L;
            };
        }
        return switch (first) {
            case 'S' -> SS;
            case 'N' -> input[start + 1] == 'S' ? NS : NULL;
            default -> input[start + 1] == 'S' ? BS : BOOL;
        };
    }

    /** The type whose tag a name token is, or null. */
    static SourceType tagged(JsonTape tape, int name) {
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
            case 2, 4 -> WORDS.get(tape.text(name));
            default -> null;
        };
    }

    /** The token of what is inside an attribute value's tag. */
    static int payload(int value) {
        return value + 2;
    }
}
