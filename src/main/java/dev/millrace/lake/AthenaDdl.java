package dev.millrace.lake;

import dev.millrace.landing.LandedTable;
import dev.millrace.landing.PartitionPath;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The statement by which Athena knows a table, written beside it as {@code <table>.athena.sql}. Partitions of plain
 * Parquet are projected, so none is ever registered.
 */
public final class AthenaDdl {
    /** A projection by listed values is a property of the table; more are asked for one by one in each query. */
    private static final int MOST_VALUES = 200;

    private AthenaDdl() {}

    /** Writes the statement of a Delta table. May be repeated. */
    public static void putDelta(Storage lake, String table, String folder) {
        put(lake, table, delta(table, lake.uri(folder)));
    }

    /**
     * Writes the statement of a table of plain Parquet. May be repeated: it is the same for the same files, but where a
     * partition of text has new values.
     *
     * @param folder of the table, or of its current version
     */
    public static void putParquet(Storage lake, LandedTable table, String folder) {
        List<List<Optional<String>>> partitions = new ArrayList<>();
        if (!table.partitions().isEmpty()) {
            for (StoredFile file : lake.list(folder)) {
                if (file.path().endsWith(".parquet")
                        && !file.path().substring(folder.length()).startsWith("_")) {
                    partitions.add(PartitionPath.values(table.partitions(), file.path()));
                }
            }
        }
        put(lake, table.name(), parquet(table, lake.uri(folder), partitions));
    }

    private static void put(Storage lake, String table, String ddl) {
        lake.put(table + ".athena.sql", ddl.getBytes(StandardCharsets.UTF_8));
    }

    static String delta(String table, String location) {
        return "CREATE EXTERNAL TABLE IF NOT EXISTS `" + table + "`\nLOCATION " + text(location)
                + "\nTBLPROPERTIES ('table_type' = 'DELTA');\n";
    }

    /** @param partitions values of the partitions that are there, for each of the table's partition columns one */
    static String parquet(LandedTable table, String location, List<List<Optional<String>>> partitions) {
        StringBuilder ddl = new StringBuilder("CREATE EXTERNAL TABLE IF NOT EXISTS `" + table.name() + "` (\n");
        ddl.append(columns(table.definition().columns())).append("\n)\n");
        if (!table.partitions().isEmpty()) {
            ddl.append("PARTITIONED BY (\n").append(columns(table.partitions())).append("\n)\n");
        }
        ddl.append("STORED AS PARQUET\nLOCATION ").append(text(location)).append('\n');
        if (table.partitions().isEmpty()) {
            return ddl.append("TBLPROPERTIES ('parquet.compression' = ")
                    .append(text(table.codec().name()))
                    .append(");\n")
                    .toString();
        }
        List<String> properties = new ArrayList<>(List.of("'projection.enabled' = 'true'"));
        StringBuilder template = new StringBuilder(location);
        boolean isBeyondReach = false;
        for (int i = 0; i < table.partitions().size(); i++) {
            Column column = table.partitions().get(i);
            int position = i;
            isBeyondReach |= partitions.stream().anyMatch(values -> !isReached(column, values.get(position)));
            TreeSet<String> values = partitions.stream()
                    .flatMap(all -> all.get(position).stream())
                    .collect(Collectors.toCollection(TreeSet::new));
            properties.addAll(projection(column, values));
            template.append(column.name()).append("=${").append(column.name()).append("}/");
        }
        properties.add("'storage.location.template' = " + text(template.toString()));
        ddl.append("TBLPROPERTIES (\n  ")
                .append(String.join(",\n  ", properties))
                .append("\n);\n");
        if (isBeyondReach) {
            ddl.insert(
                    0,
                    "-- No projection reaches rows whose partition is null (" + PartitionPath.NULL
                            + ") or has characters that its folder escapes.\n");
        }
        return ddl.toString();
    }

    private static boolean isReached(Column column, Optional<String> value) {
        String folder = PartitionPath.folder(List.of(column), List.of(value));
        return value.isPresent() && folder.equals(column.name() + "=" + value.get() + "/");
    }

    private static List<String> projection(Column column, SortedSet<String> values) {
        String start = "'projection." + column.name() + ".";
        if (column.type().kind() == ColumnType.Kind.DATE) {
            String first = values.isEmpty() ? "2020-01-01" : values.first();
            return List.of(
                    start + "type' = 'date'",
                    start + "format' = 'yyyy-MM-dd'",
                    start + "range' = '" + first + ",NOW+1DAY'");
        }
        // Athena splits listed values at commas.
        boolean isListed = !values.isEmpty()
                && values.size() <= MOST_VALUES
                && values.stream().noneMatch(value -> value.contains(",") || !value.equals(value.strip()));
        if (column.type().kind() == ColumnType.Kind.BOOLEAN) {
            return List.of(start + "type' = 'enum'", start + "values' = 'false,true'");
        }
        return isListed
                ? List.of(start + "type' = 'enum'", start + "values' = " + text(String.join(",", values)))
                : List.of(start + "type' = 'injected'");
    }

    private static String columns(List<Column> columns) {
        return columns.stream()
                .map(column -> "  `" + column.name() + "` " + type(column.type()))
                .collect(Collectors.joining(",\n"));
    }

    private static String type(ColumnType type) {
        return type.kind() == ColumnType.Kind.JSON ? "string" : type.toString();
    }

    private static String text(String value) {
        return "'" + value.replace("'", "''") + "'";
    }
}
