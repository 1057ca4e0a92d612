package dev.millrace.lake;

import dev.millrace.lake.RewriteTask.Rewritten;
import dev.millrace.landing.SparkParquetFile;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;

/**
 * Writes the rows of a partition to a file, in a task. Rows are a struct of all values and then a hash of each.
 *
 * @param outputs one for each partition
 */
record RewriteTask(String table, Storage target, StructType type, List<Output> outputs)
        implements Function2<Integer, Iterator<InternalRow>, Iterator<Rewritten>> {
    /**
     * A file to be written.
     *
     * @param before of its path: an attempt follows
     * @param notes for its footer
     * @param rows that it should get
     */
    record Output(String before, CompressionCodecName codec, Map<String, String> notes, long rows)
            implements Serializable {}

    /**
     * What was written.
     *
     * @param attempt that wrote it
     * @param planned rows
     * @param files one, or none where there was no row
     * @param nulls of each column
     * @param sums of the hashes of each column
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
    record Rewritten(String attempt, long planned, long rows, List<DataFile> files, long[] nulls, long[] sums)
            implements Serializable {}

    @Override
    public Iterator<Rewritten> call(Integer partition, Iterator<InternalRow> rows) throws IOException {
        Output output = outputs.get(partition);
        String attempt = FileWriting.randomAttempt();
        int columns = type.length();
        long[] nulls = new long[columns];
        long[] sums = new long[columns];
        if (!rows.hasNext()) {
            return List.of(new Rewritten(attempt, output.rows(), 0, List.of(), nulls, sums))
                    .iterator();
        }
        long count = 0;
        try (Upload upload = target.create(output.before() + attempt + FileWriting.SUFFIX)) {
            SparkParquetFile file = new SparkParquetFile(upload, type, output.codec(), output.notes());
            while (rows.hasNext()) {
                InternalRow row = rows.next();
                InternalRow values = row.getStruct(0, columns);
                for (int i = 0; i < columns; i++) {
                    nulls[i] += values.isNullAt(i) ? 1 : 0;
                    sums[i] += row.getLong(i + 1);
                }
                file.write(values);
                count++;
            }
            StoredFile stored = file.finish();
            DataFile written = new DataFile(table, stored.path(), stored.bytes(), count, stored.etag());
            return List.of(new Rewritten(attempt, output.rows(), count, List.of(written), nulls, sums))
                    .iterator();
        }
    }
}
