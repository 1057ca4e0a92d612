package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/**
 * A Delta table. Files are brought into its folder under their own names, which nobody sees; one transaction adds them,
 * removes those whose rows they stand for, and notes the commit's number under {@code millrace/<job>/<table>}, by which a
 * repeated attempt knows that it is done. Two attempts at once conflict by that note: one of them reads again.
 */
public final class DeltaPublisher implements Publisher {
    private static final String LOG_TASKS = "spark.databricks.delta.snapshotPartitions";
    private static final int MOST_LOG_TASKS = 50;

    private final SparkSession spark;
    private final Storage lake;
    private final String folder;

    /**
     * A table that exists or is made by its first commit.
     *
     * @param lake storage that has the table's folder
     * @param folder of the table in it, with a trailing slash: {@code access_record/}
     */
    public DeltaPublisher(SparkSession spark, Storage lake, String folder) {
        this.spark = spark.newSession();
        // Only Delta's SQL needs its extension and catalog in the session; a session that exists takes none any more.
        this.spark.conf().set("spark.databricks.delta.requiredSparkConfsCheck.enabled", false);
        // Delta replays its log in 50 tasks, whatever the machine.
        if (this.spark.conf().getOption(LOG_TASKS).isEmpty()) {
            int cores = spark.sparkContext().defaultParallelism();
            this.spark.conf().set(LOG_TASKS, Math.min(MOST_LOG_TASKS, cores));
        }
        this.lake = lake;
        this.folder = folder;
    }

    @Override
    public Published publish(Publication publication) {
        // Delta asks for the thread's session here and there, whichever it was given.
        Option<SparkSession> before = SparkSession.getActiveSession();
        SparkSession.setActiveSession(spark);
        try {
            return new DeltaTransactions(spark, lake, folder).publish(publication);
        } catch (Exception failure) { // Spark throws exceptions that are checked and that nobody declares.
            throw LakeFailure.told("Cannot publish to " + lake.uri(folder), failure);
        } catch (NoClassDefFoundError missing) {
            throw Fault.user("Delta is not on the class path (" + missing.getMessage()
                    + "): add --packages io.delta:delta-spark_2.12 of the version that fits this Spark");
        } finally {
            if (before.isDefined()) {
                SparkSession.setActiveSession(before.get());
            } else {
                SparkSession.clearActiveSession();
            }
        }
    }
}
