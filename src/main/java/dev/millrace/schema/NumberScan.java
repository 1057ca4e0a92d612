package dev.millrace.schema;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/**
 * Reads a number's text without rounding: how many digits it needs before and after the point, and its value.
 *
 * <p>Reused for number after number; the fields hold the last one scanned.
 */
final class NumberScan {
    /** DynamoDB's numbers end at 9.99E+125 and 1E-130; far beyond that a text is no number of its. */
    private static final int MAX_EXPONENT = 1_000;

    /** So many digits a long holds, whatever they are. */
    private static final int LONG_DIGITS = 18;

    /** Digits of a number that has too many. */
    private static final int ENDLESS = 10_000;

    /** Fifteen digits are those of one double. */
    private static final long SHORT = 1_000_000_000_000_000L;

    /** The powers of ten that doubles hold exactly. */
    private static final double[] POWERS = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };

    private byte[] bytes = new byte[0];
    private boolean endless;
    private int from;
    private int to;
    private boolean plain;
    private int integerDigits;
    private int scale;
    private long significand;
    private int scaleAsWritten;

    /**
     * Scans a number. False when the bytes are none, or a number of so many digits or so great an exponent that nothing
     * but text holds it: then it {@link #isEndless}.
     */
    boolean scan(byte[] input, int start, int end) {
        bytes = input;
        from = start;
        to = end;
        boolean scanned = scanInteger(input, start, end) || scanAny(input, start, end);
        endless = !scanned;
        if (endless) {
            integerDigits = ENDLESS;
            scale = 0;
            plain = false;
        }
        return scanned;
    }

    /** Whether the last number has more digits than are worth counting: it has no {@link #value} then. */
    boolean isEndless() {
        return endless;
    }

    /** Scans digits, at most so many that a long holds them, without a sign: most numbers are nothing else. */
    private boolean scanInteger(byte[] input, int start, int end) {
        int length = end - start;
        if (length < 1 || length > LONG_DIGITS) {
            return false;
        }
        long sum = 0;
        for (int p = start; p < end; p++) {
            int digit = input[p] - '0';
            if (digit < 0 || digit > 9) {
                return false;
            }
            sum = sum * 10 + digit;
        }
        int zeros = 0;
        while (zeros < length && input[start + zeros] == '0') {
            zeros++;
        }
        integerDigits = length - zeros;
        scale = 0;
        plain = true;
        significand = sum;
        scaleAsWritten = 0;
        return true;
    }

    private boolean scanAny(byte[] input, int start, int end) {
        int p = start;
        boolean negative = p < end && input[p] == '-';
        if (negative || (p < end && input[p] == '+')) {
            p++;
        }
        int digits = 0;
        int fraction = 0;
        int trailingZeros = 0;
        boolean any = false;
        boolean point = false;
        long sum = 0;
        for (; p < end; p++) {
            int d = input[p] - '0';
            if (d >= 0 && d <= 9) {
                any = true;
                if (point) {
                    fraction++;
                }
                if (digits > 0 || d > 0) {
                    digits++;
                    trailingZeros = d == 0 ? trailingZeros + 1 : 0;
                    sum = sum * 10 + d;
                }
            } else if (input[p] == '.' && !point) {
                point = true;
            } else {
                break;
            }
        }
        int exponent = 0;
        boolean scientific = p < end && any && (input[p] == 'e' || input[p] == 'E');
        if (scientific) {
            p++;
            boolean down = p < end && input[p] == '-';
            if (down || (p < end && input[p] == '+')) {
                p++;
            }
            int exponentDigits = 0;
            for (; p < end && input[p] >= '0' && input[p] <= '9' && exponentDigits < 6; p++) {
                exponent = exponent * 10 + input[p] - '0';
                exponentDigits++;
            }
            any = exponentDigits > 0;
            exponent = down ? -exponent : exponent;
        }
        if (!any || p < end || Math.abs(exponent) > MAX_EXPONENT || end - start > MAX_EXPONENT) {
            return false;
        }
        int significant = digits - trailingZeros;
        int exactScale = significant == 0 ? 0 : fraction - exponent - trailingZeros;
        scale = Math.max(exactScale, 0);
        integerDigits = significant == 0 ? 0 : Math.max(significant - exactScale, 0);
        // The sum is the whole significand, trailing zeros included, while it cannot have overflowed.
        plain = digits <= LONG_DIGITS && !scientific;
        significand = negative ? -sum : sum;
        scaleAsWritten = fraction;
        return true;
    }

    /** Digits before the point that the value needs; 0 for a value below 1. */
    int integerDigits() {
        return integerDigits;
    }

    /** Digits after the point that the value needs. */
    int scale() {
        return scale;
    }

    boolean isBigint() {
        if (scale > 0 || integerDigits > 19) {
            return false;
        }
        return integerDigits < 19 || value().toBigInteger().bitLength() < 64;
    }

    /** The value, when {@link #isBigint}. */
    long bigint() {
        return plain && scaleAsWritten == 0 ? significand : value().longValueExact();
    }

    boolean fits(int precision, int targetScale) {
        return scale <= targetScale && integerDigits <= precision - targetScale;
    }

    /** The value times 10^targetScale, when it fits 18 digits and {@link #fits} is true of it. */
    long unscaled(int targetScale) {
        if (plain && scaleAsWritten <= targetScale) {
            long unscaled = significand;
            for (int i = scaleAsWritten; i < targetScale; i++) {
                unscaled *= 10;
            }
            return unscaled;
        }
        return value().setScale(targetScale).unscaledValue().longValueExact();
    }

    /** Whether the value is so short that {@link #shortDouble} is that of its digits and is written by them again. */
    boolean isShort() {
        return plain && Math.abs(significand) < SHORT && scaleAsWritten < POWERS.length;
    }

    /** The double nearest to a short number: both parts are exact, so their quotient is rounded once. */
    double shortDouble() {
        return significand / POWERS[scaleAsWritten];
    }

    BigDecimal value() {
        return new BigDecimal(text());
    }

    String text() {
        return new String(bytes, from, to - from, StandardCharsets.US_ASCII);
    }
}
