package dev.millrace.lake.folder;

import dev.millrace.fault.Fault;
import dev.millrace.lake.PartitionPlan;
import dev.millrace.lake.PlannedFile;
import dev.millrace.lake.RowGroups;
import dev.millrace.lake.Slice;
import dev.millrace.lake.TargetSize;
import dev.millrace.lake.folder.FolderPlan.PlannedPartition;
import dev.millrace.lake.parquet.FileShape;
import dev.millrace.lake.parquet.MergeOptions;
import dev.millrace.lake.parquet.MergeOutcome;
import dev.millrace.lake.parquet.MergeSlice;
import dev.millrace.lake.parquet.MergeSource;
import dev.millrace.lake.parquet.PageMerge;
import dev.millrace.run.DataFile;
import dev.millrace.run.UnitCommits;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Plans the new files of a folder, and writes them where nobody sees them yet. */
public final class NewFiles {
    private final Storage storage;
    private final long targetBytes;

    public NewFiles(Storage storage, long targetBytes) {
        this.storage = storage;
        this.targetBytes = targetBytes;
    }

    /** How the writing of a planned file ended. */
    sealed interface Result {}

    /**
     * @param files usually one; none where there was no row
     * @param rewritten why its rows were written anew, where they were
     */
    record Written(List<DataFile> files, long rows, List<String> rewritten) implements Result {}

    /** @param isRefused whether it can be written, but not in the way that is asked for */
    record Failed(String why, boolean isRefused) implements Result {}

    FolderPlan plan(ParquetFolder folder) {
        List<PlannedPartition> planned = new ArrayList<>();
        List<FolderRecord.Partition> failed = new ArrayList<>();
        int partitions = 0;
        int files = 0;
        long bytes = 0;
        for (FolderPartition partition : folder.partitions()) {
            Optional<String> why = Optional.ofNullable(folder.unfit().get(partition.path()));
            if (why.isPresent()) {
                failed.add(failed(partition, why.get()));
                continue;
            }
            try {
                PartitionPlan plan = plan(partition);
                if (plan.outputs().isEmpty()) {
                    partitions++;
                    files += partition.files().size();
                    bytes += partition.bytes();
                } else {
                    planned.add(new PlannedPartition(
                            partition.path(), plan.outputs(), plan.kept().size()));
                }
            } catch (Fault fault) {
                failed.add(failed(partition, fault.getMessage()));
            }
        }
        return new FolderPlan(planned, failed, new FolderRecord.Untouched(partitions, files, bytes));
    }

    private static FolderRecord.Partition failed(FolderPartition partition, String why) {
        FolderRecord.Figures figures =
                new FolderRecord.Figures(partition.files().size(), partition.bytes(), 0);
        return new FolderRecord.Partition(
                partition.path(), FolderRecord.Outcome.FAILED, figures, figures, 0, List.of(), why);
    }

    private PartitionPlan plan(FolderPartition partition) {
        List<DataFile> files = partition.files().stream()
                .map(file -> new DataFile("", file.path(), file.bytes(), 0, file.etag()))
                .toList();
        RowGroups groups =
                file -> FileShape.read(MergeSource.of(storage, stored(file))).groups();
        return PartitionPlan.of(partition.path(), files, new TargetSize(targetBytes, 0.8), groups, false);
    }

    long expectedBytes(List<PlannedFile> outputs) {
        return outputs.stream()
                .flatMap(output -> output.files().stream())
                .mapToLong(DataFile::bytes)
                .sum();
    }

    List<String> rewritten(List<PlannedFile> outputs) {
        return List.of();
    }

    int filesAtOnce() {
        return 8;
    }

    long bytesAtOnce() {
        return 512L << 20;
    }

    private static StoredFile stored(DataFile file) {
        return new StoredFile(file.path(), file.bytes(), file.etag(), Instant.EPOCH);
    }

    List<Result> write(List<PlannedFile> planned, String folder, UnitCommits commits) {
        UnseenStorage unseen = new UnseenStorage(storage);
        List<Result> results = new ArrayList<>();
        for (PlannedFile file : planned) {
            List<MergeSlice> slices = new ArrayList<>();
            for (Slice slice : file.slices()) {
                slices.add(new MergeSlice(
                        MergeSource.of(storage, stored(slice.file())), slice.fromGroup(), slice.toGroup()));
            }
            String path = folder + file.partition() + file.id("compact") + "-abcdefgh.parquet";
            try (Upload upload = unseen.create(path)) {
                MergeOutcome outcome = PageMerge.merge(slices, upload.stream(), MergeOptions.DEFAULT);
                if (outcome instanceof MergeOutcome.Merged merged) {
                    StoredFile stored = upload.commit();
                    results.add(new Written(
                            List.of(new DataFile(
                                    "", path, stored.bytes(), merged.report().rows(), stored.etag())),
                            merged.report().rows(),
                            List.of()));
                } else if (outcome instanceof MergeOutcome.Refused refused) {
                    results.add(new Failed(refused.detail(), true));
                }
            } catch (Fault fault) {
                results.add(new Failed(fault.getMessage(), false));
            }
        }
        return results;
    }
}
