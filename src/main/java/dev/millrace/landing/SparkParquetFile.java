package dev.millrace.landing;

import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.datasources.parquet.ParquetWriteSupport;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.StructType;

/** A Parquet file of rows of any type that Spark has, as Spark writes them, with large row groups. */
public final class SparkParquetFile {
    private static final long GROUP_BYTES = 64 << 20;
    private static final int PAGE_ROWS = 20_000;
    private static final String SPARK_VERSION = "org.apache.spark.version";

    private final Upload upload;
    private final ParquetWriter<InternalRow> writer;

    /** @param notes for the footer; beside them only Spark's version is noted, by which readers know the calendar */
    public SparkParquetFile(Upload upload, StructType type, CompressionCodecName codec, Map<String, String> notes)
            throws IOException {
        this.upload = upload;
        Configuration conf = new Configuration(false);
        ParquetWriteSupport.setSchema(type, conf);
        conf.set(SQLConf.PARQUET_WRITE_LEGACY_FORMAT().key(), "false");
        conf.set(SQLConf.PARQUET_OUTPUT_TIMESTAMP_TYPE().key(), "TIMESTAMP_MICROS");
        conf.set(SQLConf.PARQUET_FIELD_ID_WRITE_ENABLED().key(), "true");
        Map<String, String> all = new TreeMap<>(notes);
        all.put(SPARK_VERSION, org.apache.spark.package$.MODULE$.SPARK_VERSION());
        writer = new Builder(new UploadOutputFile(upload), new Noting(new ParquetWriteSupport(), all))
                .withConf(conf)
                .withCompressionCodec(codec)
                .withRowGroupSize(GROUP_BYTES)
                .withPageRowCountLimit(PAGE_ROWS)
                .build();
    }

    /** Takes a row, which may be changed after. */
    public void write(InternalRow row) throws IOException {
        writer.write(row);
    }

    /** Ends the file and commits it. */
    public StoredFile finish() throws IOException {
        writer.close();
        return upload.commit();
    }

    private static final class Builder extends ParquetWriter.Builder<InternalRow, Builder> {
        private final WriteSupport<InternalRow> support;

        Builder(OutputFile file, WriteSupport<InternalRow> support) {
            super(file);
            this.support = support;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected WriteSupport<InternalRow> getWriteSupport(Configuration conf) {
            return support;
        }
    }

    /** Spark's way to write rows, with other notes. */
    private static final class Noting extends WriteSupport<InternalRow> {
        private final WriteSupport<InternalRow> spark;
        private final Map<String, String> notes;

        Noting(WriteSupport<InternalRow> spark, Map<String, String> notes) {
            this.spark = spark;
            this.notes = notes;
        }

        @Override
        public WriteContext init(Configuration conf) {
            return new WriteContext(spark.init(conf).getSchema(), notes);
        }

        @Override
        public void prepareForWrite(RecordConsumer consumer) {
            spark.prepareForWrite(consumer);
        }

        @Override
        public void write(InternalRow row) {
            spark.write(row);
        }
    }
}
