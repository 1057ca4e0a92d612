package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lake.Accesses.Access;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Plain Parquet needs nothing of Hadoop's to be landed and published on S3. */
@ExtendWith(SharedSpark.class)
class PublishOnS3Test {
    private static final List<Access> ACCESSES = List.of(
            Access.of("a1", "f1", "2026-11-20"),
            new Access("a2", 2, "f1", null, "prod"),
            Access.of("a3", "f2", "2026-11-21"));

    @TempDir
    Path root;

    @Test
    void publishesFoldersAndVersionsByCopiesWithinS3(SparkSession spark) throws Exception {
        Storage staging = Storages.open("s3://" + S3Server.newBucket() + "/staging/", S3Server.options());
        Storage lake = Storages.open("s3://" + S3Server.newBucket() + "/lake/", S3Server.options());
        Accesses job = new Accesses(spark, staging, lake);
        RunId run = Accesses.run(1);
        LandedTable table = job.land(run, List.of(ACCESSES.subList(0, 1), ACCESSES.subList(1, 3)));
        Publication publication = job.publication(run, 1, Optional.empty(), table);

        for (int i = 0; i < 2; i++) {
            assertThat(new FolderPublisher(spark, lake, "folders/")
                            .publish(publication)
                            .rows())
                    .isEqualTo(3);
            assertThat(new VersionedPublisher(spark, lake, "versions", 1)
                            .publish(publication)
                            .rows())
                    .isEqualTo(3);
        }

        assertThat(downloaded(lake, "folders/")).isEqualTo(Accesses.texts(ACCESSES));
        assertThat(downloaded(lake, "versions_2026_11_21_01_00_00/")).isEqualTo(Accesses.texts(ACCESSES));
        assertThat(lake.find("versions_current.json").orElseThrow().utf8()).contains("versions_2026_11_21_01_00_00/");
    }

    private List<String> downloaded(Storage lake, String folder) throws Exception {
        for (StoredFile file : lake.list(folder)) {
            Path target = root.resolve(file.path());
            Files.createDirectories(target.getParent());
            try (InputStream in = lake.open(file.path())) {
                Files.copy(in, target);
            }
        }
        return Readers.duckdb(root + "/" + folder + "*/*.parquet");
    }
}
