package dev.millrace.lake;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.WideRows;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.spark.sql.delta.actions.Metadata;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Columns and partitions of a Delta table, and what rows of a run do to them: columns are added, no column changes its
 * type.
 */
final class DeltaShape {
    private final ObjectNode metadata;
    private final boolean isNew;
    private final String uri;
    private final StructType schema;
    private final List<String> partitionBy = new ArrayList<>();

    private DeltaShape(ObjectNode metadata, boolean isNew, String uri) {
        this.metadata = metadata;
        this.isNew = isNew;
        this.uri = uri;
        String text = metadata.path("schemaString").asText("");
        schema = text.isEmpty() ? new StructType() : (StructType) DataType.fromJson(text);
        metadata.path("partitionColumns").forEach(name -> partitionBy.add(name.asText()));
        String mapping =
                metadata.path("configuration").path("delta.columnMapping.mode").asText("none");
        if (!mapping.equals("none")) {
            throw Fault.user("Invalid table " + uri + ": its column mapping is " + mapping
                    + "; files are published under the names of their columns. Publish to a table of its own");
        }
    }

    /** @param uri as messages name the table */
    static DeltaShape of(Metadata metadata, boolean isNew, String uri) {
        return new DeltaShape(
                (ObjectNode) DeltaTransactions.read(metadata.json()).get("metaData"), isNew, uri);
    }

    /** Columns in the files. */
    List<Column> columns() {
        return fields(false);
    }

    List<Column> partitions() {
        List<Column> all = fields(true);
        return partitionBy.stream()
                .map(name -> all.stream()
                        .filter(column -> column.name().equalsIgnoreCase(name))
                        .findFirst()
                        .orElseThrow())
                .toList();
    }

    private List<Column> fields(boolean partitions) {
        List<Column> columns = new ArrayList<>();
        for (StructField field : schema.fields()) {
            if (partitionBy.contains(field.name()) == partitions) {
                columns.add(new Column(field.name(), type(field), true));
            }
        }
        return columns;
    }

    private ColumnType type(StructField field) {
        DataType type = field.dataType();
        if (type instanceof DecimalType decimal) {
            return ColumnType.decimal(decimal.precision(), decimal.scale());
        }
        for (ColumnType known : List.of(
                ColumnType.STRING,
                ColumnType.BIGINT,
                ColumnType.DOUBLE,
                ColumnType.BOOLEAN,
                ColumnType.BINARY,
                ColumnType.DATE,
                ColumnType.TIMESTAMP)) {
            if (WideRows.sparkType(known).equals(type)) {
                return known;
            }
        }
        throw Fault.user("Invalid table " + uri + ": column " + field.name() + " is of type " + type.sql()
                + ", which no job writes; publish to a table of its own");
    }

    /**
     * The table's columns and those that rows add.
     *
     * @throws Fault of kind USER that names each column whose type differs, or partitions that do
     */
    StructType merged(List<Column> columns, List<Column> partitions) {
        List<String> wanted = partitions.stream().map(Column::name).toList();
        if (!isNew && !wanted.equals(partitionBy)) {
            throw LakeTable.otherPartitions(wanted, uri, partitionBy);
        }
        StructType merged = schema;
        List<String> conflicts = new ArrayList<>();
        List<Column> all = new ArrayList<>(columns);
        all.addAll(partitions);
        for (Column column : all) {
            DataType type = WideRows.sparkType(column.type());
            Optional<StructField> field = field(column.name());
            if (field.isEmpty()) {
                merged = merged.add(DataTypes.createStructField(column.name(), type, true));
            } else if (!field.get().dataType().equals(type)) {
                conflicts.add("Invalid type of column " + column.name() + ": " + column.type() + ": table " + uri
                        + " has it as " + field.get().dataType().sql().toLowerCase(java.util.Locale.ROOT)
                        + "; declare that type, or write to another table");
            }
        }
        if (!conflicts.isEmpty()) {
            throw Fault.user(conflicts);
        }
        return merged;
    }

    /**
     * The metadata that the table needs to take a run's rows, as the protocol's JSON; empty where it fits already.
     *
     * @throws Fault of kind USER that names each column whose type differs
     */
    Optional<ObjectNode> with(LandedTable table) {
        StructType merged = merged(table.definition().columns(), table.partitions());
        if (!isNew && merged.equals(schema)) {
            return Optional.empty();
        }
        ObjectNode changed = metadata.deepCopy();
        changed.put("schemaString", merged.json());
        if (isNew) {
            changed.put("id", UUID.randomUUID().toString());
            changed.put("createdTime", System.currentTimeMillis());
            changed.putArray("partitionColumns")
                    .addAll(table.partitions().stream().map(Column::name).toList().stream()
                            .map(com.fasterxml.jackson.databind.node.TextNode::valueOf)
                            .toList());
        }
        ObjectNode root = changed.objectNode();
        root.set("metaData", changed);
        return Optional.of(root);
    }

    private Optional<StructField> field(String name) {
        for (StructField field : schema.fields()) {
            if (field.name().equalsIgnoreCase(name)) {
                return Optional.of(field);
            }
        }
        return Optional.empty();
    }
}
