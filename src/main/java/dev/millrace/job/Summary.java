package dev.millrace.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * What a run says when it ends: a table of its tables, whether all rows are accounted for, where things are and what
 * to do next.
 *
 * @param tables in the order they are shown
 * @param facts by name, in the order they are shown: run, took, replaced, files at, warehouse, record
 * @param next commands to try
 */
record Summary(List<Table> tables, List<Map.Entry<String, String>> facts, List<String> next) {
    private static final int COLUMNS = 100;
    private static final String GAP = "  ";

    Summary {
        tables = List.copyOf(tables);
        facts = List.copyOf(facts);
        next = List.copyOf(next);
    }

    /**
     * One line of the table.
     *
     * @param read rows the source held for the table
     * @param written rows in the landing's files
     * @param quarantined rows kept verbatim apart
     * @param duplicates rows removed as duplicates
     * @param expired rows left out because their time to live had passed
     * @param rescued rows among {@code written} with values kept in {@code _rest}
     */
    record Table(
            String name,
            long read,
            long written,
            long quarantined,
            long duplicates,
            long expired,
            long rescued,
            long files,
            long bytes) {
        private Table plus(Table other) {
            return new Table(
                    name,
                    read + other.read,
                    written + other.written,
                    quarantined + other.quarantined,
                    duplicates + other.duplicates,
                    expired + other.expired,
                    rescued + other.rescued,
                    files + other.files,
                    bytes + other.bytes);
        }

        private boolean isBalanced() {
            return read == written + quarantined + duplicates + expired;
        }
    }

    private record Figure(String title, ToLongFunction<Table> of, boolean always) {
        String text(Table table) {
            long value = of.applyAsLong(table);
            return title.equals("size") ? Figures.bytes(value) : Figures.count(value);
        }
    }

    private static final List<Figure> FIGURES = List.of(
            new Figure("read", Table::read, true),
            new Figure("written", Table::written, true),
            new Figure("quarantined", Table::quarantined, true),
            new Figure("duplicates", Table::duplicates, false),
            new Figure("expired", Table::expired, false),
            new Figure("rescued", Table::rescued, false),
            new Figure("files", Table::files, true),
            new Figure("size", Table::bytes, true));

    /**
     * The whole text, at most 100 columns wide for counts below a billion, ending in a line break. Columns without any
     * figure but 0 are left out where most runs have none.
     */
    String text(Terminal terminal) {
        StringBuilder text = new StringBuilder();
        if (!tables.isEmpty()) {
            appendTable(text, terminal.drawsBoxes() ? "─" : "-");
            text.append(balance()).append("\n\n");
        }
        int width = facts.stream().mapToInt(f -> f.getKey().length()).max().orElse(0);
        for (Map.Entry<String, String> fact : facts) {
            text.append(left(fact.getKey(), width))
                    .append(GAP)
                    .append(fact.getValue())
                    .append('\n');
        }
        if (!next.isEmpty()) {
            text.append("\ntry next\n");
            next.forEach(command -> text.append(GAP).append(command).append('\n'));
        }
        return text.toString();
    }

    private void appendTable(StringBuilder text, String rule) {
        Table total = total();
        List<Figure> figures = FIGURES.stream()
                .filter(f -> f.always() || f.of().applyAsLong(total) > 0)
                .toList();
        List<Table> lines = new ArrayList<>(tables);
        if (tables.size() > 1) {
            lines.add(total);
        }
        List<Integer> widths = figures.stream()
                .map(f -> lines.stream()
                        .mapToInt(t -> f.text(t).length())
                        .reduce(f.title().length(), Math::max))
                .toList();
        int figuresWidth = widths.stream().mapToInt(w -> w + GAP.length()).sum();
        int longest = tables.stream().mapToInt(t -> t.name().length()).max().orElse(0);
        int nameWidth = Math.max(total.name().length(), Math.min(longest, COLUMNS - figuresWidth));

        text.append(left("table", nameWidth));
        for (int i = 0; i < figures.size(); i++) {
            text.append(GAP).append(right(figures.get(i).title(), widths.get(i)));
        }
        String line = rule.repeat(nameWidth + figuresWidth) + '\n';
        text.append('\n').append(line);
        for (int n = 0; n < lines.size(); n++) {
            if (n == tables.size()) {
                text.append(line);
            }
            String name = lines.get(n).name();
            // A name too long for its column has a line of its own: names are never cut.
            text.append(name.length() <= nameWidth ? left(name, nameWidth) : name + '\n' + " ".repeat(nameWidth));
            for (int i = 0; i < figures.size(); i++) {
                text.append(GAP).append(right(figures.get(i).text(lines.get(n)), widths.get(i)));
            }
            text.append('\n');
        }
    }

    private Table total() {
        return tables.stream().reduce(new Table("total", 0, 0, 0, 0, 0, 0, 0, 0), Table::plus);
    }

    private String balance() {
        Table total = total();
        List<String> parts = new ArrayList<>(List.of(Figures.count(total.written()) + " written"));
        addIfAny(parts, total.quarantined(), "quarantined");
        addIfAny(parts, total.duplicates(), "duplicates");
        addIfAny(parts, total.expired(), "expired");
        List<String> unbalanced =
                tables.stream().filter(t -> !t.isBalanced()).map(Table::name).toList();
        String verdict = unbalanced.isEmpty()
                ? "every row accounted for: " + Figures.count(total.read()) + " read ="
                : "ROWS MISSING OR INVENTED in " + String.join(", ", unbalanced) + ": " + Figures.count(total.read())
                        + " read against";
        String sum = String.join(" + ", parts);
        String separator = verdict.length() + sum.length() < COLUMNS ? " " : "\n  ";
        return verdict + separator + sum;
    }

    private static void addIfAny(List<String> parts, long count, String what) {
        if (count > 0) {
            parts.add(Figures.count(count) + " " + what);
        }
    }

    private static String left(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }

    private static String right(String text, int width) {
        return " ".repeat(Math.max(0, width - text.length())) + text;
    }
}
