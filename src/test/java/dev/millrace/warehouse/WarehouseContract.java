package dev.millrace.warehouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.TableCounts;
import dev.millrace.storage.Storage;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every engine's warehouse does. */
public abstract class WarehouseContract {
    @TempDir
    protected Path folder;

    protected Warehouse warehouse;
    protected Landing landing;

    protected abstract WarehouseEngine engine();

    /** An expression for a binary column's bytes in capital hexadecimal digits. */
    protected abstract String hex(String column);

    /** Asserts that nothing is left but live and the version before it. */
    protected abstract void assertNothingLeftBut(int live, int previous);

    /** Effects that a run has at least. */
    protected abstract int leastEffects();

    /** Replacements that a reader watches; each takes its time where the engine is not by our side. */
    protected int watchedReplacements() {
        return 50;
    }

    /** Whether text may hold the character NUL. */
    protected boolean holdsNul() {
        return true;
    }

    /** Bytes of a long text that the engine holds. */
    protected int longestText() {
        return 5_000_000;
    }

    /** A text of the values below as this engine can hold it. */
    protected String held(String text) {
        return holdsNul() ? text : text.replace("\0", "");
    }

    @BeforeEach
    void open() {
        landing = new Landing(folder.resolve("staging"));
        warehouse = engine().open(folder);
    }

    @AfterEach
    void close() {
        warehouse.close();
    }

    protected static Fault fault(Runnable act) {
        return catchThrowableOfType(Fault.class, act::run);
    }

    protected void upload(Load load, List<LandedTable> tables) {
        for (LandedTable table : tables) {
            warehouse.upload(load, table, landing.storage(), file -> {});
        }
    }

    protected void replaceBy(int k) {
        warehouse.prepare(Landing.load(k));
        upload(Landing.load(k), landing.written(k, 1));
        warehouse.replace(Landing.load(k));
    }

    /** Least and greatest version and rows of both tables: equal, unless versions mix. */
    protected List<String> consistent() {
        return Queried.of(warehouse, ChildProcess.CONSISTENT).rows().get(0);
    }

    protected static Version version(int k) {
        return new Version(Landing.runId(k), k, "shop-job");
    }

    // First load, replacement, rollback

    @Test
    void theFirstLoadBecomesLive() {
        assertThat(warehouse.live()).isEmpty();
        assertThat(warehouse.previous()).isEmpty();
        warehouse.prepare(Landing.load(1));
        assertThat(warehouse.live()).isEmpty();
        upload(Landing.load(1), landing.written(1, 3));
        assertThat(warehouse.live()).isEmpty();
        warehouse.replace(Landing.load(1));
        assertThat(warehouse.live()).contains(version(1));
        assertThat(warehouse.previous()).isEmpty();
        assertThat(consistent()).containsExactly("1 1 30", "1 1 30");
    }

    @Test
    void aLaterRunReplacesAllTables() {
        replaceBy(1);
        TableDefinition other =
                new TableDefinition("payments", List.of(new Column("id", ColumnType.BIGINT, true)), List.of());
        Load load = Landing.load(2, List.of(Landing.ORDERS, other));
        warehouse.prepare(load);
        upload(load, landing.written(2, 2).subList(0, 1));
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
        warehouse.replace(load);
        assertThat(warehouse.live()).contains(version(2));
        assertThat(warehouse.previous()).contains(version(1));
        assertThat(Queried.of(warehouse, "SELECT count(*), min(version) FROM orders")
                        .rows())
                .containsExactly(List.of("20", "2"));
        assertThat(Queried.of(warehouse, "SELECT count(*) FROM payments").rows())
                .containsExactly(List.of("0"));
        Fault gone = fault(() -> Queried.of(warehouse, "SELECT * FROM lines"));
        assertThat(gone.kind()).isEqualTo(Fault.Kind.USER);
        assertThat(gone.getMessage()).containsIgnoringCase("lines");
    }

    @Test
    void rollbackBringsBackThePreviousVersionAndGoesAsFarAsVersionsAreKept() {
        replaceBy(1);
        replaceBy(2);
        replaceBy(3);
        warehouse.dropPrevious(1);
        assertThat(warehouse.previous()).contains(version(2));
        assertThat(warehouse.rollback()).isEqualTo(version(2));
        assertThat(warehouse.live()).contains(version(2));
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
        assertThat(warehouse.previous()).isEmpty();
        Fault none = fault(() -> warehouse.rollback());
        assertThat(none.kind()).isEqualTo(Fault.Kind.USER);
        assertThat(none)
                .hasMessageStartingWith("Nothing to roll back to: ")
                .hasMessageContaining(Landing.runId(2).value());
        assertThat(warehouse.live()).contains(version(2));
    }

    @Test
    void aRunAfterARollbackReplacesWhatIsLive() {
        replaceBy(1);
        replaceBy(2);
        warehouse.rollback();
        replaceBy(3);
        assertThat(warehouse.live()).contains(version(3));
        assertThat(warehouse.previous()).contains(version(1));
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
        warehouse.rollback();
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
    }

    @Test
    void rollbackOfNothingIsTheUsersMistake() {
        assertThat(fault(() -> warehouse.rollback()).kind()).isEqualTo(Fault.Kind.USER);
        replaceBy(1);
        assertThat(fault(() -> warehouse.rollback()).kind()).isEqualTo(Fault.Kind.USER);
        assertThat(warehouse.live()).contains(version(1));
    }

    @Test
    void droppedVersionsAreGoneForGoodAndLiveStays() {
        warehouse.dropPrevious(0);
        replaceBy(1);
        replaceBy(2);
        warehouse.dropPrevious(1);
        assertThat(warehouse.previous()).contains(version(1));
        warehouse.dropPrevious(0);
        warehouse.dropPrevious(0);
        assertThat(warehouse.previous()).isEmpty();
        assertThat(warehouse.live()).contains(version(2));
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    // Repetition

    @Test
    void everyPhaseRepeatedChangesNothing() {
        replaceBy(1);
        Load load = Landing.load(2);
        List<LandedTable> tables = landing.written(2, 3);
        for (int i = 0; i < 3; i++) {
            warehouse.prepare(load);
            upload(load, tables);
            warehouse.prepare(load);
            upload(load, tables);
            Counts counts = warehouse.check(load, List.of(), List.of());
            assertThat(counts.stagingRows()).isEqualTo(Map.of("orders", 30L, "lines", 60L));
            warehouse.replace(load);
            warehouse.replace(load);
            assertThat(warehouse.live()).contains(version(2));
            assertThat(warehouse.previous()).contains(version(1));
            assertThat(consistent()).containsExactly("2 2 30", "2 2 30");
        }
    }

    /** Stands for the end of the process. */
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private void runOfTwoFiles(Warehouse on, int k) {
        Load load = Landing.load(k);
        on.prepare(load);
        for (LandedTable table : landing.landed(k, 2)) {
            on.upload(load, table, landing.storage(), file -> {});
        }
        on.replace(load);
        on.dropPrevious(1);
    }

    @Test
    void stoppedAfterAnyEffectTheNextCallGoesOn() {
        int[] left = {Integer.MAX_VALUE};
        Warehouse stopping = engine().open(folder, step -> {
            if (left[0]-- == 0) {
                throw new Stopped();
            }
        });
        for (int k = 1; k <= 2; k++) {
            landing.write(k, 2);
            runOfTwoFiles(stopping, k);
        }
        int stops = 0;
        for (boolean stopped = true; stopped; stops++) {
            int k = 3 + stops;
            landing.write(k, 2);
            left[0] = stops;
            stopped = false;
            try {
                runOfTwoFiles(stopping, k);
            } catch (Stopped e) {
                stopped = true;
            }
            left[0] = Integer.MAX_VALUE;
            long live = stopping.live().orElseThrow().commit();
            assertThat(live).isBetween(k - 1L, (long) k);
            assertThat(consistent()).containsOnly(live + " " + live + " 20");
            runOfTwoFiles(stopping, k);
            assertThat(stopping.live()).contains(version(k));
            assertThat(stopping.previous()).contains(version(k - 1));
            assertThat(consistent()).containsOnly(k + " " + k + " 20");
            assertNothingLeftBut(k, k - 1);
        }
        assertThat(stops).isGreaterThan(leastEffects());
    }

    @Test
    void uploadTellsOfEveryFileAndLoadsNoneTwice() {
        Load load = Landing.load(1);
        warehouse.prepare(load);
        LandedTable orders = landing.written(1, 5).get(0);
        LandedTable firstTwo = Landing.table(
                orders.definition(),
                orders.format(),
                orders.codec(),
                orders.files().subList(0, 2));
        List<DataFile> told = new ArrayList<>();
        Uploaded first = warehouse.upload(load, firstTwo, landing.storage(), told::add);
        assertThat(first).isEqualTo(new Uploaded(2, 20, firstTwo.bytes(), 0));
        assertThat(told).isEqualTo(firstTwo.files());
        told.clear();
        Uploaded rest = warehouse.upload(load, orders, landing.storage(), told::add);
        assertThat(rest).isEqualTo(new Uploaded(3, 30, orders.bytes() - firstTwo.bytes(), 2));
        assertThat(told).containsExactlyInAnyOrderElementsOf(orders.files());
        assertThat(warehouse.upload(load, orders, landing.storage(), told::add)).isEqualTo(new Uploaded(0, 0, 0, 5));
        assertThat(warehouse.check(load, List.of(), List.of()).stagingRows())
                .isEqualTo(Map.of("orders", 50L, "lines", 0L));
    }

    @Test
    void hundredsOfSmallFilesAreLoadedOnceEach() {
        Load load = Landing.load(1);
        warehouse.prepare(load);
        upload(load, landing.written(1, 300));
        warehouse.replace(load);
        assertThat(consistent()).containsExactly("1 1 3000", "1 1 3000");
        assertThat(Queried.of(warehouse, "SELECT count(DISTINCT id), sum(id) FROM orders")
                        .rows())
                .containsExactly(List.of("3000", "4498500"));
    }

    @Test
    void otherTablesMakeTheStagingAnew() {
        Load load = Landing.load(1);
        warehouse.prepare(load);
        List<LandedTable> tables = landing.written(1, 1);
        upload(load, tables);
        Load onlyOrders = Landing.load(1, List.of(Landing.ORDERS));
        warehouse.prepare(onlyOrders);
        assertThat(warehouse.check(onlyOrders, List.of(), List.of()).stagingRows())
                .isEqualTo(Map.of("orders", 0L));
    }

    @Test
    void prepareRemovesWhatDeadRunsLeft() {
        replaceBy(1);
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        warehouse.prepare(Landing.load(3));
        Fault gone = fault(() -> upload(Landing.load(2), landing.landed(2, 1)));
        assertThat(gone.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(gone)
                .hasMessageContaining(Landing.runId(2).value())
                .hasMessageContaining("no staging")
                .hasMessageContaining("prepare comes first");
        assertThat(fault(() -> warehouse.replace(Landing.load(2))).kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(warehouse.live()).contains(version(1));
        upload(Landing.load(3), landing.written(3, 1));
        warehouse.replace(Landing.load(3));
        assertThat(warehouse.previous()).contains(version(1));
    }

    // Order of commits

    @Test
    void anEarlierCommitDoesNotReplaceALaterOne() {
        warehouse.prepare(Landing.load(1));
        upload(Landing.load(1), landing.written(1, 1));
        Load later = new Load(
                Landing.runId(0), 9, WarehouseEngine.SCHEMA, Landing.load(1).tables(), "shop-job");
        warehouse.prepare(later);
        upload(later, landing.written(2, 1));
        warehouse.replace(later);
        Fault refused = fault(() -> warehouse.replace(Landing.load(1)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.SUPERSEDED);
        assertThat(refused)
                .hasMessageStartingWith("Run " + Landing.runId(1) + ", commit 1, does not replace ")
                .hasMessageContaining("a later run is live: " + Landing.runId(0) + ", commit 9");
        assertThat(fault(() -> warehouse.prepare(Landing.load(1))).kind()).isEqualTo(Fault.Kind.SUPERSEDED);
        assertThat(warehouse.live()).contains(new Version(Landing.runId(0), 9, "shop-job"));
    }

    @Test
    void aCommitThatPrepareDidNotSeeIsNotReplacedUnseen() {
        replaceBy(1);
        Load overtaken = new Load(
                Landing.runId(5), 9, WarehouseEngine.SCHEMA, Landing.load(1).tables(), "shop-job");
        warehouse.prepare(overtaken);
        upload(overtaken, landing.written(2, 1));
        replaceBy(4);
        assertThat(warehouse.replace(overtaken)).isFalse();
        assertThat(warehouse.live()).contains(version(4));
        warehouse.prepare(overtaken);
        assertThat(warehouse.replace(overtaken)).isTrue();
        assertThat(warehouse.live()).contains(new Version(Landing.runId(5), 9, "shop-job"));
        assertThat(warehouse.previous()).contains(version(4));
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    @Test
    void aRollbackSincePrepareIsSeen() {
        replaceBy(1);
        replaceBy(2);
        Load load = Landing.load(3);
        warehouse.prepare(load);
        upload(load, landing.written(3, 1));
        warehouse.rollback();
        assertThat(warehouse.replace(load)).isFalse();
        assertThat(warehouse.live()).contains(version(1));
        warehouse.prepare(load);
        assertThat(warehouse.replace(load)).isTrue();
        assertThat(warehouse.previous()).contains(version(1));
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
    }

    @Test
    void aReplacedRunDoesNotComeBackByItself() {
        replaceBy(1);
        replaceBy(2);
        assertThat(fault(() -> warehouse.prepare(Landing.load(1))).kind()).isEqualTo(Fault.Kind.SUPERSEDED);
        assertThat(fault(() -> warehouse.replace(Landing.load(1))).kind()).isEqualTo(Fault.Kind.SUPERSEDED);
        assertThat(warehouse.live()).contains(version(2));
        assertThat(warehouse.previous()).contains(version(1));
    }

    @Test
    void aRunThatWasRolledBackDoesNotComeBackByItself() {
        replaceBy(1);
        int stops = 0;
        for (boolean stopped = true; stopped; stops++) {
            int k = 2 + stops;
            replaceBy(k);
            int[] left = {stops};
            Warehouse stopping = engine().open(folder, step -> {
                if (left[0]-- == 0) {
                    throw new Stopped();
                }
            });
            stopped = false;
            try {
                stopping.rollback();
            } catch (Stopped e) {
                stopped = true;
            }
            if (warehouse.live().equals(Optional.of(version(k)))) {
                assertThat(warehouse.replace(Landing.load(k))).isTrue();
                assertThat(warehouse.rollback()).isEqualTo(version(1));
            }
            // The process that made it live was killed before it had said so, and its run is taken up again.
            for (Load load : List.of(Landing.load(k), Landing.load(k, List.of(Landing.ORDERS)))) {
                for (Runnable act : List.<Runnable>of(() -> warehouse.prepare(load), () -> warehouse.replace(load))) {
                    Fault refused = fault(act);
                    assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
                    assertThat(refused.rules()).isEmpty();
                    assertThat(refused)
                            .hasMessageStartingWith("Run " + Landing.runId(k) + ", commit " + k + ", does not replace ")
                            .hasMessageEndingWith(" again: it was live and was rolled back; live stays run "
                                    + Landing.runId(1)
                                    + ", commit 1. Start the job again, without --run: a new run reads its data anew");
                }
            }
            assertThat(warehouse.live()).contains(version(1));
            assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
        }
        int next = 2 + stops;
        replaceBy(next);
        assertThat(warehouse.live()).contains(version(next));
        assertThat(warehouse.previous()).contains(version(1));
        assertThat(consistent()).containsExactly(next + " " + next + " 10", next + " " + next + " 10");
        assertNothingLeftBut(next, 1);
    }

    @Test
    void whatWasRolledBackIsRefusedWhenItsLeftoversAreGone() {
        replaceBy(1);
        for (int k : List.of(2, 3)) {
            replaceBy(k);
            assertThat(warehouse.rollback()).isEqualTo(version(1));
        }
        warehouse.prepare(Landing.load(4));
        for (int k : List.of(2, 3)) {
            for (Runnable act : List.<Runnable>of(
                    () -> warehouse.prepare(Landing.load(k)), () -> warehouse.replace(Landing.load(k)))) {
                Fault refused = fault(act);
                assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
                assertThat(refused)
                        .hasMessageContaining(" again: it was live and was rolled back; live stays run "
                                + Landing.runId(1) + ", commit 1.");
            }
        }
        upload(Landing.load(4), landing.written(4, 1));
        assertThat(warehouse.replace(Landing.load(4))).isTrue();
        assertThat(consistent()).containsExactly("4 4 10", "4 4 10");
        assertNothingLeftBut(4, 1);
    }

    // Other jobs

    private static Load loadOf(String job, int k, long commit, Optional<String> takesOver) {
        Load load = Landing.load(k);
        return new Load(load.run(), commit, load.schema(), load.tables(), job, takesOver, version -> true);
    }

    @Test
    void whatAnotherJobLoadsIsNotReplaced() {
        Load early = loadOf("orders-job", 5, 9, Optional.empty());
        warehouse.prepare(early);
        upload(early, landing.written(5, 1));
        replaceBy(3);
        for (long commit : List.of(1L, 9L)) {
            Load other = loadOf("orders-job", 5, commit, Optional.of("people-job"));
            for (Runnable act : List.<Runnable>of(() -> warehouse.prepare(other), () -> warehouse.replace(other))) {
                Fault refused = fault(act);
                assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
                assertThat(refused)
                        .hasMessageStartingWith("Invalid warehouse: ")
                        .hasMessageEndingWith(" is loaded by job shop-job: its run " + Landing.runId(3)
                                + ", commit 3, is live there, and this is job orders-job: load another schema (of"
                                + " DuckDB, another file), or, where shop-job is the name that this job had before,"
                                + " write takes-over: shop-job below warehouse:, and schema: as shop-job had it, by"
                                + " default the job's name");
            }
        }
        assertThat(warehouse.live()).contains(version(3));
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
    }

    @Test
    void aJobOfANewNameGoesOnWhereItsFormerNameEnded() {
        replaceBy(3);
        warehouse.prepare(Landing.load(4));
        Load renamed = loadOf("orders-job", 5, 1, Optional.of("shop-job"));
        warehouse.prepare(renamed);
        upload(renamed, landing.written(5, 1));
        assertThat(warehouse.replace(renamed)).isTrue();
        assertThat(warehouse.replace(renamed)).isTrue();
        assertThat(warehouse.live()).contains(new Version(Landing.runId(5), 1, "orders-job"));
        assertThat(warehouse.previous()).contains(version(3));
        assertThat(consistent()).containsExactly("5 5 10", "5 5 10");
        assertNothingLeftBut(5, 3);

        assertThat(fault(() -> warehouse.prepare(Landing.load(6))).kind()).isEqualTo(Fault.Kind.USER);
        Load next = loadOf("orders-job", 6, 2, Optional.empty());
        warehouse.prepare(next);
        upload(next, landing.written(6, 1));
        assertThat(warehouse.replace(next)).isTrue();
        assertThat(fault(() -> warehouse.prepare(renamed)).kind()).isEqualTo(Fault.Kind.SUPERSEDED);
        assertThat(consistent()).containsExactly("6 6 10", "6 6 10");
    }

    @Test
    void aJobThatTakesOverItsOwnNameReplacesWhatItsLedgerDoesNotKnow() {
        replaceBy(3);
        Load first = ofLedgerSince(5, 1);
        warehouse.prepare(first);
        upload(first, landing.written(5, 1));
        Load second = ofLedgerSince(6, 2);
        warehouse.prepare(second);
        upload(second, landing.written(6, 1));
        assertThat(warehouse.replace(second)).isTrue();
        assertThat(warehouse.previous()).contains(version(3));
        // Within the new ledger the numbers say who is later.
        assertThat(fault(() -> warehouse.prepare(first)).kind()).isEqualTo(Fault.Kind.SUPERSEDED);
        assertThat(fault(() -> warehouse.replace(first)).kind()).isEqualTo(Fault.Kind.SUPERSEDED);
        assertThat(consistent()).containsExactly("6 6 10", "6 6 10");
    }

    /** A run of a ledger that was begun anew after run 4. */
    private static Load ofLedgerSince(int k, long commit) {
        Load load = Landing.load(k);
        return new Load(
                load.run(),
                commit,
                load.schema(),
                load.tables(),
                load.job(),
                Optional.of(load.job()),
                version -> version.run().compareTo(Landing.runId(4)) > 0);
    }

    // Files that are not those of the manifest

    @Test
    void aFileOfOtherSizeEtagOrRowsIsRefusedByName() throws IOException {
        Load load = Landing.load(1);
        warehouse.prepare(load);
        LandedTable orders = landing.written(1, 3).get(0);
        DataFile file = orders.files().get(1);
        Path path = landing.storage().localPath(file.path()).orElseThrow();
        String uri = landing.storage().uri(file.path());

        assertRefused(
                load,
                with(orders, new DataFile("orders", file.path(), file.bytes(), 11, file.etag())),
                "Not the file of the manifest: " + uri
                        + " has 10 rows, the manifest says 11: the next run extracts again");
        assertRefused(
                load,
                with(orders, new DataFile("orders", file.path(), file.bytes() + 1, 10, file.etag())),
                "Not the file of the manifest: " + uri + " has " + file.bytes() + " bytes, the manifest says "
                        + (file.bytes() + 1) + ": the next run extracts again");
        assertRefused(
                load,
                with(orders, new DataFile("orders", file.path(), file.bytes(), 10, "other")),
                "Not the file of the manifest: " + uri + " has etag " + file.etag()
                        + ", the manifest says other: the next run extracts again");
        byte[] content = Files.readAllBytes(path);
        Files.write(path, new byte[] {1}, StandardOpenOption.APPEND);
        assertRefused(
                load,
                orders,
                "Not the file of the manifest: " + uri + " has " + (file.bytes() + 1) + " bytes, the manifest says "
                        + file.bytes() + ": the next run extracts again");
        Files.delete(path);
        assertRefused(
                load, orders, "A landing file is gone: " + uri + ", 10 rows of orders: the next run extracts again");

        // No whole file, but one that the manifest describes rightly: its end, its footer or that one's length is bad.
        int end = content.length - 8;
        int footer =
                end - ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getInt(end);
        for (int bad : List.of(content.length - 1, end + 2, footer)) {
            byte[] corrupt = content.clone();
            corrupt[bad] ^= 0x55;
            DataFile broken = landing.file("orders", file.path(), 10, corrupt);
            Fault unreadable = fault(() -> warehouse.upload(load, with(orders, broken), landing.storage(), f -> {}));
            assertThat(unreadable.kind()).isEqualTo(Fault.Kind.SPOILED);
            assertThat(unreadable)
                    .hasMessageStartingWith("Cannot load " + uri + " into orders: it is no whole Parquet file: ")
                    .hasMessageEndingWith(": the next run extracts again");
        }

        DataFile healed = landing.file("orders", file.path(), 10, content);
        warehouse.upload(load, with(orders, healed), landing.storage(), f -> {});
        assertThat(warehouse.check(load, List.of(), List.of()).stagingRows()).containsEntry("orders", 30L);
        assertRefused(
                load,
                with(orders, new DataFile("orders", file.path(), file.bytes(), 10, "another")),
                "The manifest of orders changed: " + file.path() + " was loaded with " + file.bytes()
                        + " bytes, 10 rows, etag " + healed.etag() + ", now it has " + file.bytes()
                        + " bytes, 10 rows, etag another: the next run begins anew");
    }

    private void assertRefused(Load load, LandedTable table, String message) {
        Fault refused = fault(() -> warehouse.upload(load, table, landing.storage(), f -> {}));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.SPOILED);
        assertThat(refused).hasMessage(message);
    }

    /** The second file replaced. */
    private static LandedTable with(LandedTable table, DataFile second) {
        List<DataFile> files = new ArrayList<>(table.files());
        files.set(1, second);
        return Landing.table(table.definition(), table.format(), table.codec(), files);
    }

    @Test
    void aCsvFileOfOtherRowsIsRefusedByName() {
        TableDefinition table = new TableDefinition("t", List.of(new Column("id", ColumnType.BIGINT, true)), List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        DataFile good = landing.file("t", "a.csv", 2, bytes("id\n1\n2\n"));
        DataFile bad = landing.file("t", "b.csv", 1, bytes("id\n1\n2\n"));
        assertRefused(
                load,
                Landing.table(table, FileFormat.CSV, Codec.NONE, List.of(good, bad)),
                "Not the file of the manifest: " + landing.storage().uri("b.csv")
                        + " has 2 rows, the manifest says 1: the next run extracts again");
        assertThat(warehouse.check(load, List.of(), List.of()).stagingRows()).containsEntry("t", 0L);
    }

    @ParameterizedTest
    @EnumSource(FileFormat.class)
    void aValueThatWouldBeRoundedIsRefused(FileFormat format) {
        TableDefinition table =
                new TableDefinition("t", List.of(new Column("price", ColumnType.decimal(5, 2), true)), List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        DataFile file = switch (format) {
            case CSV -> landing.file("t", "a.csv", 1, bytes("price\n1.005\n"));
            case PARQUET -> landing.parquet("t", "a.parquet", 1, "SELECT 1.005::DECIMAL(6,3) AS price");
        };
        Fault refused = fault(() -> warehouse.upload(
                load, Landing.table(table, format, Codec.NONE, List.of(file)), landing.storage(), f -> {}));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.SPOILED);
        assertThat(refused)
                .hasMessageContaining(landing.storage().uri(file.path()))
                .hasMessageContaining("price")
                .hasMessageContaining("decimal(5,2)");
    }

    // Values

    /** A column of each type. */
    public static final TableDefinition ALL_TYPES = new TableDefinition(
            "all_types",
            List.of(
                    new Column("id", ColumnType.BIGINT, false),
                    new Column("text", ColumnType.STRING, true),
                    new Column("whole", ColumnType.BIGINT, true),
                    new Column("big", ColumnType.decimal(38, 0), true),
                    new Column("fine", ColumnType.decimal(38, 37), true),
                    new Column("price", ColumnType.decimal(18, 2), true),
                    new Column("real", ColumnType.DOUBLE, true),
                    new Column("flag", ColumnType.BOOLEAN, true),
                    new Column("data", ColumnType.BINARY, true),
                    new Column("day", ColumnType.DATE, true),
                    new Column("moment", ColumnType.TIMESTAMP, true),
                    new Column("document", ColumnType.JSON, true)),
            List.of("id"));

    /** Rows of it, as queries show them. */
    public static final List<List<String>> ALL_VALUES = List.of(
            List.of(
                    "1",
                    "",
                    "9007199254740993",
                    "99999999999999999999999999999999999999",
                    "9.9999999999999999999999999999999999999",
                    "9999999999999999.99",
                    "1.7976931348623157e+308",
                    "true",
                    "",
                    "0001-01-01",
                    "0001-01-01 00:00:00",
                    "{\"b\": 7.10, \"a\": [1]}"),
            List.of("2", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅", "∅"),
            List.of(
                    "3",
                    "a \"b\", 'c'\nd\r\ne\0f\\N;\t é€😀",
                    "-9223372036854775808",
                    "-99999999999999999999999999999999999999",
                    "-0.0000000000000000000000000000000000001",
                    "-0.01",
                    "5e-324",
                    "false",
                    "00FF220A",
                    "9999-12-31",
                    "9999-12-31 23:59:59.999999",
                    "null"),
            List.of(
                    "4",
                    " NULL ",
                    "9223372036854775807",
                    "0",
                    "0.0000000000000000000000000000000000000",
                    "0.00",
                    "0.1",
                    "true",
                    "00",
                    "1970-01-01",
                    "2026-04-05 02:30:00.000001",
                    "\"\\u0000\""));

    protected void assertAllTypes(FileFormat format, Codec codec, DataFile file, Storage staging) {
        Load load = Landing.load(1, List.of(ALL_TYPES));
        warehouse.prepare(load);
        warehouse.upload(load, Landing.table(ALL_TYPES, format, codec, List.of(file)), staging, f -> {});
        warehouse.replace(load);
        Queried found = Queried.of(
                warehouse,
                "SELECT id, text, whole, big, fine, price, real, flag, " + hex("data")
                        + " AS data, day, moment, document FROM all_types ORDER BY id");
        assertThat(found.header())
                .isEqualTo(ALL_TYPES.columns().stream().map(Column::name).toList());
        for (int i = 0; i < ALL_VALUES.size(); i++) {
            assertThat(found.rows().get(i))
                    .isEqualTo(ALL_VALUES.get(i).stream().map(this::held).toList());
        }
        assertThat(found.rows()).hasSameSizeAs(ALL_VALUES);
    }

    @Test
    void parquetKeepsEveryValue() {
        assertAllTypes(FileFormat.PARQUET, Codec.ZSTD, allTypesParquet(), landing.storage());
    }

    protected DataFile allTypesParquet() {
        return landing.parquet(
                "all_types", "x/snapshot=1/all [types]*.parquet", ALL_VALUES.size(), allTypesSelect(this::held));
    }

    /** The rows as DuckDB selects them. */
    public static String allTypesSelect(UnaryOperator<String> held) {
        List<String> rows = new ArrayList<>();
        for (List<String> values : ALL_VALUES) {
            List<String> cells = new ArrayList<>();
            for (int i = 0; i < values.size(); i++) {
                Column column = ALL_TYPES.columns().get(i);
                cells.add(cell(column.type(), held.apply(values.get(i))) + " AS " + SqlText.identifier(column.name()));
            }
            rows.add("SELECT " + String.join(", ", cells));
        }
        return String.join(" UNION ALL ", rows);
    }

    private static String cell(ColumnType type, String value) {
        String text = value.equals("∅")
                ? "NULL"
                : "(" + SqlText.literal(value.replace("\0", "<NUL>")).replace("<NUL>", "' || chr(0) || '") + ")";
        return switch (type.kind()) {
            case STRING, JSON -> text + "::VARCHAR";
            case BIGINT -> text + "::BIGINT";
            case DECIMAL -> text + "::DECIMAL(" + type.precision() + "," + type.scale() + ")";
            case DOUBLE -> text + "::DOUBLE";
            case BOOLEAN -> text + "::BOOLEAN";
            case BINARY -> "from_hex(" + text + ")";
            case DATE -> text + "::DATE";
            case TIMESTAMP -> "make_timestamptz(epoch_us(" + text + "::TIMESTAMP))";
        };
    }

    @ParameterizedTest
    @EnumSource(
            value = Codec.class,
            names = {"GZIP", "ZSTD", "NONE"})
    void csvKeepsEveryValue(Codec codec) throws IOException {
        assertAllTypes(FileFormat.CSV, codec, allTypesCsv(codec), landing.storage());
    }

    protected DataFile allTypesCsv(Codec codec) throws IOException {
        return landing.file("all_types", "all.csv", 4, compressed(codec, held(allTypesText())));
    }

    /** The rows as a landing file in CSV. */
    public static String allTypesText() {
        return String.join(",", ALL_TYPES.columns().stream().map(Column::name).toList())
                + "\n"
                + "1,\"\",9007199254740993,99999999999999999999999999999999999999,"
                + "9.9999999999999999999999999999999999999,9999999999999999.99,1.7976931348623157E308,true,\"\","
                + "0001-01-01,0001-01-01T00:00:00Z,\"{\"\"b\"\": 7.10, \"\"a\"\": [1]}\"\n"
                + "2,,,,,,,,,,,\n"
                + "3,\"a \"\"b\"\", 'c'\nd\r\ne\0f\\N;\t é€😀\",-9223372036854775808,"
                + "-99999999999999999999999999999999999999,-0.0000000000000000000000000000000000001,-0.01,4.9E-324,"
                + "false,AP8iCg==,9999-12-31,9999-12-31T23:59:59.999999Z,null\n"
                + "4,\" NULL \",9223372036854775807,0,0.0000000000000000000000000000000000000,0.00,0.1,true,AA==,"
                + "1970-01-01,2026-04-05T02:30:00.000001Z,\"\"\"\\u0000\"\"\"\n";
    }

    @Test
    void aTableOfOneColumnKeepsItsMissingValuesInCsv() {
        TableDefinition table =
                new TableDefinition("t", List.of(new Column("text", ColumnType.STRING, true)), List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        DataFile file = landing.file("t", "a.csv", 5, bytes("text\n\n\"\"\na\n\n\n"));
        DataFile empty = landing.file("t", "b.csv", 0, bytes("text\n"));
        upload(load, List.of(Landing.table(table, FileFormat.CSV, Codec.NONE, List.of(file, empty))));
        warehouse.replace(load);
        assertThat(Queried.of(warehouse, "SELECT text, count(*) FROM t GROUP BY text ORDER BY 2, 1")
                        .rows())
                .containsExactly(List.of("", "1"), List.of("a", "1"), List.of("∅", "3"));
    }

    @Test
    void longValuesAreKeptWhole() throws IOException {
        TableDefinition table = new TableDefinition(
                "t",
                List.of(new Column("id", ColumnType.BIGINT, true), new Column("text", ColumnType.STRING, true)),
                List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        StringBuilder csv = new StringBuilder("id,text\n");
        int length = longestText();
        csv.append("1,\"").append("\"\"\n".repeat(length / 2)).append("\"\n2,b\n");
        DataFile file = landing.file("t", "a.csv.gz", 2, compressed(Codec.GZIP, csv.toString()));
        upload(load, List.of(Landing.table(table, FileFormat.CSV, Codec.GZIP, List.of(file))));
        warehouse.replace(load);
        assertThat(Queried.of(warehouse, "SELECT id, length(text) FROM t ORDER BY id")
                        .rows())
                .containsExactly(List.of("1", Integer.toString(length)), List.of("2", "1"));
    }

    protected static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] compressed(Codec codec, String text) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        switch (codec) {
            case NONE -> out.write(bytes(text));
            case GZIP -> {
                try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
                    gzip.write(bytes(text));
                }
            }
            case ZSTD -> out.write(com.github.luben.zstd.Zstd.compress(bytes(text)));
            case SNAPPY -> throw new IllegalArgumentException("no codec of CSV");
        }
        return out.toByteArray();
    }

    // Queries

    @Test
    void aQueryReadsLiveAndChangesNothing() {
        Fault nothing = fault(() -> Queried.of(warehouse, "SELECT 1"));
        assertThat(nothing.kind()).isEqualTo(Fault.Kind.USER);
        assertThat(nothing).hasMessageContaining("does not exist yet");
        replaceBy(1);
        Queried found = Queried.of(warehouse, "select id, null as none from shop.orders order by id desc limit 2; ");
        assertThat(found.header()).containsExactly("id", "none");
        assertThat(found.rows()).containsExactly(List.of("9", "∅"), List.of("8", "∅"));
        for (String sql : List.of(
                "DELETE FROM orders",
                "SELECT 1; DROP TABLE orders",
                "SELECT 1) AS x; DELETE FROM orders; SELECT * FROM (SELECT 1",
                "DROP SCHEMA shop CASCADE",
                "SELECT nonsense FROM orders",
                "SELECT count(*) FROM orders -- (",
                "")) {
            try {
                Queried.of(warehouse, sql);
            } catch (Fault refused) {
                assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
                assertThat(refused.getMessage())
                        .startsWith("The query failed: ")
                        .doesNotContain("\n");
            }
        }
        assertThat(fault(() -> Queried.of(warehouse, "SELECT nonsense FROM orders"))
                        .getMessage())
                .containsIgnoringCase("nonsense");
        assertThat(fault(() -> Queried.of(warehouse, "DELETE FROM orders"))).isNotNull();
        assertThat(Queried.of(warehouse, "SELECT count(*) FROM orders -- (").rows())
                .containsExactly(List.of("10"));
        assertThat(consistent()).containsExactly("1 1 10", "1 1 10");
    }

    @Test
    void aQueryKeepsItsOrderAndStopsWhenTold() {
        replaceBy(1);
        List<String> first = new ArrayList<>();
        warehouse.query("SELECT id FROM orders ORDER BY id DESC", "", new QueryRows() {
            @Override
            public void header(List<String> columns) {
                assertThat(columns).containsExactly("id");
            }

            @Override
            public boolean row(List<String> values) {
                first.add(values.get(0));
                return first.size() < 3;
            }
        });
        assertThat(first).containsExactly("9", "8", "7");
    }

    // The gate

    private final TableCounts clean = new TableCounts(1000, 1000, 0, 0, 0, 0);

    private void assertGate(
            Load load, List<LandedTable> tables, TableCounts items, GateRules rules, String... failures) {
        List<GateResult> results = Gate.check(warehouse, load, tables, items, rules);
        assertThat(results.stream().filter(r -> !r.passed()).map(GateResult::toString))
                .containsExactlyInAnyOrder(failures);
        if (failures.length == 0) {
            Gate.requirePassed(load, results, rule -> false);
        } else {
            Fault refused = fault(() -> Gate.requirePassed(load, results, rule -> false));
            assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
            assertThat(refused).hasMessageStartingWith("The gate refused run " + load.run() + "; live is as it was:");
            assertThat(refused.getMessage().lines().skip(1)).containsExactlyInAnyOrder(failures);
        }
    }

    private static GateRules rules(
            String maxShrink,
            Map<String, Long> minRows,
            Map<String, List<String>> notNull,
            Map<String, List<List<String>>> unique) {
        return new GateRules(GateRules.DEFAULT.maxQuarantine(), new BigDecimal(maxShrink), minRows, notNull, unique);
    }

    @Test
    void theGateComparesRowsWithTheManifests() {
        Load load = Landing.load(1);
        warehouse.prepare(load);
        List<LandedTable> tables = landing.written(1, 2);
        upload(load, tables.subList(0, 1));
        assertGate(load, tables, clean, GateRules.DEFAULT, "lines: rows: expected 40 as in the manifest, found 0");
        upload(load, tables);
        assertGate(load, tables, clean, GateRules.DEFAULT);
        assertGate(
                load,
                tables.subList(1, 2),
                clean,
                GateRules.DEFAULT,
                "orders: rows: expected 0 as in the manifest, found 20");
    }

    @Test
    void theGateLimitsTheQuarantine() {
        Load load = Landing.load(1);
        warehouse.prepare(load);
        List<LandedTable> tables = landing.written(1, 1);
        upload(load, tables);
        assertGate(load, tables, new TableCounts(1000, 999, 1, 0, 0, 0), GateRules.DEFAULT);
        assertGate(
                load,
                tables,
                new TableCounts(1000, 998, 2, 0, 0, 0),
                GateRules.DEFAULT,
                "max-quarantine: expected at most 0.1 % of 1000 rows, found 2 (0.2 %)");
        assertGate(load, tables, TableCounts.NONE, GateRules.DEFAULT);
    }

    @Test
    void theGateLimitsTheShrinking() {
        Load first = Landing.load(1);
        warehouse.prepare(first);
        upload(first, landing.written(1, 10));
        assertGate(first, landing.landed(1, 10), clean, rules("0.2", Map.of(), Map.of(), Map.of()));
        warehouse.replace(first);
        assertGate(first, landing.landed(1, 10), clean, rules("0.2", Map.of(), Map.of(), Map.of()));

        Load second = Landing.load(2, List.of(Landing.ORDERS));
        warehouse.prepare(second);
        List<LandedTable> tables = landing.written(2, 7).subList(0, 1);
        upload(second, tables);
        assertGate(
                second,
                tables,
                clean,
                rules("0.25", Map.of(), Map.of(), Map.of()),
                "lines: max-shrink: expected at least 150 (25 % below live's 200), found no such table",
                "orders: max-shrink: expected at least 75 (25 % below live's 100), found 70");
        assertGate(second, tables, clean, GateRules.DEFAULT);
        assertThat(consistent()).containsExactly("1 1 100", "1 1 100");
    }

    @Test
    void theGateChecksMinimaMissingValuesAndRepetitions() {
        TableDefinition table = new TableDefinition(
                "people",
                List.of(
                        new Column("id", ColumnType.BIGINT, true),
                        new Column("name", ColumnType.STRING, true),
                        new Column("town", ColumnType.STRING, true)),
                List.of());
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        DataFile file = landing.parquet(
                "people",
                "people.parquet",
                6,
                "SELECT * FROM (VALUES (1::BIGINT, 'a', 'x'), (2, 'a', 'x'), (3, 'a', 'x'), (4, 'a', 'y'), (4, NULL, 'x'),"
                        + " (NULL, NULL, 'x')) AS t(id, name, town)");
        List<LandedTable> tables = List.of(Landing.table(table, FileFormat.PARQUET, Codec.ZSTD, List.of(file)));
        upload(load, tables);
        assertGate(
                load,
                tables,
                clean,
                rules(
                        "1",
                        Map.of("People", 7L),
                        Map.of("people", List.of("town", "ID", "name")),
                        Map.of("people", List.of(List.of("id"), List.of("Name", "town"), List.of("id", "town")))),
                "people: min-rows: expected at least 7, found 6",
                "people: not-null (id): expected 0 rows without a value, found 1",
                "people: not-null (name): expected 0 rows without a value, found 2",
                "people: unique (id): expected 0 repeated rows, found 1",
                "people: unique (name, town): expected 0 repeated rows, found 2");
        assertGate(
                load,
                tables,
                clean,
                rules(
                        "1",
                        Map.of("people", 6L),
                        Map.of("people", List.of("town")),
                        Map.of("people", List.of(List.of("id", "name", "town")))));
    }

    @Test
    void aRuleForWhatIsNotThereIsTheUsersMistake() {
        Load load = Landing.load(1);
        warehouse.prepare(load);
        GateRules rules = rules(
                "1",
                Map.of("order", 1L),
                Map.of("orders", List.of("idd")),
                Map.of("lines", List.of(List.of("order_id", "no"))));
        Fault refused = fault(() -> Gate.check(warehouse, load, List.of(), clean, rules));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
        assertThat(refused.getMessage().lines())
                .containsExactly(
                        "Invalid gate: min-rows: no table order: the run has lines, orders",
                        "Invalid gate: not-null: no column idd in table orders: it has id, version",
                        "Invalid gate: unique: no column no in table lines: it has order_id, text, version");
    }

    // Other processes

    @Test
    void anUploadKilledAgainAndAgainLoadsEveryFileOnce() throws IOException, InterruptedException {
        int files = 400;
        landing.write(1, files);
        // Before the first transaction, after it, and late.
        for (int lines : List.of(0, 1, 300)) {
            Process child = ChildProcess.start(engine().getClass(), folder, "upload", 1, files);
            try (BufferedReader output = ChildProcess.output(child)) {
                for (int i = 0; i <= lines; i++) {
                    assertThat(output.readLine()).isNotNull();
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                child.destroyForcibly().waitFor();
                assertThat(child.exitValue()).isEqualTo(137);
            }
        }
        Load load = Landing.load(1);
        List<LandedTable> tables = landing.landed(1, files);
        warehouse.prepare(load);
        Map<String, Integer> told = new HashMap<>();
        for (LandedTable table : tables) {
            Uploaded uploaded =
                    warehouse.upload(load, table, landing.storage(), file -> told.merge(file.path(), 1, Integer::sum));
            assertThat(uploaded.files() + uploaded.before()).isEqualTo(files);
        }
        assertThat(told)
                .hasSize(2 * files)
                .allSatisfy((path, times) -> assertThat(times).isEqualTo(1));
        warehouse.replace(load);
        assertThat(consistent()).containsExactly("1 1 4000", "1 1 4000");
        assertThat(Queried.of(warehouse, "SELECT count(DISTINCT id) FROM orders")
                        .rows())
                .containsExactly(List.of("4000"));
    }

    @Test
    void replacementsKilledAnywhereLeaveAWholeVersion() throws IOException, InterruptedException {
        int last = 40;
        landing.write(1, last, 1);
        replaceBy(1);
        Random random = new Random(7);
        int next = 2;
        for (int kill = 0; kill < 4; kill++) {
            Process child = ChildProcess.start(engine().getClass(), folder, "replace", next, last);
            try (BufferedReader output = ChildProcess.output(child)) {
                String line = output.readLine();
                for (int i = 0; i <= kill && line != null; i++) {
                    line = output.readLine();
                }
                LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(60_000)));
                child.destroyForcibly().waitFor();
            }
            Version live = warehouse.live().orElseThrow();
            assertThat(consistent())
                    .containsExactly(
                            live.commit() + " " + live.commit() + " 10", live.commit() + " " + live.commit() + " 10");
            assertThat(live.commit()).isGreaterThanOrEqualTo(next - 1);
            next = (int) live.commit() + 1;
        }
        warehouse.prepare(Landing.load(next));
        upload(Landing.load(next), landing.landed(next, 1));
        warehouse.replace(Landing.load(next));
        assertThat(warehouse.live()).contains(version(next));
        assertThat(warehouse.previous()).contains(version(next - 1));
        assertThat(warehouse.rollback()).isEqualTo(version(next - 1));
        assertThat(consistent())
                .containsExactly((next - 1) + " " + (next - 1) + " 10", (next - 1) + " " + (next - 1) + " 10");
    }

    @Test
    void readersInAnotherProcessSeeWholeVersionsOnly() throws IOException {
        replaceBy(1);
        Process child = ChildProcess.start(engine().getClass(), folder, "read");
        try (BufferedReader output = ChildProcess.output(child)) {
            assertThat(output.readLine()).isEqualTo("ready");
            assertThat(output.readLine()).isEqualTo("reading");
            int last = watchedReplacements() + 1;
            landing.write(2, last, 1);
            for (int k = 2; k <= last; k++) {
                warehouse.prepare(Landing.load(k));
                upload(Landing.load(k), landing.landed(k, 1));
                warehouse.replace(Landing.load(k));
                if (k % 10 == 0) {
                    warehouse.dropPrevious(1);
                }
            }
            child.getOutputStream().write('.');
            child.getOutputStream().flush();
            String summary = output.readLine();
            assertThat(summary).contains(" 0 mixed, ");
            List<String> words = List.of(summary.split(" ", -1));
            assertThat(Integer.parseInt(words.get(0))).isGreaterThan(20);
            assertThat(Integer.parseInt(words.get(4))).isGreaterThan(watchedReplacements() / 5);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            child.destroyForcibly();
        }
    }
}
