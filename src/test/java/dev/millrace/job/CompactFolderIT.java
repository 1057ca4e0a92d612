package dev.millrace.job;

import static dev.millrace.job.FolderTrial.duckDb;
import static dev.millrace.job.FolderTrial.sums;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.Processes;
import dev.millrace.testing.SparkSubmit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar compacts a folder under {@code spark-submit}, by pages and by rows. */
class CompactFolderIT {
    @TempDir
    private Path folder;

    @Test
    void compactsAFolder() throws Exception {
        for (int file = 0; file < 8; file++) {
            Path partition = Files.createDirectories(folder.resolve("orders/day=" + file % 2));
            String id = file == 7 ? "i::bigint" : "i::int";
            duckDb("copy (select " + id + " as id, 'name ' || i % 5 as name from range(" + file * 40 + ", "
                    + (file + 1) * 40 + ") t(i)) to '" + partition + "/data_" + file + ".parquet' (format parquet)");
        }
        List<String> before = sums(folder.resolve("orders"), "day");
        Processes.Ended ended = SparkSubmit.run(
                folder,
                List.of(
                        "--master",
                        "local[2]",
                        "--class",
                        "dev.millrace.job.CompactFolder",
                        SparkSubmit.jar().toString(),
                        "--JOB_NAME",
                        "millrace",
                        "--path",
                        folder.resolve("orders").toString(),
                        "--partition-by",
                        "day"));
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(ended.output())
                .containsPattern("day=0/ +4 .* pages\n")
                .containsPattern("day=1/ +4 .* rows: ")
                .contains("2 partitions compacted\n");
        assertThat(sums(folder.resolve("orders"), "day")).isEqualTo(before);
        assertThat(FolderTrial.files(folder.resolve("orders"))).hasSize(2);
    }
}
