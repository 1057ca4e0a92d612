package dev.millrace.lake.parquet;

import dev.millrace.testing.InMemory;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A few rounds of {@code scripts/fuzz-pages}: files that readers see the same rows in, merged or not. */
@ExtendWith(SharedSpark.class)
class PageMergeFuzzTest {
    @TempDir(factory = InMemory.class)
    Path folder;

    private final SparkSession spark;

    PageMergeFuzzTest(SparkSession spark) {
        this.spark = spark;
    }

    @ParameterizedTest
    @ValueSource(longs = {100, 101, 102, 103, 104, 105, 106, 107, 1_000, 1_001, 1_002, 1_003})
    void keepsEveryRowInOrder(long seed) throws IOException, SQLException {
        new FuzzRound(spark, folder, seed, false).run();
    }
}
