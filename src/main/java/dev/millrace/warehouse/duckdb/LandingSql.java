package dev.millrace.warehouse.duckdb;

import static dev.millrace.warehouse.SqlText.identifier;
import static dev.millrace.warehouse.SqlText.literal;

import dev.millrace.landing.LandedTable;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Landing files and tables as DuckDB's SQL. */
final class LandingSql {
    /** Longer than any row of an item store; the reader's buffers must hold two. */
    private static final int MAX_LINE_BYTES = 32 << 20;

    private LandingSql() {}

    /** Timestamps are without zone, in UTC: what a reader sees does not depend on its session's zone. */
    static String type(ColumnType type) {
        return switch (type.kind()) {
            case STRING, JSON -> "VARCHAR";
            case BIGINT -> "BIGINT";
            case DECIMAL -> "DECIMAL(" + type.precision() + "," + type.scale() + ")";
            case DOUBLE -> "DOUBLE";
            case BOOLEAN -> "BOOLEAN";
            case BINARY -> "BLOB";
            case DATE -> "DATE";
            case TIMESTAMP -> "TIMESTAMP";
        };
    }

    /** Whether a Parquet column, as the engine sees it, becomes this type without loss. */
    static boolean isExact(String parquetType, ColumnType type) {
        return switch (type.kind()) {
            case STRING, JSON -> parquetType.equals("VARCHAR") || parquetType.equals("JSON");
            case TIMESTAMP -> parquetType.equals("TIMESTAMP") || parquetType.equals("TIMESTAMP WITH TIME ZONE");
            case BIGINT, DECIMAL, DOUBLE, BOOLEAN, BINARY, DATE -> parquetType.equals(type(type));
        };
    }

    static String readParquet(List<Path> files) {
        return "read_parquet(" + list(files) + ", hive_partitioning = false)";
    }

    static String insertParquet(String qualifiedName, TableDefinition table, List<Path> files) {
        return insert(
                qualifiedName,
                table,
                table.columns().stream().map(LandingSql::fromParquet).toList(),
                readParquet(files));
    }

    static String insertCsv(String qualifiedName, LandedTable table, Path file) {
        return insert(
                qualifiedName,
                table.definition(),
                table.definition().columns().stream().map(LandingSql::fromText).toList(),
                readCsv(table.definition(), table.codec(), file));
    }

    private static String readCsv(TableDefinition table, Codec codec, Path file) {
        String fields = table.columns().stream()
                .map(c -> literal(c.name()) + ": 'VARCHAR'")
                .collect(Collectors.joining(", ", "{", "}"));
        String compression = switch (codec) {
            case NONE -> "none";
            case GZIP -> "gzip";
            case ZSTD -> "zstd";
            case SNAPPY -> throw new IllegalArgumentException("Invalid codec of CSV: " + codec);
        };
        return "read_csv(" + list(List.of(file)) + ", columns = " + fields + ", compression = '" + compression
                + "', auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', "
                + "nullstr = '', allow_quoted_nulls = false, strict_mode = true, hive_partitioning = false, "
                + "max_line_size = " + MAX_LINE_BYTES + ", buffer_size = " + 2 * MAX_LINE_BYTES + ")";
    }

    /**
     * A query for the first row of a file that its table cannot hold: its number from 1 on, and the column with what is wrong
     * in it. Empty where there is none. Types of Parquet files have been compared before.
     */
    static String firstMisfit(LandedTable table, Path file) {
        List<Column> columns = table.definition().columns();
        Stream<String> missing = columns.stream()
                .filter(c -> !c.nullable())
                .map(c -> "WHEN " + identifier(c.name()) + " IS NULL THEN " + literal(c.name() + " has no value"));
        return switch (table.format()) {
            case PARQUET ->
                firstMisfit(
                        "file_row_number + 1",
                        missing,
                        "read_parquet(" + list(List.of(file)) + ", hive_partitioning = false, file_row_number = true)");
            case CSV ->
                firstMisfit(
                        "row_number() OVER ()",
                        Stream.concat(
                                missing,
                                columns.stream()
                                        .map(c -> "WHEN " + isMisfit(c) + " THEN "
                                                + literal(c.name() + " holds what is no " + c.type()))),
                        readCsv(table.definition(), table.codec(), file));
        };
    }

    private static String firstMisfit(String number, Stream<String> cases, String reader) {
        return "SELECT number, text FROM (SELECT " + number + " AS number, CASE WHEN false THEN '' "
                + cases.collect(Collectors.joining(" ")) + " ELSE NULL END AS text FROM " + reader
                + ") WHERE text IS NOT NULL ORDER BY number LIMIT 1";
    }

    private static String isMisfit(Column column) {
        String name = identifier(column.name());
        String cast = "TRY_CAST(" + name + " AS " + type(column.type()) + ") IS NULL";
        String is = switch (column.type().kind()) {
            case STRING, JSON -> "false";
            case BINARY -> "TRY(from_base64(" + name + ")) IS NULL";
            case BIGINT -> isNotExact(name, 0) + " OR " + cast;
            case DECIMAL -> isNotExact(name, column.type().scale()) + " OR " + cast;
            case DOUBLE, BOOLEAN, DATE, TIMESTAMP -> cast;
        };
        return name + " IS NOT NULL AND (" + is + ")";
    }

    private static String insert(String qualifiedName, TableDefinition table, List<String> values, String reader) {
        String names =
                table.columns().stream().map(c -> identifier(c.name())).collect(Collectors.joining(", ", "(", ")"));
        return "INSERT INTO " + qualifiedName + " " + names + " SELECT " + String.join(", ", values) + " FROM "
                + reader;
    }

    private static String fromParquet(Column column) {
        String name = identifier(column.name());
        // Not by CAST: that would go by the calendar of the session's zone.
        return column.type().kind() == ColumnType.Kind.TIMESTAMP ? "make_timestamp(epoch_us(" + name + "))" : name;
    }

    private static String fromText(Column column) {
        String name = identifier(column.name());
        ColumnType type = column.type();
        return switch (type.kind()) {
            case STRING, JSON -> name;
            case BINARY -> "from_base64(" + name + ")";
            case BIGINT -> exactNumber(name, column, 0);
            case DECIMAL -> exactNumber(name, column, type.scale());
            case DOUBLE, BOOLEAN, DATE, TIMESTAMP -> "CAST(" + name + " AS " + type(type) + ")";
        };
    }

    /** DuckDB's cast from text rounds silently what has more digits after the point than the type. */
    private static String exactNumber(String name, Column column, int scale) {
        return "CASE WHEN " + isNotExact(name, scale) + " THEN error("
                + literal("column " + column.name() + " holds a number that is no " + column.type() + ": ") + " || "
                + name
                + ") ELSE CAST(" + name + " AS " + type(column.type()) + ") END";
    }

    private static String isNotExact(String name, int scale) {
        return "(strpos(" + name + ", '.') > 0 AND length(" + name + ") - strpos(" + name + ", '.') > " + scale
                + ") OR contains(lower(" + name + "), 'e')";
    }

    /** Files as an argument of a reading function. */
    static String list(List<Path> files) {
        return files.stream().map(f -> literal(pattern(f))).collect(Collectors.joining(", ", "[", "]"));
    }

    /** A path as a pattern that matches it alone: the engine takes every path for one. */
    private static String pattern(Path file) {
        return file.toString().replaceAll("([*?\\[])", "[$1]");
    }
}
