package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/**
 * Lists, maps and sets as the JSON a person would write: L as array, M as object, S as string, N as number, BOOL and
 * NULL as themselves; a set at the top as an array of its elements.
 */
final class PlainJson {
    private PlainJson() {}

    /** Writes a typed value. False when a binary or a set is inside, which plain JSON cannot tell apart. */
    static boolean write(JsonTape tape, int value, Bytes out) {
        SourceType type = SourceType.of(tape, value);
        int payload = SourceType.payload(value);
        return switch (type) {
            case S, BOOL -> {
                out.add(tape.input(), tape.rawStart(payload), tape.rawEnd(payload));
                yield true;
            }
            case N -> {
                number(tape, payload, out);
                yield true;
            }
            case NULL -> {
                out.ascii("null");
                yield true;
            }
            case M -> {
                out.add('{');
                boolean plain = true;
                for (int name = payload + 1; plain && name < tape.next(payload); name = tape.next(name + 1)) {
                    if (name > payload + 1) {
                        out.add(',');
                    }
                    out.add(tape.input(), tape.rawStart(name), tape.rawEnd(name))
                            .add(':');
                    plain = write(tape, name + 1, out);
                }
                out.add('}');
                yield plain;
            }
            case L -> {
                out.add('[');
                boolean plain = true;
                for (int e = payload + 1; plain && e < tape.next(payload); e = tape.next(e)) {
                    if (e > payload + 1) {
                        out.add(',');
                    }
                    plain = write(tape, e, out);
                }
                out.add(']');
                yield plain;
            }
            case B, SS, NS, BS -> false;
        };
    }

    /** Writes the elements of a set. */
    static void writeSet(JsonTape tape, int set, SourceType type, Bytes out) {
        out.add('[');
        for (int e = set + 1; e < tape.next(set); e++) {
            if (e > set + 1) {
                out.add(',');
            }
            if (type == SourceType.NS) {
                number(tape, e, out);
            } else {
                out.add(tape.input(), tape.rawStart(e), tape.rawEnd(e));
            }
        }
        out.add(']');
    }

    /** A number verbatim where JSON can read it, else by its value. */
    private static void number(JsonTape tape, int token, Bytes out) {
        byte[] input = tape.input();
        int from = tape.start(token);
        int to = tape.end(token);
        int digits = input[from] == '-' ? from + 1 : from;
        boolean digitFirst = input[digits] >= '0' && input[digits] <= '9';
        boolean leadingZero =
                input[digits] == '0' && digits + 1 < to && input[digits + 1] >= '0' && input[digits + 1] <= '9';
        boolean pointLast = false;
        for (int i = from; i < to; i++) {
            boolean digitAfter = i + 1 < to && input[i + 1] >= '0' && input[i + 1] <= '9';
            pointLast |= input[i] == '.' && !digitAfter;
        }
        if (digitFirst && !leadingZero && !pointLast) {
            out.add(input, from, to);
        } else {
            out.add(new BigDecimal(tape.text(token)).toString().getBytes(StandardCharsets.US_ASCII));
        }
    }
}
