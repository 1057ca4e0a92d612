package dev.millrace.lake;

import dev.millrace.run.DataFile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
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
     * @param mayCut whether a file's rows may come to two outputs; else outputs are as even as whole files allow, and
     *     neighbours may come to different ones
     */
    public static PartitionPlan of(
            String partition, List<DataFile> files, TargetSize target, RowGroups groups, boolean mayCut) {
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
        EvenCut cut = new EvenCut(small, target, outputs(expected, target, MOST_EVEN), groups, mayCut);
        for (List<Slice> slices : cut.all().orElseGet(() -> wholeFiles(small, target))) {
            boolean isAsItWas = slices.size() == 1 && slices.get(0).isWhole();
            if (!isAsItWas) {
                outputs.add(new PlannedFile(partition, slices));
                slices.forEach(slice -> taken.add(slice.file()));
            }
        }
        return new PartitionPlan(
                outputs, files.stream().filter(file -> !taken.contains(file)).toList());
    }

    /** Each to the output that has least so far, or to a new one: no two of them could be one. */
    private static List<List<Slice>> wholeFiles(List<DataFile> files, TargetSize target) {
        PriorityQueue<Filled> emptiest = new PriorityQueue<>(
                Comparator.comparingLong((Filled one) -> one.bytes).thenComparingInt(one -> one.number));
        List<List<Slice>> all = new ArrayList<>();
        for (DataFile file : files) {
            long expected = target.expected(file);
            boolean fits = !emptiest.isEmpty() && emptiest.peek().bytes + expected <= target.most();
            Filled filled = fits ? emptiest.remove() : new Filled(all.size());
            if (!fits) {
                all.add(filled.slices);
            }
            filled.slices.add(Slice.whole(file));
            filled.bytes += expected;
            if (filled.bytes < target.fewest()) {
                emptiest.add(filled);
            }
        }
        return all;
    }

    private static final class Filled {
        private final int number;
        private final List<Slice> slices = new ArrayList<>();
        private long bytes;

        private Filled(int number) {
            this.number = number;
        }
    }

    private static long outputs(long expected, TargetSize target, double most) {
        long count = Math.max(1, Math.round((double) expected / target.bytes()));
        return expected > most * target.bytes() * count ? count + 1 : count;
    }
}
