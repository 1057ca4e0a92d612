package dev.millrace.warehouse.redshift;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.config.WarehouseSettings.Json;
import dev.millrace.config.WarehouseSettings.Redshift;
import dev.millrace.config.WarehouseSettings.TableDesign;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Sha256;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import dev.millrace.warehouse.Load;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tables as Redshift makes them: types, and the keys and encodings that the job file declares. */
final class TableLayout {
    /**
     * Bytes of a VARCHAR at most, <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html">character
     * types</a>: 65,535 in CREATE TABLE.
     */
    static final int MOST_TEXT_BYTES = 65_535;

    /** Bytes of a VARBYTE at most, <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_VARBYTE_type.html">its type</a>. */
    static final int MOST_BINARY_BYTES = 16_777_216;

    private static final int DEFINITION_BYTES = 16;

    private final Json json;
    private final Map<String, TableDesign> designs = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

    TableLayout(Redshift server) {
        json = server.json();
        designs.putAll(server.tables());
    }

    /** Whether JSON columns are parsed. */
    boolean parsesJson() {
        return json == Json.SUPER;
    }

    /**
     * Compares what the job file declares with the tables there are.
     *
     * @throws Fault USER with all tables and columns that are not the load's
     */
    void require(Load load) {
        List<String> mistakes = new ArrayList<>();
        designs.forEach((name, design) -> {
            String key = "warehouse.redshift.tables." + name;
            Optional<TableDefinition> table = load.table(name);
            if (table.isEmpty()) {
                mistakes.add("Invalid " + key + ": no table " + name + ": the run has "
                        + load.tables().stream()
                                .map(TableDefinition::name)
                                .sorted()
                                .collect(Collectors.joining(", ")));
                return;
            }
            design.distkey().ifPresent(column -> requireKey(mistakes, key + ".distkey", table.get(), column));
            design.sortkey().forEach(column -> requireKey(mistakes, key + ".sortkey", table.get(), column));
            design.encode().keySet().forEach(column -> requireColumn(mistakes, key + ".encode", table.get(), column));
        });
        if (!mistakes.isEmpty()) {
            throw Fault.user(mistakes);
        }
    }

    private static Optional<Column> requireColumn(
            List<String> mistakes, String key, TableDefinition table, String column) {
        Optional<Column> found = table.column(column);
        if (found.isEmpty()) {
            mistakes.add("Invalid " + key + ": no column " + column + " in table " + table.name() + ": it has "
                    + table.columns().stream().map(Column::name).collect(Collectors.joining(", ")));
        }
        return found;
    }

    /** Columns of SUPER and VARBYTE are no keys. */
    private void requireKey(List<String> mistakes, String key, TableDefinition table, String column) {
        requireColumn(mistakes, key, table, column)
                .filter(c -> c.type().kind() == ColumnType.Kind.BINARY
                        || (c.type().kind() == ColumnType.Kind.JSON && parsesJson()))
                .ifPresent(c -> mistakes.add("Invalid " + key + ": column " + c.name() + " of table " + table.name()
                        + " is " + type(c.type()) + ", which is no key: choose another"));
    }

    /** A line for each table, with a digest for its columns: all of them together must fit in a column. */
    String definition(Load load) {
        return load.tables().stream()
                .map(table -> table.name() + "(" + digest(createTable(table.name(), table)) + ")")
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    private static String digest(String text) {
        return Sha256.hex(text).substring(0, 2 * DEFINITION_BYTES);
    }

    /**
     * A statement that makes a table.
     *
     * @param name as statements write it
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html">CREATE TABLE</a>
     */
    String createTable(String name, TableDefinition table) {
        TableDesign design = designs.getOrDefault(table.name(), TableDesign.NONE);
        Map<String, String> encode = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        design.encode().forEach((column, encoding) -> encode.put(column, " ENCODE " + encoding.name()));
        String columns = table.columns().stream()
                .map(c -> identifier(c.name()) + " " + type(c.type()) + encode.getOrDefault(c.name(), "")
                        + (c.nullable() ? "" : " NOT NULL"))
                .collect(Collectors.joining(", ", "(", ")"));
        Stream<String> dist = design
                .distkey()
                .map(column -> " DISTSTYLE KEY DISTKEY (" + written(table, column) + ")")
                .or(() -> design.diststyle().map(style -> " DISTSTYLE " + style.name()))
                .stream();
        Stream<String> sort = design.sortkey().isEmpty()
                ? Stream.empty()
                : Stream.of(design.sortkey().stream()
                        .map(column -> written(table, column))
                        .collect(Collectors.joining(", ", " SORTKEY (", ")")));
        return "CREATE TABLE " + name + " " + columns
                + Stream.concat(dist, sort).collect(Collectors.joining());
    }

    /** A column as the table writes it. */
    private static String written(TableDefinition table, String column) {
        return identifier(table.column(column).map(Column::name).orElse(column));
    }

    /**
     * A table of this transaction, whose JSON columns are text yet.
     *
     * @param name as statements write it
     */
    String createTextTable(String name, TableDefinition table) {
        return table.columns().stream()
                .map(c -> identifier(c.name()) + " "
                        + (c.type().kind() == ColumnType.Kind.JSON ? text() : type(c.type())))
                .collect(Collectors.joining(", ", "CREATE TEMP TABLE " + name + " (", ")"));
    }

    /** Whether a table has columns that are parsed. */
    boolean parses(TableDefinition table) {
        return parsesJson() && table.columns().stream().anyMatch(c -> c.type().kind() == ColumnType.Kind.JSON);
    }

    /**
     * Timestamps are without zone, in UTC. A {@code SUPER} takes up to 16 MB, each text in it as much as a VARCHAR.
     *
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html">data types</a>: DECIMAL has
     *     38 digits at most, as ours
     */
    private String type(ColumnType type) {
        return switch (type.kind()) {
            case STRING -> text();
            case JSON -> parsesJson() ? "super" : text();
            case BIGINT -> "bigint";
            case DECIMAL -> "decimal(" + type.precision() + "," + type.scale() + ")";
            case DOUBLE -> "double precision";
            case BOOLEAN -> "boolean";
            case BINARY -> "varbyte(" + MOST_BINARY_BYTES + ")";
            case DATE -> "date";
            case TIMESTAMP -> "timestamp";
        };
    }

    private static String text() {
        return String.format(Locale.ROOT, "varchar(%d)", MOST_TEXT_BYTES);
    }
}
