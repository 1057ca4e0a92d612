package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lake.Accesses.Access;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.table.Column;
import dev.millrace.testing.SharedSpark;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedSpark.class)
class SecondLayoutTest {
    @TempDir
    Path root;

    @Test
    void writesTheSameRowsInOtherFolders(SparkSession spark) {
        Accesses job = new Accesses(spark, root);
        RunId run = Accesses.run(1);
        List<Access> accesses = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            LocalDate day = i % 4 == 3 ? null : LocalDate.of(2026, 11, 20 + i % 4);
            accesses.add(new Access("a" + i, i, "f", day, i % 3 == 0 ? "dev" : "prod"));
        }
        LandedTable landed = job.land(run, List.of(accesses.subList(0, 20), accesses.subList(20, 40)));
        String folder = Accesses.JOB + "/" + Accesses.TABLE + "/snapshot=" + run + "/by-stack/";

        LandedTable layout = SecondLayout.write(
                spark, landed, job.staging, Accesses.folder(run), folder, job.commits(run), List.of("stack"), 1 << 20);
        LandedTable again = SecondLayout.write(
                spark, landed, job.staging, Accesses.folder(run), folder, job.commits(run), List.of("stack"), 1 << 20);

        assertThat(again).isEqualTo(layout);
        assertThat(layout.partitions().stream().map(Column::name)).containsExactly("stack");
        assertThat(layout.definition().column("record_date")).isPresent();
        assertThat(layout.files().stream()
                        .map(DataFile::path)
                        .map(path -> path.substring(folder.length(), path.lastIndexOf('/'))))
                .containsExactly("stack=dev", "stack=prod");
        new DeltaPublisher(spark, job.lake, "access_record_by_stack/")
                .publish(new Publication(
                        Accesses.JOB,
                        run,
                        1,
                        Optional.empty(),
                        List.of(),
                        layout,
                        job.staging,
                        folder,
                        job.commits(run),
                        Set.of(),
                        Optional.empty()));
        assertThat(Readers.spark(
                        spark,
                        job.lake
                                .localPath("access_record_by_stack")
                                .orElseThrow()
                                .toString()))
                .isEqualTo(Accesses.texts(accesses));
    }
}
