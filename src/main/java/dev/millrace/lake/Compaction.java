package dev.millrace.lake;

import dev.millrace.config.CompactionSettings;
import dev.millrace.config.CompactionSettings.Engine;
import dev.millrace.fault.Fault;
import dev.millrace.lake.FileOutcome.Failed;
import dev.millrace.lake.FileOutcome.Refused;
import dev.millrace.lake.FileOutcome.Written;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.PartitionPath;
import dev.millrace.run.CompactionRecord;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.run.UnitCommits;
import dev.millrace.storage.Storage;
import dev.millrace.table.Column;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/**
 * Makes few files of many, of about a wanted size and never across partitions, before they are published. Files that are
 * large enough, and those that are alone in their partition, stay as they are.
 *
 * @param run whose tables they are
 * @param staging the storage that has the table's files
 * @param commits of the run
 * @param targetBytes wanted size of a file
 * @param settings how files are made
 */
public record Compaction(
        RunId run, Storage staging, UnitCommits commits, long targetBytes, CompactionSettings settings) {
    /** Label of the phase. */
    public static final String PHASE = "compact";

    /** The gate that refuses to rewrite what pages cannot make. */
    public static final String ENGINE = "engine";

    private static final String DATA = "datalake/";

    /** Partitions that are named when they fail. */
    private static final int SHOWN = 20;

    /** Reasons that are told apart. */
    private static final int MOST_REASONS = 20;

    private static final String OTHER_REASONS = "other reasons";

    /**
     * A table whose files are compacted.
     *
     * @param table with its files now; the same as was given where there was nothing to do
     */
    public record Compacted(LandedTable table, CompactionRecord record) {}

    /**
     * Compacts a table of one run. May be stopped anywhere and repeated, and done twice at once.
     *
     * @param table as it was landed
     * @param folder where its files lie and the new ones go: the table's data folder in the landing
     * @throws Fault of kind WORLD when partitions cannot be compacted, once all others are; of kind GATE when only pages
     *     may be merged, and cannot
     */
    public Compacted compact(SparkSession spark, LandedTable table, String folder) {
        // Refuses what is no Parquet.
        TableFiles.landed(staging, folder, table);
        String home = folder.substring(0, folder.length() - DATA.length());
        String manifests = home + "manifests/partition-file-groups/";
        String remembered = home.substring(0, home.lastIndexOf('/', home.length() - 2) + 1) + "compaction.json";
        StoredPlan plan = StoredPlan.find(staging, manifests)
                .orElseGet(() -> plan(table, remembered).put(staging, manifests, table));
        List<PlannedFile> planned = plan.outputs(table);
        FileWriting writing =
                new FileWriting(table.name(), staging, staging, folder, commits, PHASE, settingsOf(table));
        List<FileOutcome> outcomes = writing.write(spark, planned);
        requireAll(table, planned, outcomes);
        List<Written> written = outcomes.stream().map(Written.class::cast).toList();
        remember(remembered, planned, written);
        List<DataFile> files = new ArrayList<>(plan.kept(table));
        written.forEach(one -> files.addAll(one.files()));
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
        return new Compacted(compacted, record(table, compacted, written));
    }

    /** Without columns to sort by that the table has not. */
    private CompactionSettings settingsOf(LandedTable table) {
        return new CompactionSettings(
                settings.engine(),
                settings.sortBy().stream()
                        .flatMap(by -> table.definition().columns().stream()
                                .map(Column::name)
                                .filter(by::equalsIgnoreCase))
                        .toList());
    }

    private StoredPlan plan(LandedTable table, String remembered) {
        Map<String, List<DataFile>> byPartition = new TreeMap<>();
        for (DataFile file : table.files()) {
            String below = PartitionPath.below(table.partitions(), file.path());
            byPartition
                    .computeIfAbsent(below.substring(0, below.lastIndexOf('/') + 1), none -> new ArrayList<>())
                    .add(file);
        }
        TargetSize target = new TargetSize(
                targetBytes,
                ExpectedRatio.find(staging, remembered)
                        .orElseGet(() -> ExpectedRatio.pilot(staging, byPartition.values().stream(), targetBytes)));
        List<PlannedFile> outputs = new ArrayList<>();
        Map<String, String> failed = new TreeMap<>();
        byPartition.forEach((partition, files) -> {
            try {
                outputs.addAll(PartitionPlan.of(
                                partition, files, target, RowGroups.in(staging), settings.engine() != Engine.PAGES)
                        .outputs());
            } catch (Fault fault) {
                failed.put(partition, fault.getMessage());
            }
        });
        requireNone(table, failed);
        return StoredPlan.of(table, target, outputs);
    }

    private void remember(String path, List<PlannedFile> planned, List<Written> written) {
        // A file that is cut would count for more than one.
        Map<String, Long> read = new HashMap<>();
        planned.forEach(file -> file.files().forEach(source -> read.put(source.path(), source.bytes())));
        ExpectedRatio.remember(
                staging,
                path,
                read.values().stream().mapToLong(Long::longValue).sum(),
                written.stream()
                        .flatMap(one -> one.files().stream())
                        .mapToLong(DataFile::bytes)
                        .sum());
    }

    private void requireAll(LandedTable table, List<PlannedFile> planned, List<FileOutcome> outcomes) {
        Map<String, String> failed = new TreeMap<>();
        Map<String, String> refused = new TreeMap<>();
        for (int i = 0; i < planned.size(); i++) {
            String partition = planned.get(i).partition();
            if (outcomes.get(i) instanceof Failed failure) {
                failed.putIfAbsent(partition, failure.why());
            } else if (outcomes.get(i) instanceof Refused refusal) {
                refused.putIfAbsent(partition, refusal.why());
            }
        }
        requireNone(table, failed);
        if (!refused.isEmpty()) {
            throw Fault.gate(
                    List.of(ENGINE),
                    "Table " + table.name()
                            + " cannot be compacted by pages alone, as engine: pages asks for; readers see"
                            + " what they saw. Set engine: auto, and let this run rewrite it: scripts/millrace accept "
                            + run + " --gate " + ENGINE + " --reason TEXT" + told(refused));
        }
    }

    private static void requireNone(LandedTable table, Map<String, String> failed) {
        if (!failed.isEmpty()) {
            throw Fault.world(
                    "Table " + table.name() + " cannot be compacted; readers see what they saw:" + told(failed));
        }
    }

    private static String told(Map<String, String> byPartition) {
        String more = byPartition.size() > SHOWN ? "\n  and " + (byPartition.size() - SHOWN) + " more" : "";
        return byPartition.entrySet().stream()
                        .limit(SHOWN)
                        .map(one -> "\n  " + (one.getKey().isEmpty() ? "" : one.getKey() + ": ") + one.getValue())
                        .collect(Collectors.joining())
                + more;
    }

    private static CompactionRecord record(LandedTable before, LandedTable after, List<Written> written) {
        Map<String, Long> rewritten = new TreeMap<>();
        long merged = 0;
        for (Written one : written) {
            if (one.rewritten().isEmpty()) {
                merged++;
            } else {
                boolean isTold = rewritten.size() < MOST_REASONS || rewritten.containsKey(one.rewritten());
                rewritten.merge(isTold ? one.rewritten() : OTHER_REASONS, 1L, Long::sum);
            }
        }
        return new CompactionRecord(
                before.files().size(),
                before.bytes(),
                after.files().size(),
                after.bytes(),
                after.rows(),
                merged,
                rewritten);
    }
}
