package dev.millrace.lake;

import dev.millrace.run.DataFile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What becomes of the files of a partition: those that are smaller than is wanted become even files of about that size,
 * none above 1.1 of it, without a small rest. Of their rows none changes its place among the others.
 *
 * @param outputs files to be written
 * @param kept files that stay as they are
 */
public record PartitionPlan(List<PlannedFile> outputs, List<DataFile> kept) {
    /** As many outputs for as many files are not worth the work: then the files are about right. */
    private static final double MOST_OUTPUTS_OF_FILES = 0.8;

    /** Outputs are not planned so close to the most that the last small file makes one too large. */
    private static final double MOST_EVEN = 1.095;

    /** Files that would make outputs of more than this were perhaps split evenly before: they stay. */
    private static final double MOST_WORTH = 1.05;

    public PartitionPlan {
        outputs = List.copyOf(outputs);
        kept = List.copyOf(kept);
    }

    /**
     * Plans a partition. The same files in the same order give the same plan; a plan of what a plan has made is empty.
     *
     * @param partition the folders of the partition
     * @param files in the order that their rows are to have; files without rows may be among them
     * @param mayCutGroups whether a file may be cut within a row group
     */
    public static PartitionPlan of(
            String partition, List<DataFile> files, TargetSize target, RowGroups groups, boolean mayCutGroups) {
        List<DataFile> small = new ArrayList<>();
        long expected = 0;
        for (DataFile file : files) {
            if (!target.isReachedBy(file)) {
                small.add(file);
                expected += target.expected(file);
            }
        }
        if (outputs(expected, target, MOST_WORTH) > MOST_OUTPUTS_OF_FILES * small.size()) {
            return new PartitionPlan(List.of(), files);
        }
        List<PlannedFile> outputs = new ArrayList<>();
        Set<DataFile> taken = new HashSet<>();
        EvenCut cut = new EvenCut(small, target, outputs(expected, target, MOST_EVEN), groups, mayCutGroups);
        for (List<Slice> slices : cut.all()) {
            boolean isAsItWas = slices.size() == 1 && slices.get(0).isWhole();
            if (!isAsItWas) {
                outputs.add(new PlannedFile(partition, slices));
                slices.forEach(slice -> taken.add(slice.file()));
            }
        }
        return new PartitionPlan(
                outputs, files.stream().filter(file -> !taken.contains(file)).toList());
    }

    private static long outputs(long expected, TargetSize target, double most) {
        long count = Math.max(1, Math.round((double) expected / target.bytes()));
        return expected > most * target.bytes() * count ? count + 1 : count;
    }
}
