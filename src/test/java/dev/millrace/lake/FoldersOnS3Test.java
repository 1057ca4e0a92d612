package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

class FoldersOnS3Test extends PublisherContract {
    private int looks;

    @Override
    Accesses open() {
        return OnS3.job(spark);
    }

    @Override
    Publisher publisher(Storage lake) {
        return new FolderPublisher(spark, lake, "access_record/");
    }

    @Override
    List<String> seen() {
        Path copy = root.resolve("copy-" + ++looks);
        OnS3.download(job.lake, "access_record/", copy);
        List<String> seen = Readers.duckdb(copy + "/access_record/*/*.parquet");
        assertThat(Readers.sparkParquet(spark, LakePath.hadoop(job.lake, "access_record/")))
                .isEqualTo(seen);
        return seen;
    }

    /** Each file is seen whole; a commit may be seen in part. */
    @Override
    void requireUnseen(Set<List<String>> onTheWay, List<String> before) {
        assertThat(onTheWay).contains(before).hasSizeGreaterThan(1);
    }
}
