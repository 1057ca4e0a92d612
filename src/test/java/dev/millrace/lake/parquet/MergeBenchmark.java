package dev.millrace.lake.parquet;

import dev.millrace.lake.parquet.MergeOutcome.Merged;
import dev.millrace.lake.parquet.MergeOutcome.Refused;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Merges all files of a folder into one, as often as is told: {@code scripts/bench/compaction} measures it. */
public final class MergeBenchmark {
    private MergeBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        Storage folder = Storages.open(arguments[0], StorageOptions.DEFAULT);
        Path output = Path.of(arguments[1]);
        int passes = Integer.parseInt(arguments[2]);
        for (int pass = 1; pass <= passes; pass++) {
            double before = cpuSeconds();
            merge(folder, output, arguments.length > 3);
            System.err.printf("pass %d: %.2f CPU s%n", pass, cpuSeconds() - before);
        }
    }

    private static void merge(Storage folder, Path output, boolean isTold) throws IOException {
        Files.createDirectories(output.toAbsolutePath().getParent());
        Storage target = Storages.open(output.toAbsolutePath().getParent().toString(), StorageOptions.DEFAULT);
        List<MergeSlice> sources = folder.list("").stream()
                .map(file -> MergeSlice.all(MergeSource.of(folder, file)))
                .toList();
        try (Upload upload = target.create(output.getFileName().toString())) {
            MergeOutcome outcome = PageMerge.merge(sources, upload.stream(), MergeOptions.DEFAULT);
            if (outcome instanceof Refused refused) {
                throw new IllegalStateException(refused.detail());
            }
            StoredFile written = upload.commit();
            Merged merged = (Merged) outcome;
            if (!Boolean.getBoolean("millrace.unchecked")) {
                merged.report()
                        .sources()
                        .difference(PageCheck.read(MergeSource.of(target, written)))
                        .ifPresent(difference -> {
                            throw new IllegalStateException(difference);
                        });
            }
            if (isTold) {
                merged.report().columns().forEach(System.err::println);
                System.err.println(merged.report().rowGroups() + " row groups, "
                        + merged.report().bytes() + " bytes");
            }
        }
    }

    private static double cpuSeconds() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                        .getProcessCpuTime()
                / 1e9;
    }
}
