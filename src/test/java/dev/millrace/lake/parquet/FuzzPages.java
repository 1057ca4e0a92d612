package dev.millrace.lake.parquet;

import dev.millrace.testing.InMemory;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/** The fuzz suite at length: {@code scripts/fuzz-pages}. Stops at the first round that fails, and keeps its files. */
public final class FuzzPages {
    private FuzzPages() {}

    public static void main(String[] arguments) throws IOException, SQLException {
        Duration length = Duration.ofMinutes(Long.parseLong(arguments[0]));
        long seed = Long.parseLong(arguments[1]);
        long end = System.nanoTime() + length.toNanos();
        SparkSession spark = SharedSpark.session();
        Path folder = InMemory.folder("millrace-fuzz-");
        boolean withPyArrow = PyArrow.isInstalled();
        System.out.println("From seed " + seed + (withPyArrow ? "" : ", without pyarrow (scripts/install-test-tools)"));
        int rounds = 0;
        for (; System.nanoTime() < end; seed++) {
            Path round = folder.resolve(Long.toString(seed));
            try {
                new FuzzRound(spark, round, seed, withPyArrow).run();
            } catch (RuntimeException | AssertionError failure) {
                System.err.println("Seed " + seed + " failed; its files are in " + round
                        + "; again: scripts/fuzz-pages --seed " + seed);
                throw failure;
            }
            delete(round);
            rounds++;
            if (rounds % 20 == 0) {
                System.out.println(rounds + " rounds");
            }
        }
        delete(folder);
        System.out.println(rounds + " rounds, no failure");
    }

    private static void delete(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.delete(file);
        }
    }
}
