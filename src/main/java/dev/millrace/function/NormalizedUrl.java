package dev.millrace.function;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.apache.spark.sql.api.java.UDF1;

/**
 * {@code normalized_url(url)}: percent-decoded, without white space and in lower case, so that one address has one
 * spelling. Null for null; every other text has a result.
 *
 * <p>Escapes are read once, as UTF-8; bytes that are none become U+FFFD. An escape without two hexadecimal digits loses
 * its {@code %} only; {@code +} stays. (Spark's {@code url_decode} fails on the first and makes a space of the second.)
 */
public final class NormalizedUrl implements UDF1<String, String> {
    private static final int NEXT_LINE = 0x85;

    @Override
    public String call(String url) {
        return url == null ? null : of(url);
    }

    static String of(String url) {
        return withoutWhiteSpace(decoded(url)).toLowerCase(Locale.ROOT);
    }

    private static String decoded(String url) {
        int percent = url.indexOf('%');
        if (percent < 0) {
            return url;
        }
        StringBuilder decoded = new StringBuilder(url.length());
        // Escapes beside each other are the bytes of one character or more.
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int at = 0;
        while (at < url.length()) {
            char c = url.charAt(at);
            int value = c == '%' ? escape(url, at + 1) : -1;
            if (value >= 0) {
                bytes.write(value);
                at += 3;
                continue;
            }
            flush(bytes, decoded);
            if (c != '%') {
                decoded.append(c);
            }
            at++;
        }
        flush(bytes, decoded);
        return decoded.toString();
    }

    /** The value of two hexadecimal digits; negative when there are none. */
    private static int escape(String url, int at) {
        if (at + 1 >= url.length()) {
            return -1;
        }
        int high = hexadecimal(url.charAt(at));
        int low = hexadecimal(url.charAt(at + 1));
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    private static int hexadecimal(char c) {
        // Character.digit knows digits of other scripts too.
        return c < 0x80 ? Character.digit(c, 16) : -1;
    }

    private static void flush(ByteArrayOutputStream bytes, StringBuilder decoded) {
        if (bytes.size() > 0) {
            decoded.append(bytes.toString(StandardCharsets.UTF_8));
            bytes.reset();
        }
    }

    private static String withoutWhiteSpace(String text) {
        if (text.chars().noneMatch(NormalizedUrl::isWhiteSpace)) {
            return text;
        }
        StringBuilder kept = new StringBuilder(text.length());
        text.chars().filter(c -> !isWhiteSpace(c)).forEach(c -> kept.append((char) c));
        return kept.toString();
    }

    /** White space of Unicode, none of which needs two chars, and what Java takes for it. */
    private static boolean isWhiteSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == NEXT_LINE;
    }
}
