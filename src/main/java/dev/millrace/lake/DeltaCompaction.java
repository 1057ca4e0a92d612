package dev.millrace.lake;

import dev.millrace.storage.Storage;
import io.delta.tables.DeltaTable;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Makes few files of the many that a Delta table has come to over many commits, by Delta's own OPTIMIZE: one transaction
 * that changes no row, beside which others write. Readers see the files of before or those of after.
 */
public final class DeltaCompaction {
    private static final String SMALLEST = "spark.databricks.delta.optimize.minFileSize";
    private static final String LARGEST = "spark.databricks.delta.optimize.maxFileSize";

    /** Files from this part of the wanted size on are left alone: what Delta plans by bytes read comes out smaller. */
    private static final double LARGE_ENOUGH = 0.6;

    private DeltaCompaction() {}

    /**
     * What was replaced by what.
     *
     * @param filesBefore those that are no part of the table any more
     * @param filesAfter those that came for them
     */
    public record Replaced(long filesBefore, long bytesBefore, long filesAfter, long bytesAfter) {}

    /**
     * Compacts a table.
     *
     * @param lake storage that has the table's folder
     * @param folder of the table in it, with a trailing slash
     * @param targetBytes wanted size of files
     * @return empty where there is no Delta table
     */
    public static Optional<Replaced> compact(SparkSession spark, Storage lake, String folder, long targetBytes) {
        if (lake.names(folder + "_delta_log/").isEmpty()) {
            return Optional.empty();
        }
        SparkSession session = DeltaSession.of(spark);
        session.conf().set(SMALLEST, (long) (targetBytes * LARGE_ENOUGH));
        session.conf().set(LARGEST, targetBytes);
        Row metrics = DeltaSession.in(
                session,
                "Cannot compact " + lake.uri(folder),
                () -> DeltaTable.forPath(session, LakePath.hadoop(lake, folder))
                        .optimize()
                        .executeCompaction()
                        .selectExpr(
                                "metrics.numFilesRemoved",
                                "metrics.filesRemoved.totalSize",
                                "metrics.numFilesAdded",
                                "metrics.filesAdded.totalSize")
                        .head());
        return Optional.of(
                new Replaced(metrics.getLong(0), metrics.getLong(1), metrics.getLong(2), metrics.getLong(3)));
    }
}
