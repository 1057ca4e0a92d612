package dev.millrace.lake.parquet;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.schema.MessageType;

/** Sources written by parquet-java, each with settings of its own. */
final class JavaFiles {
    private final SplittableRandom random;

    /** Whether some values are encoded as split streams of bytes, which Spark's vectorized reader does not know. */
    private final boolean splitsStreams;

    JavaFiles(SplittableRandom random) {
        this.random = random;
        splitsStreams = random.nextInt(6) == 0;
    }

    boolean splitsStreams() {
        return splitsStreams;
    }

    /** Writes files of one random schema and codec. */
    List<Path> write(Path folder, int mostRows) throws IOException {
        MessageType schema = new RandomColumns(random).schema();
        RandomRows rows = new RandomRows(random);
        CompressionCodecName codec = List.of(
                        CompressionCodecName.SNAPPY,
                        CompressionCodecName.SNAPPY,
                        CompressionCodecName.ZSTD,
                        CompressionCodecName.UNCOMPRESSED)
                .get(random.nextInt(4));
        List<Path> files = new ArrayList<>();
        int count = random.nextInt(1, 9);
        for (int i = 0; i < count; i++) {
            Path file = folder.resolve("source-" + i + ".parquet");
            write(file, schema, rows, codec, random.nextInt(6) == 0 ? 0 : random.nextInt(mostRows));
            files.add(file);
        }
        return files;
    }

    private void write(Path file, MessageType schema, RandomRows rows, CompressionCodecName codec, int count)
            throws IOException {
        ExampleParquetWriter.Builder settings = ExampleParquetWriter.builder(
                        new org.apache.hadoop.fs.Path(file.toUri()))
                .withConf(new Configuration(false))
                .withType(schema)
                .withCompressionCodec(codec)
                .withWriterVersion(random.nextInt(3) == 0 ? WriterVersion.PARQUET_2_0 : WriterVersion.PARQUET_1_0)
                .withDictionaryEncoding(random.nextInt(4) != 0)
                .withDictionaryPageSize(random.nextInt(3) == 0 ? 2_000 : 1 << 20)
                .withPageSize(new int[] {200, 2_000, 20_000, 1 << 20}[random.nextInt(4)])
                .withPageRowCountLimit(new int[] {50, 1_000, 20_000}[random.nextInt(3)])
                .withMinRowCountForPageSizeCheck(10)
                .withByteStreamSplitEncoding(splitsStreams && random.nextBoolean())
                .withPageWriteChecksumEnabled(random.nextBoolean())
                .withRowGroupSize(random.nextInt(3) == 0 ? 20_000L : 1L << 27)
                .withExtraMetaData(Map.of("org.apache.spark.version", "3.5.8", "source", file.toString()));
        try (ParquetWriter<Group> writer = settings.build()) {
            for (int i = 0; i < count; i++) {
                writer.write(rows.next(schema));
            }
        }
    }
}
