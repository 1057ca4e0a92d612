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

    /**
     * Refuses to begin where there is no Delta for tables that need it.
     *
     * @param place of {@code publish}, as messages name it
     * @throws Fault of kind USER
     */
    public static void requireWriter(String place, Publish publish) {
        requireWriter(place, publish, LakeTable.class.getClassLoader());
    }

    static void requireWriter(String place, Publish publish, ClassLoader loader) {
        if (publish == Publish.DELTA && !DeltaSession.isThere(loader)) {
            throw Fault.user(
                    place + ": delta: Delta Lake is not on the class path: start the job by scripts/millrace, or by"
                            + " spark-submit with --packages " + DeltaSession.PACKAGE
                            + "; Glue brings it by --datalake-formats delta, EMR in /usr/share/aws/delta/lib");
        }
    }

    /**
     * Refuses a table that is not the one that rows were added to before: what is to come would wait for those for
     * ever.
     *
     * @param folder of the table, with a trailing slash
     * @param commit that was published to it
     * @throws Fault of kind USER
     */
    public static void requireHolds(Publish publish, Storage lake, String folder, long commit) {
        boolean isThere = switch (publish) {
            case DELTA -> !lake.names(folder + "_delta_log/").isEmpty();
            case FOLDERS -> FolderPublisher.holds(lake, folder, commit);
            case VERSIONED -> true;
        };
        if (!isThere) {
            throw Fault.user("Invalid lake.at: commit " + commit + " of this job was published, and is not in table "
                    + lake.uri(folder)
                    + ": bring the tables of the former lake there, or, to have everything read anew, write"
                    + " another staging.at too");
        }
    }

    static Fault otherPartitions(List<String> wanted, String uri, List<String> there) {
        return Fault.user("Invalid lake.partition-by: " + wanted + ": table " + uri + " is partitioned by " + there
                + "; write to another table, or rewrite that one");
    }
}
