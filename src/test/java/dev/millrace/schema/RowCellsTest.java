package dev.millrace.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class RowCellsTest {
    private static final StructType SCHEMA = new StructType()
            .add("long", DataTypes.LongType)
            .add("text", DataTypes.StringType)
            .add("date", DataTypes.DateType)
            .add("boolean", DataTypes.BooleanType)
            .add("double", DataTypes.DoubleType)
            .add("short_decimal", DataTypes.createDecimalType(18, 4))
            .add("long_decimal", DataTypes.createDecimalType(38, 10))
            .add("binary", DataTypes.BinaryType)
            .add("time", DataTypes.TimestampType)
            .add("more_text", DataTypes.StringType);

    /** Spark's own projection reads the cells one by one; what it writes for a NULL decimal are no bits that count. */
    @Test
    void packsWhatSparkWouldPack() {
        Random random = new Random(5);
        RowCells cells = new RowCells(SCHEMA.size());
        UnsafeProjection spark = UnsafeProjection.create(SCHEMA);
        for (int i = 0; i < 5_000; i++) {
            fill(cells, random);
            InternalRow expected = spark.apply(cells).copy();
            InternalRow packed = cells.packed();
            assertThat(spark.apply(packed)).as("row " + i).isEqualTo(expected);
            if (!cells.isNullAt(6)) {
                assertThat(packed).as("row " + i).isEqualTo(expected);
            }
            InternalRow copy = cells.copy();
            fill(cells, random);
            assertThat(spark.apply(copy)).as("row " + i).isEqualTo(expected);
        }
    }

    private static void fill(RowCells cells, Random random) {
        cells.clear();
        byte[] bytes = "zwölf Boxkämpfer".repeat(1 + random.nextInt(20)).getBytes(StandardCharsets.UTF_8);
        if (random.nextInt(4) > 0) {
            cells.putLong(0, random.nextLong());
        }
        if (random.nextInt(4) > 0) {
            cells.putText(1, bytes, 3, random.nextInt(bytes.length - 3));
        }
        if (random.nextInt(4) > 0) {
            cells.putInt(2, random.nextInt(100_000) - 50_000);
        }
        if (random.nextInt(4) > 0) {
            cells.putBoolean(3, random.nextBoolean());
        }
        if (random.nextInt(4) > 0) {
            cells.putDouble(4, random.nextGaussian());
        }
        if (random.nextInt(4) > 0) {
            cells.putDecimal(5, Decimal.createUnsafe(random.nextInt(), 18, 4));
        }
        if (random.nextInt(4) > 0) {
            BigInteger unscaled = new BigInteger(random.nextInt(120), random);
            cells.putDecimal(
                    6, Decimal.apply(new BigDecimal(random.nextBoolean() ? unscaled : unscaled.negate(), 10), 38, 10));
        }
        if (random.nextInt(4) > 0) {
            cells.putBinary(7, bytes);
        }
        if (random.nextInt(4) > 0) {
            cells.putLong(8, random.nextLong());
        }
        if (random.nextInt(4) > 0) {
            cells.putText(9, new byte[0]);
        }
    }
}
