package dev.millrace.lake.parquet;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;

/** Schemas of types that all readers of the fuzz suite know, nested at random. */
final class RandomColumns {
    private final SplittableRandom random;

    RandomColumns(SplittableRandom random) {
        this.random = random;
    }

    /** A schema of a few columns. */
    MessageType schema() {
        List<Type> fields = new ArrayList<>();
        int count = random.nextInt(2, 9);
        for (int i = 0; i < count; i++) {
            fields.add(field("c" + i, 0));
        }
        return new MessageType("spark_schema", fields);
    }

    private Type field(String name, int depth) {
        Repetition repetition = random.nextInt(3) == 0 ? Repetition.REQUIRED : Repetition.OPTIONAL;
        if (depth < 3 && random.nextInt(3) == 0) {
            return switch (random.nextInt(3)) {
                case 0 -> struct(name, repetition, depth);
                case 1 -> list(name, repetition, depth);
                default -> map(name, repetition, depth);
            };
        }
        return primitive(name, repetition);
    }

    private GroupType struct(String name, Repetition repetition, int depth) {
        List<Type> fields = new ArrayList<>();
        int count = random.nextInt(1, 4);
        for (int i = 0; i < count; i++) {
            fields.add(field("f" + i, depth + 1));
        }
        return new GroupType(repetition, name, fields);
    }

    private GroupType list(String name, Repetition repetition, int depth) {
        return Types.buildGroup(repetition)
                .as(LogicalTypeAnnotation.listType())
                .addField(new GroupType(Repetition.REPEATED, "list", field("element", depth + 1)))
                .named(name);
    }

    private GroupType map(String name, Repetition repetition, int depth) {
        Type key = Types.required(PrimitiveTypeName.BINARY)
                .as(LogicalTypeAnnotation.stringType())
                .named("key");
        return Types.buildGroup(repetition)
                .as(LogicalTypeAnnotation.mapType())
                .addField(new GroupType(Repetition.REPEATED, "key_value", key, field("value", depth + 1)))
                .named(name);
    }

    private PrimitiveType primitive(String name, Repetition repetition) {
        List<Supplier<PrimitiveType>> kinds = List.of(
                () -> plain(repetition, PrimitiveTypeName.BOOLEAN, name),
                () -> plain(repetition, PrimitiveTypeName.INT32, name),
                () -> plain(repetition, PrimitiveTypeName.INT64, name),
                () -> plain(repetition, PrimitiveTypeName.INT96, name),
                () -> plain(repetition, PrimitiveTypeName.FLOAT, name),
                () -> plain(repetition, PrimitiveTypeName.DOUBLE, name),
                () -> plain(repetition, PrimitiveTypeName.BINARY, name),
                () -> text(repetition, name),
                () -> text(repetition, name),
                () -> fixed(repetition, 5).named(name),
                () -> fixed(repetition, 9)
                        .as(LogicalTypeAnnotation.decimalType(4, 20))
                        .named(name),
                () -> integer(repetition, PrimitiveTypeName.INT32, LogicalTypeAnnotation.decimalType(2, 7), name),
                () -> integer(repetition, PrimitiveTypeName.INT64, LogicalTypeAnnotation.decimalType(3, 15), name),
                () -> integer(repetition, PrimitiveTypeName.BINARY, LogicalTypeAnnotation.decimalType(2, 25), name),
                () -> integer(repetition, PrimitiveTypeName.INT32, LogicalTypeAnnotation.intType(8, false), name),
                () -> integer(repetition, PrimitiveTypeName.INT32, LogicalTypeAnnotation.intType(16, true), name),
                () -> integer(repetition, PrimitiveTypeName.INT32, LogicalTypeAnnotation.intType(32, false), name),
                () -> integer(repetition, PrimitiveTypeName.INT64, LogicalTypeAnnotation.intType(64, false), name),
                () -> integer(repetition, PrimitiveTypeName.INT32, LogicalTypeAnnotation.dateType(), name),
                () -> integer(
                        repetition,
                        PrimitiveTypeName.INT64,
                        LogicalTypeAnnotation.timestampType(true, TimeUnit.MICROS),
                        name));
        return kinds.get(random.nextInt(kinds.size())).get();
    }

    private static PrimitiveType plain(Repetition repetition, PrimitiveTypeName type, String name) {
        return Types.primitive(type, repetition).named(name);
    }

    private static PrimitiveType text(Repetition repetition, String name) {
        return integer(repetition, PrimitiveTypeName.BINARY, LogicalTypeAnnotation.stringType(), name);
    }

    private static PrimitiveType integer(
            Repetition repetition, PrimitiveTypeName type, LogicalTypeAnnotation meaning, String name) {
        return Types.primitive(type, repetition).as(meaning).named(name);
    }

    private static Types.PrimitiveBuilder<PrimitiveType> fixed(Repetition repetition, int length) {
        return Types.primitive(PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY, repetition)
                .length(length);
    }
}
