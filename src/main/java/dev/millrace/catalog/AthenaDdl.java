package dev.millrace.catalog;

import dev.millrace.catalog.CatalogTable.Layout;
import dev.millrace.table.Column;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Statements by which Athena, or Hive, comes to know a table. Athena takes a Delta table's columns from its log and allows
 * no more than its location; see <a
 * href="https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables-getting-started.html">its page</a>.
 */
public final class AthenaDdl {
    private AthenaDdl() {}

    /** Makes a database that is missing. */
    public static String createDatabase(String database) {
        return "CREATE DATABASE IF NOT EXISTS " + quoted(database) + ";\n";
    }

    /** Makes a table that is missing, in the database that is current. */
    public static String create(CatalogTable table) {
        return statement(quoted(table.name()), table);
    }

    /** Makes a table that is missing. */
    public static String create(String database, CatalogTable table) {
        return statement(quoted(database) + "." + quoted(table.name()), table);
    }

    private static String statement(String name, CatalogTable table) {
        StringBuilder ddl = new StringBuilder();
        if (!table.reachesAll()) {
            ddl.append("-- No projection reaches rows whose partition is null (__HIVE_DEFAULT_PARTITION__) or has"
                    + " characters that its folder escapes.\n");
        }
        ddl.append("CREATE EXTERNAL TABLE IF NOT EXISTS ").append(name);
        if (table.layout() == Layout.DELTA) {
            return ddl.append("\nLOCATION ")
                    .append(text(table.location()))
                    .append("\nTBLPROPERTIES ('table_type' = 'DELTA');\n")
                    .toString();
        }
        ddl.append(" (\n").append(columns(table.columns())).append("\n)\n");
        if (!table.partitions().isEmpty()) {
            ddl.append("PARTITIONED BY (\n").append(columns(table.partitions())).append("\n)\n");
        }
        ddl.append("STORED AS PARQUET\nLOCATION ").append(text(table.location()));
        if (!table.projection().isEmpty()) {
            ddl.append("\nTBLPROPERTIES ").append(properties(table.sortedProjection()));
        }
        return ddl.append(";\n").toString();
    }

    /**
     * Forgets a table, so that it can be made as it is now; no file goes with it. Athena changes the columns of no Delta
     * table, and <a href="https://docs.aws.amazon.com/athena/latest/ug/alter-table-add-columns.html">adds no dates</a> to
     * others.
     */
    public static String drop(String database, String table) {
        return "DROP TABLE IF EXISTS " + quoted(database) + "." + quoted(table) + ";\n";
    }

    private static String properties(Map<String, String> properties) {
        List<String> lines = new ArrayList<>();
        properties.forEach((name, value) -> lines.add("  " + text(name) + " = " + text(value)));
        return "(\n" + String.join(",\n", lines) + "\n)";
    }

    private static String columns(List<Column> columns) {
        return columns.stream()
                .map(column -> "  " + quoted(column.name()) + " " + CatalogTable.type(column.type()))
                .collect(Collectors.joining(",\n"));
    }

    private static String quoted(String name) {
        return "`" + name.replace("`", "``") + "`";
    }

    private static String text(String value) {
        return "'" + value.replace("'", "''") + "'";
    }
}
