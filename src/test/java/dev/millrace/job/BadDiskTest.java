package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.run.Commit;
import dev.millrace.run.Phase;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.SharedSpark;
import dev.millrace.testing.SmallDisk;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs whose disk is full, or cannot be written any more in the middle: named, and the next run completes. */
class BadDiskTest {
    private static final String TABLE = "bad-disk-test";
    private static final long ENOUGH_KILOBYTES = 100_000;

    /** A process that failed in this JVM is alive, and may not have been able to give the lock back. */
    private static final Clock LATER = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(3));

    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static Undisturbed undisturbed;

    @BeforeAll
    static void runUndisturbed() {
        // Spark would print the stack of every failure.
        SharedSpark.session().sparkContext().setLogLevel("OFF");
        ShopJob.fillSmall(TABLE);
        undisturbed = Undisturbed.run(job(folder.resolve("undisturbed")));
    }

    @AfterAll
    static void logAgain() {
        SharedSpark.session().sparkContext().setLogLevel("WARN");
    }

    private static ShopJob job(Path folder) {
        return new ShopJob(folder, TABLE, 1);
    }

    @Test
    void aJobOnADiskThatIsFullFailsByNameAndIsCompletedOnceThereIsRoom() {
        Set<Phase> failed = EnumSet.noneOf(Phase.class);
        boolean fits = false;
        for (long kilobytes = 12; !fits; kilobytes *= 2) {
            try (SmallDisk disk = SmallDisk.mount(folder.resolve("full-" + kilobytes), kilobytes)) {
                ShopJob job = job(folder.resolve("full-" + kilobytes));
                StoredJob.Ended first = job.run();
                fits = first.exitCode() == 0;
                if (!fits) {
                    assertThat(first.exitCode()).as(first.output()).isEqualTo(1);
                    assertThat(first.output())
                            .contains(folder + "/full-" + kilobytes)
                            .containsIgnoringCase("no space left on device")
                            .doesNotContain("\tat ");
                    Phase.named(JobProcess.phaseOf(job.store())).ifPresent(failed::add);
                    disk.resize(ENOUGH_KILOBYTES);
                    StoredJob.Ended second = job.run(LATER, Effects.unlimited());
                    assertThat(second.exitCode()).as(second.output()).isZero();
                }
                assertThat(undisturbed.differences(job)).isEmpty();
                assertThat(job.commits()).hasSize(1);
            }
        }
        assertThat(failed).contains(Phase.INFER_SCHEMA, Phase.EXTRACT, Phase.PREPARE, Phase.UPLOAD);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plan.json",
                "units/spool/s00001-of-00001.json",
                "phases/infer-schema.json",
                "units/extract/s00001-of-00001.json",
                "commits/0000000001.json",
                "phases/upload.json",
                "phases/replace.json"
            })
    void aJobWhoseDiskBecomesReadOnlyFailsByNameAndIsCompletedLater(String path) {
        Path place = folder.resolve("read-only-" + path.replace('/', '-'));
        try (SmallDisk disk = SmallDisk.mount(place, ENOUGH_KILOBYTES)) {
            ShopJob job = job(place);
            AtomicBoolean isOver = new AtomicBoolean();
            Effects effects = new Effects((number, effect) -> false, effect -> {
                if (effect.isOn(path) && isOver.compareAndSet(false, true)) {
                    disk.makeReadOnly();
                }
            });
            StoredJob.Ended first = job.run(Clock.systemUTC(), effects);
            assertThat(first.exitCode()).as(first.output()).isEqualTo(1);
            assertThat(first.output())
                    .contains(place.toString())
                    .containsIgnoringCase("read-only file system")
                    .doesNotContain("\tat ");
            disk.makeWritable();
            StoredJob.Ended second = job.run(LATER, Effects.unlimited());
            assertThat(second.exitCode()).as(second.output()).isZero();
            assertThat(undisturbed.differences(job)).isEmpty();
            assertThat(job.commits())
                    .extracting(Commit::run)
                    .containsExactly(job.onlyRun().id());
        }
    }
}
