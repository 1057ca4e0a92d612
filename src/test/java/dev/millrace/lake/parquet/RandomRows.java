package dev.millrace.lake.parquet;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.NanoTime;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;

/** Rows of a schema. Each column has habits of its own: how often it is null, and how its values repeat. */
final class RandomRows {
    private static final int EPOCH_DAY = 2_440_588;

    private final SplittableRandom random;
    private final Map<Type, Habits> habits = new HashMap<>();
    private long row;

    RandomRows(SplittableRandom random) {
        this.random = random;
    }

    /**
     * A column's habits.
     *
     * @param nulls how many of 100 values are null
     * @param longest list
     * @param different how many different values there are, or 0 where each is another
     */
    private record Habits(int nulls, int longest, int different, int textBytes) {}

    private Habits habits(Type type) {
        return habits.computeIfAbsent(
                type,
                of -> new Habits(
                        new int[] {0, 0, 5, 50, 95, 100}[random.nextInt(6)],
                        random.nextInt(1, 5),
                        new int[] {1, 3, 40, 700, 5_000, 0, 0}[random.nextInt(7)],
                        random.nextInt(1, 60)));
    }

    /** The next row. */
    Group next(GroupType schema) {
        row++;
        return group(schema);
    }

    private Group group(GroupType type) {
        Group group = new SimpleGroup(type);
        for (Type field : type.getFields()) {
            int times = times(field);
            for (int i = 0; i < times; i++) {
                if (field.isPrimitive()) {
                    addValue(group, field.asPrimitiveType());
                } else {
                    group.add(field.getName(), group(field.asGroupType()));
                }
            }
        }
        return group;
    }

    private int times(Type field) {
        if (field.isRepetition(Repetition.REQUIRED)) {
            return 1;
        }
        Habits habit = habits(field);
        if (field.isRepetition(Repetition.REPEATED)) {
            return random.nextInt(habit.longest + 1);
        }
        return random.nextInt(100) < habit.nulls ? 0 : 1;
    }

    private void addValue(Group group, PrimitiveType type) {
        Habits habit = habits(type);
        long number = habit.different == 0
                ? random.nextInt(4) == 0 ? row : random.nextLong()
                : random.nextInt(habit.different);
        String name = type.getName();
        switch (type.getPrimitiveTypeName()) {
            case BOOLEAN -> group.add(name, (number & 1) == 0);
            case INT32 -> group.add(name, int32(number, type.getLogicalTypeAnnotation()));
            case INT64 -> group.add(name, int64(number, type.getLogicalTypeAnnotation()));
            case INT96 ->
                group.add(
                        name,
                        new NanoTime(
                                EPOCH_DAY + (int) Math.floorMod(number, 20_000L),
                                Math.floorMod(number * 7_919, 86_400_000_000_000L / 1_000) * 1_000));
            case FLOAT -> group.add(name, number % 11 == 3 ? Float.NaN : number % 11 == 4 ? -0.0f : number / 3.0f);
            case DOUBLE ->
                group.add(
                        name,
                        number % 11 == 3 ? Double.NaN : number % 11 == 5 ? Double.NEGATIVE_INFINITY : number / 7.0);
            case BINARY -> group.add(name, binary(number, habit, type.getLogicalTypeAnnotation()));
            case FIXED_LEN_BYTE_ARRAY ->
                group.add(name, Binary.fromConstantByteArray(fixed(number, type.getTypeLength())));
        }
    }

    private static int int32(long number, LogicalTypeAnnotation meaning) {
        if (meaning instanceof DecimalLogicalTypeAnnotation) {
            return (int) (number % 10_000_000);
        }
        if (meaning instanceof IntLogicalTypeAnnotation width) {
            return switch (width.getBitWidth()) {
                case 8 -> (int) (number & 0xff);
                case 16 -> (short) number;
                default -> (int) number;
            };
        }
        return meaning instanceof LogicalTypeAnnotation.DateLogicalTypeAnnotation
                ? (int) Math.floorMod(number, 30_000L)
                : (int) number;
    }

    private static long int64(long number, LogicalTypeAnnotation meaning) {
        if (meaning instanceof DecimalLogicalTypeAnnotation) {
            return number % 1_000_000_000_000_000L;
        }
        return meaning instanceof LogicalTypeAnnotation.TimestampLogicalTypeAnnotation
                ? Math.floorMod(number, 2_000_000_000_000_000L)
                : number;
    }

    private static Binary binary(long number, Habits habit, LogicalTypeAnnotation meaning) {
        if (meaning instanceof DecimalLogicalTypeAnnotation) {
            return Binary.fromConstantByteArray(BigInteger.valueOf(number).toByteArray());
        }
        SplittableRandom letters = new SplittableRandom(number);
        byte[] bytes = new byte[number == 1 ? 0 : letters.nextInt(habit.textBytes + 1)];
        boolean isText = meaning != null;
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (isText ? 'a' + letters.nextInt(26) : letters.nextInt());
        }
        if (isText && number % 7 == 2) {
            return Binary.fromConstantByteArray(("é€𝄞" + number).getBytes(StandardCharsets.UTF_8));
        }
        return Binary.fromConstantByteArray(bytes);
    }

    private static byte[] fixed(long number, int length) {
        byte[] value = BigInteger.valueOf(number).toByteArray();
        byte[] fixed = new byte[length];
        for (int i = 0; i < length; i++) {
            int at = value.length - length + i;
            fixed[i] = at >= 0 ? value[at] : (byte) (value[0] < 0 ? -1 : 0);
        }
        return fixed;
    }
}
