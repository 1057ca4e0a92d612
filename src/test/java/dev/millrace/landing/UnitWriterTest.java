package dev.millrace.landing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.run.DataFile;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnitWriterTest {
    @TempDir
    Path root;

    @Test
    void letsOneOfTwoAttemptsWinAndDeletesTheFilesOfTheOther() throws Exception {
        MemoryCommits commits = MemoryCommits.fresh();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (int round = 0; round < 20; round++) {
                String unit = "u" + round;
                commits.withInput(unit, 3);
                LandingPlan plan = Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, commits, unit);
                CyclicBarrier together = new CyclicBarrier(2);
                Callable<Void> attempt = () -> {
                    UnitWriter writer = new UnitWriter(plan, unit);
                    for (int i = 0; i < 3; i++) {
                        writer.write(customer("c" + i));
                    }
                    together.await();
                    writer.commit();
                    writer.close();
                    return null;
                };
                for (Future<Void> done : threads.invokeAll(List.of(attempt, attempt))) {
                    done.get();
                }
                UnitManifest winner = commits.find("extract", unit).orElseThrow();
                assertThat(winner.files()).hasSize(1);
                assertThat(winner.files().get(0).path()).contains(winner.attempt());
            }
        } finally {
            threads.shutdownNow();
        }
        List<String> named = commits.committed("extract").stream()
                .flatMap(unit -> unit.files().stream())
                .map(DataFile::path)
                .toList();
        assertThat(Shop.dataFiles(Shop.storage(root))).containsExactlyInAnyOrderElementsOf(named);
    }

    @Test
    void keepsItsFilesWhenOnlyTheAnswerToItsCommitIsLost() throws IOException {
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 1);
        LandingPlan plan =
                Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, new MemoryCommits(commits.name(), true), "u0");
        UnitWriter writer = new UnitWriter(plan, "u0", "mine0000");
        writer.write(customer("c1"));

        writer.commit();
        writer.abort();

        assertThat(commits.find("extract", "u0").orElseThrow().attempt()).isEqualTo("mine0000");
        assertThat(Shop.dataFiles(Shop.storage(root)))
                .containsExactly(Shop.folder("customers") + "u0-mine0000.parquet");
    }

    @Test
    void leavesNothingWhenAborted() throws IOException {
        LandingPlan plan = Shop.plan(root, FileFormat.CSV, Codec.GZIP, MemoryCommits.fresh(), "u0")
                .withSizes(16, 1);
        UnitWriter writer = new UnitWriter(plan, "u0");
        for (int i = 0; i < 20; i++) {
            writer.write(customer("c" + i));
        }
        assertThat(Shop.dataFiles(Shop.storage(root))).as("files rolled").isNotEmpty();

        writer.abort();

        assertThat(Shop.dataFiles(Shop.storage(root))).isEmpty();
    }

    @Test
    void staysBelowALowBoundWithOneFileAndManyRowGroups() throws IOException, SQLException {
        int rows = 40_000;
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", rows);
        LandingPlan plan = Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, commits, "u0")
                .withSizes(64 << 10, LandingPlan.DEFAULT_ROLL_BYTES);
        UnitWriter writer = new UnitWriter(plan, "u0");
        for (int i = 0; i < rows; i++) {
            writer.write(customer(String.format("%08x", i * 0x9E3779B1)));
        }
        writer.commit();

        String file = "'" + root + "/" + Shop.folder("customers") + "*.parquet'";
        assertThat(Shop.dataFiles(Shop.storage(root))).hasSize(1);
        assertThat(Shop.duckdb("select count(distinct id) || ' ' || count(name) from " + file))
                .containsExactly(rows + " " + rows);
        long groups =
                Long.parseLong(Shop.duckdb("select count(distinct row_group_id) from parquet_metadata(" + file + ")")
                        .get(0));
        assertThat(groups).isBetween(10L, 200L);
    }

    @Test
    void beginsANewFileWhenOneIsLargeEnough() throws IOException, SQLException {
        int rows = 20_000;
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", rows);
        LandingPlan plan =
                Shop.plan(root, FileFormat.PARQUET, Codec.NONE, commits, "u0").withSizes(64 << 10, 256 << 10);
        UnitWriter writer = new UnitWriter(plan, "u0", "a1b2c3d4");
        for (int i = 0; i < rows; i++) {
            writer.write(customer(String.format("%08x", i * 0x9E3779B1)));
        }
        writer.commit();

        List<DataFile> files = commits.find("extract", "u0").orElseThrow().files();
        assertThat(files).hasSizeBetween(2, 6);
        assertThat(files.stream().map(DataFile::path))
                .contains(
                        Shop.folder("customers") + "u0-a1b2c3d4.parquet",
                        Shop.folder("customers") + "u0-a1b2c3d4-2.parquet");
        assertThat(files.stream().mapToLong(DataFile::rows).sum()).isEqualTo(rows);
        assertThat(Shop.duckdb(
                        "select count(distinct id) from '" + root + "/" + Shop.folder("customers") + "*.parquet'"))
                .containsExactly(Integer.toString(rows));
    }

    @Test
    void opensFortyTablesOfFourHundredColumnsInLittleMemory() throws IOException {
        List<LandingTable> tables = new ArrayList<>();
        for (int t = 0; t < 40; t++) {
            List<Column> columns = new ArrayList<>();
            for (int c = 0; c < 400; c++) {
                columns.add(new Column("c" + c, c % 2 == 0 ? ColumnType.STRING : ColumnType.BIGINT, true));
            }
            tables.add(LandingTable.main(new TableDefinition("t" + t, columns, List.of()), List.of(), "t" + t + "/"));
        }
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 40);
        LandingPlan plan = new LandingPlan(
                Shop.storage(root),
                tables,
                FileFormat.PARQUET,
                Codec.ZSTD,
                1,
                commits,
                "extract",
                "spool",
                List.of("u0"));
        UnitWriter writer = new UnitWriter(plan, "u0");
        long before = usedBytes();

        for (int t = 0; t < 40; t++) {
            Object[] wide = new Object[42];
            wide[0] = t;
            wide[1] = 0;
            Object[] struct = new Object[400];
            for (int c = 0; c < 400; c++) {
                struct[c] = c % 2 == 0 ? UTF8String.fromString("v" + t + c) : (Object) (long) c;
            }
            wide[2 + t] = new GenericInternalRow(struct);
            writer.write(new GenericInternalRow(wide));
        }

        long used = usedBytes() - before;
        assertThat(used).as("bytes for 16,000 open columns").isLessThan(80L << 20);
        writer.commit();
        assertThat(commits.find("extract", "u0").orElseThrow().files()).hasSize(40);
    }

    private static long usedBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void keepsValuesWhoseBuffersAreReused() throws IOException, SQLException {
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 1000);
        LandingPlan plan = Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, commits, "u0");
        UnitWriter writer = new UnitWriter(plan, "u0");
        byte[] id = new byte[4];
        byte[] name = new byte[4];
        for (int i = 0; i < 1000; i++) {
            System.arraycopy(String.format("%04d", i).getBytes(StandardCharsets.UTF_8), 0, id, 0, 4);
            System.arraycopy(String.format("%04d", i % 10).getBytes(StandardCharsets.UTF_8), 0, name, 0, 4);
            writer.write(row(2, 0, UTF8String.fromBytes(id), UTF8String.fromBytes(name)));
            Arrays.fill(id, (byte) '!');
            Arrays.fill(name, (byte) '!');
        }
        writer.commit();

        assertThat(Shop.duckdb("select count(*) from '" + root + "/" + Shop.folder("customers")
                        + "*.parquet' where cast(id as int) % 10 = cast(name as int)"))
                .containsExactly("1000");
        assertThat(Shop.duckdb("select stats_min_value || ' ' || stats_max_value from parquet_metadata('" + root + "/"
                        + Shop.folder("customers") + "*.parquet') order by column_id"))
                .containsExactly("0000 0999", "0000 0009");
    }

    @Test
    void refusesNullWhereTheTableHasNone() throws IOException {
        for (FileFormat format : FileFormat.values()) {
            LandingPlan plan = Shop.plan(root, format, Codec.GZIP, MemoryCommits.fresh(), "u0");
            UnitWriter writer = new UnitWriter(plan, "u0");

            assertThatThrownBy(() -> writer.write(row(2, 0, null, UTF8String.fromString("x"))))
                    .hasMessage("Table customers: column id is null in a row, but may not be");
            writer.abort();
        }
    }

    @Test
    void writesTheDialectOfCsv() throws IOException, SQLException {
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 3);
        LandingPlan plan = Shop.plan(root, FileFormat.CSV, Codec.NONE, commits, "u0");
        UnitWriter writer = new UnitWriter(plan, "u0", "a1b2c3d4");
        writer.write(row(2, 0, UTF8String.fromString("c1"), null));
        writer.write(row(2, 0, UTF8String.fromString("c2"), UTF8String.fromString("")));
        writer.write(row(2, 0, UTF8String.fromString("c,3"), UTF8String.fromString("say \"hi\"\n")));
        writer.commit();

        Storage storage = Shop.storage(root);
        assertThat(storage.find(Shop.folder("customers") + "u0-a1b2c3d4.csv")
                        .orElseThrow()
                        .utf8())
                .isEqualTo("id,name\n\"c1\",\n\"c2\",\"\"\n\"c,3\",\"say \"\"hi\"\"\n\"\n");
    }

    private static InternalRow customer(String id) {
        return row(2, 0, UTF8String.fromString(id), UTF8String.fromString("name of " + id));
    }

    private static InternalRow row(int table, int rescued, Object... struct) {
        Object[] wide = new Object[WideRows.FIRST_STRUCT + 4];
        wide[0] = table;
        wide[1] = rescued;
        wide[WideRows.FIRST_STRUCT + table] = new GenericInternalRow(struct);
        return new GenericInternalRow(wide);
    }
}
