package dev.millrace.schema;

import dev.millrace.json.JsonTape;

/** What makes an item sound: DynamoDB JSON that can be decoded to the last value. */
final class Items {
    private Items() {}

    /** Why the object at a token is no item, or null when it is one. */
    static String problem(JsonTape tape, int item, NumberScan numbers) {
        if (!tape.isObject(item)) {
            return "an item must be an object of attributes";
        }
        for (int name = item + 1; name < tape.next(item); name = tape.next(name + 1)) {
            if (!tape.isText(name)) {
                return "half a surrogate pair in an attribute's name";
            }
            String problem = valueProblem(tape, name + 1, numbers);
            if (problem != null) {
                return problem + " in attribute " + tape.text(name);
            }
        }
        return null;
    }

    /** Why a token is no typed value that can be decoded, or null when it is one. */
    static String valueProblem(JsonTape tape, int value, NumberScan numbers) {
        if (!tape.isObject(value) || tape.next(value) == value + 1) {
            return "a value without its type";
        }
        int payload = SourceType.payload(value);
        if (tape.next(payload) != tape.next(value)) {
            return "a value of more than one type";
        }
        SourceType type = type(tape, value);
        if (type == null) {
            return "an unknown type " + (tape.isText(value + 1) ? tape.text(value + 1) : "");
        }
        return payloadProblem(tape, type, payload, numbers);
    }

    /** The type of a value as its tag says, or null when the token is no object of one tag; inside nobody has looked. */
    static SourceType type(JsonTape tape, int value) {
        boolean tagged = tape.isObject(value)
                && tape.next(value) > value + 1
                && tape.next(SourceType.payload(value)) == tape.next(value);
        return tagged ? SourceType.read(tape, value) : null;
    }

    /** Why what is inside a tag is none of its type, or null. Of a sound N, {@code numbers} holds the number then. */
    static String payloadProblem(JsonTape tape, SourceType type, int payload, NumberScan numbers) {
        return switch (type) {
            case S -> stringProblem(tape, payload);
            case N -> numberProblem(tape, payload, numbers);
            case B -> binaryProblem(tape, payload);
            case BOOL ->
                tape.kind(payload) == JsonTape.Kind.TRUE || tape.kind(payload) == JsonTape.Kind.FALSE
                        ? null
                        : "a BOOL that is neither true nor false";
            case NULL -> tape.kind(payload) == JsonTape.Kind.TRUE ? null : "a NULL that is not true";
            case M -> problem(tape, payload, numbers);
            case L -> {
                if (!tape.isArray(payload)) {
                    yield "an L that is no array";
                }
                String problem = null;
                for (int e = payload + 1; problem == null && e < tape.next(payload); e = tape.next(e)) {
                    problem = valueProblem(tape, e, numbers);
                }
                yield problem;
            }
            case SS, NS, BS -> {
                if (!tape.isArray(payload)) {
                    yield "an " + type + " that is no array";
                }
                String problem = null;
                for (int e = payload + 1; problem == null && e < tape.next(payload); e = tape.next(e)) {
                    problem = type == SourceType.SS
                            ? stringProblem(tape, e)
                            : type == SourceType.NS ? numberProblem(tape, e, numbers) : binaryProblem(tape, e);
                }
                yield problem;
            }
        };
    }

    private static String stringProblem(JsonTape tape, int token) {
        if (!tape.isString(token)) {
            return "an S that is no string";
        }
        return tape.isText(token) ? null : "half a surrogate pair in a string";
    }

    private static String numberProblem(JsonTape tape, int token, NumberScan numbers) {
        boolean sound = tape.isString(token)
                && !tape.isEscaped(token)
                && numbers.scan(tape.input(), tape.start(token), tape.end(token));
        return sound ? null : "an N that is no number";
    }

    private static String binaryProblem(JsonTape tape, int token) {
        boolean sound = tape.isString(token) && Base64Text.isValid(tape, token);
        return sound ? null : "a B that is not base64";
    }
}
