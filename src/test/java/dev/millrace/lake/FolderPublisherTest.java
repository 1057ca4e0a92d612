package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

class FolderPublisherTest extends PublisherContract {
    @Override
    Publisher publisher(Storage lake) {
        return new FolderPublisher(spark, lake, "access_record/");
    }

    @Override
    List<String> seen() {
        Path folder = job.lake.localPath("access_record").orElseThrow();
        assertThat(Files.isDirectory(folder)).isTrue();
        List<String> seen = Readers.duckdb(folder + "/*/*.parquet");
        assertThat(Readers.sparkParquet(spark, folder.toString())).isEqualTo(seen);
        return seen;
    }

    /** Each file is seen whole; a commit may be seen in part. */
    @Override
    void requireUnseen(Set<List<String>> onTheWay, List<String> before) {
        assertThat(onTheWay).contains(before).hasSizeGreaterThan(1);
    }
}
