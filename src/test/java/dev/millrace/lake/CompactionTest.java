package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.config.CompactionSettings;
import dev.millrace.config.CompactionSettings.Engine;
import dev.millrace.fault.Fault;
import dev.millrace.lake.Accesses.Access;
import dev.millrace.lake.Compaction.Compacted;
import dev.millrace.landing.FileManifest;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.ManifestEntry;
import dev.millrace.run.CompactionRecord;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.testing.SharedSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedSpark.class)
class CompactionTest {
    private static final long MB = 1 << 20;
    private static final CompactionSettings REWRITE = new CompactionSettings(Engine.REWRITE, List.of());
    private static final CompactionSettings PAGES = new CompactionSettings(Engine.PAGES, List.of());

    @TempDir
    Path root;

    private static List<List<Access>> units(int count, int rows) {
        List<List<Access>> units = new ArrayList<>();
        for (int unit = 0; unit < count; unit++) {
            List<Access> accesses = new ArrayList<>();
            for (int i = 0; i < rows; i++) {
                LocalDate day = i % 3 == 2 ? null : LocalDate.of(2026, 11, 20 + i % 3);
                accesses.add(new Access("u" + unit + "-" + i, i, "f" + unit, day, "prod"));
            }
            units.add(accesses);
        }
        return units;
    }

    private static Compaction compaction(Accesses job, RunId run, long targetBytes, CompactionSettings settings) {
        return new Compaction(run, job.staging, job.commits(run), targetBytes, settings);
    }

    private static List<String> read(Accesses job, LandedTable table) {
        List<String> read = new ArrayList<>();
        table.files()
                .forEach(file -> read.addAll(Readers.duckdb(
                        job.staging.localPath(file.path()).orElseThrow().toString())));
        read.sort(null);
        return read;
    }

    private static List<String> texts(List<List<Access>> units) {
        return Accesses.texts(units.stream().flatMap(List::stream).toList());
    }

    @Test
    void makesOneFileOfManyInEachPartition(SparkSession spark) {
        Accesses job = new Accesses(spark, root);
        List<List<Access>> units = units(4, 50);
        for (int n = 1; n <= 2; n++) {
            boolean isRewritten = n == 2;
            CompactionSettings settings = isRewritten ? REWRITE : CompactionSettings.DEFAULT;
            RunId run = Accesses.run(n);
            LandedTable landed = job.land(run, units);
            assertThat(landed.files()).hasSize(12);
            Compaction compaction = compaction(job, run, 128 * MB, settings);

            Compacted compacted = compaction.compact(spark, landed, Accesses.folder(run));
            Compacted again = compaction.compact(spark, landed, Accesses.folder(run));

            assertThat(again).isEqualTo(compacted);
            assertThat(compacted.table().files()).hasSize(3);
            assertThat(compacted.table().rows()).isEqualTo(200);
            assertThat(read(job, compacted.table())).isEqualTo(texts(units));
            assertThat(compacted.record())
                    .isEqualTo(new CompactionRecord(
                            12,
                            landed.bytes(),
                            3,
                            compacted.table().bytes(),
                            200,
                            isRewritten ? 0 : 3,
                            isRewritten ? Map.of("engine: rewrite", 3L) : Map.of()));
        }
    }

    @Test
    void leavesAloneWhatIsAlone(SparkSession spark) {
        Accesses job = new Accesses(spark, root);
        RunId run = Accesses.run(1);
        LandedTable landed = job.land(run, units(1, 50));

        Compacted compacted =
                compaction(job, run, 128 * MB, CompactionSettings.DEFAULT).compact(spark, landed, Accesses.folder(run));

        assertThat(compacted.table()).isEqualTo(landed);
        assertThat(job.commits(run).committed(Compaction.PHASE)).isEmpty();
    }

    @Test
    void keepsItsPlanWhateverItWouldPlanLater(SparkSession spark) {
        Accesses job = new Accesses(spark, root);
        RunId run = Accesses.run(1);
        LandedTable landed = job.land(run, units(4, 50));
        String folder = Accesses.folder(run);

        Compacted compacted =
                compaction(job, run, 128 * MB, CompactionSettings.DEFAULT).compact(spark, landed, folder);
        Compacted later = compaction(job, run, 1, CompactionSettings.DEFAULT).compact(spark, landed, folder);

        assertThat(later).isEqualTo(compacted);
        String manifests = folder.replace("datalake/", "manifests/partition-file-groups/");
        FileManifest.Summary summary = FileManifest.find(job.staging, manifests + "manifest-summary.json")
                .orElseThrow();
        assertThat(summary.rows()).hasValue(200);
        assertThat(summary.details()).containsEntry("outputs", "3").containsEntry("target", 128 * MB + "");
        assertThat(FileManifest.files(job.staging, manifests + "manifest-data.parquet").stream()
                        .map(ManifestEntry::uri))
                .containsExactlyInAnyOrderElementsOf(landed.files().stream()
                        .map(file -> job.staging.uri(file.path()))
                        .toList());
    }

    @Test
    void makesFilesOfTheWantedSizeByWhatAPilotAndThenTheLastRunSays(SparkSession spark) {
        Accesses job = new Accesses(spark, root);
        Random random = new Random(1);
        List<List<Access>> units = new ArrayList<>();
        for (int unit = 0; unit < 40; unit++) {
            units.add(IntStream.range(0, 100 + random.nextInt(900))
                    .mapToObj(i -> new Access(
                            Long.toString(random.nextLong(), 36), random.nextInt(), "f", LocalDate.EPOCH, "prod"))
                    .toList());
        }
        long target = 100_000;
        for (int n = 1; n <= 2; n++) {
            RunId run = Accesses.run(n);
            LandedTable landed = job.land(run, units);

            Compacted compacted = compaction(job, run, target, CompactionSettings.DEFAULT)
                    .compact(spark, landed, Accesses.folder(run));

            assertThat(compacted.table().files())
                    .hasSizeGreaterThan(2)
                    .allSatisfy(
                            file -> assertThat(file.bytes()).isBetween((long) (target * 0.9), (long) (target * 1.1)));
            assertThat(read(job, compacted.table())).isEqualTo(texts(units));
        }
        assertThat(job.staging.stat(Accesses.JOB + "/" + Accesses.TABLE + "/compaction.json"))
                .isPresent();
    }

    @Test
    void namesPartitionsThatFailOnceTheRestIsDone(SparkSession spark) throws IOException {
        Accesses job = new Accesses(spark, root);
        RunId run = Accesses.run(1);
        LandedTable landed = job.land(run, units(4, 50));
        DataFile broken = landed.files().get(0);
        Path file = job.staging.localPath(broken.path()).orElseThrow();
        byte[] bytes = Files.readAllBytes(file);
        byte[] damaged = bytes.clone();
        Arrays.fill(damaged, 4, 40, (byte) 0);
        Files.write(file, damaged);
        LandedTable listed = withEtagsOf(job, landed);

        Compaction compaction = compaction(job, run, 128 * MB, PAGES);
        assertThatThrownBy(() -> compaction.compact(spark, listed, Accesses.folder(run)))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith(
                        "Table access_record cannot be compacted; readers see what they saw:\n  record_date=2026-11-20/: Cannot ")
                .hasMessageContaining(broken.path());
        assertThat(job.commits(run).committed(Compaction.PHASE)).hasSize(2);

        Files.write(file, bytes);
        LandedTable restored = withEtagsOf(job, landed);
        Compacted compacted = compaction(job, run, 128 * MB, PAGES).compact(spark, restored, Accesses.folder(run));
        assertThat(compacted.table().files()).hasSize(3);
    }

    private static LandedTable withEtagsOf(Accesses job, LandedTable table) {
        return new LandedTable(
                table.definition(),
                table.format(),
                table.codec(),
                table.files().stream()
                        .map(file -> new DataFile(
                                file.table(),
                                file.path(),
                                file.bytes(),
                                file.rows(),
                                job.staging.stat(file.path()).orElseThrow().etag()))
                        .toList(),
                table.counts(),
                table.schemaVersion(),
                table.partitions());
    }
}
