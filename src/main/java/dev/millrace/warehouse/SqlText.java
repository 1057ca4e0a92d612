package dev.millrace.warehouse;

import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Names and values as SQL text, and statements that all engines take. */
public final class SqlText {
    private SqlText() {}

    /** A name in double quotes, whatever it holds. */
    public static String identifier(String name) {
        if (name.isEmpty() || name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("Invalid SQL name: '" + name + "'");
        }
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /** A string in single quotes. */
    public static String literal(String value) {
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("Invalid SQL text: holds NUL: '" + value + "'");
        }
        return '\'' + value.replace("'", "''") + '\'';
    }

    /**
     * A statement that makes a table.
     *
     * @param name as statements write it
     * @param type the engine's name of a type
     */
    public static String createTable(String name, TableDefinition table, Function<ColumnType, String> type) {
        return createTable(name, table, SqlText::identifier, type);
    }

    /**
     * The same for an engine that writes names in its own way.
     *
     * @param columnName as statements write a column's name
     */
    public static String createTable(
            String name, TableDefinition table, UnaryOperator<String> columnName, Function<ColumnType, String> type) {
        return table.columns().stream()
                .map(c -> columnName.apply(c.name()) + " " + type.apply(c.type()) + (c.nullable() ? "" : " NOT NULL"))
                .collect(Collectors.joining(", ", "CREATE TABLE " + name + " (", ")"));
    }

    /** A select as a person writes it, without what ends it. */
    public static String withoutSemicolon(String sql) {
        return sql.strip().replaceAll("[;\\s]+$", "");
    }
}
