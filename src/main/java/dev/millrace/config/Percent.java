package dev.millrace.config;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;

/** An exact part of a hundred: {@code 0.1%}. At least 0, at most 100. */
public record Percent(BigDecimal percent) {
    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);
    static final String FORM = "\\d{1,3}(\\.\\d{1,9})?%";
    private static final Pattern PATTERN = Pattern.compile(FORM);

    public Percent {
        percent = percent.signum() == 0 ? BigDecimal.ZERO : percent.stripTrailingZeros();
        if (percent.signum() < 0 || percent.compareTo(HUNDRED) > 0) {
            throw new IllegalArgumentException("Invalid percentage: " + percent + ": must be from 0 to 100");
        }
    }

    /** Reads {@code 20%}; empty where it is not of this form or above 100. */
    public static Optional<Percent> parse(String text) {
        if (!PATTERN.matcher(text).matches()) {
            return Optional.empty();
        }
        BigDecimal value = new BigDecimal(text.substring(0, text.length() - 1));
        return value.compareTo(HUNDRED) > 0 ? Optional.empty() : Optional.of(new Percent(value));
    }

    /** From 0 to 1, exact. */
    public BigDecimal fraction() {
        return percent.movePointLeft(2);
    }

    @Override
    public String toString() {
        return percent.toPlainString() + "%";
    }
}
