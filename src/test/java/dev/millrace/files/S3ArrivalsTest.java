package dev.millrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.config.FileSource.OnChange;
import dev.millrace.config.FolderPattern;
import dev.millrace.config.Location;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Storages;
import dev.millrace.testing.S3Server;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class S3ArrivalsTest extends ArrivalsContract {
    @Override
    Storage storage() {
        return Storages.open("s3://" + S3Server.newBucket() + "/some/prefix/", S3Server.options());
    }

    @Override
    int times(int many, int few) {
        return few;
    }

    @Test
    void aMissingBucketIsTold() {
        assertThatThrownBy(() -> search("s3://no-such-bucket/x/").find(ledger(), Instant.EPOCH, TimeRange.ALL, false))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.exitCode()).isEqualTo(1))
                .hasMessageContaining("s3://no-such-bucket/x/")
                .hasMessageContaining("NoSuchBucket");
    }

    private static ArrivalSearch search(String at) {
        SourceFolder source =
                new SourceFolder(Storages.open(at, S3Server.options()), FolderPattern.of(new Location(at)), "*");
        return new ArrivalSearch(source, Duration.ofDays(3), Duration.ofDays(1), OnChange.REPROCESS);
    }
}
