package dev.millrace.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import dev.millrace.files.Snapshot;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.PartitionPath;
import dev.millrace.landing.StoredParquet;
import dev.millrace.run.TableCounts;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Column;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.parquet.hadoop.ParquetFileReader;

/**
 * Files, bytes and rows of a table at every stage, held against each other before readers see it. What is said of a
 * snapshot's published files is read from themselves: sizes by a listing, rows from their footers.
 *
 * @param table as it was landed
 * @param compacted as it was compacted, or laid out in other folders
 * @param source the files that the run has read, and their records
 * @param items what became of the records in all tables
 * @param layout what follows the table's name in that of another layout; empty for its own
 */
record Validation(LandedTable table, LandedTable compacted, Amount source, TableCounts items, String layout) {
    private static final int FORMAT = 1;
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /** How much there is of something. */
    record Amount(long files, long bytes, long rows) {
        private static final Amount NONE = new Amount(0, 0, 0);

        private Amount plus(Amount other) {
            return new Amount(files + other.files, bytes + other.bytes, rows + other.rows);
        }

        private ObjectNode json() {
            return JSON.createObjectNode()
                    .put("files", files)
                    .put("bytes", bytes)
                    .put("rows", rows);
        }

        @Override
        public String toString() {
            return rows + " rows in " + files + " files of " + bytes + " bytes";
        }
    }

    /** Where the result of a run's table stands; of another layout its name ends in that. */
    static String path(RunContext context, String table, String layout) {
        String data = LandedRun.dataFolder(context, table);
        return data.substring(0, data.length() - "datalake/".length()) + "manifests/validate-datalake-result" + layout
                + ".json";
    }

    /**
     * Holds what was compacted against what was landed, and keeps what it has found.
     *
     * @throws Fault of kind GATE when a partition has other rows
     */
    static void requireCompacted(RunContext context, LandedTable table, LandedTable compacted) {
        Map<String, Amount> landed = byPartition(table);
        Map<String, Amount> merged = byPartition(compacted);
        TreeSet<String> partitions = new TreeSet<>(landed.keySet());
        partitions.addAll(merged.keySet());
        List<String> differences = new ArrayList<>();
        for (String partition : partitions) {
            Amount before = landed.getOrDefault(partition, Amount.NONE);
            Amount after = merged.getOrDefault(partition, Amount.NONE);
            if (before.rows() != after.rows()) {
                differences.add(name(table, partition) + ": landed " + before + ", compacted " + after);
            }
        }
        Map<String, Map<String, Amount>> stages = new LinkedHashMap<>();
        stages.put("landed", landed);
        stages.put("compacted", merged);
        String path = path(context, table.name(), "");
        put(context, path, json(context, table.name(), Optional.empty(), stages, table.counts(), differences));
        requireNone(context, path, table.name(), differences);
    }

    private static String name(LandedTable table, String partition) {
        return partition.isEmpty() ? table.name() : partition;
    }

    private static void put(RunContext context, String path, byte[] json) {
        context.run().storage().put(path, json);
    }

    private static void requireNone(RunContext context, String path, String table, List<String> differences) {
        if (!differences.isEmpty()) {
            throw Fault.gate("Table " + table + " of run " + context.run().id()
                    + " is not published, because what was read and written differs; readers see what they saw. This is a"
                    + " defect, please report it with "
                    + context.run().storage().uri(path) + ":" + Snapshot.told(differences));
        }
    }

    /**
     * Looks at a version that is about to be published, and keeps what it has found.
     *
     * @param lake the storage that has the version
     * @param folder of the version, with a trailing slash
     * @param duplicates rows that were removed on the way
     * @throws Fault of kind GATE when something differs
     */
    void require(RunContext context, Storage lake, String folder, long duplicates) {
        Map<String, Amount> landed = byPartition(table);
        Map<String, Amount> merged = byPartition(compacted);
        Map<String, Amount> published = published(lake, folder, compacted.partitions());
        List<String> differences = differences(landed, merged, published, duplicates);
        // A layout's folders are others than those that were landed.
        Map<String, Map<String, Amount>> stages = new LinkedHashMap<>();
        if (layout.isEmpty()) {
            stages.put("landed", landed);
            stages.put("compacted", merged);
        } else {
            stages.put("laid-out", merged);
        }
        stages.put("published", published);
        TableCounts counts = new TableCounts(
                items.in(), items.out(), items.quarantined(), duplicates, items.expired(), items.rescued());
        String name = table.name() + layout;
        String path = path(context, table.name(), layout);
        put(context, path, json(context, name, Optional.of(source), stages, counts, differences));
        requireNone(context, path, name, differences);
    }

    private static Map<String, Amount> byPartition(LandedTable table) {
        Map<String, Amount> amounts = new TreeMap<>();
        table.files()
                .forEach(file -> amounts.merge(
                        partition(table.partitions(), file.path()),
                        new Amount(1, file.bytes(), file.rows()),
                        Amount::plus));
        return amounts;
    }

    private static String partition(List<Column> partitions, String path) {
        String below = PartitionPath.below(partitions, path);
        return below.substring(0, below.lastIndexOf('/') + 1);
    }

    private static Map<String, Amount> published(Storage lake, String folder, List<Column> partitions) {
        List<StoredFile> files = lake.list(folder).stream()
                .filter(file -> file.path().endsWith(".parquet"))
                .toList();
        Map<String, Amount> amounts = new TreeMap<>();
        // Each footer is two short reads, which take long on S3 one after another.
        files.parallelStream()
                .map(file ->
                        Map.entry(partition(partitions, file.path()), new Amount(1, file.bytes(), rows(lake, file))))
                .toList()
                .forEach(file -> amounts.merge(file.getKey(), file.getValue(), Amount::plus));
        return amounts;
    }

    private static long rows(Storage lake, StoredFile file) {
        try (ParquetFileReader reader = ParquetFileReader.open(new StoredParquet(lake, file))) {
            return reader.getRecordCount();
        } catch (IOException e) {
            throw Fault.world("Cannot read " + lake.uri(file.path()) + ": " + e.getMessage(), e);
        }
    }

    private List<String> differences(
            Map<String, Amount> landed, Map<String, Amount> merged, Map<String, Amount> published, long duplicates) {
        List<String> differences = new ArrayList<>();
        if (source.rows() != items.in()) {
            differences.add(source.rows() + " records were read, " + items.in() + " were landed or set apart");
        }
        String made = layout.isEmpty() ? "compacted " : "laid out ";
        if (sum(landed).rows() != sum(merged).rows()) {
            differences.add("landed " + sum(landed) + ", " + made + sum(merged));
        }
        TreeSet<String> partitions = new TreeSet<>(merged.keySet());
        partitions.addAll(published.keySet());
        if (layout.isEmpty()) {
            partitions.addAll(landed.keySet());
        }
        for (String partition : partitions) {
            String name = name(table, partition);
            Amount first = landed.getOrDefault(partition, Amount.NONE);
            Amount second = merged.getOrDefault(partition, Amount.NONE);
            Amount third = published.getOrDefault(partition, Amount.NONE);
            if (layout.isEmpty() && first.rows() != second.rows()) {
                differences.add(name + ": landed " + first + ", compacted " + second);
            }
            boolean differs = duplicates == 0 ? !second.equals(third) : third.rows() > second.rows();
            if (differs) {
                differences.add(name + ": " + made + second + ", published " + third);
            }
        }
        long rows = sum(published).rows() + duplicates;
        if (sum(merged).rows() != rows) {
            differences.add(made + sum(merged) + ", published " + sum(published) + " and " + duplicates
                    + " duplicates removed");
        }
        return differences;
    }

    private static Amount sum(Map<String, Amount> amounts) {
        return amounts.values().stream().reduce(Amount.NONE, Amount::plus);
    }

    /**
     * @param source what was read, where that is known
     * @param stages by their names, each by partition
     * @param counts of rows that were set apart and removed
     */
    private static byte[] json(
            RunContext context,
            String table,
            Optional<Amount> source,
            Map<String, Map<String, Amount>> stages,
            TableCounts counts,
            List<String> differences) {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", FORMAT);
        root.put("job", context.plan().job());
        root.put("run", context.run().id().value());
        root.put("table", table);
        root.put("valid", differences.isEmpty());
        ArrayNode array = root.putArray("stages");
        source.ifPresent(amount -> array.addObject().put("stage", "source").setAll(amount.json()));
        TreeSet<String> partitions = new TreeSet<>();
        stages.forEach((stage, amounts) -> {
            array.addObject().put("stage", stage).setAll(sum(amounts).json());
            partitions.addAll(amounts.keySet());
        });
        root.put("quarantined", counts.quarantined());
        root.put("duplicates", counts.duplicates());
        ArrayNode byPartition = root.putArray("partitions");
        for (String partition : partitions) {
            ObjectNode one = byPartition.addObject().put("partition", partition);
            stages.forEach((stage, amounts) ->
                    one.set(stage, amounts.getOrDefault(partition, Amount.NONE).json()));
        }
        ArrayNode told = root.putArray("differences");
        differences.forEach(told::add);
        try {
            return JSON.writeValueAsBytes(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
