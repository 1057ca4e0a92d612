package dev.millrace.warehouse.file;

import dev.millrace.fault.Fault;
import dev.millrace.landing.StoredParquet;
import dev.millrace.run.DataFile;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.warehouse.LandingFiles;
import java.io.IOException;
import java.util.Optional;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DateLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.JsonLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;

/** The columns of a landing file in Parquet, compared with its table's. */
public final class ParquetColumns {
    private ParquetColumns() {}

    /**
     * Opens a file that has the columns and rows that its manifest tells of.
     *
     * @throws Fault SPOILED that names the file when it has others, or is no whole Parquet file; WORLD when it cannot be read
     */
    public static ParquetFileReader open(LandingFiles landing, DataFile file) {
        ParquetFileReader reader = footer(landing, file);
        boolean isRight = false;
        try {
            require(landing, file, reader.getFileMetaData().getSchema());
            landing.requireRows(file, reader.getRecordCount());
            isRight = true;
            return reader;
        } finally {
            if (!isRight) {
                close(reader);
            }
        }
    }

    /** Refuses a file that {@link #open} would. */
    public static void requireWhole(LandingFiles landing, DataFile file) {
        close(open(landing, file));
    }

    private static ParquetFileReader footer(LandingFiles landing, DataFile file) {
        StoredFile stored = landing.require(file);
        try {
            return ParquetFileReader.open(new StoredParquet(landing.staging(), stored));
        } catch (Fault e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw UnusableFile.failure(landing.cannotLoad(file), UnusableFile.ofParquet(e));
        }
    }

    /** What its footer says is known by then. */
    private static void close(ParquetFileReader reader) {
        try {
            reader.close();
        } catch (IOException e) {
            return;
        }
    }

    /** Compares by name. */
    private static void require(LandingFiles landing, DataFile file, MessageType schema) {
        for (Column column : landing.table().definition().columns()) {
            Optional<Type> type =
                    schema.containsField(column.name()) ? Optional.of(schema.getType(column.name())) : Optional.empty();
            if (type.filter(t -> isExact(t, column.type())).isEmpty()) {
                throw landing.otherColumn(
                        file, column, type.map(ParquetColumns::text).orElse("missing"));
            }
        }
    }

    /** As a job file would write it, or Parquet. */
    private static String text(Type type) {
        return type.isPrimitive() && type.getLogicalTypeAnnotation() instanceof DecimalLogicalTypeAnnotation d
                ? "decimal(" + d.getPrecision() + "," + d.getScale() + ")"
                : type.toString();
    }

    /** Whether a column of a file becomes this type without loss. */
    private static boolean isExact(Type field, ColumnType type) {
        if (!field.isPrimitive() || field.isRepetition(Repetition.REPEATED)) {
            return false;
        }
        PrimitiveTypeName physical = field.asPrimitiveType().getPrimitiveTypeName();
        Optional<LogicalTypeAnnotation> logical = Optional.ofNullable(field.getLogicalTypeAnnotation());
        return switch (type.kind()) {
            case STRING, JSON ->
                physical == PrimitiveTypeName.BINARY
                        && logical.filter(l -> l instanceof StringLogicalTypeAnnotation
                                        || l instanceof JsonLogicalTypeAnnotation)
                                .isPresent();
            case BINARY -> physical == PrimitiveTypeName.BINARY && logical.isEmpty();
            case BOOLEAN -> physical == PrimitiveTypeName.BOOLEAN;
            case DOUBLE -> physical == PrimitiveTypeName.DOUBLE;
            case BIGINT ->
                physical == PrimitiveTypeName.INT64
                        && logical.filter(l -> !(l instanceof IntLogicalTypeAnnotation i && i.isSigned()))
                                .isEmpty();
            case DATE ->
                logical.filter(DateLogicalTypeAnnotation.class::isInstance).isPresent();
            case TIMESTAMP ->
                physical == PrimitiveTypeName.INT96
                        || logical.filter(l ->
                                        l instanceof TimestampLogicalTypeAnnotation t && t.getUnit() != TimeUnit.NANOS)
                                .isPresent();
            case DECIMAL ->
                logical.filter(l -> l instanceof DecimalLogicalTypeAnnotation d
                                && d.getPrecision() == type.precision()
                                && d.getScale() == type.scale())
                        .isPresent();
        };
    }
}
