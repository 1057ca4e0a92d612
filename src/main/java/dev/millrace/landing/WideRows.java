package dev.millrace.landing;

import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The shape of the rows between source and sink: {@code _table int, _rescued int, t0 struct<…>, t1 struct<…>, …}.
 *
 * <p>{@code _table = i} from 0: a row of table i, whose struct alone is set. {@code _table = -1 - i}: an item of main
 * table i that was left out, because it had expired or, where {@code _rescued} is {@link #DUPLICATE}, because another row
 * stands for it; no struct need be set. {@code _rescued} else: how many values of the row did not fit and are in its
 * {@code _rest}.
 */
public final class WideRows {
    public static final String TABLE = "_table";
    public static final String RESCUED = "_rescued";

    /** What {@link #RESCUED} says of a row that is left out because another stands for it. */
    public static final int DUPLICATE = -1;

    static final int TABLE_POSITION = 0;
    static final int RESCUED_POSITION = 1;
    static final int FIRST_STRUCT = 2;

    private WideRows() {}

    /** Name of a table's struct, counted from 0. */
    public static String structName(int table) {
        return "t" + table;
    }

    /** What {@link #TABLE} says for an item of a main table that is left out, and back: its own inverse. */
    public static int expired(int table) {
        return -1 - table;
    }

    /** The wide schema over tables in their order. */
    public static StructType schema(List<TableDefinition> tables) {
        List<StructField> fields = new ArrayList<>();
        fields.add(DataTypes.createStructField(TABLE, DataTypes.IntegerType, false));
        fields.add(DataTypes.createStructField(RESCUED, DataTypes.IntegerType, false));
        for (int i = 0; i < tables.size(); i++) {
            StructType struct = struct(tables.get(i).columns());
            fields.add(DataTypes.createStructField(structName(i), struct, true));
        }
        return DataTypes.createStructType(fields);
    }

    /** Columns as fields, all nullable: which may be null is checked where they are written. */
    public static StructType struct(List<Column> columns) {
        List<StructField> fields = new ArrayList<>();
        for (Column column : columns) {
            fields.add(DataTypes.createStructField(column.name(), sparkType(column.type()), true));
        }
        return DataTypes.createStructType(fields);
    }

    /** Spark's type for a column; JSON is text. */
    public static DataType sparkType(ColumnType type) {
        return switch (type.kind()) {
            case STRING, JSON -> DataTypes.StringType;
            case BIGINT -> DataTypes.LongType;
            case DECIMAL -> DataTypes.createDecimalType(type.precision(), type.scale());
            case DOUBLE -> DataTypes.DoubleType;
            case BOOLEAN -> DataTypes.BooleanType;
            case BINARY -> DataTypes.BinaryType;
            case DATE -> DataTypes.DateType;
            case TIMESTAMP -> DataTypes.TimestampType;
        };
    }
}
