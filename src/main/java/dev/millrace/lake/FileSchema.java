package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.landing.StoredParquet;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.datasources.parquet.ParquetToSparkSchemaConverter;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/**
 * What the footer of a file tells to those who read its rows by Spark.
 *
 * @param type as Spark reads it, all columns nullable
 * @param rows of the file
 * @param codec of its first column
 * @param notes key-value pairs
 */
record FileSchema(StructType type, long rows, CompressionCodecName codec, Map<String, String> notes) {
    /** Spark's own note of the columns' types. */
    static final String SPARK_TYPE = "org.apache.spark.sql.parquet.row.metadata";

    /**
     * Reads a footer.
     *
     * @throws Fault of kind WORLD that names the file, where it has none, is encrypted, or has a type that Spark does not read
     */
    static FileSchema read(SparkSession session, Storage storage, StoredFile file) {
        try (ParquetFileReader reader = ParquetFileReader.open(new StoredParquet(storage, file))) {
            Map<String, String> notes = Map.copyOf(reader.getFileMetaData().getKeyValueMetaData());
            StructType type = notes.containsKey(SPARK_TYPE)
                    ? (StructType) DataType.fromJson(notes.get(SPARK_TYPE))
                    : new ParquetToSparkSchemaConverter(session.sessionState().conf())
                            .convert(reader.getFileMetaData().getSchema());
            List<BlockMetaData> groups = reader.getRowGroups();
            return new FileSchema(
                    type.asNullable(),
                    reader.getRecordCount(),
                    groups.isEmpty() || groups.get(0).getColumns().isEmpty()
                            ? CompressionCodecName.SNAPPY
                            : groups.get(0).getColumns().get(0).getCodec(),
                    notes);
        } catch (IOException e) {
            throw unreadable(storage, file, e);
        } catch (RuntimeException e) { // The library throws these for what is no footer.
            throw Fault.in(e).orElseGet(() -> unreadable(storage, file, e));
        } catch (Exception e) { // Spark throws what Scala does not declare.
            throw unreadable(storage, file, e);
        }
    }

    private static Fault unreadable(Storage storage, StoredFile file, Exception failure) {
        String said = String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
        return Fault.world(
                "Cannot read " + storage.uri(file.path()) + ": " + said + "; restore the file, or leave it out",
                failure);
    }
}
