package dev.millrace.job;

import java.io.PrintWriter;
import java.util.List;

/** Lines of values under a headline, in columns as wide as their widest value. */
final class TextTable {
    private static final String GAP = "  ";

    private TextTable() {}

    /** Prints lines of equal length; the first one is the headline. */
    static void print(List<List<String>> lines, String indent, PrintWriter out) {
        int[] widths = new int[lines.get(0).size()];
        for (List<String> line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        for (int n = 0; n < lines.size(); n++) {
            StringBuilder text = new StringBuilder(indent);
            StringBuilder rule = new StringBuilder(indent);
            for (int i = 0; i < widths.length; i++) {
                String gap = i == 0 ? "" : GAP;
                String value = lines.get(n).get(i);
                text.append(gap).append(value).append(" ".repeat(widths[i] - value.length()));
                rule.append(gap).append("-".repeat(widths[i]));
            }
            out.println(text.toString().stripTrailing());
            if (n == 0) {
                out.println(rule);
            }
        }
    }
}
