package dev.millrace.catalog;

import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A table as a catalog is to have it. Names are of {@code [a-z0-9_]}, so Glue, which puts names in lower case, changes
 * none.
 *
 * @param name of the table
 * @param layout what its files are to a reader
 * @param columns in the files
 * @param partitions columns in the names of folders, from the outermost
 * @param location folder of its files, with a trailing slash
 * @param projection properties by which Athena reckons the partitions of plain Parquet; empty without partitions
 * @param reachesAll whether that projection reaches every partition that is there
 */
public record CatalogTable(
        String name,
        Layout layout,
        List<Column> columns,
        List<Column> partitions,
        String location,
        Map<String, String> projection,
        boolean reachesAll) {
    /** What a table's files are to a reader. */
    public enum Layout {
        /** A Delta table: its log names the files. */
        DELTA,
        /** Plain Parquet in one folder that grows. */
        FOLDERS,
        /** Plain Parquet in a folder of its own for each version. */
        VERSIONED
    }

    public CatalogTable {
        columns = List.copyOf(columns);
        partitions = List.copyOf(partitions);
        projection = Map.copyOf(new LinkedHashMap<>(projection));
    }

    /** A Delta table. */
    public static CatalogTable delta(String name, List<Column> columns, List<Column> partitions, String location) {
        return new CatalogTable(name, Layout.DELTA, columns, partitions, location, Map.of(), true);
    }

    /**
     * A table of plain Parquet.
     *
     * @param layout other than {@link Layout#DELTA}
     * @param values of the partitions that are there, for each of {@code partitions} one
     */
    public static CatalogTable parquet(
            String name,
            Layout layout,
            List<Column> columns,
            List<Column> partitions,
            String location,
            List<List<Optional<String>>> values) {
        return new CatalogTable(
                name,
                layout,
                columns,
                partitions,
                location,
                Projection.properties(partitions, location, values),
                Projection.reachesAll(partitions, values));
    }

    /** The properties in a fixed order: those of a column together. */
    Map<String, String> sortedProjection() {
        return new TreeMap<>(projection);
    }

    /** A type as Hive, Glue and Athena write it. JSON is text to them. */
    static String type(ColumnType type) {
        return switch (type.kind()) {
            case JSON -> ColumnType.STRING.toString();
            case STRING, BIGINT, DECIMAL, DOUBLE, BOOLEAN, BINARY, DATE, TIMESTAMP -> type.toString();
        };
    }
}
