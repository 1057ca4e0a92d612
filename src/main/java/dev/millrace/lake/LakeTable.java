package dev.millrace.lake;

import dev.millrace.config.LakeSettings.Publish;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.table.Column;
import java.util.List;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;

/** A table that rows are added to, held against rows that are to come, before they are read. */
public final class LakeTable {
    private LakeTable() {}

    /**
     * Refuses what publishing would refuse.
     *
     * @param spark asked where there is a log of Delta to read
     * @param folder of the table, with a trailing slash
     * @param columns in the files
     * @param partitions in the names of folders, from the outermost
     * @throws Fault of kind USER that names the columns whose types differ, or the partitions that do
     */
    public static void requireFits(
            Publish publish,
            Supplier<SparkSession> spark,
            Storage lake,
            String folder,
            List<Column> columns,
            List<Column> partitions) {
        switch (publish) {
            case DELTA -> DeltaColumns.shape(spark, lake, folder).ifPresent(shape -> shape.merged(columns, partitions));
            case FOLDERS -> FolderPublisher.requireSamePartitions(lake, folder, partitions);
            case VERSIONED -> {
                // Each version is a table of its own.
            }
        }
    }

    static Fault otherPartitions(List<String> wanted, String uri, List<String> there) {
        return Fault.user("Invalid lake.partition-by: " + wanted + ": table " + uri + " is partitioned by " + there
                + "; write to another table, or rewrite that one");
    }
}
