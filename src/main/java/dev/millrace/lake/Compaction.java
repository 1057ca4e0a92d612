package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.PartitionPath;
import dev.millrace.run.DataFile;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.table.Column;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;
import org.apache.spark.sql.SparkSession;

/**
 * Makes few files of many, of about a wanted size and never across partitions, before they are published. Files that are
 * large enough, and those that are alone in their partition, stay as they are.
 */
public final class Compaction {
    /** Label of the phase. */
    public static final String PHASE = "compact";

    /** A file that is at least this part of the wanted size is left alone. */
    private static final double LARGE_ENOUGH = 0.6;

    /** Bytes written for bytes read: larger row groups and dictionaries that are shared take less. */
    private static final double SHRINKS_TO = 0.8;

    private Compaction() {}

    /**
     * Compacts a table of one run. May be stopped anywhere and repeated, and done twice at once.
     *
     * @param table as it was landed
     * @param staging the storage that has its files
     * @param folder where they lie and the new ones go: the table's data folder in the landing
     * @param commits of the run
     * @param targetBytes wanted size of a file
     * @return the same table with its files now; the same as was given where there is nothing to do
     */
    public static LandedTable compact(
            SparkSession spark,
            LandedTable table,
            Storage staging,
            String folder,
            UnitCommits commits,
            long targetBytes) {
        Plan plan = plan(table, targetBytes);
        if (plan.groups().isEmpty()) {
            return table;
        }
        Rewrite rewrite = new Rewrite(
                table.name(),
                staging,
                folder,
                table.partitions().stream().map(Column::name).toList(),
                table.codec(),
                table.schemaVersion(),
                commits,
                PHASE,
                true);
        List<UnitManifest> manifests =
                rewrite.run(spark, TableFiles.landed(staging, folder, table), plan.groups(), Optional.empty());
        List<DataFile> files = new ArrayList<>(plan.kept());
        manifests.forEach(unit -> files.addAll(unit.files()));
        files.sort(Comparator.comparing(DataFile::path));
        LandedTable compacted = new LandedTable(
                table.definition(),
                table.format(),
                table.codec(),
                files,
                table.counts(),
                table.schemaVersion(),
                table.partitions());
        if (compacted.rows() != table.rows()) {
            throw Fault.world("Table " + table.name() + ": " + table.rows() + " rows were compacted to "
                    + compacted.rows() + ": this is a defect, please report it");
        }
        return compacted;
    }

    /**
     * What is to be done.
     *
     * @param groups files that become one
     * @param kept files that stay
     */
    record Plan(List<Group> groups, List<DataFile> kept) {}

    static Plan plan(LandedTable table, long targetBytes) {
        Map<String, List<DataFile>> byPartition = new TreeMap<>();
        List<DataFile> kept = new ArrayList<>();
        for (DataFile file : table.files()) {
            if (file.bytes() >= LARGE_ENOUGH * targetBytes) {
                kept.add(file);
            } else {
                String below = PartitionPath.below(table.partitions(), file.path());
                String partition = below.substring(0, below.lastIndexOf('/') + 1);
                byPartition
                        .computeIfAbsent(partition, none -> new ArrayList<>())
                        .add(file);
            }
        }
        List<Group> groups = new ArrayList<>();
        for (List<DataFile> small : byPartition.values()) {
            for (List<DataFile> together : evenly(small, targetBytes)) {
                if (together.size() == 1) {
                    kept.add(together.get(0));
                } else {
                    groups.add(Group.of(PHASE, together));
                }
            }
        }
        return new Plan(groups, kept);
    }

    /** The largest first, each to the group that is smallest by then: groups of one size and no small rest. */
    private static List<List<DataFile>> evenly(List<DataFile> files, long targetBytes) {
        long bytes = files.stream().mapToLong(DataFile::bytes).sum();
        int wanted = (int) Math.max(1, Math.round(bytes * SHRINKS_TO / targetBytes));
        PriorityQueue<Heap> heaps = new PriorityQueue<>(
                Comparator.comparingLong((Heap heap) -> heap.bytes).thenComparingInt(heap -> heap.number));
        for (int i = 0; i < wanted; i++) {
            heaps.add(new Heap(i));
        }
        List<DataFile> largestFirst = new ArrayList<>(files);
        largestFirst.sort(Comparator.comparingLong(DataFile::bytes).reversed().thenComparing(DataFile::path));
        for (DataFile file : largestFirst) {
            Heap smallest = heaps.remove();
            smallest.files.add(file);
            smallest.bytes += file.bytes();
            heaps.add(smallest);
        }
        return heaps.stream()
                .filter(heap -> !heap.files.isEmpty())
                .sorted(Comparator.comparingInt(heap -> heap.number))
                .map(heap -> heap.files)
                .toList();
    }

    private static final class Heap {
        private final int number;
        private final List<DataFile> files = new ArrayList<>();
        private long bytes;

        private Heap(int number) {
            this.number = number;
        }
    }
}
