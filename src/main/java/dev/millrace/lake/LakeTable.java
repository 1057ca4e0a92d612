package dev.millrace.lake;

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
     * Refuses what publishing to a Delta table would refuse.
     *
     * @param folder of the table, with a trailing slash
     * @param columns in the files
     * @param partitions in the names of folders, from the outermost
     * @throws Fault of kind USER that names the columns whose types differ, or the partitions that do
     */
    public static void requireFitsDelta(
            Supplier<SparkSession> spark, Storage lake, String folder, List<Column> columns, List<Column> partitions) {
        DeltaColumns.shape(spark, lake, folder).ifPresent(shape -> shape.merged(columns, partitions));
    }

    /** Refuses what publishing to folders would refuse. */
    public static void requireFitsFolders(Storage lake, String folder, List<Column> partitions) {
        FolderPublisher.requireSamePartitions(lake, folder, partitions);
    }
}
