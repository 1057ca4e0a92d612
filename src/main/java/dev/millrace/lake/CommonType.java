package dev.millrace.lake;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The type that holds the values of two without loss, as data-schemas widen columns: whole numbers to longer ones and to
 * decimals, decimals to longer ones, float to double. Structs have the fields of both. Everything is nullable.
 */
final class CommonType {
    private static final int MOST_DIGITS = 38;

    /** Digits of whole numbers. */
    private static final Map<DataType, Integer> DIGITS =
            Map.of(DataTypes.ByteType, 3, DataTypes.ShortType, 5, DataTypes.IntegerType, 10, DataTypes.LongType, 19);

    private CommonType() {}

    /** Two types that have none in common. */
    static final class Conflict extends Exception {
        private static final long serialVersionUID = 1;

        private final String column;
        private final String types;

        private Conflict(String column, String types) {
            super(column + ": " + types, null, false, false);
            this.column = column;
            this.types = types;
        }

        private Conflict in(String parent) {
            return new Conflict(column.isEmpty() ? parent : parent + "." + column, types);
        }

        /** The column, with dots. */
        String column() {
            return column;
        }

        /** Both types. */
        String types() {
            return types;
        }
    }

    static StructType of(StructType a, StructType b) throws Conflict {
        Map<String, DataType> fields = new LinkedHashMap<>();
        for (StructField field : a.fields()) {
            fields.put(field.name(), field.dataType());
        }
        for (StructField field : b.fields()) {
            DataType before = fields.get(field.name());
            try {
                fields.put(field.name(), before == null ? field.dataType() : of(before, field.dataType()));
            } catch (Conflict conflict) {
                throw conflict.in(field.name());
            }
        }
        requireUnlike(fields);
        List<StructField> all = new ArrayList<>();
        fields.forEach((name, type) -> all.add(DataTypes.createStructField(name, type, true)));
        return DataTypes.createStructType(all);
    }

    /** Readers do not tell names by their case. */
    private static void requireUnlike(Map<String, DataType> fields) throws Conflict {
        Map<String, String> names = new HashMap<>();
        for (String name : fields.keySet()) {
            String other = names.putIfAbsent(name.toLowerCase(java.util.Locale.ROOT), name);
            if (other != null) {
                throw new Conflict(name, "another column is named " + other);
            }
        }
    }

    private static DataType of(DataType a, DataType b) throws Conflict {
        if (a.equals(b)) {
            return a;
        }
        if (a instanceof StructType one && b instanceof StructType other) {
            return of(one, other);
        }
        if (a instanceof ArrayType one && b instanceof ArrayType other) {
            return DataTypes.createArrayType(of(one.elementType(), other.elementType()), true);
        }
        if (a instanceof MapType one && b instanceof MapType other) {
            return DataTypes.createMapType(
                    of(one.keyType(), other.keyType()), of(one.valueType(), other.valueType()), true);
        }
        Integer digits = DIGITS.get(a);
        Integer others = DIGITS.get(b);
        if (digits != null && others != null) {
            return digits > others ? a : b;
        }
        boolean isFloating = (a.equals(DataTypes.FloatType) || a.equals(DataTypes.DoubleType))
                && (b.equals(DataTypes.FloatType) || b.equals(DataTypes.DoubleType));
        if (isFloating) {
            return DataTypes.DoubleType;
        }
        Optional<DecimalType> one = decimal(a);
        Optional<DecimalType> other = decimal(b);
        if (one.isPresent() && other.isPresent()) {
            int scale = Math.max(one.get().scale(), other.get().scale());
            int whole = Math.max(
                    one.get().precision() - one.get().scale(),
                    other.get().precision() - other.get().scale());
            if (whole + scale <= MOST_DIGITS) {
                return DataTypes.createDecimalType(whole + scale, scale);
            }
        }
        throw new Conflict("", a.catalogString() + " and " + b.catalogString());
    }

    private static Optional<DecimalType> decimal(DataType type) {
        return type instanceof DecimalType decimal
                ? Optional.of(decimal)
                : Optional.ofNullable(DIGITS.get(type)).map(digits -> DataTypes.createDecimalType(digits, 0));
    }

    /** A value of a type as one of the common type. */
    static Column widened(Column value, DataType from, DataType to) {
        if (from.equals(to)) {
            return value;
        }
        if (from instanceof StructType one && to instanceof StructType common) {
            List<Column> fields = new ArrayList<>();
            for (StructField field : common.fields()) {
                fields.add(field(value, one, field).as(field.name()));
            }
            return functions
                    .when(value.isNull(), functions.lit(null).cast(common))
                    .otherwise(functions.struct(fields.toArray(Column[]::new)));
        }
        if (from instanceof ArrayType one && to instanceof ArrayType common) {
            return functions.transform(value, item -> widened(item, one.elementType(), common.elementType()));
        }
        if (from instanceof MapType one && to instanceof MapType common) {
            return functions.map_from_arrays(
                    widened(
                            functions.map_keys(value),
                            DataTypes.createArrayType(one.keyType(), false),
                            DataTypes.createArrayType(common.keyType(), false)),
                    widened(
                            functions.map_values(value),
                            DataTypes.createArrayType(one.valueType(), true),
                            DataTypes.createArrayType(common.valueType(), true)));
        }
        return value.cast(to);
    }

    private static Column field(Column struct, StructType from, StructField wanted) {
        for (StructField field : from.fields()) {
            if (field.name().equals(wanted.name())) {
                return widened(struct.getField(field.name()), field.dataType(), wanted.dataType());
            }
        }
        return functions.lit(null).cast(wanted.dataType());
    }

    /** Every column of rows of a type as one of the common type, in its order; null where the type has none. */
    static Column[] widened(StructType from, StructType to) {
        Column[] columns = new Column[to.length()];
        for (int i = 0; i < columns.length; i++) {
            StructField wanted = to.apply(i);
            Column value = functions.lit(null).cast(wanted.dataType());
            for (StructField field : from.fields()) {
                if (field.name().equals(wanted.name())) {
                    value = widened(functions.col(quoted(field.name())), field.dataType(), wanted.dataType());
                }
            }
            columns[i] = value.as(wanted.name());
        }
        return columns;
    }

    /** A column's name as Spark takes it whatever characters it has. */
    static String quoted(String name) {
        return "`" + name.replace("`", "``") + "`";
    }
}
