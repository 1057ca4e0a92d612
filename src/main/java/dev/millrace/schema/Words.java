package dev.millrace.schema;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** How figures and places are said to people. */
final class Words {
    private Words() {}

    /** {@code 9,000}. */
    static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** {@code 1 item}, {@code 9,000 items}. */
    static String count(long number, String what) {
        return number(number) + " " + what + (number == 1 ? "" : "s");
    }

    /** {@code 4.6 %}; never 0 or 100 where it is not quite. */
    static String share(long part, long whole) {
        if (part == 0 || part >= whole) {
            return part == 0 ? "0 %" : "100 %";
        }
        double percent = Math.min(99.9, Math.max(0.1, 100.0 * part / whole));
        String text = String.format(Locale.ROOT, "%.1f", percent);
        return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text) + " %";
    }

    /** {@code 25 digits}, {@code 2 digits after the point}, {@code 12 digits before the point and 3 after it}. */
    static String digits(NumberCensus numbers) {
        if (numbers.scale() == 0) {
            return count(numbers.integerDigits(), "digit");
        }
        return numbers.integerDigits() == 0
                ? count(numbers.scale(), "digit") + " after the point"
                : count(numbers.integerDigits(), "digit") + " before the point and " + numbers.scale() + " after it";
    }

    /** {@code attribute address.city}; {@code the element} where the path is empty. */
    static String place(List<String> path) {
        return path.isEmpty() ? "the element" : "attribute " + path(path);
    }

    /** As the job file writes an attribute path; a line stays a line. */
    static String path(List<String> names) {
        return names.stream()
                .map(name -> name.replace("\\", "\\\\")
                        .replace(".", "\\.")
                        .replace("\n", "\\n")
                        .replace("\r", "\\r"))
                .collect(Collectors.joining("."));
    }
}
