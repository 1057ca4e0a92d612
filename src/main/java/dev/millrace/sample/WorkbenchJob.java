package dev.millrace.sample;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Writes the job file of a Workbench table. */
final class WorkbenchJob {
    private static final int LONGEST_NAME = 63;
    /** What YAML reads as text without quotes; words such as {@code true} are in quotes all the same. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private static final Set<String> NOT_TEXT = Set.of("true", "false", "yes", "no", "on", "off", "y", "n", "null");

    private WorkbenchJob() {}

    static String name(WorkbenchModel model, WorkbenchModel.Table table) {
        return cut("workbench-" + words(model.name(), '-') + "-" + words(table.name(), '-'))
                .replaceAll("-+$", "");
    }

    static String text(WorkbenchModel model, WorkbenchModel.Table table) {
        String folder = "data/workbench/" + words(model.name(), '-') + "/";
        String tableFolder = words(table.name(), '-');
        StringBuilder yaml = new StringBuilder();
        yaml.append("# From the table ")
                .append(oneLine(table.name()))
                .append(" of the NoSQL Workbench model ")
                .append(oneLine(model.name()))
                .append(".\n");
        yaml.append("job: ").append(scalar(name(model, table))).append('\n');
        yaml.append("source:\n  dynamodb:\n    table: ")
                .append(scalar(table.name()))
                .append('\n');
        yaml.append("    endpoint: embedded\n");

        Map<String, String> facetsByKind = new LinkedHashMap<>();
        WorkbenchKinds kinds = table.kinds();
        if (kinds instanceof WorkbenchKinds.ByAttribute rule) {
            yaml.append("schema:\n  kind: ").append(scalar(rule.attribute())).append('\n');
            facetsByKind.putAll(rule.facets());
        } else if (kinds instanceof WorkbenchKinds.ByKey rule) {
            yaml.append("schema:\n  kind:\n    patterns:\n");
            rule.patterns().forEach((facet, pattern) -> {
                yaml.append("      ").append(key(facet)).append(": {");
                yaml.append(key(pattern.key()))
                        .append(": ")
                        .append(scalar(pattern.glob()))
                        .append("}\n");
                facetsByKind.put(facet, facet);
            });
        }
        if (!facetsByKind.isEmpty()) {
            yaml.append("tables:\n");
            Set<String> taken = new HashSet<>();
            facetsByKind.forEach((kind, facet) -> yaml.append("  ")
                    .append(key(kind))
                    .append(": {name: ")
                    .append(scalar(free(sqlName(facet), taken)))
                    .append("}\n"));
        }

        yaml.append("staging: {at: ")
                .append(scalar(folder + tableFolder + "/staging"))
                .append("}\n");
        yaml.append("warehouse:\n  duckdb: {path: ")
                .append(scalar(folder + "warehouse-" + tableFolder + ".duckdb"))
                .append("}\n");
        yaml.append("  schema: ").append(scalar(sqlName(table.name()))).append('\n');
        return yaml.toString();
    }

    /** A name that every warehouse takes: words in lower case with an underscore between. */
    static String sqlName(String name) {
        String legal = words(name, '_');
        return cut(Character.isDigit(legal.charAt(0)) ? "_" + legal : legal);
    }

    /** The words of a name, also of one in camel case, in lower case. */
    static String words(String name, char between) {
        String words = name.replaceAll("([a-z0-9])([A-Z])", "$1 $2")
                .replaceAll("[^A-Za-z0-9]+", " ")
                .strip()
                .replace(' ', between)
                .toLowerCase(Locale.ROOT);
        return words.isEmpty() ? "x" + Integer.toHexString(name.hashCode()) : words;
    }

    private static String free(String name, Set<String> taken) {
        String free = name;
        for (int i = 2; !taken.add(free); i++) {
            String suffix = "_" + i;
            free = name.substring(0, Math.min(name.length(), LONGEST_NAME - suffix.length())) + suffix;
        }
        return free;
    }

    private static String cut(String name) {
        return name.substring(0, Math.min(LONGEST_NAME, name.length()));
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\p{Cntrl}", " ");
    }

    /** A value; a dollar and a brace would begin a reference. */
    private static String scalar(String text) {
        return key(text.replace("${", "$${"));
    }

    private static String key(String text) {
        if (PLAIN.matcher(text).matches() && !NOT_TEXT.contains(text.toLowerCase(Locale.ROOT))) {
            return text;
        }
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (Character.isISOControl(c) || c == '\u2028' || c == '\u2029' || c == '\uFEFF') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
