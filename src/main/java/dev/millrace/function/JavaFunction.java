package dev.millrace.function;

import dev.millrace.fault.Fault;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.sql.Date;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.api.java.UDF4;
import org.apache.spark.sql.api.java.UDF5;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/**
 * A Java function that expressions call by name: a public class with a public constructor without arguments that
 * implements one of Spark's interfaces {@code UDF1} to {@code UDF5}. Its types are those that it implements the
 * interface with.
 */
public final class JavaFunction {
    private static final String UDF = "org.apache.spark.sql.api.java.UDF";
    private static final int MOST_ARGUMENTS = 5;

    private static final Map<Type, DataType> TYPES = Map.ofEntries(
            Map.entry(String.class, DataTypes.StringType),
            Map.entry(Long.class, DataTypes.LongType),
            Map.entry(Integer.class, DataTypes.IntegerType),
            Map.entry(Double.class, DataTypes.DoubleType),
            Map.entry(Boolean.class, DataTypes.BooleanType),
            Map.entry(byte[].class, DataTypes.BinaryType),
            Map.entry(Date.class, DataTypes.DateType),
            Map.entry(Timestamp.class, DataTypes.TimestampType));

    private final String name;
    private final Constructor<?> constructor;
    private final List<DataType> arguments;
    private final DataType result;

    private JavaFunction(String name, Constructor<?> constructor, List<DataType> arguments, DataType result) {
        this.name = name;
        this.constructor = constructor;
        this.arguments = List.copyOf(arguments);
        this.result = result;
    }

    /** @throws Fault of kind USER that says why the class is no function */
    static JavaFunction of(String name, Class<?> type) {
        ParameterizedType udf = udf(type)
                .orElseThrow(() -> refused(
                        type,
                        "it implements none of " + UDF + "1 to UDF" + MOST_ARGUMENTS
                                + " with types, for example UDF1<String, String>"));
        Type[] types = udf.getActualTypeArguments();
        List<DataType> arguments = new ArrayList<>();
        for (int i = 0; i < types.length - 1; i++) {
            arguments.add(dataType(type, "argument " + (i + 1), types[i]));
        }
        DataType result = dataType(type, "the result", types[types.length - 1]);
        return new JavaFunction(name, constructor(type), arguments, result);
    }

    private static Optional<ParameterizedType> udf(Class<?> type) {
        for (Class<?> c = type; c != null; c = c.getSuperclass()) {
            for (Type implemented : c.getGenericInterfaces()) {
                if (implemented instanceof ParameterizedType parameterized
                        && parameterized.getRawType().getTypeName().startsWith(UDF)
                        && parameterized.getActualTypeArguments().length >= 2
                        && parameterized.getActualTypeArguments().length <= MOST_ARGUMENTS + 1) {
                    return Optional.of(parameterized);
                }
            }
        }
        return Optional.empty();
    }

    private static DataType dataType(Class<?> type, String what, Type java) {
        DataType known = TYPES.get(java);
        if (known == null) {
            throw refused(
                    type,
                    what + " is " + java.getTypeName() + ": must be String, Long, Integer, Double, Boolean, byte[], "
                            + "java.sql.Date or java.sql.Timestamp; numbers with exact fractions pass as String");
        }
        return known;
    }

    private static Constructor<?> constructor(Class<?> type) {
        if (!Modifier.isPublic(type.getModifiers())) {
            throw refused(type, "it is not public");
        }
        if (Modifier.isAbstract(type.getModifiers())) {
            throw refused(type, "it is abstract");
        }
        try {
            return type.getConstructor();
        } catch (NoSuchMethodException e) {
            throw refused(type, "it has no public constructor without arguments");
        }
    }

    private static Fault refused(Class<?> type, String reason) {
        return Fault.user("class " + type.getName() + " is no function: " + reason);
    }

    /** As expressions call it, in lower case. */
    public String name() {
        return name;
    }

    /** Name of its class. */
    public String className() {
        return constructor.getDeclaringClass().getName();
    }

    /** The types that its arguments must have; nothing is cast. */
    public List<DataType> arguments() {
        return arguments;
    }

    public DataType result() {
        return result;
    }

    /** Makes the session know it by its name. */
    void register(SparkSession spark) {
        Object udf = instance();
        // An interface without a common one above: this is how many Spark has.
        if (udf instanceof UDF1<?, ?> function) {
            spark.udf().register(name, function, result);
        } else if (udf instanceof UDF2<?, ?, ?> function) {
            spark.udf().register(name, function, result);
        } else if (udf instanceof UDF3<?, ?, ?, ?> function) {
            spark.udf().register(name, function, result);
        } else if (udf instanceof UDF4<?, ?, ?, ?, ?> function) {
            spark.udf().register(name, function, result);
        } else if (udf instanceof UDF5<?, ?, ?, ?, ?, ?> function) {
            spark.udf().register(name, function, result);
        } else {
            throw new IllegalStateException("No such interface: " + className());
        }
    }

    private Object instance() {
        try {
            return constructor.newInstance();
        } catch (InvocationTargetException e) {
            throw Fault.user("Function " + name + ": the constructor of " + className() + " failed: " + e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
