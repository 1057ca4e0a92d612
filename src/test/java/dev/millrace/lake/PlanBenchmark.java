package dev.millrace.lake;

import dev.millrace.lake.parquet.FileShape.GroupShape;
import dev.millrace.run.DataFile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** How long it takes to plan the compaction of many files. Argument: how many, in partitions by day. */
final class PlanBenchmark {
    private static final int PARTITIONS = 1_000;

    private PlanBenchmark() {}

    public static void main(String... arguments) {
        int count = Integer.parseInt(arguments[0]);
        List<DataFile> files = files(count);
        long start = System.nanoTime();
        Map<String, List<DataFile>> byPartition = new TreeMap<>();
        for (DataFile file : files) {
            String partition = file.path().substring(0, file.path().lastIndexOf('/') + 1);
            byPartition.computeIfAbsent(partition, none -> new ArrayList<>()).add(file);
        }
        TargetSize target = new TargetSize(128L << 20, 0.75);
        List<PlannedFile> outputs = new ArrayList<>();
        byPartition.forEach((partition, together) -> {
            together.sort(Comparator.comparing(DataFile::path));
            PartitionPlan plan = PartitionPlan.of(
                    partition, together, target, file -> List.of(new GroupShape(file.rows(), file.bytes())), true);
            outputs.addAll(plan.outputs());
        });
        long ids = outputs.stream().map(output -> output.id("")).distinct().count();
        System.out.printf(
                "%d files to %d outputs: %.2f s, heap of at most %d MB%n",
                count,
                ids,
                (System.nanoTime() - start) / 1e9,
                Runtime.getRuntime().maxMemory() >> 20);
    }

    private static List<DataFile> files(int count) {
        Random random = new Random(count);
        List<DataFile> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = random.nextInt(count);
            long bytes = 1_000 + (long) (random.nextDouble() * random.nextDouble() * (40 << 20));
            files.add(new DataFile(
                    "orders",
                    "orders/snapshot=2026-11-26T07-00-00Z-abcdef/datalake/day=%05d/%010d-abcdefgh.parquet"
                            .formatted(number % PARTITIONS, number),
                    bytes,
                    bytes / 100,
                    "%x-%x-%x".formatted(bytes, i, number)));
        }
        return files;
    }
}
