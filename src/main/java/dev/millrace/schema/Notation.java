package dev.millrace.schema;

import dev.millrace.json.JsonTape;

/** How a source writes its records as JSON. */
@SuppressWarnings("EnumOrdinal") // kinds to types, by an array: this runs once per value
public enum Notation {
    /** DynamoDB JSON: a value is in an object whose only name tells its type. */
    DYNAMODB(2),
    /**
     * JSON as everybody writes it: a string is S, a number N, true and false BOOL, null NULL, an array L, an object M. A
     * record that is no object is one whose {@value EntityTable#VALUE} it is.
     */
    PLAIN(0);

    private static final SourceType[] TYPES = new SourceType[JsonTape.Kind.values().length];

    static {
        for (JsonTape.Kind kind : JsonTape.Kind.values()) {
            TYPES[kind.ordinal()] = switch (kind) {
                case OBJECT -> SourceType.M;
                case ARRAY -> SourceType.L;
                case STRING -> SourceType.S;
                case NUMBER -> SourceType.N;
                case TRUE, FALSE -> SourceType.BOOL;
                case NULL -> SourceType.NULL;
            };
        }
    }

    private final int tokensBeforePayload;

    Notation(int tokensBeforePayload) {
        this.tokensBeforePayload = tokensBeforePayload;
    }

    /** The token of what a value holds: of what is inside its tag, where it has one. */
    int payload(int value) {
        return value + tokensBeforePayload;
    }

    /** The type of a value; null where it has no tag, or one that is none. What is inside nobody has looked at. */
    SourceType type(JsonTape tape, int value) {
        return this == PLAIN ? plain(tape, value) : Items.type(tape, value);
    }

    /** The type of a value that {@link #problem} has found sound. */
    SourceType of(JsonTape tape, int value) {
        return this == PLAIN ? plain(tape, value) : SourceType.of(tape, value);
    }

    /** The type of a value of plain JSON. */
    static SourceType plain(JsonTape tape, int value) {
        return TYPES[tape.kindOrdinal(value)];
    }

    /** Why the value at a token is no record that can be decoded to the last value, or null when it is one. */
    String problem(JsonTape tape, int record, NumberScan numbers) {
        return this == PLAIN ? PlainRecords.problem(tape, record) : Items.problem(tape, record, numbers);
    }
}
