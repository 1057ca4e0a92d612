package dev.millrace.lake.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.Upload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.spark.sql.SparkSession;

/** One round of the fuzz suite: files, merged, and read by everybody. */
final class FuzzRound {
    private final SparkSession spark;
    private final Path folder;
    private final boolean withPyArrow;
    private final SplittableRandom random;

    FuzzRound(SparkSession spark, Path folder, long seed, boolean withPyArrow) {
        this.spark = spark;
        this.folder = folder;
        this.withPyArrow = withPyArrow;
        random = new SplittableRandom(seed);
    }

    void run() throws IOException, SQLException {
        Files.createDirectories(folder);
        int mostRows = new int[] {10, 300, 300, 3_000}[random.nextInt(4)];
        Path merged = folder.resolve("merged.parquet");
        switch (random.nextInt(5)) {
            case 0, 1 -> {
                List<Path> sources = new DuckDbFiles(random).write(folder, mostRows);
                if (withPyArrow && random.nextBoolean()) {
                    PyArrow.rewrite(random, sources);
                }
                compareByDuckDb(sources, merged, mergeSlices(sources, merged));
            }
            case 2 -> {
                List<Path> sources = new SparkFiles(spark, random).write(folder, mostRows);
                compareByAll(sources, merged, mergeSlices(sources, merged), true);
            }
            default -> {
                JavaFiles files = new JavaFiles(random);
                List<Path> sources = files.write(folder, mostRows);
                compareByAll(sources, merged, mergeSlices(sources, merged), !files.splitsStreams());
            }
        }
    }

    private MergeOptions options() {
        return random.nextBoolean()
                ? MergeOptions.DEFAULT
                : new MergeOptions(
                        random.nextInt(10, 3_000),
                        random.nextInt(1_000, 100_000),
                        random.nextInt(100, 20_000),
                        random.nextInt(10_000, 1_000_000),
                        random.nextInt(100, 100_000),
                        1);
    }

    /** Files whole, or cut between row groups; read whole, or in parts. */
    private MergeOutcome.MergeReport mergeSlices(List<Path> sources, Path merged) {
        List<MergeSlice> slices = new ArrayList<>();
        for (Path file : sources) {
            MergeSource source = source(file);
            int groups = FileShape.read(source).groups().size();
            if (groups > 1 && random.nextInt(3) == 0) {
                int cut = random.nextInt(1, groups);
                slices.add(new MergeSlice(source, 0, cut));
                slices.add(new MergeSlice(source, cut, random.nextBoolean() ? groups : MergeSlice.END));
            } else {
                slices.add(MergeSlice.all(source));
            }
        }
        int wholeBytes = random.nextBoolean() ? SourceFile.WHOLE_BYTES : random.nextInt(1, 20_000);
        MergeOutcome outcome = outcome(slices, merged, options(), wholeBytes);
        assertThat(outcome).isInstanceOf(MergeOutcome.Merged.class);
        return ((MergeOutcome.Merged) outcome).report();
    }

    static MergeOutcome.MergeReport merge(List<Path> sources, Path merged, MergeOptions options) {
        MergeOutcome outcome = outcomeOfFiles(sources, merged, options);
        assertThat(outcome).isInstanceOf(MergeOutcome.Merged.class);
        return ((MergeOutcome.Merged) outcome).report();
    }

    static MergeOutcome outcomeOfFiles(List<Path> sources, Path merged, MergeOptions options) {
        List<MergeSlice> slices =
                sources.stream().map(FuzzRound::source).map(MergeSlice::all).toList();
        return outcome(slices, merged, options);
    }

    static MergeSource source(Path file) {
        Storage storage = Storages.open(file.getParent().toString(), StorageOptions.DEFAULT);
        return MergeSource.of(
                storage, storage.stat(file.getFileName().toString()).orElseThrow());
    }

    static MergeOutcome outcome(List<MergeSlice> slices, Path merged, MergeOptions options) {
        return outcome(slices, merged, options, SourceFile.WHOLE_BYTES);
    }

    private static MergeOutcome outcome(List<MergeSlice> slices, Path merged, MergeOptions options, int wholeBytes) {
        Storage storage = Storages.open(merged.getParent().toString(), StorageOptions.DEFAULT);
        try (Upload upload = storage.create(merged.getFileName().toString())) {
            MergeOutcome outcome = PageMerge.merge(slices, upload.stream(), options, wholeBytes);
            if (outcome instanceof MergeOutcome.Merged done) {
                assertThat(upload.commit().bytes()).isEqualTo(done.report().bytes());
            }
            return outcome;
        }
    }

    /** Other readers do not know all its types. */
    private void compareByDuckDb(List<Path> sources, Path merged, MergeOutcome.MergeReport report)
            throws IOException, SQLException {
        assertSameSums(sources, merged, report);
        List<String> java = Views.parquetJava(sources);
        assertThat(report.rows()).isEqualTo(java.size());
        assertSame("parquet-java", java, Views.parquetJava(List.of(merged)));
        assertSame("DuckDB", Views.duckdb(sources), Views.duckdb(List.of(merged)));
        if (withPyArrow) {
            assertSame("pyarrow", PyArrow.rows(sources), PyArrow.rows(List.of(merged)));
        }
    }

    private void compareByAll(List<Path> sources, Path merged, MergeOutcome.MergeReport report, boolean byVectors)
            throws IOException, SQLException {
        List<Path> result = List.of(merged);
        assertSameSums(sources, merged, report);
        List<String> java = Views.parquetJava(sources);
        assertThat(report.rows()).isEqualTo(java.size());
        assertSame("parquet-java", java, Views.parquetJava(result));
        assertSame("DuckDB", Views.duckdb(sources), Views.duckdb(result));
        if (withPyArrow) {
            assertSame("pyarrow", PyArrow.rows(sources), PyArrow.rows(result));
        }
        assertSame("Spark by row", Views.spark(spark, sources, false), Views.spark(spark, result, false));
        assertSame(
                "Spark by filter", Views.sparkFinds(spark, sources, sources), Views.sparkFinds(spark, sources, result));
        if (byVectors) {
            assertSame("Spark by vectors", Views.spark(spark, sources, true), Views.spark(spark, result, true));
        }
    }

    /** What the merge has seen is what is there, read by others or by the check. */
    private static void assertSameSums(List<Path> sources, Path merged, MergeOutcome.MergeReport report)
            throws IOException {
        PageCheck expected = JavaCheck.of(sources);
        assertThat(report.sources()).isEqualTo(expected);
        assertThat(PageCheck.read(source(merged))).isEqualTo(expected);
        assertThat(expected.difference(JavaCheck.of(List.of(merged)))).isEmpty();
    }

    private void assertSame(String reader, List<String> expected, List<String> rows) {
        assertThat(rows).as("rows read by %s", reader).hasSameSizeAs(expected);
        for (int i = 0; i < rows.size(); i++) {
            assertThat(rows.get(i)).as("row %d read by %s", i, reader).isEqualTo(expected.get(i));
        }
    }
}
