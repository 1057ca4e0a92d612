package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storage;
import java.util.List;

class DeltaOnS3Test extends PublisherContract {
    @Override
    Accesses open() {
        return OnS3.job(spark);
    }

    @Override
    Publisher publisher(Storage lake) {
        return new DeltaPublisher(spark, lake, "access_record/");
    }

    @Override
    List<String> seen() {
        String path = LakePath.hadoop(job.lake, "access_record/");
        List<String> seen = Readers.spark(spark, path);
        assertThat(Readers.kernel(path, spark.sparkContext().hadoopConfiguration()))
                .isEqualTo(seen);
        return seen;
    }
}
