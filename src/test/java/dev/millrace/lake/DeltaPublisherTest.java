package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.lake.Accesses.Access;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.TableDefinition;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeltaPublisherTest extends PublisherContract {
    private static final List<Access> ABSURD = List.of(
            Access.of("a1", "f1", "2026-11-20"),
            Access.of("a2", "f1", "2026-11-21"),
            Access.of("a3", "f1", "2026-11-20"),
            new Access("a4", 4, "f1", null, "prod"),
            new Access("a5", 5, "f1", LocalDate.of(50_000, 1, 1), "prod"));
    static final List<Access> SECOND = List.of(
            Access.of("b1", "f2", "2026-11-22"),
            Access.of("b2", "f2", "2026-11-20"),
            Access.of("b3", "f2", "2026-11-21"));

    private DeltaPublisher publisher;

    @BeforeEach
    void openPublisher() {
        publisher = new DeltaPublisher(spark, job.lake, "access_record/");
    }

    @Override
    Publisher publisher(Storage lake) {
        return new DeltaPublisher(spark, lake, "access_record/");
    }

    @Override
    List<String> seen() {
        List<String> seen = Readers.spark(spark, path());
        assertThat(Readers.kernel(path())).isEqualTo(seen);
        return seen;
    }

    private String path() {
        return job.lake.localPath("access_record").orElseThrow().toString();
    }

    private static List<Access> all(List<Access> one, List<Access> two) {
        List<Access> all = new ArrayList<>(one);
        all.addAll(two);
        return all;
    }

    /** The year 50,000 is null to readers of partitions. */
    private static List<String> nullDays(List<Access> accesses) {
        return Accesses.texts(accesses.stream()
                .map(a -> a.day() != null && a.day().getYear() > 9999
                        ? new Access(a.id(), a.user(), a.file(), null, a.stack())
                        : a)
                .toList());
    }

    @Test
    void appendsEachCommitOnceForEveryReader(SparkSession spark) {
        LandedTable first = job.land(Accesses.run(1), List.of(ABSURD.subList(0, 2), ABSURD.subList(2, 5)));
        LandedTable second = job.land(Accesses.run(2), List.of(SECOND));

        Published one = publisher.publish(job.publication(Accesses.run(1), 1, Optional.empty(), first));
        Published two = publisher.publish(job.publication(Accesses.run(2), 2, Optional.of(1L), second));
        Published again = publisher.publish(job.publication(Accesses.run(2), 2, Optional.of(1L), second));
        Published early = publisher.publish(job.publication(Accesses.run(1), 1, Optional.empty(), first));

        assertThat(one).isEqualTo(new Published(5, 0, 0, 5, "version 0", false));
        assertThat(two).isEqualTo(new Published(3, 0, 0, 3, "version 1", false));
        assertThat(again).isEqualTo(new Published(3, 0, 0, 3, "version 1", true));
        assertThat(early).isEqualTo(new Published(5, 0, 0, 5, "version 0", true));
        List<String> expected = nullDays(all(ABSURD, SECOND));
        assertThat(Readers.spark(spark, path())).isEqualTo(expected);
        assertThat(Readers.kernel(path())).isEqualTo(expected);
        if (Readers.hasPython()) {
            assertThat(Readers.python(root, path())).isEqualTo(expected);
        }
        assertThat(spark.read()
                        .format("delta")
                        .load(path())
                        .filter("record_date = date '2026-11-20'")
                        .count())
                .isEqualTo(3);
    }

    @Test
    void waitsForTheCommitBefore() {
        LandedTable second = job.land(Accesses.run(2), List.of(SECOND));

        assertThatThrownBy(() -> publisher.publish(job.publication(Accesses.run(2), 2, Optional.of(1L), second)))
                .isInstanceOf(Fault.class)
                .hasMessage("Commit 1 is not in table " + job.lake.uri("access_record/")
                        + " yet: it has to be published before commit 2");
    }

    /** Not by deltalake, which panics at the name of this folder. */
    @Test
    void takesFoldersOfAnyName(SparkSession spark) {
        Accesses odd = new Accesses(spark, root.resolve("with a blank, [brackets] and 100%"));
        RunId run = Accesses.run(1);
        List<Access> accesses =
                List.of(new Access("a1", 1, "f1", null, "a/b c%é"), new Access("a2", 2, "f1", null, "x=y"));
        LandedTable table = odd.land(run, List.of(accesses), List.of("stack"));

        new DeltaPublisher(spark, odd.lake, "access_record/").publish(odd.publication(run, 1, Optional.empty(), table));

        String path = odd.lake.localPath("access_record").orElseThrow().toString();
        assertThat(Readers.spark(spark, path)).isEqualTo(Accesses.texts(accesses));
        assertThat(Readers.kernel(path)).isEqualTo(Accesses.texts(accesses));
    }

    @Test
    void readsWhatOptimizeHasMadeOfTheTable() {
        publish(1, FIRST, Set.of());
        publish(2, SECOND, Set.of());
        SparkSession session = Readers.deltaSession(spark);
        io.delta.tables.DeltaTable.forPath(session, path()).optimize().executeCompaction();

        publish(3, List.of(Access.of("a1", "f1", "2026-11-20")), Set.of("f1"));

        List<Access> expected = new ArrayList<>(FIRST.subList(2, 5));
        expected.addAll(SECOND);
        expected.add(FIRST.get(0));
        assertThat(seen()).isEqualTo(Accesses.texts(expected));
        if (Readers.hasPython()) {
            assertThat(Readers.python(root, path())).isEqualTo(Accesses.texts(expected));
        }
    }

    private void publish(int n, List<Access> accesses, Set<String> rewritten) {
        Optional<Long> previous = n == 1 ? Optional.empty() : Optional.of(n - 1L);
        publisher.publish(job.publication(
                Accesses.run(n),
                n,
                previous,
                job.land(Accesses.run(n), List.of(accesses)),
                rewritten,
                Optional.empty()));
    }

    @Test
    void addsColumnsAndRefusesOtherTypesAndPartitions() {
        publish(1, FIRST, Set.of());
        LandedTable second = job.land(Accesses.run(2), List.of(SECOND));

        assertThatThrownBy(() -> publisher.publish(job.publication(
                        Accesses.run(2),
                        2,
                        Optional.of(1L),
                        job.land(Accesses.run(3), List.of(SECOND), List.of("stack")))))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid lake.partition-by: [stack]: table " + job.lake.uri("access_record/")
                        + " is partitioned by [record_date]; write to another table, or rewrite that one");
        assertThatThrownBy(() -> publisher.publish(job.publication(
                        Accesses.run(2),
                        2,
                        Optional.of(1L),
                        with(second, new Column("user_id", ColumnType.STRING, true)))))
                .isInstanceOf(Fault.class)
                .hasMessage("Invalid type of column user_id: string: table " + job.lake.uri("access_record/")
                        + " has it as bigint; declare that type, or write to another table");

        publisher.publish(job.publication(
                Accesses.run(2), 2, Optional.of(1L), with(second, new Column("added", ColumnType.BIGINT, true))));

        assertThat(Readers.delta(spark, path()).columns()).contains("added");
        assertThat(seen()).isEqualTo(Accesses.texts(all(FIRST, SECOND)));
    }

    private static LandedTable with(LandedTable table, Column column) {
        List<Column> columns = new ArrayList<>(table.definition().columns());
        columns.removeIf(other -> other.name().equals(column.name()));
        columns.add(column);
        return new LandedTable(
                new TableDefinition(table.name(), columns, List.of()),
                table.format(),
                table.codec(),
                table.files(),
                table.counts(),
                table.schemaVersion(),
                table.partitions());
    }

    @Test
    void notesACommitWithoutRows(SparkSession spark) {
        RunId run = Accesses.run(1);

        publisher.publish(job.publication(run, 1, Optional.empty(), job.land(run, List.of(List.of()))));
        publisher.publish(
                job.publication(Accesses.run(2), 2, Optional.of(1L), job.land(Accesses.run(2), List.of(SECOND))));

        assertThat(Readers.spark(spark, path())).isEqualTo(Accesses.texts(SECOND));
    }
}
