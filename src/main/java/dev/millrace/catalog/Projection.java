package dev.millrace.catalog;

import dev.millrace.landing.PartitionPath;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Partitions that Athena reckons from properties of the table, so none is ever registered: dates by range, text by listed
 * values, else {@code injected}, for which each query has to name the value. See <a
 * href="https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html">its types</a>.
 */
final class Projection {
    /** What all its properties but one begin with. */
    static final String PREFIX = "projection.";
    /** The other one. */
    static final String TEMPLATE = "storage.location.template";

    /** A projection by listed values is a property of the table; more are asked for one by one in each query. */
    private static final int MOST_VALUES = 200;

    private Projection() {}

    /** @param partitions values of the partitions that are there, for each column one */
    static Map<String, String> properties(
            List<Column> columns, String location, List<List<Optional<String>>> partitions) {
        if (columns.isEmpty()) {
            return Map.of();
        }
        Map<String, String> properties = new TreeMap<>();
        properties.put(PREFIX + "enabled", "true");
        StringBuilder template = new StringBuilder(location);
        for (int i = 0; i < columns.size(); i++) {
            Column column = columns.get(i);
            int position = i;
            SortedSet<String> values = partitions.stream()
                    .flatMap(all -> all.get(position).stream())
                    .collect(Collectors.toCollection(TreeSet::new));
            properties.putAll(properties(column, values));
            template.append(column.name()).append("=${").append(column.name()).append("}/");
        }
        properties.put(TEMPLATE, template.toString());
        return properties;
    }

    private static Map<String, String> properties(Column column, SortedSet<String> values) {
        String start = PREFIX + column.name() + ".";
        if (column.type().kind() == ColumnType.Kind.DATE) {
            String first = values.isEmpty() ? "2020-01-01" : values.first();
            return Map.of(start + "type", "date", start + "format", "yyyy-MM-dd", start + "range", first + ",NOW+1DAY");
        }
        if (column.type().kind() == ColumnType.Kind.BOOLEAN) {
            return Map.of(start + "type", "enum", start + "values", "false,true");
        }
        // Athena splits listed values at commas.
        boolean isListed = !values.isEmpty()
                && values.size() <= MOST_VALUES
                && values.stream().noneMatch(value -> value.contains(",") || !value.equals(value.strip()));
        return isListed
                ? Map.of(start + "type", "enum", start + "values", String.join(",", values))
                : Map.of(start + "type", "injected");
    }

    /** Whether no partition's folder is another than the template makes of its value. */
    static boolean reachesAll(List<Column> columns, List<List<Optional<String>>> partitions) {
        return partitions.stream().allMatch(values -> {
            for (int i = 0; i < columns.size(); i++) {
                if (!isReached(columns.get(i), values.get(i))) {
                    return false;
                }
            }
            return true;
        });
    }

    private static boolean isReached(Column column, Optional<String> value) {
        String folder = PartitionPath.folder(List.of(column), List.of(value));
        return value.isPresent() && folder.equals(column.name() + "=" + value.get() + "/");
    }
}
