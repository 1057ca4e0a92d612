package dev.millrace.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.fault.Fault;
import dev.millrace.testing.SharedSpark;
import java.math.BigDecimal;
import java.sql.Timestamp;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.api.java.UDF5;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(SharedSpark.class)
class JavaFunctionsTest {
    @Test
    void areKnownToTheSessionByTheirNames(SparkSession spark) {
        Map<String, String> declared = new LinkedHashMap<>();
        declared.put("Later", Later.class.getName());
        declared.put("joined", Joined.class.getName());
        JavaFunctions functions = JavaFunctions.of(declared);

        functions.register(spark);

        assertThat(functions.names())
                .containsExactlyInAnyOrder("later", "joined", "normalized_method_signature", "normalized_url");
        assertThat(functions.find("LATER").orElseThrow().arguments())
                .isEqualTo(List.of(DataTypes.TimestampType, DataTypes.LongType, DataTypes.BooleanType));
        List<Row> rows = spark.sql("select later(timestamp '2026-03-01 00:00:00', 5L, true),"
                        + " joined('a', 1, 2.5D, date '2026-03-01', null),"
                        + " normalized_method_signature('GET', '/repo/v1/entity/syn1')")
                .collectAsList();
        assertThat(rows)
                .containsExactly(RowFactory.create(
                        Timestamp.valueOf("2026-03-01 13:45:05"), "a 1 2.5 2026-03-01 null", "GET /entity/#"));
    }

    @Test
    void haveTheTypesOfASuperclass() {
        assertThat(JavaFunction.of("inherits", Inherits.class).result()).isEqualTo(DataTypes.StringType);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "upper          | Joined    | Spark has a function of that name; choose another",
                "Normalized_URL | Joined    | Millrace has a function of that name; choose another",
                "my-function    | Joined    | the name must be letters, digits and _, not my-function",
                "f              | Nothing   | class %sNothing is no function: it implements none of org.apache.spark.sql.api.java.UDF1 to UDF5 with types, for example UDF1<String, String>",
                "f              | Raw       | class %sRaw is no function: it implements none of org.apache.spark.sql.api.java.UDF1 to UDF5 with types, for example UDF1<String, String>",
                "f              | Generic   | class %sGeneric is no function: argument 1 is T: must be String, Long, Integer, Double, Boolean, byte[], java.sql.Date or java.sql.Timestamp; numbers with exact fractions pass as String",
                "f              | Exact     | class %sExact is no function: the result is java.math.BigDecimal: must be String, Long, Integer, Double, Boolean, byte[], java.sql.Date or java.sql.Timestamp; numbers with exact fractions pass as String",
                "f              | Hidden    | class %sHidden is no function: it is not public",
                "f              | Unfinished| class %sUnfinished is no function: it is abstract",
                "f              | Needy     | class %sNeedy is no function: it has no public constructor without arguments",
            })
    void refusesWhatIsNoFunction(String name, String type, String reason) {
        String prefix = JavaFunctionsTest.class.getName() + "$";

        assertThat(JavaFunctions.mistake(name, prefix + type)).contains(reason.replace("%s", prefix));
    }

    @Test
    void tellsTheMistakesOfAllFunctions() {
        Map<String, String> declared = new LinkedHashMap<>();
        declared.put("f", Joined.class.getName());
        declared.put("F", Joined.class.getName());
        declared.put("g", "com.acme.Missing");

        assertThatThrownBy(() -> JavaFunctions.of(declared))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.kind()).isEqualTo(Fault.Kind.USER))
                .hasMessage(String.join(
                        System.lineSeparator(),
                        "Invalid function F: the name is declared twice; case does not count",
                        "Invalid function g: class com.acme.Missing is not there: start with its jar, spark-submit"
                                + " --jars functions.jar or MILLRACE_JARS=functions.jar scripts/millrace"));
    }

    @Test
    void saysThatAConstructorFailed(SparkSession spark) {
        JavaFunctions functions = JavaFunctions.of(Map.of("fails", Fails.class.getName()));

        Fault fault = catchThrowableOfType(Fault.class, () -> functions.register(spark));

        assertThat(fault)
                .hasMessage("Function fails: the constructor of " + Fails.class.getName()
                        + " failed: java.lang.IllegalStateException: no list of names");
    }

    /** Three arguments. */
    public static final class Later implements UDF3<Timestamp, Long, Boolean, Timestamp> {
        @Override
        public Timestamp call(Timestamp time, Long seconds, Boolean later) {
            return Timestamp.from(time.toInstant().plusSeconds(later ? seconds : -seconds));
        }
    }

    /** Five arguments. */
    public static final class Joined implements UDF5<String, Integer, Double, java.sql.Date, byte[], String> {
        @Override
        public String call(String a, Integer b, Double c, java.sql.Date d, byte[] e) {
            return a + " " + b + " " + c + " " + d + " " + Arrays.toString(e);
        }
    }

    /** Has no types. */
    @SuppressWarnings("rawtypes")
    public static final class Raw implements UDF1 {
        @Override
        public Object call(Object value) {
            return value;
        }
    }

    /** Has a type that is not known. */
    public static class Generic<T> implements UDF1<T, String> {
        @Override
        public String call(T value) {
            return String.valueOf(value);
        }
    }

    /** A decimal column holds fewer values than its result. */
    public static final class Exact implements UDF1<String, BigDecimal> {
        @Override
        public BigDecimal call(String value) {
            return new BigDecimal(value);
        }
    }

    /** No interface at all. */
    public static final class Nothing {}

    static final class Hidden implements UDF1<String, String> {
        @Override
        public String call(String value) {
            return value;
        }
    }

    /** Cannot be made. */
    public abstract static class Unfinished implements UDF1<String, String> {}

    /** Its interface is a superclass's. */
    public static final class Inherits extends Unfinished {
        @Override
        public String call(String value) {
            return value;
        }
    }

    /** Cannot be made either. */
    public static final class Needy implements UDF1<String, String> {
        private final String suffix;

        public Needy(String suffix) {
            this.suffix = suffix;
        }

        @Override
        public String call(String value) {
            return value + suffix;
        }
    }

    /** Fails when it is made. */
    public static final class Fails implements UDF1<String, String> {
        public Fails() {
            throw new IllegalStateException("no list of names");
        }

        @Override
        public String call(String value) {
            return value;
        }
    }
}
