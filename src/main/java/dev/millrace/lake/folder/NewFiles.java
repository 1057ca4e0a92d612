package dev.millrace.lake.folder;

import dev.millrace.config.CompactionSettings;
import dev.millrace.config.CompactionSettings.Engine;
import dev.millrace.fault.Fault;
import dev.millrace.lake.ExpectedRatio;
import dev.millrace.lake.FileOutcome;
import dev.millrace.lake.FileWriting;
import dev.millrace.lake.PartitionPlan;
import dev.millrace.lake.PlannedFile;
import dev.millrace.lake.RowGroups;
import dev.millrace.lake.TargetSize;
import dev.millrace.lake.folder.FolderPlan.PlannedPartition;
import dev.millrace.lake.folder.FolderRecord.Figures;
import dev.millrace.run.UnitCommits;
import dev.millrace.storage.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;

/** Plans the new files of a folder, and writes them where nobody sees them yet. */
public final class NewFiles {
    private static final String PHASE = "compact";
    private static final int FILES_A_CORE = 4;

    private final Storage storage;
    private final long targetBytes;
    private final CompactionSettings settings;
    private final Supplier<SparkSession> spark;

    /**
     * @param storage whose root is the folder
     * @param targetBytes wanted size of a file
     * @param spark started where there is something to write
     */
    public NewFiles(Storage storage, long targetBytes, CompactionSettings settings, Supplier<SparkSession> spark) {
        this.storage = storage;
        this.targetBytes = targetBytes;
        this.settings = settings;
        this.spark = spark;
    }

    FolderPlan plan(ParquetFolder folder) {
        TargetSize target = new TargetSize(targetBytes, ratio(folder));
        RowGroups groups = RowGroups.in(storage);
        List<PlannedPartition> planned = new ArrayList<>();
        List<FolderRecord.Partition> failed = new ArrayList<>();
        FolderRecord.Untouched untouched = FolderRecord.Untouched.NONE;
        for (FolderPartition partition : folder.partitions()) {
            Optional<String> why = Optional.ofNullable(folder.unfit().get(partition.path()));
            if (why.isPresent()) {
                failed.add(failed(partition, why.get()));
                continue;
            }
            try {
                PartitionPlan plan = PartitionPlan.of(
                        partition.path(), partition.dataFiles(), target, groups, settings.engine() != Engine.PAGES);
                if (plan.outputs().isEmpty()) {
                    untouched = untouched.plus(partition.files().size(), partition.bytes());
                } else {
                    planned.add(new PlannedPartition(
                            partition.path(), plan.outputs(), plan.kept().size()));
                }
            } catch (Fault fault) {
                failed.add(failed(partition, fault.getMessage()));
            }
        }
        return new FolderPlan(planned, failed, untouched, target);
    }

    /** Told by a pilot in the partition that has most to be merged. */
    private double ratio(ParquetFolder folder) {
        return ExpectedRatio.pilot(
                storage,
                folder.partitions().stream()
                        .filter(partition -> !folder.unfit().containsKey(partition.path()))
                        .map(partition -> partition.dataFiles().stream()
                                .filter(file -> !TargetSize.isMerged(file))
                                .toList()),
                targetBytes);
    }

    private static FolderRecord.Partition failed(FolderPartition partition, String why) {
        Figures figures = new Figures(partition.files().size(), partition.bytes(), 0);
        return new FolderRecord.Partition(
                partition.path(), FolderRecord.Outcome.FAILED, figures, figures, 0, List.of(), why);
    }

    /** How many files are written before they take the place of others: enough for all cores, and no more for long. */
    int filesAtOnce() {
        return FILES_A_CORE * spark.get().sparkContext().defaultParallelism();
    }

    /** How many bytes of files suffice for that; small ones are many. */
    long bytesAtOnce() {
        return filesAtOnce() * targetBytes / 2;
    }

    /**
     * Writes files and verifies them.
     *
     * @param folder where they go, as {@link UnseenStorage} names it, with a slash at its end
     * @return one outcome for each, in their order
     */
    List<FileOutcome> write(List<PlannedFile> planned, String folder, UnitCommits commits) {
        FileWriting writing =
                new FileWriting("", storage, new UnseenStorage(storage), folder, commits, PHASE, settings);
        return writing.write(spark.get(), planned);
    }
}
