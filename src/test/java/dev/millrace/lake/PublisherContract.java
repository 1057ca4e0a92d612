package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.lake.Accesses.Access;
import dev.millrace.lake.Deduplication.Against;
import dev.millrace.lake.Deduplication.Keep;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.testing.SharedSpark;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What publishing to a table that grows promises, whatever its format. */
@ExtendWith(SharedSpark.class)
abstract class PublisherContract {
    static final List<Access> FIRST = List.of(
            Access.of("a1", "f1", "2026-11-20"),
            Access.of("a2", "f1", "2026-11-21"),
            Access.of("a3", "f2", "2026-11-20"),
            Access.of("a4", "f3", "2026-10-01"),
            new Access("a5", 5, "f2", null, "prod"));

    @TempDir
    Path root;

    SparkSession spark;
    Accesses job;

    @BeforeEach
    void open(SparkSession session) {
        spark = session;
        job = open();
    }

    /** A job whose storages have nothing yet. */
    Accesses open() {
        return new Accesses(spark, root);
    }

    abstract Publisher publisher(Storage lake);

    /** What readers see. */
    abstract List<String> seen();

    /** Publishes one run's accesses as commit n. */
    private Published publish(
            Storage lake, int n, List<Access> accesses, Set<String> rewritten, Optional<Deduplication> rule) {
        Optional<Long> previous = n == 1 ? Optional.empty() : Optional.of(n - 1L);
        return publisher(lake)
                .publish(job.publication(
                        Accesses.run(n), n, previous, job.land(Accesses.run(n), List.of(accesses)), rewritten, rule));
    }

    private static Optional<Deduplication> rule(Keep keep, Against against, Duration within) {
        return Optional.of(new Deduplication(List.of("id"), keep, against, Optional.ofNullable(within)));
    }

    @Test
    void replacesExactlyTheRowsOfARewrittenFile() {
        publish(job.lake, 1, FIRST, Set.of(), Optional.empty());
        List<Access> again = List.of(
                Access.of("a1", "f1", "2026-11-20"),
                new Access("a2", 99, "f1", FIRST.get(1).day(), "prod"));

        Published published = publish(job.lake, 2, again, Set.of("f1", "f3"), Optional.empty());

        assertThat(List.of(published.rows(), published.replaced(), published.duplicates()))
                .containsExactly(2L, 3L, 0L);
        List<Access> expected = new ArrayList<>(again);
        expected.addAll(List.of(FIRST.get(2), FIRST.get(4)));
        assertThat(seen()).isEqualTo(Accesses.texts(expected));
    }

    @Test
    void keepsTheFirstOfDuplicatesWithinARun() {
        List<Access> accesses = new ArrayList<>(FIRST);
        accesses.add(new Access("a1", 77, "f0", FIRST.get(3).day(), "prod"));
        accesses.add(new Access("a3", 78, "f9", FIRST.get(2).day(), "prod"));

        Published published = publish(job.lake, 1, accesses, Set.of(), rule(Keep.FIRST, Against.BATCH, null));

        assertThat(List.of(published.rows(), published.duplicates())).containsExactly(5L, 2L);
        List<Access> expected = new ArrayList<>(FIRST.subList(1, 5));
        expected.add(accesses.get(5));
        assertThat(seen()).isEqualTo(Accesses.texts(expected));
    }

    @Test
    void leavesOutWhatTheTableHasWithinARangeOfDates() {
        publish(job.lake, 1, FIRST, Set.of(), Optional.empty());
        List<Access> more = List.of(
                Access.of("a1", "f7", "2026-11-22"),
                Access.of("a4", "f7", "2026-11-22"),
                new Access("a5", 6, "f7", null, "prod"),
                Access.of("new", "f7", "2026-11-22"));

        Published published = publish(job.lake, 2, more, Set.of(), rule(Keep.FIRST, Against.TABLE, Duration.ofDays(7)));

        assertThat(List.of(published.rows(), published.duplicates(), published.replaced()))
                .containsExactly(2L, 2L, 0L);
        List<Access> expected = new ArrayList<>(FIRST);
        expected.addAll(List.of(more.get(1), more.get(3)));
        assertThat(seen()).isEqualTo(Accesses.texts(expected));
    }

    @Test
    void mergesByKey() {
        publish(job.lake, 1, FIRST, Set.of(), Optional.empty());
        List<Access> more = List.of(
                Access.of("a1", "f7", "2026-11-22"),
                new Access("a4", 1, "f7", FIRST.get(1).day(), "prod"),
                new Access("a4", 2, "f8", FIRST.get(1).day(), "prod"),
                Access.of("new", "f7", "2026-11-22"));

        Published published = publish(job.lake, 2, more, Set.of(), rule(Keep.LAST, Against.TABLE, null));

        assertThat(List.of(published.rows(), published.duplicates(), published.replaced()))
                .containsExactly(3L, 1L, 2L);
        List<Access> expected = new ArrayList<>(List.of(FIRST.get(1), FIRST.get(2), FIRST.get(4)));
        expected.addAll(List.of(more.get(0), more.get(2), more.get(3)));
        assertThat(seen()).isEqualTo(Accesses.texts(expected));
    }

    @Test
    void endsAsAnUndisturbedRunWhereverItWasStopped() {
        publish(job.lake, 1, FIRST, Set.of(), Optional.empty());
        List<Access> again = List.of(
                Access.of("a1", "f1", "2026-11-20"),
                new Access("a2", 99, "f1", FIRST.get(1).day(), "prod"));
        List<Access> expected = new ArrayList<>(again);
        expected.addAll(List.of(FIRST.get(2), FIRST.get(4)));
        List<String> before = Accesses.texts(FIRST);
        Set<List<String>> onTheWay = new HashSet<>();

        int stops = 0;
        for (int effects = 0; ; effects++) {
            try {
                publish(new StoppedStorage(job.lake, effects), 2, again, Set.of("f1", "f3"), Optional.empty());
                break;
            } catch (StoppedStorage.Stopped stopped) {
                stops++;
                onTheWay.add(seen());
            }
        }

        assertThat(stops).isGreaterThanOrEqualTo(2);
        requireUnseen(onTheWay, before);
        assertThat(seen()).isEqualTo(Accesses.texts(expected));
        assertThat(publish(job.lake, 2, again, Set.of("f1", "f3"), Optional.empty())
                        .isRepeated())
                .isTrue();
        assertThat(seen()).isEqualTo(Accesses.texts(expected));
    }

    /** What readers may see of a commit that was stopped. */
    void requireUnseen(Set<List<String>> onTheWay, List<String> before) {
        assertThat(onTheWay).containsExactly(before);
    }

    @Test
    void aFileThatIsGoneIsNoDefectOfOurs() {
        publish(job.lake, 1, FIRST, Set.of(), Optional.empty());
        LandedTable landed = job.land(Accesses.run(2), List.of(FIRST));
        job.staging.delete(landed.files().stream().map(DataFile::path).toList());
        Publication publication = job.publication(
                Accesses.run(2), 2, Optional.of(1L), landed, Set.of(), rule(Keep.FIRST, Against.BATCH, null));

        assertThatThrownBy(() -> publisher(job.lake).publish(publication))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.kind()).isEqualTo(Fault.Kind.WORLD))
                .hasMessageContaining("Cannot publish to " + job.lake.uri("access_record/"))
                .hasMessageContaining(LakePath.name(landed.files().get(0).path()));
        assertThat(seen()).isEqualTo(Accesses.texts(FIRST));
    }

    @Test
    void publishesOnceWhenTwoDoItAtOnce() throws Exception {
        publish(job.lake, 1, FIRST, Set.of(), Optional.empty());
        List<Access> again = List.of(Access.of("a1", "f1", "2026-11-20"), Access.of("b1", "f4", "2026-11-22"));
        job.land(Accesses.run(2), List.of(again));
        CyclicBarrier together = new CyclicBarrier(2);
        Callable<Published> attempt = () -> {
            together.await();
            return publish(job.lake, 2, again, Set.of("f1"), Optional.empty());
        };
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (Future<Published> done : threads.invokeAll(List.of(attempt, attempt))) {
                assertThat(done.get().rows()).isEqualTo(2);
            }
        } finally {
            threads.shutdownNow();
        }

        List<Access> expected = new ArrayList<>(FIRST.subList(2, 5));
        expected.addAll(again);
        assertThat(seen()).isEqualTo(Accesses.texts(expected));
    }
}
