package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The size of units goes by that of the snapshot, and by what the last runs have read in a second. */
class ThroughputTest {
    private static final long MB = 1 << 20;
    private static final long GB = 1 << 30;

    @TempDir
    private Path folder;

    @Test
    void withoutAMeasurementItIs16To128MegabytesInAbout64Groups() {
        Throughput none = new Throughput(List.of());
        assertThat(none.groupBytes(10 * MB)).isEqualTo(16 * MB);
        assertThat(none.groupBytes(2 * GB)).isBetween(32 * MB, 33 * MB);
        assertThat(none.groupBytes(100 * GB)).isEqualTo(128 * MB);
    }

    @Test
    void aUnitTakesTwoMinutesAtMostAsFarAsItsBoundsLet() {
        assertThat(at(4 * MB).groupBytes(100 * GB)).isEqualTo(480 * MB);
        assertThat(at(4 * MB).groupBytes(2 * GB)).isBetween(32 * MB, 33 * MB);
        assertThat(at(MB / 2).groupBytes(100 * GB)).isEqualTo(60 * MB);
        assertThat(at(1000).groupBytes(100 * GB)).isEqualTo(16 * MB);
        assertThat(at(100 * MB).groupBytes(1000 * GB)).isEqualTo(GB);
    }

    private static Throughput at(long bytesPerSecond) {
        return new Throughput(List.of(
                new Throughput.OfRun("a", bytesPerSecond * 10, 20_000),
                new Throughput.OfRun("b", bytesPerSecond * 40, 30_000)));
    }

    @Test
    void whatTheLastRunsReadIsKept() {
        Storage staging = Storages.open(folder.toString(), StorageOptions.DEFAULT);
        assertThat(Throughput.load(staging, "orders").bytesPerSecond()).isEmpty();
        Random random = new Random(1);
        for (int i = 0; i < 7; i++) {
            RunId run = RunId.startingAt(Instant.EPOCH.plusSeconds(i), random);
            Throughput.keep(staging, "orders", run, 100, Duration.ofSeconds(1));
            Throughput.keep(staging, "orders", run, 300, Duration.ofSeconds(1));
        }
        Throughput kept = Throughput.load(staging, "orders");
        assertThat(kept.runs()).hasSize(5).allMatch(run -> run.bytes() == 400 && run.millis() == 2000);
        assertThat(kept.bytesPerSecond()).contains(200.0);
        staging.put("orders/throughput.json", "{".getBytes(StandardCharsets.UTF_8));
        assertThat(Throughput.load(staging, "orders").runs()).isEmpty();
    }
}
