package dev.millrace.schema;

import dev.millrace.json.JsonTape;

/** What makes a value of plain JSON a record: nearly everything is one. */
final class PlainRecords {
    private PlainRecords() {}

    /**
     * Why a value is no record, or null when it is one: only a name that no text can hold has no place in any table. A
     * value that no text can hold stays in {@code _rest} as it is written.
     */
    static String problem(JsonTape tape, int value) {
        if (!tape.hasEscapes()) {
            return null;
        }
        if (tape.isArray(value)) {
            for (int e = value + 1; e < tape.next(value); e = tape.next(e)) {
                String problem = problem(tape, e);
                if (problem != null) {
                    return problem;
                }
            }
        } else if (tape.isObject(value)) {
            for (int name = value + 1; name < tape.next(value); name = tape.next(name + 1)) {
                String problem =
                        tape.isText(name) ? problem(tape, name + 1) : "half a surrogate pair in an attribute's name";
                if (problem != null) {
                    return problem;
                }
            }
        }
        return null;
    }

    /** Writes a record that is no object as one that has it as its {@value EntityTable#VALUE}. */
    static Bytes wrap(JsonTape tape, Bytes out) {
        out.clear();
        return out.ascii("{\"" + EntityTable.VALUE + "\":")
                .add(tape.input(), tape.rawStart(0), tape.rawEnd(0))
                .add('}');
    }
}
