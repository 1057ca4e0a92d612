package dev.millrace.job;

import static dev.millrace.job.FolderTrial.compact;
import static dev.millrace.job.FolderTrial.everything;
import static dev.millrace.job.FolderTrial.query;
import static dev.millrace.job.FolderTrial.source;
import static dev.millrace.job.FolderTrial.sums;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.Storages;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.Processes;
import dev.millrace.testing.SharedSpark;
import dev.millrace.testing.SmallDisk;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compactions of a folder that are stopped, frozen, killed, or run twice at once: no row is lost or there twice. */
class CompactFolderStopTest {
    private static final int PARTITIONS = 2;
    private static final int FILES = 3;
    private static final int ROWS = PARTITIONS * FILES * 40;

    /** A process that is stopped in this JVM looks alive: its lease has to end. */
    private static final Clock LATER = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(3));

    @TempDir(factory = InMemory.class)
    private static Path folder;

    private static List<String> expected;

    @BeforeAll
    static void write() {
        // Spark would print the stack of every stop.
        SharedSpark.session().sparkContext().setLogLevel("OFF");
        expected = sums(table("undisturbed"), "day");
    }

    @AfterAll
    static void logAgain() {
        SharedSpark.session().sparkContext().setLogLevel("WARN");
    }

    private static Path table(String name) {
        Path table = folder.resolve(name);
        List<String> copies = new ArrayList<>(List.of("set threads = 1"));
        for (int file = 0; file < PARTITIONS * FILES; file++) {
            Path partition = table.resolve("day=" + file % PARTITIONS);
            partition.toFile().mkdirs();
            copies.add("copy (select i as id, 'name ' || i % 5 as name from range(" + file * 40 + ", " + (file + 1) * 40
                    + ") t(i)) to '" + partition + "/data_" + file + ".parquet' (format parquet)");
        }
        FolderTrial.duckDb(copies.toArray(String[]::new));
        return table;
    }

    private static void assertWhole(Path table, String as) {
        assertThat(sums(table, "day")).as(as).isEqualTo(expected);
        assertThat(everything(table)).as(as).hasSize(PARTITIONS).allMatch(path -> path.endsWith(".parquet"));
    }

    @Test
    void stoppedAfterAnyEffectItIsFinishedOrUndoneByTheNext() {
        List<String> doubled = new ArrayList<>();
        boolean stopped = true;
        for (int k = 1; stopped; k++) {
            Path table = table("stopped-" + k);
            Effects effects = Effects.stoppingAfter(k);
            FolderTrial.Ended first = compact(Clock.systemUTC(), effects.linkingStorages(), table.toString());
            stopped = effects.isDead();
            String stop = "stopped after effect " + k + ", "
                    + effects.done().get(effects.done().size() - 1);
            if (stopped) {
                // At the very end only what is left is removed.
                assertThat(first.code()).as(stop).isIn(stop.contains(" _millrace/") ? List.of(0, 1) : List.of(1));
            }
            assertThat(query("select count(distinct id) from " + source(table)))
                    .as(stop)
                    .containsExactly("" + ROWS);
            long rows = Long.parseLong(
                    query("select count(*) from " + source(table)).get(0));
            if (rows > ROWS) {
                doubled.add(effects.done().get(k - 1).what().split(" ", -1)[0]);
            }
            FolderTrial.Ended second = compact(LATER, Storages::open, table.toString());
            assertThat(second.code()).as(stop + second.err()).isZero();
            assertWhole(table, stop);
        }
        // Twice is seen what was brought, until the last of the files is deleted that it stands for.
        assertThat(doubled)
                .hasSizeBetween(PARTITIONS * FILES, PARTITIONS * FILES + 1)
                .containsOnly("bring", "delete");
    }

    @Test
    void standingStillWhileAnotherTakesOverItDoesNoHarm() {
        int effectsOfOne = Integer.MAX_VALUE;
        for (int k = 1; k <= effectsOfOne; k++) {
            Path table = table("frozen-" + k);
            int frozenAt = k;
            int[] number = {0};
            Effects effects = new Effects((n, effect) -> false, effect -> {
                if (++number[0] == frozenAt) {
                    FolderTrial.Ended other = compact(LATER, Storages::open, table.toString());
                    assertThat(other.code()).as("%s %s", effect, other.err()).isZero();
                }
            });
            FolderTrial.Ended first = compact(Clock.systemUTC(), effects.linkingStorages(), table.toString());
            String frozen = "frozen after effect " + k + ", "
                    + effects.done().get(Math.min(k, effects.done().size()) - 1) + ": " + first.code() + " "
                    + first.err();
            assertThat(sums(table, "day")).as(frozen).isEqualTo(expected);
            FolderTrial.Ended last = compact(LATER, Storages::open, table.toString());
            assertThat(last.code()).as(frozen + last.err()).isZero();
            assertWhole(table, frozen);
            if (number[0] < k) {
                effectsOfOne = k;
                assertThat(k).isGreaterThan(20);
            } else if (k > 1 && first.code() != 0) {
                assertThat(first.code()).as(frozen).isIn(1, 4);
            }
        }
    }

    @Test
    void ofTwoAtOnceTheSecondSaysWhoHoldsIt() {
        Path table = table("twice");
        List<FolderTrial.Ended> others = new ArrayList<>();
        AtomicBoolean isDone = new AtomicBoolean();
        Effects effects = new Effects((n, effect) -> false, effect -> {
            if (effect.what().startsWith("create ") && isDone.compareAndSet(false, true)) {
                others.add(compact(table.toString()));
            }
        });
        assertThat(compact(Clock.systemUTC(), effects.linkingStorages(), table.toString())
                        .code())
                .isZero();
        assertThat(others).hasSize(1);
        assertThat(others.get(0).code()).isEqualTo(4);
        assertThat(others.get(0).err())
                .startsWith("Folder file://" + table + "/ is being compacted by " + ThisProcess.name() + " since ")
                .contains(". Try again later");
        assertWhole(table, "twice");
    }

    @Test
    void aFileThatChangesMeanwhileFailsItsPartitionByName() {
        Path table = table("changed");
        AtomicBoolean isDone = new AtomicBoolean();
        Effects effects = new Effects((n, effect) -> false, effect -> {
            if (effect.what().startsWith("create ") && isDone.compareAndSet(false, true)) {
                FolderTrial.duckDb("copy (select 9999 as id, 'other' as name) to '" + table
                        + "/day=1/data_1.parquet' (format parquet)");
                assertThat(table.resolve("day=0/data_0.parquet").toFile().delete())
                        .isTrue();
            }
        });
        FolderTrial.Ended ended = compact(Clock.systemUTC(), effects.linkingStorages(), table.toString());
        assertThat(ended.code()).as(ended.err()).isEqualTo(1);
        assertThat(ended.err())
                .contains("day=0/: file://" + table + "/day=0/data_0.parquet is gone since it was listed")
                .contains("day=1/: ")
                .contains("file://" + table + "/day=1/data_1.parquet");
        assertThat(query("select count(*) from " + source(table))).containsExactly("" + (ROWS - 80 + 1));
        assertThat(compact(table.toString()).code()).isZero();
        assertThat(query("select count(*) from " + source(table))).containsExactly("" + (ROWS - 80 + 1));
    }

    @Test
    void aFileThatChangesAtTheVeryMomentOfReplacingIsKeptAndNamed() {
        Path table = table("conflict");
        Effects effects = new Effects((n, effect) -> false, effect -> {
            if (effect.what().startsWith("bring day=1/")) {
                FolderTrial.duckDb("copy (select 9999 as id, 'other' as name) to '" + table
                        + "/day=1/data_1.parquet' (format parquet)");
            }
        });
        FolderTrial.Ended ended = compact(Clock.systemUTC(), effects.linkingStorages(), table.toString());
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err())
                .startsWith("day=1/: file://" + table
                        + "/day=1/data_1.parquet was changed while its partition was replaced,"
                        + " and stays; the rows that it had before are in file://" + table + "/day=1/g");
        assertThat(query("select count(*) from " + source(table))).containsExactly("" + (ROWS + 1));
    }

    /** What a user removes by hand does not keep the next from finishing what can be seen to be begun. */
    @Test
    void withoutItsJournalWhatWasBegunIsFinishedAllTheSame() throws IOException {
        Path table = table("no-journal");
        Effects effects = Effects.stoppingAtFirst("bring day=0/");
        assertThat(compact(Clock.systemUTC(), effects.linkingStorages(), table.toString())
                        .code())
                .isEqualTo(1);
        Files.delete(table.resolve("_millrace/journal.json"));
        assertThat(compact(table.toString()).code()).isZero();
        assertWhole(table, "no journal");
    }

    @ParameterizedTest
    @ValueSource(strings = {"create _millrace/work/", "bring day=1/"})
    void killedItIsFinishedOrUndoneAtOnce(String at) {
        Path table = table("killed-" + at.substring(0, 5));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens="))
                .forEach(command::add);
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), FolderProcess.class.getName(), at, table.toString()));
        Processes.Ended killed = Processes.run(new ProcessBuilder(command));
        assertThat(killed.exitCode()).as(killed.output()).isEqualTo(JobProcesses.SIGKILL);
        assertThat(everything(table)).contains("_millrace/journal.json");
        // Its end is known at once on this machine, and nobody waits for its lease.
        FolderTrial.Ended second = compact(table.toString());
        assertThat(second.code()).as(second.err()).isZero();
        assertWhole(table, at);
    }

    @Test
    void onADiskThatIsFullItFailsByNameAndLeavesTheFilesAsTheyAre() throws IOException {
        boolean fits = false;
        int failed = 0;
        for (long kilobytes = 40; !fits; kilobytes += 8) {
            Path place = folder.resolve("disk-" + kilobytes);
            try (SmallDisk disk = SmallDisk.mount(place, kilobytes)) {
                Path written = table("for-disk-" + kilobytes);
                Path table = place.resolve("table");
                copy(written, table);
                FolderTrial.Ended first = compact(table.toString());
                fits = first.code() == 0;
                assertThat(sums(table, "day")).isEqualTo(expected);
                if (!fits) {
                    failed++;
                    assertThat(first.code()).as(first.err()).isEqualTo(1);
                    assertThat(first.err())
                            .containsIgnoringCase("no space left on device")
                            .doesNotContain("\tat ");
                    disk.resize(10_000);
                    FolderTrial.Ended second = compact(LATER, Storages::open, table.toString());
                    assertThat(second.code()).as(second.err()).isZero();
                }
                assertWhole(table, "disk of " + kilobytes);
            }
        }
        assertThat(failed).isPositive();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : all.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }
}
