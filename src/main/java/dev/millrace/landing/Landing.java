package dev.millrace.landing;

import dev.millrace.fault.Fault;
import org.apache.spark.SparkException;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Writes wide rows to the landing: one pass, one commit per unit. */
public final class Landing {
    /** What Spark calls a Java function that threw. */
    private static final String FAILED_FUNCTION = "FAILED_EXECUTE_UDF";

    private Landing() {}

    /**
     * Writes every unit of a plan and commits it; partition p of the rows is unit p. Units that are committed already
     * are left as they are, but read: leave them out of rows and plan.
     *
     * @param wide as {@link WideRows} says, with computed columns
     * @throws Fault when a unit cannot be read or written; units committed before that stay so
     */
    public static void write(Dataset<Row> wide, LandingPlan plan) {
        requireShape(wide.schema(), plan);
        if (plan.units().isEmpty()) {
            return;
        }
        try {
            wide.write()
                    .format(LandingSink.class.getName())
                    .option(LandingSink.PLAN, Carried.encode(plan))
                    .mode("append")
                    .save();
        } catch (Exception failure) {
            // Spark wraps what a task threw in exceptions that Scala does not declare.
            throw told(failure, plan);
        }
    }

    private static RuntimeException told(Exception failure, LandingPlan plan) {
        if (Fault.in(failure).isPresent()) {
            return Fault.in(failure).get();
        }
        Throwable cause = failure;
        while (cause.getCause() != null) {
            if (cause instanceof SparkException function && FAILED_FUNCTION.equals(function.getErrorClass())) {
                return Fault.user("A computed column failed on a row: "
                        + SqlExpressions.message(function).replaceAll(" \\(UDFRegistration[^)]*\\)", "") + ": "
                        + function.getCause());
            }
            cause = cause.getCause();
        }
        if (cause instanceof SparkException) {
            return Fault.world("Phase " + plan.phase() + " failed in Spark: " + SqlExpressions.message(cause), failure);
        }
        boolean computes =
                plan.tables().stream().anyMatch(table -> !table.computed().isEmpty());
        if (cause instanceof SparkThrowable && computes) {
            return Fault.user("A computed column failed on a row: " + SqlExpressions.message(cause));
        }
        return failure instanceof RuntimeException defect
                ? defect
                : new IllegalStateException("Phase " + plan.phase() + " failed", failure);
    }

    private static void requireShape(StructType schema, LandingPlan plan) {
        int tables = plan.tables().size();
        if (schema.length() != WideRows.FIRST_STRUCT + tables) {
            throw new IllegalArgumentException(
                    "The rows have " + schema.length() + " columns, the plan has " + tables + " tables");
        }
        requireField(schema.apply(WideRows.TABLE_POSITION), WideRows.TABLE, "int");
        requireField(schema.apply(WideRows.RESCUED_POSITION), WideRows.RESCUED, "int");
        for (int i = 0; i < tables; i++) {
            StructType struct = WideRows.struct(plan.tables().get(i).wideColumns());
            requireField(schema.apply(WideRows.FIRST_STRUCT + i), WideRows.structName(i), struct.catalogString());
        }
    }

    private static void requireField(StructField field, String name, String type) {
        if (!field.name().equals(name) || !field.dataType().catalogString().equals(type)) {
            throw new IllegalArgumentException("The rows have " + field.name() + " "
                    + field.dataType().catalogString() + ", the plan " + name + " " + type);
        }
    }
}
