package dev.millrace.lake.parquet;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.Upload;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;

/**
 * Merges all files of a folder into several at once, each as a Spark task, beside a session in the same JVM: how much heap
 * that takes is told by the heap with which it ends well.
 */
public final class MergeMemory {
    private MergeMemory() {}

    public static void main(String[] arguments) {
        String folder = arguments[0];
        Path output = Path.of(arguments[1]).toAbsolutePath();
        int parallel = Integer.parseInt(arguments[2]);
        try (SparkSession spark = SparkSession.builder()
                .master("local[" + parallel + "]")
                .config("spark.ui.enabled", false)
                .getOrCreate()) {
            spark.range(1000).repartition(parallel).count();
            org.apache.spark.api.java.JavaSparkContext context =
                    new org.apache.spark.api.java.JavaSparkContext(spark.sparkContext());
            String parent = output.getParent().toString();
            String name = output.getFileName().toString();
            List<Long> rows = context.parallelize(
                            IntStream.range(0, parallel).boxed().toList(), parallel)
                    .map(number -> merge(folder, parent, name + "." + number))
                    .collect();
            System.out.println("rows " + rows + ", heap "
                    + ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getMax() / (1 << 20) + " MB");
        }
    }

    private static long merge(String folder, String parent, String name) {
        Storage sources = Storages.open(folder, StorageOptions.DEFAULT);
        Storage target = Storages.open(parent, StorageOptions.DEFAULT);
        List<MergeSlice> slices = sources.list("").stream()
                .map(file -> MergeSlice.all(MergeSource.of(sources, file)))
                .toList();
        try (Upload upload = target.create(name)) {
            MergeOutcome.Merged merged =
                    (MergeOutcome.Merged) PageMerge.merge(slices, upload.stream(), MergeOptions.DEFAULT);
            PageCheck written = PageCheck.read(MergeSource.of(target, upload.commit()));
            merged.report().sources().difference(written).ifPresent(difference -> {
                throw new IllegalStateException(difference);
            });
            return merged.report().rows();
        }
    }
}
