package dev.millrace.schema;

import dev.millrace.json.JsonTape;
import java.util.Base64;

/** Binary values as DynamoDB's JSON writes them: base64 with padding (RFC 4648, section 4). */
final class Base64Text {
    private static final boolean[] DIGIT = new boolean[128];

    static {
        for (char c = 0; c < 128; c++) {
            DIGIT[c] =
                    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
        }
    }

    private Base64Text() {}

    static boolean isValid(JsonTape tape, int token) {
        byte[] text = tape.isEscaped(token) ? tape.utf8(token) : tape.input();
        int from = tape.isEscaped(token) ? 0 : tape.start(token);
        int to = tape.isEscaped(token) ? text.length : tape.end(token);
        if ((to - from) % 4 != 0) {
            return false;
        }
        int digits = to;
        while (digits > from && to - digits < 2 && text[digits - 1] == '=') {
            digits--;
        }
        for (int i = from; i < digits; i++) {
            if (text[i] < 0 || !DIGIT[text[i]]) {
                return false;
            }
        }
        return true;
    }

    /** The bytes of a token that is valid. */
    static byte[] decode(JsonTape tape, int token) {
        return Base64.getDecoder().decode(tape.utf8(token));
    }
}
