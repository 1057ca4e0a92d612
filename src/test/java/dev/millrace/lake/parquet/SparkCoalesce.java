package dev.millrace.lake.parquet;

import org.apache.spark.sql.SparkSession;

/** Makes one file of a folder's as most people do: the peer of {@code scripts/bench/compaction}. */
public final class SparkCoalesce {
    private SparkCoalesce() {}

    /** Takes the folder, and where the file goes. */
    public static void main(String[] arguments) {
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .getOrCreate()) {
            spark.read()
                    .parquet(arguments[0])
                    .coalesce(1)
                    .write()
                    .mode("overwrite")
                    .parquet(arguments[1]);
        }
    }
}
