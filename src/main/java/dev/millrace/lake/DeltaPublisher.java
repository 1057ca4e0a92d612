package dev.millrace.lake;

import dev.millrace.storage.Storage;
import org.apache.spark.sql.SparkSession;

/**
 * A Delta table. Files are brought into its folder under their own names, which nobody sees; one transaction adds them,
 * removes those whose rows they stand for, and notes the commit's number under {@code millrace/<job>/<table>}, by which a
 * repeated attempt knows that it is done. Two attempts at once conflict by that note: one of them reads again.
 */
public final class DeltaPublisher implements Publisher {
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
        this.spark = DeltaSession.of(spark);
        this.lake = lake;
        this.folder = folder;
    }

    @Override
    public Published publish(Publication publication) {
        return DeltaSession.in(
                spark,
                "Cannot publish to " + lake.uri(folder),
                () -> new DeltaTransactions(spark, lake, folder).publish(publication));
    }
}
