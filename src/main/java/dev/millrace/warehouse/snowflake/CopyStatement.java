package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.identifier;
import static dev.millrace.warehouse.snowflake.SnowflakeText.literal;

import dev.millrace.config.WarehouseSettings.JsonColumns;
import dev.millrace.landing.LandedTable;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A landing file's rows as {@code COPY INTO} takes them: see
 * <a href="https://docs.snowflake.com/en/sql-reference/sql/copy-into-table">COPY INTO table</a> and
 * <a href="https://docs.snowflake.com/en/sql-reference/sql/create-file-format">CREATE FILE FORMAT</a>.
 */
final class CopyStatement {
    /** What begins the text that cannot become a number, on purpose. */
    static final String MISFIT = "is no ";

    private CopyStatement() {}

    /** The type of a column. Timestamps are without zone, in UTC: what a reader sees does not depend on its session's zone. */
    static String type(ColumnType type, JsonColumns json) {
        return switch (type.kind()) {
            case STRING -> "VARCHAR";
            case JSON ->
                switch (json) {
                    case TEXT -> "VARCHAR";
                    case VARIANT -> "VARIANT";
                };
            case BIGINT -> "NUMBER(19,0)";
            case DECIMAL -> "NUMBER(" + type.precision() + "," + type.scale() + ")";
            case DOUBLE -> "FLOAT";
            case BOOLEAN -> "BOOLEAN";
            case BINARY -> "BINARY";
            case DATE -> "DATE";
            case TIMESTAMP -> "TIMESTAMP_NTZ(6)";
        };
    }

    /** The name of a landing's file format. It tells its own version, since formats are never changed. */
    static String formatName(LandedTable table) {
        return switch (table.format()) {
            case PARQUET -> "PARQUET_1";
            case CSV -> "CSV_" + compression(table.codec()) + "_1";
        };
    }

    /** What a landing's file format is made with. No text stands for null: by default the two characters {@code \N} would. */
    static String formatOptions(LandedTable table) {
        return switch (table.format()) {
            case PARQUET ->
                "TYPE = PARQUET COMPRESSION = AUTO BINARY_AS_TEXT = FALSE USE_LOGICAL_TYPE = TRUE TRIM_SPACE = FALSE"
                        + " REPLACE_INVALID_CHARACTERS = FALSE NULL_IF = ()";
            case CSV ->
                "TYPE = CSV COMPRESSION = " + compression(table.codec()) + " RECORD_DELIMITER = '\\n'"
                        + " FIELD_DELIMITER = ',' SKIP_HEADER = 1 SKIP_BLANK_LINES = FALSE"
                        + " FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE"
                        + " EMPTY_FIELD_AS_NULL = TRUE NULL_IF = () TRIM_SPACE = FALSE DATE_FORMAT = 'YYYY-MM-DD'"
                        + " TIMESTAMP_FORMAT = AUTO BINARY_FORMAT = BASE64 ENCODING = 'UTF8'"
                        + " REPLACE_INVALID_CHARACTERS = FALSE";
        };
    }

    private static String compression(Codec codec) {
        return switch (codec) {
            case NONE -> "NONE";
            case GZIP -> "GZIP";
            case ZSTD -> "ZSTD";
            case SNAPPY -> throw new IllegalArgumentException("No CSV is written with snappy");
        };
    }

    /**
     * Loads files.
     *
     * @param target as statements write it
     * @param format name of the file format
     * @param files below the stage's folder, at most 1,000
     */
    static String copy(
            String target,
            LandedTable table,
            LandingStage stage,
            String format,
            Collection<String> files,
            JsonColumns json) {
        TableDefinition definition = table.definition();
        String names = files.stream().map(SnowflakeText::literal).collect(Collectors.joining(", "));
        String how = " FILES = (" + names + ") FILE_FORMAT = (FORMAT_NAME = " + literal(format) + ")";
        boolean isMatched = switch (table.format()) {
            case PARQUET -> json == JsonColumns.TEXT || !hasJson(definition);
            case CSV -> false;
        };
        if (isMatched) {
            return "COPY INTO " + target + " FROM @" + stage.name() + how
                    + " MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE ON_ERROR = ABORT_STATEMENT";
        }
        List<Column> columns = definition.columns();
        StringBuilder values = new StringBuilder();
        StringBuilder targets = new StringBuilder();
        for (int i = 0; i < columns.size(); i++) {
            Column column = columns.get(i);
            targets.append(i == 0 ? "" : ", ").append(identifier(column.name()));
            values.append(i == 0 ? "" : ", ")
                    .append(
                            switch (table.format()) {
                                case PARQUET -> fromParquet(column, json);
                                case CSV -> fromText("$" + (i + 1), column.type(), json);
                            });
        }
        return "COPY INTO " + target + " (" + targets + ") FROM (SELECT " + values + " FROM @" + stage.name() + ")"
                + how + " ON_ERROR = ABORT_STATEMENT";
    }

    private static boolean hasJson(TableDefinition definition) {
        return definition.columns().stream().anyMatch(c -> c.type().kind() == ColumnType.Kind.JSON);
    }

    private static String fromParquet(Column column, JsonColumns json) {
        String value = "$1:\"" + column.name().replace("\"", "\"\"") + "\"";
        return isParsed(column.type(), json)
                ? "PARSE_JSON(" + value + "::VARCHAR)"
                : value + "::" + type(column.type(), json);
    }

    /** What is no number becomes what its column is by the file format's rules. */
    private static String fromText(String field, ColumnType type, JsonColumns json) {
        return switch (type.kind()) {
            case BIGINT -> exactNumber(field, type, 0, json);
            case DECIMAL -> exactNumber(field, type, type.scale(), json);
            case JSON -> isParsed(type, json) ? "PARSE_JSON(" + field + ")" : field;
            case STRING, BINARY, DOUBLE, BOOLEAN, DATE, TIMESTAMP -> field;
        };
    }

    private static boolean isParsed(ColumnType type, JsonColumns json) {
        return type.kind() == ColumnType.Kind.JSON && json == JsonColumns.VARIANT;
    }

    /** Snowflake's cast from text rounds silently what has more digits after the point than the type. */
    private static String exactNumber(String field, ColumnType type, int scale, JsonColumns json) {
        String name = type(type, json);
        return "CASE WHEN LENGTH(SPLIT_PART(" + field + ", '.', 2)) > " + scale + " OR " + field
                + " ILIKE '%e%' THEN CAST(CONCAT(" + literal(MISFIT + type + ": ") + ", " + field + ") AS " + name
                + ") ELSE CAST(" + field + " AS " + name + ") END";
    }
}
