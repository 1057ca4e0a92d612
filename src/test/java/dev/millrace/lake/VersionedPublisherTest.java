package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.lake.Accesses.Access;
import dev.millrace.storage.Storage;
import dev.millrace.testing.SharedSpark;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SharedSpark.class)
class VersionedPublisherTest {
    @TempDir
    Path root;

    private SparkSession spark;
    private Accesses job;

    @BeforeEach
    void open(SparkSession session) {
        spark = session;
        job = new Accesses(session, root);
    }

    private Published publish(Storage lake, int n, List<Access> accesses) {
        return new VersionedPublisher(spark, lake, "access_record", 2)
                .publish(job.publication(
                        Accesses.run(n), n, Optional.empty(), job.land(Accesses.run(n), List.of(accesses))));
    }

    /** By the link, which readers know by one name. */
    private List<String> seen() {
        return Readers.duckdb(job.lake.localPath("access_record").orElseThrow() + "/*/*.parquet");
    }

    private static List<Access> snapshot(int n) {
        return List.of(Access.of("a" + n, "f", "2026-11-20"), Access.of("b" + n, "f", "2026-11-21"));
    }

    @Test
    void switchesFromOneSnapshotToTheNextWhereverItWasStopped() {
        publish(job.lake, 1, snapshot(1));
        Set<List<String>> onTheWay = new HashSet<>();

        int stops = 0;
        for (int effects = 0; ; effects++) {
            try {
                publish(new StoppedStorage(job.lake, effects), 2, snapshot(2));
                break;
            } catch (StoppedStorage.Stopped stopped) {
                stops++;
                onTheWay.add(seen());
            }
        }

        // The claim of the folder, two files and the pointer.
        assertThat(stops).isEqualTo(4);
        assertThat(onTheWay).containsExactly(Accesses.texts(snapshot(1)));
        assertThat(seen()).isEqualTo(Accesses.texts(snapshot(2)));
        assertThat(job.lake.find("access_record_current.json").orElseThrow().utf8())
                .contains("\"folder\" : \"access_record_2026_11_21_02_00_00/\"")
                .contains("\"rows\" : 2");
        assertThat(publish(job.lake, 2, snapshot(2)).isRepeated()).isTrue();
    }

    @Test
    void keepsSomeVersionsAndNeverGoesBack() {
        for (int n = 1; n <= 4; n++) {
            publish(job.lake, n, snapshot(n));
        }

        assertThat(job.lake.names(""))
                .containsExactly(
                        "access_record/",
                        "access_record_2026_11_21_03_00_00/",
                        "access_record_2026_11_21_04_00_00/",
                        "access_record_current.json");
        assertThatThrownBy(() -> publish(job.lake, 3, snapshot(3)))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("comes too late: commit 4 of table access_record is published");
        assertThat(seen()).isEqualTo(Accesses.texts(snapshot(4)));
    }

    @Test
    void putsALinkRightThatWasNotSet() throws Exception {
        publish(job.lake, 1, snapshot(1));
        java.nio.file.Files.delete(job.lake.localPath("access_record").orElseThrow());

        publish(job.lake, 1, snapshot(1));

        assertThat(seen()).isEqualTo(Accesses.texts(snapshot(1)));
    }
}
