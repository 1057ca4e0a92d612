package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.storage.Storage;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

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

    @Test
    void isSeenByAReaderWithNothingOfJavas() {
        assumeTrue(Readers.hasPython(), "scripts/install-test-tools was not run");
        publisher(job.lake)
                .publish(job.publication(
                        Accesses.run(1), 1, Optional.empty(), job.land(Accesses.run(1), List.of(FIRST))));

        assertThat(OnS3.python(root, job.lake, "access_record/")).isEqualTo(Accesses.texts(FIRST));
    }
}
