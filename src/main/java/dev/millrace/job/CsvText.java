package dev.millrace.job;

import java.util.List;

/** Rows as CSV text (RFC 4180) on standard output. */
final class CsvText {
    private CsvText() {}

    /** A row, without its line break. */
    static String row(List<String> values) {
        return String.join(",", values.stream().map(CsvText::field).toList());
    }

    private static String field(String value) {
        boolean quotes = value.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return quotes ? '"' + value.replace("\"", "\"\"") + '"' : value;
    }
}
