package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lake.Accesses.Access;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.run.TableCounts;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.testing.SharedSpark;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedSpark.class)
class CompactionTest {
    private static final long MB = 1 << 20;

    @TempDir
    Path root;

    private static DataFile file(String name, long bytes) {
        return new DataFile("t", "t/datalake/" + name, bytes, 1, "");
    }

    private static LandedTable table(DataFile... files) {
        return new LandedTable(
                Accesses.COLUMNS,
                FileFormat.PARQUET,
                Codec.ZSTD,
                List.of(files),
                TableCounts.NONE,
                1,
                List.of(new Column("day", ColumnType.DATE, true)));
    }

    @Test
    void leavesAloneWhatIsLargeOrAlone() {
        Compaction.Plan plan = Compaction.plan(
                table(
                        file("day=2026-11-20/a.parquet", 128 * MB),
                        file("day=2026-11-20/b.parquet", MB),
                        file("day=2026-11-21/c.parquet", MB),
                        file("day=2026-11-22/d.parquet", 100 * MB),
                        file("day=2026-11-22/e.parquet", 100 * MB)),
                128 * MB);

        assertThat(plan.groups()).isEmpty();
        assertThat(plan.kept()).hasSize(5);
    }

    @Test
    void splitsAPartitionIntoEqualFiles() {
        List<DataFile> files = IntStream.range(0, 1000)
                .mapToObj(i -> file("day=2026-11-20/f" + i + ".parquet", MB / 2 + i * 100L))
                .toList();

        Compaction.Plan plan = Compaction.plan(table(files.toArray(DataFile[]::new)), 128 * MB);

        assertThat(plan.kept()).isEmpty();
        assertThat(plan.groups()).hasSize(3);
        long all = files.stream().mapToLong(DataFile::bytes).sum();
        assertThat(plan.groups()).allSatisfy(group -> assertThat(group.bytes()).isBetween(all / 3 - MB, all / 3 + MB));
        assertThat(plan.groups().stream().flatMap(group -> group.files().stream()))
                .containsExactlyInAnyOrderElementsOf(files);
        assertThat(Compaction.plan(table(files.toArray(DataFile[]::new)), 128 * MB))
                .isEqualTo(plan);
    }

    @Test
    void makesOneFileOfManyInEachPartition(SparkSession spark) {
        Accesses job = new Accesses(spark, root);
        RunId run = Accesses.run(1);
        List<List<Access>> units = new ArrayList<>();
        for (int unit = 0; unit < 4; unit++) {
            List<Access> rows = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                LocalDate day = i % 3 == 2 ? null : LocalDate.of(2026, 11, 20 + i % 3);
                rows.add(new Access("u" + unit + "-" + i, i, "f" + unit, day, "prod"));
            }
            units.add(rows);
        }
        LandedTable landed = job.land(run, units);
        assertThat(landed.files()).hasSize(12);

        LandedTable compacted =
                Compaction.compact(spark, landed, job.staging, Accesses.folder(run), job.commits(run), 128 * MB);
        LandedTable again =
                Compaction.compact(spark, landed, job.staging, Accesses.folder(run), job.commits(run), 128 * MB);
        LandedTable nothing =
                Compaction.compact(spark, compacted, job.staging, Accesses.folder(run), job.commits(run), 128 * MB);

        assertThat(again).isEqualTo(compacted);
        assertThat(nothing).isEqualTo(compacted);
        assertThat(compacted.files()).hasSize(3);
        assertThat(compacted.rows()).isEqualTo(200);
        List<String> read = new ArrayList<>();
        compacted
                .files()
                .forEach(file -> read.addAll(Readers.duckdb(
                        job.staging.localPath(file.path()).orElseThrow().toString())));
        read.sort(null);
        assertThat(read)
                .isEqualTo(Accesses.texts(units.stream().flatMap(List::stream).toList()));
    }
}
