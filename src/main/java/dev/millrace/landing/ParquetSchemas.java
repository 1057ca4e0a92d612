package dev.millrace.landing;

import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/** Flat Parquet schemas, as Spark writes them too. */
final class ParquetSchemas {
    private ParquetSchemas() {}

    static MessageType schema(TableDefinition table) {
        List<Type> fields = new ArrayList<>();
        for (Column column : table.columns()) {
            fields.add(field(column));
        }
        return new MessageType(table.name(), fields);
    }

    private static PrimitiveType field(Column column) {
        Type.Repetition repetition = column.nullable() ? Type.Repetition.OPTIONAL : Type.Repetition.REQUIRED;
        ColumnType type = column.type();
        return switch (type.kind()) {
            case STRING, JSON ->
                Types.primitive(PrimitiveTypeName.BINARY, repetition)
                        .as(LogicalTypeAnnotation.stringType())
                        .named(column.name());
            case BIGINT -> Types.primitive(PrimitiveTypeName.INT64, repetition).named(column.name());
            case DECIMAL -> decimal(column.name(), type, repetition);
            case DOUBLE -> Types.primitive(PrimitiveTypeName.DOUBLE, repetition).named(column.name());
            case BOOLEAN ->
                Types.primitive(PrimitiveTypeName.BOOLEAN, repetition).named(column.name());
            case BINARY -> Types.primitive(PrimitiveTypeName.BINARY, repetition).named(column.name());
            case DATE ->
                Types.primitive(PrimitiveTypeName.INT32, repetition)
                        .as(LogicalTypeAnnotation.dateType())
                        .named(column.name());
            case TIMESTAMP ->
                Types.primitive(PrimitiveTypeName.INT64, repetition)
                        .as(LogicalTypeAnnotation.timestampType(true, LogicalTypeAnnotation.TimeUnit.MICROS))
                        .named(column.name());
        };
    }

    private static PrimitiveType decimal(String name, ColumnType type, Type.Repetition repetition) {
        LogicalTypeAnnotation annotation = LogicalTypeAnnotation.decimalType(type.scale(), type.precision());
        if (type.precision() <= 9) {
            return Types.primitive(PrimitiveTypeName.INT32, repetition)
                    .as(annotation)
                    .named(name);
        }
        if (type.precision() <= 18) {
            return Types.primitive(PrimitiveTypeName.INT64, repetition)
                    .as(annotation)
                    .named(name);
        }
        return Types.primitive(PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY, repetition)
                .length(bytesFor(type.precision()))
                .as(annotation)
                .named(name);
    }

    /** The fewest bytes of two's complement that hold every number of so many digits. */
    static int bytesFor(int precision) {
        return BigInteger.TEN.pow(precision).subtract(BigInteger.ONE).bitLength() / 8 + 1;
    }
}
